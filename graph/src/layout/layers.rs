//! Layers and bends: what stands above what else in a column, before it is known where.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Input;

/// A box, or a place where edges pass a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex {
    pub(super) layer: usize,
    /// The frame that it is in; a bend is in a frame where it passes through one.
    pub(super) frame: Option<usize>,
    /// Where it is among the frames: the place of its own frame, or between those of two.
    pub(super) lane: f64,
    pub(super) bend: bool,
}

/// An edge from one layer to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// The box that it leads to in the end, and the group that it is drawn with.
    pub(super) to_box: usize,
    pub(super) group: u8,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A layered graph. The first vertices are the boxes of the input, in its order.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) vertices: Vec<Vertex>,
    pub(super) links: Vec<Link>,
    /// The layers that each frame reaches over; none if it is empty.
    pub(super) reach: Vec<Option<RangeInclusive<usize>>>,
    pub(super) count: usize,
}

impl Layers {
    pub(super) fn new(input: &Input) -> Self {
        let layer_of = longest_paths(input);
        let count = layer_of.iter().max().map_or(0, |last| last + 1);
        let mut reach: Vec<Option<RangeInclusive<usize>>> = vec![None; input.frames];
        for (size, layer) in input.boxes.iter().zip(&layer_of) {
            if let Some(frame) = size.frame {
                let (from, to) = reach[frame].clone().map_or((*layer, *layer), RangeInclusive::into_inner);
                reach[frame] = Some(from.min(*layer)..=to.max(*layer));
            }
        }
        let lanes = lanes(input, &layer_of, &reach);
        let boxes = input.boxes.iter().zip(&layer_of).zip(&lanes);
        let vertices = boxes.map(|((size, layer), lane)| Vertex {
            layer: *layer,
            frame: size.frame,
            lane: *lane,
            bend: false,
        });
        let mut layers = Self { vertices: vertices.collect(), links: Vec::new(), reach, count };
        layers.link(input);
        layers
    }

    /// Whether a frame reaches over a layer.
    pub(super) fn reaches(&self, frame: usize, layer: usize) -> bool {
        self.reach[frame].as_ref().is_some_and(|reach| reach.contains(&layer))
    }

    /// Whether any frame does.
    pub(super) fn is_framed(&self, layer: usize) -> bool {
        (0..self.reach.len()).any(|frame| self.reaches(frame, layer))
    }

    /// Leads every edge through the layers between its ends. Edges of one group to one box share their bends where they
    /// pass between the same frames.
    fn link(&mut self, input: &Input) {
        let mut bends: BTreeMap<(usize, u8, usize, Option<usize>, usize), usize> = BTreeMap::new();
        for edge in &input.edges {
            let (from, to) = (self.vertices[edge.from], self.vertices[edge.to]);
            let mut at = edge.from;
            for layer in from.layer + 1..to.layer {
                let frame = [from.frame, to.frame].into_iter().flatten().find(|f| self.reaches(*f, layer));
                let lane = match frame {
                    Some(frame) => lane_of(frame),
                    None if self.is_framed(layer) => {
                        between(f64::midpoint(from.lane, to.lane), self.reach.len())
                    }
                    None => f64::midpoint(from.lane, to.lane),
                };
                let above =
                    (0..self.reach.len()).filter(|f| self.reaches(*f, layer) && lane_of(*f) < lane).count();
                let next = *bends.entry((edge.to, edge.group, layer, frame, above)).or_insert_with(|| {
                    self.vertices.push(Vertex { layer, frame, lane, bend: true });
                    self.vertices.len() - 1
                });
                self.links.push(Link { to_box: edge.to, group: edge.group, from: at, to: next });
                at = next;
            }
            self.links.push(Link { to_box: edge.to, group: edge.group, from: at, to: edge.to });
        }
        self.links.sort_unstable();
        self.links.dedup();
    }
}

/// The layer of each box: one more than the last of those before it.
fn longest_paths(input: &Input) -> Vec<usize> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); input.boxes.len()];
    let mut missing = vec![0_usize; input.boxes.len()];
    for edge in &input.edges {
        after[edge.from].push(edge.to);
        missing[edge.to] += 1;
    }
    let mut layer = vec![0; input.boxes.len()];
    let mut free: Vec<usize> = (0..missing.len()).filter(|n| missing[*n] == 0).collect();
    while let Some(n) = free.pop() {
        for &next in &after[n] {
            layer[next] = layer[next].max(layer[n] + 1);
            missing[next] -= 1;
            if missing[next] == 0 {
                free.push(next);
            }
        }
    }
    layer
}

/// Where each box is among the frames: in its own; or, if it has none, beside those it is joined with.
fn lanes(input: &Input, layer_of: &[usize], reach: &[Option<RangeInclusive<usize>>]) -> Vec<f64> {
    let mut known: Vec<Option<f64>> = input.boxes.iter().map(|size| size.frame.map(lane_of)).collect();
    // Whoever is joined with none of a frame is beside one who is, and so on: a few rounds reach all that matters.
    for _ in 0..4 {
        let before = known.clone();
        for (n, _) in input.boxes.iter().enumerate().filter(|(_, size)| size.frame.is_none()) {
            let joined = input.edges.iter().filter_map(|edge| match (edge.from == n, edge.to == n) {
                (true, _) => before[edge.to],
                (_, true) => before[edge.from],
                (false, false) => None,
            });
            let lanes: Vec<f64> = joined.collect();
            if !lanes.is_empty() {
                known[n] = Some(mean(&lanes));
            }
        }
    }
    let framed = |layer: usize| reach.iter().flatten().any(|reach| reach.contains(&layer));
    let lane = |n: usize| {
        let lane = known[n].unwrap_or_default();
        let fixed = input.boxes[n].frame.is_some() || !framed(layer_of[n]);
        if fixed { lane } else { between(lane, reach.len()) }
    };
    (0..known.len()).map(lane).collect()
}

pub(super) fn mean(of: &[f64]) -> f64 {
    // There are never more than a few thousand.
    of.iter().sum::<f64>() / f64::from(u32::try_from(of.len().max(1)).unwrap_or(u32::MAX))
}

fn lane_of(frame: usize) -> f64 {
    f64::from(u32::try_from(frame).unwrap_or(u32::MAX))
}

/// The nearest lane between two frames, or below the last.
fn between(lane: f64, frames: usize) -> f64 {
    if frames == 0 { lane } else { (lane.floor() + 0.5).clamp(-0.5, lane_of(frames) - 0.5) }
}
