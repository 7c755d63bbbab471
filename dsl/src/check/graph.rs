//! Who waits for whom: circles, and orders that are rejected or rolled back too late.

use std::collections::{BTreeMap, BTreeSet};

use super::Env;
use super::task::CheckedTask;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::listing;

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
    graph.late_rollbacks(diagnostics);
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
            let why =
                if edge.is_some_and(|edge| edge.as_whole) { ", as for the whole isolated item" } else { "" };
            (at, format!("`{}` waits for `{}`{why}", self.name(*from), self.name(*to)))
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
            let early: Vec<usize> = (0..self.tasks.len())
                .filter(|other| {
                    *other != rejecting
                        && !behind.contains(other)
                        && self
                            .tasks
                            .get(*other)
                            .is_some_and(|other| other.effect || other.point_of_no_return)
                })
                .collect();
            if !early.is_empty() {
                diagnostics.push(self.late_reject(rejecting, reject.at, &early));
            }
        }
    }

    /// Warns of reactions that roll an order back when it can't go back any more.
    fn late_rollbacks(&self, diagnostics: &mut Vec<Diagnostic>) {
        for (task, checked) in self.tasks.iter().enumerate().filter(|(_, task)| !task.rollbacks.is_empty()) {
            let is_point = |task: usize| self.tasks.get(task).is_some_and(|task| task.point_of_no_return);
            let point = if is_point(task) {
                Some(task)
            } else {
                self.before(task).into_iter().find(|task| is_point(*task))
            };
            let Some(point) = point else {
                diagnostics.extend(self.late_for_other_items(task));
                continue;
            };
            let title = format!("`{}` is a point of no return, and has begun by then", self.name(point));
            let late = |at: &Span| {
                Diagnostic::new(Code::LateRollback, *at, title.clone())
                    .here("the order is held here instead")
                    .label(self.name_span(point), "nothing is rolled back from here on")
                    .help("say `hold`, which is what happens")
            };
            diagnostics.extend(checked.rollbacks.iter().map(late));
        }
    }

    /// A reaction that rolls an order back of which another item may have passed a point of no return. Where items are
    /// isolated, only the item itself goes back.
    fn late_for_other_items(&self, task: usize) -> Option<Diagnostic> {
        let at = *self.tasks.get(task)?.rollbacks.first()?;
        let isolated = self.env.profiles.get(task).is_some_and(|profile| profile.isolated.is_some());
        let block = self.env.outline.tree.tasks.get(task)?.block.filter(|_| !isolated)?;
        let own = self.closure([task].into(), |_| true);
        let behind = self.behind(task);
        let beside = |other: usize| {
            own.contains(&other)
                || self.env.outline.tree.tasks.get(other).is_some_and(|other| other.block == Some(block))
        };
        let early: Vec<usize> = (0..self.tasks.len())
            .filter(|other| *other != task && !behind.contains(other) && beside(*other))
            .filter(|other| self.tasks.get(*other).is_some_and(|other| other.point_of_no_return))
            .collect();
        let first = *early.first()?;
        let title = format!(
            "`{}` is a point of no return, and may have begun by then for another item",
            self.name(first)
        );
        let diagnostic = Diagnostic::new(Code::LateRollback, at, title)
            .here("the order is held here if so")
            .label(self.name_span(first), self.not_waiting(first, task));
        let names = listing(early.iter().map(|task| self.name(*task)), 6);
        Some(
            diagnostic.help(format!(
                "{}; or say `hold`, and a person decides",
                self.how_to_wait(task, &early, &names)
            )),
        )
    }

    /// Why a task may begin before every instance of another one is done.
    fn not_waiting(&self, waiting: usize, task: usize) -> String {
        let name = self.name(task);
        if self.before(waiting).contains(&task) {
            format!("this waits for the `{name}` of its own item only")
        } else {
            format!("this does not wait for `{name}`")
        }
    }

    /// A reaction that rejects an order for which the tasks `early` may have taken effect.
    fn late_reject(&self, rejecting: usize, at: Span, early: &[usize]) -> Diagnostic {
        let before = self.before(rejecting);
        let diagnostic = |other: usize, title: String| {
            Diagnostic::new(Code::LateReject, at, title)
                .here("the order is rejected here")
                .label(self.name_span(other), self.not_waiting(other, rejecting))
        };
        let is_point = |other: &&usize| self.tasks.get(**other).is_some_and(|other| other.point_of_no_return);
        if let Some(other) = early.iter().filter(is_point).find(|other| before.contains(other)) {
            let title = format!("`{}` is a point of no return, and has begun by then", self.name(*other));
            let help = "let this task come first, or use `hold`: a person then decides";
            return diagnostic(*other, title).help(help);
        }
        if let Some(other) = early.iter().find(|other| before.contains(other)) {
            let title = format!("`{}` has been done by then", self.name(*other));
            return diagnostic(*other, title).help("use `rollback`, which undoes what has been done");
        }
        // When those wait that wait for none of the others, all do.
        let waits =
            |other: &usize| !early.iter().any(|first| first != other && self.before(*other).contains(first));
        let first: Vec<usize> = early.iter().copied().filter(waits).collect();
        let (other, others) =
            first.split_first().map_or((rejecting, first.as_slice()), |(o, others)| (*o, others));
        let title = format!("`{}` may have been done by then", self.name(other));
        let diagnostic = others.iter().fold(diagnostic(other, title), |diagnostic, other| {
            diagnostic.label(self.name_span(*other), "nor does this")
        });
        let names = listing(first.iter().map(|task| self.name(*task)), 6);
        diagnostic.help(format!(
            "{}; or use `rollback`, which undoes what has been done",
            self.how_to_wait(rejecting, &first, &names)
        ))
    }

    /// How tasks are made to wait for every instance of another one.
    fn how_to_wait(&self, task: usize, waiting: &[usize], names: &str) -> String {
        let (name, outlines) = (self.name(task), &self.env.outline.tasks);
        let kind_of = |task: usize| outlines.get(task).and_then(|outline| outline.kind);
        let Some(kind) = kind_of(task) else { return format!("let {names} wait: `after {name}`") };
        let kind_name = self.env.outline.kinds.get(kind).map_or("", |kind| kind.text.as_str());
        if !waiting.iter().any(|waiting| kind_of(*waiting) == Some(kind)) {
            return format!("let {names} wait for all items: `after {kind_name}.{name}`");
        }
        // Inside the same `each`, the name of the task means that of the same item; outside, all.
        let tasks = &self.env.outline.tree.tasks;
        let free = |name: &String| !tasks.iter().any(|task| task.name.text == *name);
        let candidates =
            (1..).map(|n| if n == 1 { format!("{name}_done") } else { format!("{name}_done_{n}") });
        let milestone = candidates.into_iter().find(free).unwrap_or_default();
        format!(
            "another item may be further on: say `milestone {milestone} after {kind_name}.{name}` outside `each`, and let \
             {names} wait: `after {milestone}`"
        )
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
