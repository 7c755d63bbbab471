//! Writing down what happened, and moving states only as the tables allow.

use std::borrow::Cow;

use model::{Fact, OrderEvent, OrderState, TaskId, TaskState};
use plan::TaskIndex;

use crate::Run;

impl Run {
    /// Adds a fact to the record and takes over the states it says.
    pub(crate) fn tell(&mut self, fact: Fact) {
        let task = fact.task_state().and_then(|(id, _)| self.layout.find(id));
        self.put_down(task, fact);
    }

    /// The same of a fact about one task, which need not be looked up by the id that the fact is given.
    pub(crate) fn tell_of(&mut self, task: TaskIndex, fact: impl FnOnce(TaskId) -> Fact) {
        self.put_down(Some(task), fact(self.id(task)));
    }

    fn put_down(&mut self, task: Option<TaskIndex>, fact: Fact) {
        if let Some(to) = fact.order_state()
            && to != self.state.order
        {
            self.go(to);
        }
        if let (Some((_, to)), Some(task)) = (fact.task_state(), task) {
            let from = self.task(task).state;
            self.go_task(task, to);
            // A task that is dropped or taken back keeps the reason that made it so; but why its undo failed does not matter once
            // that goes on, or somebody has seen to it.
            let reason = fact.task_reason().map(Cow::into_owned);
            let keeps = matches!(to, TaskState::Dropped | TaskState::Undoing | TaskState::Undone)
                && from != TaskState::UndoFailed;
            if reason.is_some() || !keeps {
                self.task_mut(task).reason = reason;
            }
        }
        let number = self.next_number();
        self.state.record.push(OrderEvent { number, at: self.state.now, fact });
    }

    /// The number of the next order event. 0 was given when the order was accepted.
    pub(crate) fn next_number(&self) -> u64 {
        self.last_number() + 1
    }

    fn go(&mut self, to: OrderState) {
        let next = self.state.order.go(to);
        debug_assert!(next.is_ok(), "{next:?} in {:?}", self.state.record);
        self.state.order = next.unwrap_or(self.state.order);
    }

    /// Moves a task. Ready is passed through without a word in the record: it lasts no time.
    fn go_task(&mut self, task: TaskIndex, to: TaskState) {
        let from = self.task(task).state;
        let from =
            if from == TaskState::Waiting && to != TaskState::Dropped { TaskState::Ready } else { from };
        // Said again is no change: what is not known may be asked for again.
        let next = if from == to { Ok(to) } else { from.go(to) };
        debug_assert!(next.is_ok(), "{next:?} of {} in {:?}", self.id(task), self.state.record);
        let now = self.state.now;
        let run = self.task_mut(task);
        run.state = next.unwrap_or(from);
        match run.state {
            TaskState::Running => {
                run.started_at = Some(now);
                run.ended_at = None;
            }
            TaskState::Succeeded | TaskState::Skipped | TaskState::Dropped | TaskState::Undone => {
                run.ended_at = Some(now);
            }
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Unknown
            | TaskState::Failed
            | TaskState::Held
            | TaskState::Undoing
            | TaskState::UndoFailed
            | TaskState::Amending => {}
        }
        self.follow_status(task);
    }
}
