//! From a test to one that can be run: its order is planned, and what it says of tasks is said of that plan.

use std::collections::BTreeSet;

use model::{OperationName, Pointer, SystemName, Value};
use plan::{Definition, Plan, TaskIndex};

use super::order::Ordered;
use super::{BoundTest, Test};
use crate::Severity;
use crate::blueprint::Blueprint;
use crate::diagnostic::{self, Diagnostic};
use crate::library::Library;

impl Library {
    /// Its tests, by file and place.
    #[must_use]
    pub fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// Binds one of its tests to the plan of the test's order. `read` gives the document in a file that the test names, relative
    /// to the folder of the library, or says why it can't be had; a test that has its order inside does not ask.
    ///
    /// # Errors
    /// Everything in the test that can't be of that plan, at its place in the library's files.
    pub fn bind(
        &self,
        test: &Test,
        read: impl FnOnce(&str) -> Result<Value, String>,
    ) -> Result<BoundTest, Vec<Diagnostic>> {
        let mut diagnostics = Vec::new();
        let bound = bind(self, test, read, &mut diagnostics);
        match bound {
            Some(bound) if diagnostics.is_empty() => Ok(bound),
            _ => Err(diagnostic::settle(diagnostics)),
        }
    }

    /// Binds all its tests whose order is inside, or in a file if `read` gives it, and reports what is wrong with the others.
    pub fn bind_all(
        &self,
        mut read: impl FnMut(&str) -> Result<Value, String>,
    ) -> (Vec<BoundTest>, Vec<Diagnostic>) {
        let (mut bound, mut wrong) = (Vec::new(), Vec::new());
        for test in &self.tests {
            match self.bind(test, &mut read) {
                Ok(test) => bound.push(test),
                Err(found) => wrong.extend(found),
            }
        }
        (bound, diagnostic::settle(wrong))
    }

    /// What is wrong with the tests that need no file.
    pub(crate) fn faults_of_tests(&self) -> Vec<Diagnostic> {
        let inside = self.tests.iter().filter(|test| test.order_file().is_none());
        let unread = |_: &str| Ok(Value::Null);
        let faults: Vec<_> = inside.filter_map(|test| self.bind(test, unread).err()).flatten().collect();
        debug_assert!(faults.iter().all(|fault| fault.severity == Severity::Error));
        faults
    }
}

fn bind(
    library: &Library,
    test: &Test,
    read: impl FnOnce(&str) -> Result<Value, String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<BoundTest> {
    let ordered = Ordered::new(library, &test.order, read, diagnostics)?;
    let mut binder = Binder {
        ordered: &ordered,
        blueprint: ordered.blueprint,
        plan: &ordered.plan,
        amended: Vec::new(),
        diagnostics,
    };
    let stubs = binder.stubs(&test.stubs);
    let steps = test.steps.iter().filter_map(|step| binder.step(step)).collect();
    let expectations = test.expectations.iter().filter_map(|line| binder.expectation(line)).collect();
    let (name, at, twice) = (test.name.clone(), test.at, test.twice);
    Some(BoundTest { name, at, plan: ordered.plan, twice, stubs, steps, expectations })
}

/// Binds what a test says of tasks, and reports what can't be of the plan. Its methods are spread over this folder.
pub(super) struct Binder<'a> {
    pub(super) ordered: &'a Ordered<'a>,
    pub(super) blueprint: &'a Blueprint,
    pub(super) plan: &'a Plan,
    /// What the amendments so far have changed.
    pub(super) amended: Vec<(Pointer, Value)>,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
}

impl Binder<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Why the plan leaves a task out, if it does.
    pub(super) fn left_out(&self, task: TaskIndex) -> Option<&str> {
        self.plan.task(task).skipped.as_deref()
    }

    /// Whether the tasks of these definitions, and of the blueprints they run, ever call an operation.
    pub(super) fn calls<'d>(
        &self,
        definitions: impl Iterator<Item = &'d Definition>,
        system: &SystemName,
        operation: &OperationName,
    ) -> bool {
        let called = |definition: &Definition| {
            definition.calls().any(|call| call.system == *system && call.operation == *operation)
        };
        let mut due: Vec<&Definition> = definitions.collect();
        let mut run = BTreeSet::new();
        while let Some(definition) = due.pop() {
            if called(definition) {
                return true;
            }
            let sub = definition.runs().filter(|name| run.insert((*name).clone()));
            due.extend(
                sub.and_then(|name| self.plan.sub_blueprint(name)).into_iter().flat_map(|s| &s.definitions),
            );
        }
        false
    }

    /// What the tasks are instances of that the plan does not leave out.
    pub(super) fn planned(&self) -> impl Iterator<Item = &Definition> {
        let planned = self.plan.indices().filter(|task| self.left_out(*task).is_none());
        let definitions: BTreeSet<usize> = planned.map(|task| self.plan.task(task).definition.0).collect();
        definitions.into_iter().filter_map(|definition| self.plan.definitions().get(definition))
    }
}
