//! Who waits for whom: circles, and orders that are rejected too late.

use std::collections::{BTreeMap, BTreeSet};

use super::Env;
use super::task::CheckedTask;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};

pub(super) fn check(env: &Env<'_>, tasks: &[CheckedTask], diagnostics: &mut Vec<Diagnostic>) {
    let mut dependants = vec![Vec::new(); tasks.len()];
    for (task, checked) in tasks.iter().enumerate() {
        for edge in &checked.after {
            if let Some(dependants) = dependants.get_mut(edge.seen.task) {
                dependants.push(Dependant { task, many: edge.seen.many });
            }
        }
    }
    let graph = Graph { env, tasks, dependants };
    graph.cycles(diagnostics);
    graph.late_rejects(diagnostics);
}

struct Graph<'a> {
    env: &'a Env<'a>,
    tasks: &'a [CheckedTask],
    /// For each task, those that wait for it.
    dependants: Vec<Vec<Dependant>>,
}

#[derive(Clone, Copy)]
struct Dependant {
    task: usize,
    /// It waits for all instances.
    many: bool,
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
        let mut waiting_for: Vec<usize> = self.tasks.iter().map(|task| task.after.len()).collect();
        let mut left: BTreeSet<usize> = (0..self.tasks.len()).collect();
        let mut free: Vec<usize> = left.iter().copied().filter(|n| waiting_for.get(*n) == Some(&0)).collect();
        loop {
            // What waits for nothing that is left is in no circle.
            while let Some(task) = free.pop() {
                left.remove(&task);
                for dependant in self.dependants.get(task).into_iter().flatten() {
                    if let Some(count) = waiting_for.get_mut(dependant.task) {
                        *count = count.saturating_sub(1);
                        if *count == 0 && left.contains(&dependant.task) {
                            free.push(dependant.task);
                        }
                    }
                }
            }
            let Some(cycle) = left.first().map(|start| self.circle_from(*start, &left)) else { return };
            if cycle.is_empty() {
                return;
            }
            diagnostics.push(self.cycle(&cycle));
            free = cycle;
        }
    }

    /// The circle that following what is left comes to.
    fn circle_from(&self, start: usize, left: &BTreeSet<usize>) -> Vec<usize> {
        let mut path = vec![start];
        let mut place: BTreeMap<usize, usize> = [(start, 0)].into();
        while let Some(next) = path.last().and_then(|at| self.waits_for(*at).find(|m| left.contains(m))) {
            if let Some(start) = place.get(&next) {
                return path.split_off(*start);
            }
            place.insert(next, path.len());
            path.push(next);
        }
        Vec::new()
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
            for other in self.closure([task].into(), |many| !many) {
                let dependants = self.dependants.get(other).into_iter().flatten();
                behind.extend(dependants.filter(|dependant| dependant.many).map(|dependant| dependant.task));
            }
        } else {
            behind.insert(task);
        }
        self.closure(behind, |_| true)
    }

    /// A set of tasks with everything that waits for one of them, over edges of the given sort.
    fn closure(&self, mut set: BTreeSet<usize>, follow: impl Fn(bool) -> bool) -> BTreeSet<usize> {
        let mut open: Vec<usize> = set.iter().copied().collect();
        while let Some(task) = open.pop() {
            for dependant in self.dependants.get(task).into_iter().flatten() {
                if follow(dependant.many) && set.insert(dependant.task) {
                    open.push(dependant.task);
                }
            }
        }
        set
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
