//! What the customer sees.
//!
//! The status of the task begun last, among those that are under way or done. If that task is held, fails or is
//! undone, what it said is no longer true, and the one before it shows again.

use model::{Fact, TaskState};
use plan::TaskIndex;

use crate::Run;

impl Run {
    /// Looks again at what the customer sees after a task has changed its state.
    pub(crate) fn follow_status(&mut self, task: TaskIndex) {
        let Some(formula) = self.plan.definition(task).status.clone() else { return };
        let holds = match self.task(task).state {
            TaskState::Running | TaskState::Unknown | TaskState::Succeeded | TaskState::Amending => true,
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Failed
            | TaskState::Held
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undoing
            | TaskState::Undone
            | TaskState::UndoFailed => false,
        };
        let shown = self.state.statuses.iter().position(|(t, _)| *t == task);
        match (holds, shown) {
            (true, None) => {
                // A text that can't be put together is not worth a held order: the last one stays.
                if let Ok(text) = self.evaluate(task, &formula) {
                    let text = text.as_text().map_or_else(|| text.to_string(), str::to_owned);
                    self.state.statuses.push((task, text));
                }
            }
            (false, Some(at)) => {
                self.state.statuses.remove(at);
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Writes down a new customer status, once per event however many tasks moved.
    pub(crate) fn tell_status(&mut self) {
        let now = self.state.statuses.last().map(|(_, text)| text.clone());
        if now != self.state.customer_status {
            self.state.customer_status.clone_from(&now);
            self.tell(Fact::CustomerStatusChanged { status: now });
        }
    }
}
