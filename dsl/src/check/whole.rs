//! Isolated items are waited for whole: whatever needs a task of one waits for every task of it.
//!
//! An item that fails is rolled back alone. If something outside it had built on what one of its tasks brought back, that
//! could not be undone any more without undoing what is outside as well.

use std::collections::BTreeSet;

use super::Env;
use super::task::{CheckedTask, Edge};
use crate::resolve::Seen;

/// Has tasks outside of isolated items wait for all tasks of those that they wait for.
pub(super) fn wait_for_whole_items(env: &Env<'_>, tasks: &mut [CheckedTask]) {
    let tree = env.outline.tree;
    let isolated = |task: usize| {
        let block = tree.tasks.get(task)?.block?;
        tree.blocks.get(block)?.isolate.map(|_| block)
    };
    for (n, task) in tasks.iter_mut().enumerate() {
        let own = tree.tasks.get(n).and_then(|task| task.block);
        let mut known: BTreeSet<usize> = task.after.iter().map(|edge| edge.seen.task).collect();
        let mut more = Vec::new();
        for Edge { seen, at, .. } in &task.after {
            let Some(block) = isolated(seen.task).filter(|block| own != Some(*block)) else { continue };
            let members = tree.tasks.iter().enumerate().filter(|(_, other)| other.block == Some(block));
            for (member, _) in members {
                if known.insert(member) {
                    let seen = Seen { task: member, ..*seen };
                    more.push(Edge { seen, at: *at, as_whole: true });
                }
            }
        }
        task.after.append(&mut more);
    }
}
