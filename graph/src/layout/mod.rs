//! Where everything is: layers from left to right, each task to the right of all that it waits for.
//!
//! The steps of Sugiyama's method, with frames as lanes. [`layers`]: the layer of a task is the longest path to it, and an
//! edge over several layers passes each at a *bend*; edges of one kind to one task share their bends, so many that
//! lead there become one trunk. [`order`]: sweeps put what is joined beside each other and keep frames together.
//! [`place`]: frames are stacked, and in a layer everything is as near to what it is joined with as it can be.
//! Nothing is random and ties go by source order, so the same graph has the same layout.

mod layers;
mod order;
mod place;

use layers::Layers;

/// What to lay out. Edges go from lower to higher places in no circle.
#[derive(Debug)]
pub(crate) struct Input {
    /// The boxes.
    pub(crate) boxes: Vec<BoxSize>,
    /// The edges.
    pub(crate) edges: Vec<InputEdge>,
    /// How many frames there are.
    pub(crate) frames: usize,
}

/// A box to be placed. Sizes are in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoxSize {
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) frame: Option<usize>,
}

/// An edge between boxes. Edges of one group to one box are drawn as one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputEdge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) group: u8,
}

/// A rectangle, in pixels from the top left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

impl Rect {
    pub(crate) const fn right(self) -> i32 {
        self.x + self.width
    }

    pub(crate) const fn bottom(self) -> i32 {
        self.y + self.height
    }
}

/// A piece of a route through the space between two layers: from a point on the left to one on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hop {
    pub(crate) from: (i32, i32),
    pub(crate) to: (i32, i32),
    /// Where it goes on straight to, past the next layer; its own end, if it ends at a box.
    pub(crate) through: i32,
}

/// All edges of one group to one box: pieces that meet, the last ones at the box.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) to: usize,
    pub(crate) group: u8,
    pub(crate) hops: Vec<Hop>,
}

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The boxes, in the order of the input.
    pub(crate) boxes: Vec<Rect>,
    /// The frames, in the order of the input.
    pub(crate) frames: Vec<Rect>,
    /// The edges.
    pub(crate) routes: Vec<Route>,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// How many times the order within layers is improved, half of them from left to right. More has made no example better.
const ORDER_SWEEPS: usize = 24;

/// How many times everything is moved nearer to what it is joined with.
const PLACE_SWEEPS: usize = 24;

/// Lays out boxes and edges.
pub(crate) fn layout(input: &Input) -> Layout {
    let layers = Layers::new(input);
    let rows = order::rows(&layers, ORDER_SWEEPS);
    place::place(input, &layers, &rows, PLACE_SWEEPS)
}
