//! How systems behave in a test: whether anything ever asks them.

use model::{OperationName, SystemName};

use super::bind::Binder;
use super::names::said;
use super::{Stub, StubLine};
use crate::diagnostic::{Code, Diagnostic};

impl Binder<'_> {
    pub(super) fn stubs(&mut self, lines: &[StubLine]) -> Vec<Stub> {
        let mut stubs: Vec<Stub> = Vec::new();
        for line in lines {
            let faults = self.diagnostics.len();
            let Some(stub) = self.stub(line) else { continue };
            if self.diagnostics.len() == faults
                && let Some(earlier) = stubs.iter().find(|earlier| answers_all(earlier, &stub))
            {
                let title = "this is never asked: what is said above answers every call";
                self.report(
                    Diagnostic::new(Code::UnusedStub, line.at, title)
                        .label(earlier.at, "answers every call")
                        .help(
                            "say how many times that one answers, such as `once`, or put this one above it",
                        ),
                );
            }
            stubs.push(stub);
        }
        stubs
    }

    fn stub(&mut self, line: &StubLine) -> Option<Stub> {
        let StubLine { system, operation, behaviour, times, takes, at, .. } = line;
        let tasks = self.tasks(&line.tasks)?;
        if line.tasks.is_empty() && !self.calls(self.planned(), system, operation) {
            let title = format!("no task of this order calls `{system}.{operation}`");
            let elsewhere = self.calls(self.plan.definitions().iter(), system, operation);
            let help = if elsewhere {
                "the plan leaves out the tasks that do: change the order, or take this line out"
            } else {
                "the blueprint of this order has none that does: take this line out"
            };
            self.report(Diagnostic::new(Code::UnusedStub, *at, title).help(help));
        }
        for name in &line.tasks {
            self.asked_by(name, system, operation);
        }
        Some(Stub {
            system: system.clone(),
            operation: operation.clone(),
            tasks,
            behaviour: behaviour.clone(),
            times: *times,
            takes: *takes,
            at: *at,
        })
    }

    /// Reports a task that never makes the call that a stub is for.
    fn asked_by(
        &mut self,
        name: &crate::syntax::story::StoryTask,
        system: &SystemName,
        operation: &OperationName,
    ) {
        let Some(tasks) = self.instances(name) else { return };
        let planned: Vec<_> = tasks.iter().filter(|task| self.left_out(**task).is_none()).collect();
        let Some(first) = planned.first() else {
            let rule = tasks.first().and_then(|task| self.left_out(*task)).unwrap_or_default().to_owned();
            let title = format!("`{}` is left out of the plan of this order", said(name));
            self.report(Diagnostic::new(Code::UnusedStub, name.span, title).note(rule));
            return;
        };
        let definition = self.plan.definition(**first);
        if !self.calls(std::iter::once(definition), system, operation) {
            let title = format!("`{}` never calls `{system}.{operation}`", said(name));
            let mut calls: Vec<String> = definition.calls().map(plan::Call::label).collect();
            calls.dedup();
            let diagnostic = Diagnostic::new(Code::UnusedStub, name.span, title);
            self.report(if calls.is_empty() {
                diagnostic.help("it calls no system")
            } else {
                let calls = crate::suggest::listing(calls.iter().map(String::as_str), 6);
                diagnostic.help(format!("it calls {calls}"))
            });
        }
    }
}

/// Whether one stub answers every call that another is for.
fn answers_all(earlier: &Stub, later: &Stub) -> bool {
    let same = earlier.system == later.system && earlier.operation == later.operation;
    let covered = earlier.tasks.is_empty()
        || !later.tasks.is_empty() && later.tasks.iter().all(|task| earlier.tasks.contains(task));
    same && earlier.times.is_none() && covered
}
