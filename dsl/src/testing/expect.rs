//! What is expected in a test: whether it can hold, and whether it can fail.

use std::collections::BTreeSet;

use model::TaskState;
use plan::{Expr, Plan, TaskIndex};

use super::bind::Binder;
use super::names::said;
use super::{Expectation, ExpectationKind, ExpectationLine, Unbound};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::{listing, near_miss};
use crate::syntax::story::StoryTask;
use crate::syntax::tree::Name;

impl Binder<'_> {
    pub(super) fn expectation(&mut self, line: &ExpectationLine) -> Option<Expectation> {
        let kind = match &line.kind {
            Unbound::Order(state) => ExpectationKind::Order(*state),
            Unbound::Task(names, state, at) => {
                let tasks = self.tasks(names)?;
                if *state != TaskState::Skipped
                    && let Some(left_out) = tasks.iter().find(|task| self.left_out(**task).is_some())
                {
                    let title = format!("`{}` is skipped in any case", self.plan.id(*left_out));
                    let rule = self.left_out(*left_out).unwrap_or_default().to_owned();
                    let found = Diagnostic::new(Code::UnfitExpectation, *at, title);
                    self.report(found.note(rule).help("expect `skipped`, or change the order"));
                }
                ExpectationKind::Task(tasks, *state)
            }
            Unbound::Undone(names) => ExpectationKind::Undone(self.undone(names)?),
            Unbound::Item(item, state) => {
                ExpectationKind::Item(self.order_item(item, Code::UnfitExpectation)?, *state)
            }
            Unbound::Residue(names) => {
                let mut can_be_left = true;
                for name in names {
                    let tasks = self.instances(name);
                    can_be_left &= tasks.is_none_or(|tasks| self.can_be_undone(name, &tasks));
                }
                ExpectationKind::Residue(self.tasks(names).filter(|_| can_be_left)?)
            }
            Unbound::Untouched(names) => {
                for name in names {
                    self.is_planned(name);
                }
                ExpectationKind::Untouched(self.tasks(names)?)
            }
            Unbound::Status { item, text } => {
                self.status(text);
                let item = match item {
                    Some(item) => Some(self.order_item(item, Code::UnfitExpectation)?),
                    None => None,
                };
                ExpectationKind::Status { item, text: text.text.clone() }
            }
            Unbound::Called { system, operation, arguments, times } => {
                if !self.calls(self.plan.definitions().iter(), system, operation) {
                    let title = format!("the blueprint of this order never calls `{system}.{operation}`");
                    let certain = if *times == Some(0) { "this can't fail" } else { "this can't hold" };
                    self.report(Diagnostic::new(Code::UnfitExpectation, line.at, title).note(certain));
                }
                ExpectationKind::Called {
                    system: system.clone(),
                    operation: operation.clone(),
                    arguments: arguments.clone(),
                    times: *times,
                }
            }
            Unbound::Elapsed(least, most) => ExpectationKind::Elapsed { least: *least, most: *most },
            Unbound::Refused => ExpectationKind::Refused,
        };
        Some(Expectation { kind, at: line.at })
    }

    /// Reports a task that is left out, and so is nothing that could be looked at in the end.
    fn is_planned(&mut self, name: &StoryTask) -> bool {
        let faults = self.diagnostics.len();
        let tasks = self.instances(name);
        // A task that there is not is told with all others.
        self.diagnostics.truncate(faults);
        let left_out = tasks.into_iter().flatten().find(|task| self.left_out(*task).is_some());
        let Some(task) = left_out else { return true };
        let title =
            format!("`{}` is left out of the plan of this order: it does nothing", self.plan.id(task));
        let rule = self.left_out(task).unwrap_or_default().to_owned();
        self.report(Diagnostic::new(Code::UnfitExpectation, name.span, title).note(rule));
        false
    }

    /// The tasks that must be undone, one after another.
    fn undone(&mut self, names: &[StoryTask]) -> Option<Vec<Vec<TaskIndex>>> {
        let mut undone: Vec<(&StoryTask, Vec<TaskIndex>)> = Vec::new();
        let mut sound = true;
        for name in names {
            let Some(tasks) = self.instances(name) else {
                sound = false;
                continue;
            };
            sound &= self.is_planned(name) && self.can_be_undone(name, &tasks);
            if undone.iter().any(|(_, earlier)| earlier.iter().any(|task| tasks.contains(task))) {
                let title = format!("`{}` is undone once, and named twice", said(name));
                self.report(Diagnostic::new(Code::UnfitExpectation, name.span, title));
                sound = false;
            }
            undone.push((name, tasks));
        }
        if !sound {
            return None;
        }
        for (n, (later, tasks)) in undone.iter().enumerate() {
            let waits_for = before(self.plan, tasks);
            let wrong =
                undone.iter().take(n).find(|(_, earlier)| earlier.iter().any(|t| waits_for.contains(t)));
            if let Some((earlier, _)) = wrong {
                let (later, earlier) = (said(later), said(earlier));
                let title = format!("`{earlier}` is not undone before `{later}`");
                let span = names.get(n).map_or_else(crate::Span::nowhere, |name| name.span);
                self.diagnostics.push(
                    Diagnostic::new(Code::UnfitExpectation, span, title)
                        .note(format!("`{later}` waits for `{earlier}`, so it is undone first"))
                        .help(format!("put `{later}` before `{earlier}`")),
                );
            }
        }
        Some(undone.into_iter().map(|(_, tasks)| tasks).collect())
    }

    fn can_be_undone(&mut self, name: &StoryTask, tasks: &[TaskIndex]) -> bool {
        let has_undo = |task: &TaskIndex| {
            let definition = self.plan.definition(*task);
            definition.undo().is_some() || definition.runs().is_some()
        };
        if tasks.iter().all(has_undo) {
            return true;
        }
        let title = format!("`{}` has nothing to undo", said(name));
        self.report(
            Diagnostic::new(Code::UnfitExpectation, name.span, title)
                .help("take it out: only a task with an `undo` is undone"),
        );
        false
    }

    /// Reports a status that no task says, where every task says its status word for word.
    fn status(&mut self, expected: &Name) {
        let definitions = self.plan.definitions().iter();
        let subs = self.plan.sub_blueprints().iter().flat_map(|sub| &sub.definitions);
        let texts: Option<Vec<&str>> = definitions
            .chain(subs)
            .filter_map(|definition| definition.status.as_ref())
            .map(|status| if let Expr::Value(value) = &status.expr { value.as_text() } else { None })
            .collect();
        let Some(texts) = texts.filter(|texts| !texts.contains(&expected.text.as_str())) else { return };
        let title = format!("no task says the status \"{}\"", expected.text);
        let diagnostic = Diagnostic::new(Code::UnfitExpectation, expected.span, title);
        let akin = |text: &&str| text.eq_ignore_ascii_case(&expected.text);
        let meant = near_miss(&expected.text, texts.iter().copied()).or(texts.iter().copied().find(akin));
        self.report(match meant.map(|meant| format!("\"{meant}\"")) {
            Some(meant) => diagnostic.help(format!("did you mean {meant}?")).fix(meant),
            None if texts.is_empty() => diagnostic.help("no task of the blueprint says any"),
            None => diagnostic.help(format!("they say {}", listing(texts, 10))),
        });
    }
}

/// Everything that some tasks wait for, directly or not.
fn before(plan: &Plan, tasks: &[TaskIndex]) -> BTreeSet<TaskIndex> {
    let mut found = BTreeSet::new();
    let mut due: Vec<TaskIndex> = tasks.to_vec();
    while let Some(task) = due.pop() {
        due.extend(plan.task(task).after.iter().copied().filter(|after| found.insert(*after)));
    }
    found
}
