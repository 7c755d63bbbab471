//! What the customer sees: of the order, and of each item.
//!
//! The status of the task that came to be begun last, among those that are under way or done. If that task is held or fails,
//! what it said is no longer true, and the one before it shows again. Once the order or an item goes back, nothing of it is
//! true any more. An item has that of its own tasks, the order that of all.

use std::collections::BTreeMap;

use model::{Fact, ItemId, TaskState};
use plan::TaskIndex;
use serde::{Deserialize, Serialize};

use crate::Run;

/// What tasks have had customers told, in the order in which each was shown first. Written down as a list.
///
/// A task that is begun again keeps its place: what is redone early does not hide what has been reached since.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(TaskIndex, Option<String>)>", into = "Vec<(TaskIndex, Option<String>)>")]
pub(crate) struct Statuses {
    /// Those that hold, by a number that says which task was shown first.
    shown: BTreeMap<u64, (TaskIndex, String)>,
    /// Of all that were ever shown.
    numbers: BTreeMap<TaskIndex, u64>,
}

impl Statuses {
    fn show(&mut self, task: TaskIndex, text: String) {
        let number = self.number(task);
        self.shown.insert(number, (task, text));
    }

    fn number(&mut self, task: TaskIndex) -> u64 {
        let next = self.numbers.len() as u64;
        *self.numbers.entry(task).or_insert(next)
    }

    fn has(&self, task: TaskIndex) -> bool {
        self.numbers.get(&task).is_some_and(|number| self.shown.contains_key(number))
    }

    fn remove(&mut self, task: TaskIndex) {
        if let Some(number) = self.numbers.get(&task) {
            self.shown.remove(number);
        }
    }

    /// Shows those of some tasks no longer; which these were.
    fn forget(&mut self, of: impl Fn(TaskIndex) -> bool) -> Vec<TaskIndex> {
        let over: Vec<_> = self.shown.values().map(|(task, _)| *task).filter(|task| of(*task)).collect();
        over.iter().for_each(|task| self.remove(*task));
        over
    }

    fn latest(&self) -> Option<&str> {
        self.shown.last_key_value().map(|(_, (_, text))| text.as_str())
    }

    /// The latest of those of some tasks.
    fn latest_of(&self, tasks: &[TaskIndex]) -> Option<&str> {
        let numbers = tasks.iter().filter_map(|task| self.numbers.get(task));
        let latest = numbers.filter(|number| self.shown.contains_key(number)).max()?;
        self.shown.get(latest).map(|(_, text)| text.as_str())
    }
}

impl From<Vec<(TaskIndex, Option<String>)>> for Statuses {
    fn from(written: Vec<(TaskIndex, Option<String>)>) -> Self {
        let mut statuses = Self::default();
        for (task, text) in written {
            let number = statuses.number(task);
            statuses.shown.extend(text.map(|text| (number, (task, text))));
        }
        statuses
    }
}

impl From<Statuses> for Vec<(TaskIndex, Option<String>)> {
    fn from(Statuses { mut shown, numbers }: Statuses) -> Self {
        let ordered: BTreeMap<u64, TaskIndex> =
            numbers.into_iter().map(|(task, number)| (number, task)).collect();
        ordered
            .into_iter()
            .map(|(number, task)| (task, shown.remove(&number).map(|(_, text)| text)))
            .collect()
    }
}

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
        match (holds, self.state.statuses.has(task)) {
            (true, false) if self.goes_back_with(task) => {}
            (true, false) => {
                // A text that can't be put together is not worth a held order: the last one stays.
                if let Ok(text) = self.evaluate(task, &formula) {
                    let text = text.as_text().map_or_else(|| text.to_string(), str::to_owned);
                    self.state.statuses.show(task, text);
                    self.state.restated.extend(self.layout.item(task).cloned());
                }
            }
            (false, true) => {
                self.state.statuses.remove(task);
                self.state.restated.extend(self.layout.item(task).cloned());
            }
            (true, true) | (false, false) => {}
        }
    }

    /// What customers were told of these tasks is over.
    pub(crate) fn forget_statuses(&mut self, of: impl Fn(TaskIndex) -> bool) {
        for task in self.state.statuses.forget(of) {
            self.state.restated.extend(self.layout.item(task).cloned());
        }
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
        let now = self.state.statuses.latest().map(str::to_owned);
        if now != self.state.customer_status {
            self.state.customer_status.clone_from(&now);
            self.tell(Fact::CustomerStatusChanged { status: now, item: None });
        }
    }

    /// The latest of the statuses that hold of an item.
    fn status_of(&self, item: &ItemId) -> Option<String> {
        self.state.statuses.latest_of(self.layout.of_item(item)).map(str::to_owned)
    }
}
