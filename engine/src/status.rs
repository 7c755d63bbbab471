//! What the customer sees: of the order, and of each item.
//!
//! The status of the task begun last, among those that are under way or done. If that task is held, fails or is
//! undone, what it said is no longer true, and the one before it shows again. An item has that of its own tasks, the order
//! that of all.

use model::{Fact, ItemId, TaskState};
use plan::TaskIndex;

use crate::Run;

impl Run {
    /// Looks again at what the customer sees after a task has changed its state.
    pub(crate) fn follow_status(&mut self, task: TaskIndex) {
        let Some(formula) = self.definition(task).status.clone() else { return };
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
                    self.state.restated.extend(self.layout.item(task));
                }
            }
            (false, Some(at)) => {
                self.state.statuses.remove(at);
                self.state.restated.extend(self.layout.item(task));
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// What customers were told is over, all of it.
    pub(crate) fn forget_statuses(&mut self) {
        self.state.statuses.clear();
        self.state.restated.extend(self.state.item_statuses.keys().cloned());
    }

    /// Writes down new customer statuses, once per event however many tasks moved.
    pub(crate) fn tell_status(&mut self) {
        for item in std::mem::take(&mut self.state.restated) {
            let now = self.status_of(&item);
            if now.as_ref() == self.state.item_statuses.get(&item) {
                continue;
            }
            match &now {
                Some(text) => self.state.item_statuses.insert(item.clone(), text.clone()),
                None => self.state.item_statuses.remove(&item),
            };
            self.tell(Fact::CustomerStatusChanged { status: now, item: Some(item) });
        }
        let now = self.state.statuses.last().map(|(_, text)| text.clone());
        if now != self.state.customer_status {
            self.state.customer_status.clone_from(&now);
            self.tell(Fact::CustomerStatusChanged { status: now, item: None });
        }
    }

    /// The latest of the statuses that hold of an item.
    fn status_of(&self, item: &ItemId) -> Option<String> {
        let mut latest_first = self.state.statuses.iter().rev();
        let latest = latest_first.find(|(task, _)| self.layout.item(*task).as_ref() == Some(item));
        latest.map(|(_, text)| text.clone())
    }
}
