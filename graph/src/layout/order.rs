//! What is above what else in each layer, with as few crossings as the sweeps find.

use super::layers::{Layers, Link, mean};

/// The vertices of each layer from top to bottom: those of a frame together, frames in their order.
pub(super) fn rows(layers: &Layers, sweeps: usize) -> Vec<Vec<usize>> {
    let joined = Joined::new(layers);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); layers.count];
    for (n, vertex) in layers.vertices.iter().enumerate() {
        rows[vertex.layer].push(n);
    }
    for row in &mut rows {
        row.sort_by(|a, b| layers.vertices[*a].lane.total_cmp(&layers.vertices[*b].lane));
    }
    let mut best = (crossings(layers, &rows), rows.clone());
    for sweep in 0..sweeps {
        if sweep % 2 == 0 {
            for layer in 1..rows.len() {
                let (before, rest) = rows.split_at_mut(layer);
                improve(layers, &mut rest[0], &before[layer - 1], &joined.before);
            }
        } else {
            for layer in (1..rows.len()).rev() {
                let (before, rest) = rows.split_at_mut(layer);
                improve(layers, &mut before[layer - 1], &rest[0], &joined.after);
            }
        }
        swap_neighbours(layers, &mut rows, &joined);
        let crossings = crossings(layers, &rows);
        if crossings < best.0 {
            best = (crossings, rows.clone());
        }
    }
    best.1
}

/// Who is joined with whom in the layers beside.
struct Joined {
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
}

impl Joined {
    fn new(layers: &Layers) -> Self {
        let mut joined = Self {
            before: vec![Vec::new(); layers.vertices.len()],
            after: vec![Vec::new(); layers.vertices.len()],
        };
        for Link { from, to, .. } in &layers.links {
            joined.before[*to].push(*from);
            joined.after[*from].push(*to);
        }
        joined
    }
}

/// Sorts a layer by the mean place of what each vertex is joined with in the layer beside.
fn improve(layers: &Layers, row: &mut [usize], beside: &[usize], joined: &[Vec<usize>]) {
    let place = places(layers, beside);
    let mut keyed: Vec<(f64, f64, usize)> = Vec::with_capacity(row.len());
    for (n, vertex) in row.iter().enumerate() {
        let lanes: Vec<f64> = joined[*vertex].iter().map(|other| place[*other]).collect();
        // What is joined with nothing there stays where it is.
        let own = f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        let key = if lanes.is_empty() { own } else { mean(&lanes) };
        keyed.push((layers.vertices[*vertex].lane, key, *vertex));
    }
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    for (slot, (_, _, vertex)) in row.iter_mut().zip(keyed) {
        *slot = vertex;
    }
}

/// Swaps those beside each other in a lane where that takes crossings away.
fn swap_neighbours(layers: &Layers, rows: &mut [Vec<usize>], joined: &Joined) {
    for layer in 0..rows.len() {
        let before = layer.checked_sub(1).map(|before| places(layers, &rows[before]));
        let after = rows.get(layer + 1).map(|after| places(layers, after));
        let row = &mut rows[layer];
        for n in 1..row.len() {
            let (upper, lower) = (row[n - 1], row[n]);
            if layers.vertices[upper].lane.total_cmp(&layers.vertices[lower].lane).is_ne() {
                continue;
            }
            let count = |first: usize, second: usize| {
                let sides = [(&before, &joined.before), (&after, &joined.after)];
                let crossed = sides.into_iter().filter_map(|(place, joined)| {
                    let place = place.as_ref()?;
                    let pairs = joined[first].iter().flat_map(|a| joined[second].iter().map(move |b| (a, b)));
                    Some(pairs.filter(|(a, b)| place[**a] > place[**b]).count())
                });
                crossed.sum::<usize>()
            };
            if count(lower, upper) < count(upper, lower) {
                row.swap(n - 1, n);
            }
        }
    }
}

/// The place of each vertex in its layer; that of vertices of other layers means nothing.
fn places(layers: &Layers, row: &[usize]) -> Vec<f64> {
    let mut place = vec![0.0; layers.vertices.len()];
    for (n, vertex) in row.iter().enumerate() {
        place[*vertex] = f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    }
    place
}

/// How many pairs of links cross.
pub(super) fn crossings(layers: &Layers, rows: &[Vec<usize>]) -> usize {
    let mut place = vec![0_usize; layers.vertices.len()];
    for row in rows {
        for (n, vertex) in row.iter().enumerate() {
            place[*vertex] = n;
        }
    }
    let mut between: Vec<Vec<(usize, usize)>> = vec![Vec::new(); layers.count];
    for Link { from, to, .. } in &layers.links {
        between[layers.vertices[*from].layer].push((place[*from], place[*to]));
    }
    let mut crossings = 0;
    for links in &mut between {
        links.sort_unstable();
        // Each link crosses those above it on the left that end below it on the right.
        let mut ends: Vec<usize> = Vec::with_capacity(links.len());
        for (_, to) in links.iter() {
            let at = ends.partition_point(|end| end <= to);
            crossings += ends.len() - at;
            ends.insert(at, *to);
        }
    }
    crossings
}
