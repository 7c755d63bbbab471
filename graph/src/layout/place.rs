//! How far from the top and from the left everything is.

use std::collections::BTreeMap;

use super::layers::{Layers, Vertex};
use super::{Hop, Input, Layout, Rect, Route};

/// Pixels between two boxes above each other, and between a box and an edge that passes.
const BOX_GAP: i32 = 18;
/// Pixels between two edges that pass a layer.
const BEND_GAP: i32 = 12;
/// Pixels of a frame above what is in it, for its title; and below and beside it.
const FRAME_TOP: i32 = 34;
const FRAME_SIDE: i32 = 14;
/// Pixels between a frame and what is above or below it.
const FRAME_GAP: i32 = 22;
/// Pixels between two layers, at least; where an edge rises or falls by much there are more, up to the most.
const CHANNEL: i32 = 52;
const CHANNEL_MOST: i32 = 130;
/// Pixels between the ends of edges of different groups at a box.
const PORT_GAP: i32 = 12;

pub(super) fn place(input: &Input, layers: &Layers, rows: &[Vec<usize>], sweeps: usize) -> Layout {
    let mut vertical = Vertical::new(input, layers, rows);
    vertical.pack();
    for sweep in 0..sweeps {
        vertical.settle(sweep % 2 == 0);
        vertical.straighten();
    }
    let Vertical { top, frames, height, .. } = &vertical;
    let columns = columns(input, layers, rows, top);
    let boxes: Vec<Rect> = input
        .boxes
        .iter()
        .enumerate()
        .map(|(n, size)| {
            let (x, width) = columns[layers.vertices[n].layer];
            Rect { x, y: top[n], width, height: size.height }
        })
        .collect();
    let frame = |frame: usize| {
        let reach = layers.reach[frame].as_ref()?;
        let ((left, _), (right, width)) = (columns[*reach.start()], columns[*reach.end()]);
        let (x, (y, bottom)) = (left - FRAME_SIDE, frames[frame]);
        Some(Rect { x, y, width: right + width + FRAME_SIDE - x, height: bottom - y })
    };
    let right = columns.last().map_or(0, |(x, width)| x + width + FRAME_SIDE);
    Layout {
        routes: routes(input, layers, &columns, top),
        frames: (0..layers.reach.len()).map(|n| frame(n).unwrap_or_default()).collect(),
        boxes,
        width: right,
        height: *height,
    }
}

struct Vertical<'a> {
    layers: &'a Layers,
    rows: &'a [Vec<usize>],
    heights: Vec<i32>,
    joined: Vec<Vec<usize>>,
    /// The place of each vertex in its row.
    place: Vec<usize>,
    top: Vec<i32>,
    frames: Vec<(i32, i32)>,
    height: i32,
}

impl<'a> Vertical<'a> {
    fn new(input: &Input, layers: &'a Layers, rows: &'a [Vec<usize>]) -> Self {
        let count = layers.vertices.len();
        let mut joined = vec![Vec::new(); count];
        for link in &layers.links {
            joined[link.from].push(link.to);
            joined[link.to].push(link.from);
        }
        let mut place = vec![0; count];
        for row in rows {
            for (n, vertex) in row.iter().enumerate() {
                place[*vertex] = n;
            }
        }
        let height = |n: usize| input.boxes.get(n).map_or(0, |size| size.height);
        Self {
            layers,
            rows,
            heights: (0..count).map(height).collect(),
            joined,
            place,
            top: vec![0; count],
            frames: vec![(0, 0); layers.reach.len()],
            height: 0,
        }
    }

    fn gap(&self, upper: usize, lower: usize) -> i32 {
        let Vertex { bend: first, .. } = self.layers.vertices[upper];
        let Vertex { bend: second, .. } = self.layers.vertices[lower];
        if first && second { BEND_GAP } else { BOX_GAP }
    }

