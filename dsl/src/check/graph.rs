//! Who waits for whom: circles, and orders that are rejected too late.

use std::collections::BTreeSet;

use super::Env;
use super::task::CheckedTask;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn check(env: &Env<'_>, tasks: &[CheckedTask], diagnostics: &mut Vec<Diagnostic>) {
    let graph = Graph { env, tasks };
    graph.cycles(diagnostics);
    graph.late_rejects(diagnostics);
}

struct Graph<'a> {
    env: &'a Env<'a>,
    tasks: &'a [CheckedTask],
}

impl Graph<'_> {
    fn name(&self, task: usize) -> &str {
        self.env.outline.tree.tasks.get(task).map_or("", |task| task.name.text.as_str())
    }

    fn name_span(&self, task: usize) -> Span {
        self.env.outline.tree.tasks.get(task).map_or_else(Span::nowhere, |task| task.name.span)
    }

    fn waits_for(&self, task: usize) -> impl Iterator<Item = usize> {
        self.tasks.get(task).into_iter().flat_map(|task| task.after.iter().map(|edge| edge.seen.task))
    }

    /// Reports circles, each once and no task in two.
    fn cycles(&self, diagnostics: &mut Vec<Diagnostic>) {
        let mut left: BTreeSet<usize> = (0..self.tasks.len()).collect();
        loop {
            // What waits for nothing that is left is in no circle.
            while let Some(free) = left.iter().copied().find(|n| !self.waits_for(*n).any(|m| left.contains(&m))) {
                left.remove(&free);
            }
            let Some(start) = left.first() else { return };
            let mut path = vec![*start];
            let cycle = loop {
                let Some(at) = path.last() else { return };
                let Some(next) = self.waits_for(*at).find(|m| left.contains(m)) else { return };
                if let Some(start) = path.iter().position(|n| *n == next) {
                    break path.split_off(start);
                }
                path.push(next);
            };
            diagnostics.push(self.cycle(&cycle));
            cycle.iter().for_each(|task| {
                left.remove(task);
            });
        }
    }

    fn cycle(&self, path: &[usize]) -> Diagnostic {
        let names: Vec<_> =
            path.iter().chain(path.first()).map(|task| format!("`{}`", self.name(*task))).collect();
        let mut spans = path.iter().zip(path.iter().skip(1).chain(path.first())).map(|(from, to)| {
            let edge =
                self.tasks.get(*from).and_then(|task| task.after.iter().find(|edge| edge.seen.task == *to));
            let at = edge.map_or_else(|| self.name_span(*from), |edge| edge.at);
            (at, format!("`{}` waits for `{}`", self.name(*from), self.name(*to)))
        });
        let title = if path.len() == 1 {
            format!("the task `{}` waits for itself", self.name(path.first().copied().unwrap_or_default()))
        } else {
            format!("tasks wait for each other in a circle: {}", names.join(" → "))
        };
        let (first, text) = spans.next().unwrap_or_else(|| (Span::nowhere(), String::new()));
        let diagnostic = Diagnostic::new(Code::Cycle, first, title).here(text);
        spans.fold(diagnostic, |diagnostic, (at, text)| diagnostic.label(at, text))
    }

    /// Reports reactions that reject an order when something may have been done for it already.
    fn late_rejects(&self, diagnostics: &mut Vec<Diagnostic>) {
        for (rejecting, task) in self.tasks.iter().enumerate() {
            let Some(reject) = task.rejects.first() else { continue };
            if let Some(late) = task.rejects.iter().find(|reject| reject.after_effect) {
                let title = format!("the task `{}` has taken effect by then", self.name(rejecting));
                diagnostics.push(
                    Diagnostic::new(Code::LateReject, late.at, title)
                        .help("use `rollback`, which undoes what has been done"),
                );
                continue;
            }
            let behind = self.behind(rejecting);
            let Some(early) = (0..self.tasks.len()).find(|other| {
                *other != rejecting
                    && !behind.contains(other)
                    && self.tasks.get(*other).is_some_and(|other| other.effect)
            }) else {
                continue;
            };
            let (name, other) = (self.name(rejecting), self.name(early));
            let before = self.before(rejecting).contains(&early);
            let title = if before {
                format!("`{other}` has been done by then")
            } else {
                format!("`{other}` may have been done by then")
            };
            let each = self.env.outline.tree.tasks.get(rejecting).and_then(|task| task.block).is_some();
            let help = if before {
                "use `rollback`, which undoes what has been done".to_owned()
            } else if each {
                "another item may be further on: use `rollback`, or let everything that has an effect wait for \
                 this task of all items"
                    .to_owned()
            } else {
                format!("let it wait: `after {name}`; or use `rollback`, which undoes what has been done")
            };
            diagnostics.push(
                Diagnostic::new(Code::LateReject, reject.at, title)
                    .here("the order is rejected here")
                    .label(self.name_span(early), format!("this does not wait for `{name}`"))
                    .help(help),
            );
        }
    }

    /// The tasks that begin only when every instance of a task is done.
    fn behind(&self, task: usize) -> BTreeSet<usize> {
        let mut behind = BTreeSet::new();
        let inside_each = self.env.outline.tree.tasks.get(task).is_some_and(|task| task.block.is_some());
        if inside_each {
            // First those behind the instance for the same item; those that wait for all of these wait for all.
            let same_item = self.closure([task].into(), |edge_is_many| !edge_is_many);
            for (other, checked) in self.tasks.iter().enumerate() {
                let all = |edge: &super::task::Edge| edge.seen.many && same_item.contains(&edge.seen.task);
                if checked.after.iter().any(all) {
                    behind.insert(other);
                }
            }
        } else {
            behind.insert(task);
        }
        self.closure(behind, |_| true)
    }

    /// A set of tasks with everything that waits for one of them, over edges of the given sort.
    fn closure(&self, mut set: BTreeSet<usize>, follow: impl Fn(bool) -> bool) -> BTreeSet<usize> {
        loop {
            let before = set.len();
            for (other, checked) in self.tasks.iter().enumerate() {
                if checked.after.iter().any(|edge| follow(edge.seen.many) && set.contains(&edge.seen.task)) {
                    set.insert(other);
                }
            }
            if set.len() == before {
                return set;
            }
        }
    }

    /// The tasks that a task waits for, directly or not.
    fn before(&self, task: usize) -> BTreeSet<usize> {
        let mut before: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<usize> = self.waits_for(task).collect();
        while let Some(next) = open.pop() {
            if before.insert(next) {
                open.extend(self.waits_for(next));
            }
        }
        before
    }
}
