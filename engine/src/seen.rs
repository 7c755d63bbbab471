//! What the expressions of a task see: the order as its version of the plan has it, and what the other tasks have brought.

use std::collections::BTreeSet;

use model::{TaskState, Value};
use plan::{DefinitionIndex, EvalError, Formula, Scope, TaskFacts, TaskIndex, TaskValue, Tasks};

use crate::Run;
use crate::layout::{Bound, Found, Layout, Version};
use crate::task_run::Remembered;

/// The order and its tasks, seen from one task by one version of the plan.
pub(crate) struct SeenFrom<'a> {
    run: &'a Run,
    layout: &'a Layout,
    task: TaskIndex,
    version: Version,
    bound: &'a Bound,
    /// Tasks that are about to be left out.
    without: &'a BTreeSet<TaskIndex>,
}

/// Nothing is about to be left out.
pub(crate) static NONE: BTreeSet<TaskIndex> = BTreeSet::new();

impl<'a> SeenFrom<'a> {
    /// By any version, of a layout that the run may not have yet.
    pub(crate) const fn by(
        run: &'a Run,
        layout: &'a Layout,
        task: TaskIndex,
        version: Version,
        bound: &'a Bound,
    ) -> Self {
        Self { run, layout, task, version, bound, without: &NONE }
    }

    /// As if these tasks were left out.
    pub(crate) const fn without(self, without: &'a BTreeSet<TaskIndex>) -> Self {
        Self { without, ..self }
    }

    /// What an expression may read that knows neither a result of the task itself nor one before.
    pub(crate) fn scope(&self) -> Scope<'_> {
        let plan = self.bound.plan();
        Scope {
            order: plan.order(),
            items: plan.items(),
            item: self.bound.item().map(|item| &item.value),
            result: None,
            before: None,
            parameters: plan.parameters(),
            tasks: self,
        }
    }

    fn facts(&self, task: TaskIndex) -> TaskFacts<'_> {
        // A task that an amendment is about to bring has not been done.
        if task.0 >= self.run.state.tasks.len() || self.without.contains(&task) {
            return TaskFacts::default();
        }
        // One that is not there yet remembers nothing.
        if self.task.0 >= self.run.state.tasks.len() {
            return self.run.facts(task);
        }
        let run = self.run.task(self.task);
        // What it saw when it was begun, if the plan is still the one that it was begun with.
        let remembered = run.remembered.get(&task).filter(|_| run.version == self.version);
        if let Some(Remembered { result, finished_at }) = remembered {
            return TaskFacts { result: result.as_ref(), finished_at: *finished_at };
        }
        // An item that is rolled back alone has never been done for anything outside it.
        let of_another = || self.run.isolated_item(task) != self.layout.item_rolled_back_with(self.task);
        if self.run.given_up(task) && of_another() { TaskFacts::default() } else { self.run.facts(task) }
    }
}

impl Tasks for SeenFrom<'_> {
    fn task(&self, definition: DefinitionIndex) -> TaskValue<'_> {
        match self.layout.seen_from(self.bound, self.version, definition) {
            Found::One(task) => TaskValue::One(task.map(|task| self.facts(task)).unwrap_or_default()),
            Found::All(tasks) => TaskValue::Many(tasks.into_iter().map(|task| self.facts(task)).collect()),
        }
    }
}

impl Run {
    /// The value of an expression of a task.
    pub(crate) fn evaluate(&self, task: TaskIndex, formula: &Formula) -> Result<Value, EvalError> {
        self.evaluate_of(task, formula, &self.task(task).result)
    }

    /// The value of an expression of a task, with an answer that is not, or not yet, its result.
    pub(crate) fn evaluate_of(
        &self,
        task: TaskIndex,
        formula: &Formula,
        answer: &Value,
    ) -> Result<Value, EvalError> {
        self.within(task, |scope| formula.evaluate(&Scope { result: Some(answer), ..scope }))
    }

    /// Whether a condition of a task holds.
    pub(crate) fn holds(&self, task: TaskIndex, formula: &Formula) -> Result<bool, EvalError> {
        self.holds_of(task, formula, &self.task(task).result)
    }

    /// Whether a condition of a task holds of an answer that is not, or not yet, its result.
    pub(crate) fn holds_of(
        &self,
        task: TaskIndex,
        formula: &Formula,
        answer: &Value,
    ) -> Result<bool, EvalError> {
        self.within(task, |scope| formula.holds(&Scope { result: Some(answer), ..scope }))
    }

    /// Does something with what the expressions of a task see.
    pub(crate) fn within<T>(&self, task: TaskIndex, with: impl FnOnce(Scope<'_>) -> T) -> T {
        let bound = self.definition(task);
        let seen = SeenFrom::by(self, &self.layout, task, self.task(task).version, &bound);
        with(seen.scope())
    }

    /// What is known of a task that others may read.
    pub(crate) fn facts(&self, task: TaskIndex) -> TaskFacts<'_> {
        let run = self.task(task);
        // While it is being undone, the undo of a task before it may still need its result.
        let done = matches!(
            run.state,
            TaskState::Succeeded | TaskState::Amending | TaskState::Undoing | TaskState::Undone
        );
        if done {
            TaskFacts { result: Some(&run.result), finished_at: run.ended_at }
        } else {
            TaskFacts::default()
        }
    }
}