    /// As far up as everything goes: lane by lane, each below what is above it in its layers.
    fn pack(&mut self) {
        let mut lanes: Vec<f64> = self.layers.vertices.iter().map(|vertex| vertex.lane).collect();
        lanes.sort_by(f64::total_cmp);
        lanes.dedup_by(|a, b| a.total_cmp(b).is_eq());
        // Where each layer is free from, and below what sort of thing that is.
        let mut free = vec![0; self.rows.len()];
        for lane in lanes {
            let framed = (0..self.frames.len()).find(|frame| self.is_in(*frame, lane));
            let top = framed.map(|frame| {
                let reach = self.layers.reach[frame].clone().into_iter().flatten();
                let above = reach.map(|layer| free[layer]).max().unwrap_or(0);
                (frame, above)
            });
            let mut bottom = 0;
            for (layer, row) in self.rows.iter().enumerate() {
                let inside = top.is_some_and(|(frame, _)| self.layers.reaches(frame, layer));
                let mut at = match top {
                    Some((_, top)) if inside => top + FRAME_TOP,
                    _ => free[layer],
                };
                let mut last: Option<usize> = None;
                for n in
                    row.iter().copied().filter(|n| self.layers.vertices[*n].lane.total_cmp(&lane).is_eq())
                {
                    at += last.map_or(0, |last| self.gap(last, n));
                    self.top[n] = at;
                    at += self.heights[n];
                    last = Some(n);
                }
                if inside {
                    bottom = bottom.max(at + FRAME_SIDE);
                } else if last.is_some() {
                    free[layer] = at + FRAME_GAP;
                }
            }
            if let Some((frame, top)) = top {
                self.frames[frame] = (top, bottom);
                for layer in self.layers.reach[frame].clone().into_iter().flatten() {
                    free[layer] = bottom + FRAME_GAP;
                }
            }
        }
        self.height = free.iter().max().map_or(0, |free| free - FRAME_GAP);
    }

    /// Whether a lane is that of a frame which has anything in it.
    fn is_in(&self, frame: usize, lane: f64) -> bool {
        let own = f64::from(u32::try_from(frame).unwrap_or(u32::MAX));
        own.total_cmp(&lane).is_eq() && self.layers.reach[frame].is_some()
    }

    /// Moves what is in each layer nearer to what it is joined with.
    fn settle(&mut self, rightwards: bool) {
        let mut layers: Vec<usize> = (0..self.rows.len()).collect();
        if !rightwards {
            layers.reverse();
        }
        for layer in layers {
            let row = &self.rows[layer];
            let wanted: Vec<(f64, f64)> = row.iter().map(|n| self.wanted(*n)).collect();
            let gaps: Vec<i32> =
                row.windows(2).map(|pair| self.heights[pair[0]] + self.gap(pair[0], pair[1])).collect();
            let mut tops = nearest(&wanted, &gaps);
            let bounds: Vec<(i32, i32)> = row.iter().map(|n| self.bounds(*n)).collect();
            // What was packed keeps to the bounds, so there are places that do.
            for n in 0..row.len() {
                let above = if n == 0 { i32::MIN } else { tops[n - 1] + gaps[n - 1] };
                tops[n] = tops[n].max(bounds[n].0).max(above);
            }
            for n in (0..row.len()).rev() {
                let below = if n + 1 == row.len() { i32::MAX } else { tops[n + 1] - gaps[n] };
                tops[n] = tops[n].min(bounds[n].1).min(below);
            }
            for (n, top) in row.iter().zip(tops) {
                self.top[*n] = top;
            }
        }
    }

