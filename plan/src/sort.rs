//! Putting tasks in an order in which they can be done.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An order of `0..edges.len()` in which every index comes after the indices it waits for (`edges[n]`), and
/// otherwise stays as it was given. An order that is one already comes back unchanged.
///
/// # Errors
/// The indices of one cycle, each waiting for the next, when there is one. An index out of range counts as one.
pub(crate) fn topological(edges: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut missing: Vec<usize> = edges.iter().map(Vec::len).collect();
    let mut dependants: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (n, after) in edges.iter().enumerate() {
        for &a in after {
            dependants.get_mut(a).ok_or_else(|| vec![n])?.push(n);
        }
    }
    let mut free: BinaryHeap<Reverse<usize>> =
        missing.iter().enumerate().filter(|(_, m)| **m == 0).map(|(n, _)| Reverse(n)).collect();
    let mut sorted = Vec::with_capacity(edges.len());
    while let Some(Reverse(n)) = free.pop() {
        sorted.push(n);
        for &d in dependants.get(n).into_iter().flatten() {
            if let Some(m) = missing.get_mut(d) {
                *m -= 1;
                if *m == 0 {
                    free.push(Reverse(d));
                }
            }
        }
    }
    if sorted.len() == edges.len() { Ok(sorted) } else { Err(cycle(edges, &missing)) }
}

/// Follows what is still missing until it comes round.
fn cycle(edges: &[Vec<usize>], missing: &[usize]) -> Vec<usize> {
    let stuck = |n: &usize| missing.get(*n).is_some_and(|m| *m > 0);
    let mut path: Vec<usize> = Vec::new();
    let mut at = (0..edges.len()).find(stuck);
    while let Some(n) = at {
        if let Some(start) = path.iter().position(|p| *p == n) {
            return path.split_off(start);
        }
        path.push(n);
        at = edges.get(n).and_then(|after| after.iter().copied().find(stuck));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn source_order_breaks_ties() {
        assert_eq!(topological(&[vec![2], vec![], vec![], vec![0]]), Ok(vec![1, 2, 0, 3]));
    }

    #[test]
    fn a_cycle_is_its_path() {
        assert_eq!(topological(&[vec![1], vec![2], vec![3], vec![1]]), Err(vec![1, 2, 3]));
        assert_eq!(topological(&[vec![0]]), Err(vec![0]));
    }

    proptest! {
        #[test]
        fn what_is_sorted_stays(raw in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..4), 0..40)) {
            let edges: Vec<Vec<usize>> = raw
                .iter()
                .enumerate()
                .map(|(n, after)| if n == 0 { Vec::new() } else { after.iter().map(|a| a.index(n)).collect() })
                .collect();
            prop_assert_eq!(topological(&edges), Ok((0..edges.len()).collect()));
        }
    }
}
