//! Cancelling one item: what was done for it is undone, alone, and the order goes on without it.
//!
//! Only what is kept apart from the rest of the order can be taken back alone: the tasks of an isolated `each`, as long as
//! nothing outside has begun with what they did. The cancel of the last item that is left is that of the order.

use std::collections::BTreeSet;

use model::{Actor, DeliveryId, Fact, ItemId, ItemState, TaskId, TaskState};
use plan::TaskIndex;

use crate::isolate::Parting;
use crate::{Handled, Rejected, Run};

impl Run {
    /// Judges the cancel of an item and, if nothing speaks against it, goes on without the item.
    pub(crate) fn cancel_item(
        &mut self,
        id: DeliveryId,
        item: &str,
        by: Actor,
        reason: String,
    ) -> Result<Handled, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        if self.goes_back() {
            return Err(Rejected::BeingUndone);
        }
        let item = self.item_named(item)?;
        if let Some(isolation) = self.state.isolated.get(&item) {
            return Err(match isolation.ended() {
                Some(state) => Rejected::ItemEnded { item, state },
                None => Rejected::ItemBeingUndone { item },
            });
        }
        if self.is_only(&item) {
            return self.cancel(id, by, reason);
        }
        if let Some((task, rejected)) = self.in_the_way(&item) {
            let (task, why) = (Some(task), rejected.to_string());
            self.tell(Fact::ItemCancelRefused { id, item, by, wanted: reason, task, reason: why });
            return Err(rejected);
        }
        self.tell(Fact::ItemCancelAccepted { id, item: item.clone(), by, reason: reason.clone() });
        self.isolate(&item, reason, Parting::Cancelled);
        Ok(Handled::Applied)
    }

    fn item_named(&self, name: &str) -> Result<ItemId, Rejected> {
        let unknown = || Rejected::NoSuchItem { item: name.chars().take(80).collect() };
        let item = ItemId::new(name).map_err(|_| unknown())?;
        let tasks = self.layout.of_item(&item);
        if tasks.iter().any(|task| self.counts(*task)) {
            return Ok(item);
        }
        // An amendment has taken it out.
        let is_gone = !tasks.is_empty() && tasks.iter().all(|task| !self.layout.is_present(*task));
        Err(if is_gone { Rejected::ItemEnded { item, state: ItemState::Cancelled } } else { unknown() })
    }

    /// Whether nothing is done for any other item that the order still goes on with.
    fn is_only(&self, item: &ItemId) -> bool {
        let others = self.layout.indices().filter(|task| self.counts(*task) && !self.given_up(*task));
        others.filter_map(|task| self.layout.item(task)).all(|other| other == item)
    }

    /// What keeps an item from being taken back alone.
    fn in_the_way(&self, item: &ItemId) -> Option<(TaskId, Rejected)> {
        let mut tied = self.layout.of_item(item).iter().copied().filter(|task| self.counts(*task));
        if let Some(task) = tied.find(|task| self.isolated_item(*task).is_none()) {
            let task = self.id(task);
            return Some((task.clone(), Rejected::ItemNotAlone { item: item.clone(), task }));
        }
        if let Some(task) = self.point_of_no_return_of(item) {
            let task = self.id(task);
            return Some((task.clone(), Rejected::ItemPointOfNoReturn { item: item.clone(), task }));
        }
        let task = self.id(self.built_on(&self.members(item))?);
        Some((task.clone(), Rejected::ItemInUse { item: item.clone(), task }))
    }

    /// A task outside that has begun with what these did, or because another one was left out that waited for them.
    fn built_on(&self, members: &BTreeSet<TaskIndex>) -> Option<TaskIndex> {
        let mut seen = members.clone();
        let mut ahead: BTreeSet<TaskIndex> = members.clone();
        while let Some(task) = ahead.pop_first() {
            for next in self.layout.dependants(task).iter().filter(|next| seen.insert(**next)) {
                if self.has_begun(*next) {
                    return Some(*next);
                }
                ahead.insert(*next);
            }
        }
        None
    }

    /// Whether a task has been begun. Those that were skipped or dropped have not, and of one that an amendment took out nothing
    /// is left once it is undone.
    fn has_begun(&self, task: TaskIndex) -> bool {
        match self.task(task).state {
            TaskState::Waiting | TaskState::Ready | TaskState::Skipped | TaskState::Dropped => false,
            TaskState::Undone if !self.layout.is_present(task) => false,
            TaskState::Running
            | TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Held
            | TaskState::Undoing
            | TaskState::Undone
            | TaskState::UndoFailed
            | TaskState::Amending => true,
        }
    }
}