    /// Puts bends that follow each other at one height, as far along as there is one that all of them can have.
    fn straighten(&mut self) {
        let count = self.layers.vertices.len();
        let is_bend = |n: usize| self.layers.vertices[n].bend;
        let (mut next, mut begins) = (vec![None; count], vec![true; count]);
        for link in self.layers.links.iter().filter(|link| is_bend(link.from) && is_bend(link.to)) {
            next[link.from] = Some(link.to);
            begins[link.to] = false;
        }
        for start in (0..count).filter(|n| is_bend(*n) && begins[*n]) {
            let mut at = Some(start);
            while let Some(first) = at {
                let (mut least, mut most) = self.leeway(first);
                let mut run = vec![first];
                at = next[first];
                while let Some(n) = at {
                    let (from, to) = self.leeway(n);
                    if least.max(from) > most.min(to) {
                        break;
                    }
                    (least, most) = (least.max(from), most.min(to));
                    run.push(n);
                    at = next[n];
                }
                let sum: i32 = run.iter().map(|n| self.top[*n]).sum();
                let height = (sum / i32::try_from(run.len()).unwrap_or(1)).clamp(least, most);
                for n in run {
                    self.top[n] = height;
                }
            }
        }
    }

    /// The least and the greatest distance from the top that a vertex may have while the others stay.
    fn leeway(&self, n: usize) -> (i32, i32) {
        let (mut least, mut most) = self.bounds(n);
        let row = &self.rows[self.layers.vertices[n].layer];
        let place = self.place[n];
        if let Some(&above) = place.checked_sub(1).and_then(|place| row.get(place)) {
            least = least.max(self.top[above] + self.heights[above] + self.gap(above, n));
        }
        if let Some(&below) = row.get(place + 1) {
            most = most.min(self.top[below] - self.heights[n] - self.gap(n, below));
        }
        (least, most)
    }

    /// Where a vertex would best be, and how much that matters: straight trunks before straight edges.
    fn wanted(&self, n: usize) -> (f64, f64) {
        let bend = self.layers.vertices[n].bend;
        let (mut sum, mut weight) = (0.0, 0.0);
        for &other in &self.joined[n] {
            let heavy = match (bend, self.layers.vertices[other].bend) {
                (true, true) => 8.0,
                (true, false) | (false, true) => 2.0,
                (false, false) => 3.0,
            };
            sum += heavy * f64::from(2 * self.top[other] + self.heights[other]) / 2.0;
            weight += heavy;
        }
        if weight == 0.0 {
            return (f64::from(self.top[n]), 0.1);
        }
        (sum / weight - f64::from(self.heights[n]) / 2.0, weight)
    }

    /// The least and the greatest distance from the top that a vertex may have.
    fn bounds(&self, n: usize) -> (i32, i32) {
        let Vertex { layer, frame, lane, .. } = self.layers.vertices[n];
        let (mut least, mut most) = (0, self.height - self.heights[n]);
        for (other, (top, bottom)) in self.frames.iter().enumerate() {
            if frame == Some(other) {
                (least, most) = (top + FRAME_TOP, bottom - FRAME_SIDE - self.heights[n]);
                break;
            }
            if !self.layers.reaches(other, layer) {
                continue;
            }
            if f64::from(u32::try_from(other).unwrap_or(u32::MAX)) < lane {
                least = least.max(bottom + FRAME_GAP);
            } else {
                most = most.min(top - FRAME_GAP - self.heights[n]);
            }
        }
        (least, most)
    }
}

