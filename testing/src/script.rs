//! How a test has systems answer: its stubs, each until it is used up.

use dsl::testing::{Behaviour, Stub};
use engine::CallEffect;
use model::Duration;
use plan::TaskIndex;

/// The stubs of a test, and how often each has been used.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    stubs: Vec<(&'a Stub, u32)>,
}

impl<'a> Script<'a> {
    pub(crate) fn new(stubs: &'a [Stub]) -> Self {
        Self { stubs: stubs.iter().map(|stub| (stub, 0)).collect() }
    }

    /// What the test says of an attempt, and how long that takes; nothing, if it says nothing of it any more.
    pub(crate) fn next(
        &mut self,
        call: &CallEffect,
        task: Option<TaskIndex>,
    ) -> Option<(&'a Behaviour, Duration)> {
        let meant = |stub: &Stub| {
            stub.system == call.system
                && stub.operation == call.operation
                && (stub.tasks.is_empty() || task.is_some_and(|task| stub.tasks.contains(&task)))
        };
        let (stub, used) = self
            .stubs
            .iter_mut()
            .find(|(stub, used)| meant(stub) && stub.times.is_none_or(|times| *used < times))?;
        *used += 1;
        Some((&stub.behaviour, stub.takes))
    }
}
