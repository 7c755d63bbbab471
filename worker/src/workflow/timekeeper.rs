//! Keeps the workflow's time the same at every replay.
//!
//! The time of a workflow task stands in the history, in the event of its beginning. A Temporal server that was killed may,
//! once it is back, hand out a task with a history that ends just before that event. The SDK then goes on with the time of the
//! task before, and a replay, which sees the whole history, would come to other times. Such a task is given back.

use std::time::SystemTime;

use temporalio_workflow::WorkflowContext;

use super::OrderWorkflow;

/// Remembers the last workflow task.
#[derive(Default)]
pub(super) struct Timekeeper {
    history_length: u32,
    began: Option<SystemTime>,
}

impl Timekeeper {
    /// Whether the workflow task can be trusted with the time. If not, it has been given back, and nothing may be done in
    /// it.
    pub(super) fn agrees(&mut self, ctx: &WorkflowContext<OrderWorkflow>) -> bool {
        let (history_length, began) = (ctx.history_length(), ctx.workflow_time());
        // Two tasks never begin in the same nanosecond.
        let stands_still = history_length > self.history_length && began == self.began;
        if stands_still && !ctx.is_replaying() {
            ctx.force_task_fail("the history ends before the beginning of this workflow task");
            return false;
        }
        self.history_length = history_length;
        self.began = began;
        true
    }
}