/// The tops nearest to those that are wanted (each with its weight) that keep the gaps between them: where they don't, those that
/// are too near move together, by least squares.
fn nearest(wanted: &[(f64, f64)], gaps: &[i32]) -> Vec<i32> {
    let mut offset = 0;
    let mut offsets = vec![0];
    for gap in gaps {
        offset += gap;
        offsets.push(offset);
    }
    // Blocks of neighbours that have one place: its sum of weighted places, its weight, and how many it has.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for ((place, weight), offset) in wanted.iter().zip(&offsets) {
        let mut block = ((place - f64::from(*offset)) * weight, *weight, 1);
        while let Some(last) = blocks.last().copied().filter(|last| last.0 / last.1 > block.0 / block.1) {
            block = (last.0 + block.0, last.1 + block.1, last.2 + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    let places = blocks.into_iter().flat_map(|(sum, weight, count)| std::iter::repeat_n(sum / weight, count));
    places.zip(&offsets).map(|(place, offset)| rounded(place) + offset).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "pictures are a few thousand pixels high, and casts saturate"
)]
fn rounded(place: f64) -> i32 {
    place.round() as i32
}

/// The left and the width of each layer.
fn columns(input: &Input, layers: &Layers, rows: &[Vec<usize>], top: &[i32]) -> Vec<(i32, i32)> {
    let centre = |n: usize| top[n] + input.boxes.get(n).map_or(0, |size| size.height) / 2;
    let mut rise = vec![0; rows.len()];
    for link in &layers.links {
        let rise = &mut rise[layers.vertices[link.from].layer];
        *rise = (*rise).max((centre(link.from) - centre(link.to)).abs());
    }
    let mut x = FRAME_SIDE;
    let mut columns = Vec::with_capacity(rows.len());
    for (row, rise) in rows.iter().zip(rise) {
        let width = row.iter().filter_map(|n| input.boxes.get(*n)).map(|size| size.width).max().unwrap_or(0);
        columns.push((x, width));
        x += width + (CHANNEL + rise / 5).min(CHANNEL_MOST);
    }
    columns
}

fn routes(input: &Input, layers: &Layers, columns: &[(i32, i32)], top: &[i32]) -> Vec<Route> {
    let centre = |n: usize| top[n] + input.boxes.get(n).map_or(0, |size| size.height) / 2;
    let links = || layers.links.iter();
    let leaving = ports(input, &mut links().map(|link| (link.from, link.group, centre(link.to))));
    let arriving = ports(input, &mut links().map(|link| (link.to, link.group, centre(link.from))));
    // Where an edge of a group meets a vertex: each group of a box has its own place.
    let meets = |n: usize, group: u8, ports: &[Vec<u8>]| {
        let Some(groups) = ports.get(n) else { return top[n] };
        let count = i32::try_from(groups.len()).unwrap_or(1);
        let place = groups.iter().position(|g| *g == group).and_then(|p| i32::try_from(p).ok()).unwrap_or(0);
        centre(n) + PORT_GAP * (2 * place - (count - 1)) / 2
    };
    let mut routes: Vec<Route> = Vec::new();
    for link in &layers.links {
        let (from, to) = (layers.vertices[link.from], layers.vertices[link.to]);
        let ((left, width), (right, through)) = (columns[from.layer], columns[to.layer]);
        let hop = Hop {
            from: (left + width, meets(link.from, link.group, &leaving)),
            to: (right, meets(link.to, link.group, &arriving)),
            through: if to.bend { right + through } else { right },
        };
        match routes.last_mut().filter(|route| route.to == link.to_box && route.group == link.group) {
            Some(route) => route.hops.push(hop),
            None => routes.push(Route { to: link.to_box, group: link.group, hops: vec![hop] }),
        }
    }
    routes
}

/// The groups of the edges on one side of each box, from top to bottom: as their other ends are, so that none cross at the box.
fn ports(input: &Input, ends: &mut dyn Iterator<Item = (usize, u8, i32)>) -> Vec<Vec<u8>> {
    let mut heights: Vec<BTreeMap<u8, Vec<i32>>> = vec![BTreeMap::new(); input.boxes.len()];
    for (n, group, height) in ends {
        if let Some(heights) = heights.get_mut(n) {
            heights.entry(group).or_default().push(height);
        }
    }
    let sorted = |heights: BTreeMap<u8, Vec<i32>>| {
        let mean =
            |heights: &[i32]| heights.iter().sum::<i32>() / i32::try_from(heights.len().max(1)).unwrap_or(1);
        let mut groups: Vec<(i32, u8)> =
            heights.iter().map(|(group, heights)| (mean(heights), *group)).collect();
        groups.sort_unstable();
        groups.into_iter().map(|(_, group)| group).collect()
    };
    heights.into_iter().map(sorted).collect()
}
