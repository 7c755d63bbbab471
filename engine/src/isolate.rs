//! Items that fail or are cancelled alone: what is done for such an item is undone, and the order goes on without it.
//!
//! An item goes back as an order does (see `undo`), among the tasks of its isolated `each`. Plans have whatever else needs
//! one of them wait for all of them, so nothing outside has built on what is undone. When nothing of the item is left, what
//! waits for it goes on, and sees its tasks as skipped.

use std::collections::BTreeSet;

use model::{Fact, ItemId, ItemState, OrderState, Standing};
use plan::TaskIndex;
use serde::{Deserialize, Serialize};

use crate::Run;
use crate::run::{Ending, Phase};

/// An item that the order goes on without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Isolation {
    /// Why.
    pub(crate) reason: String,
    parting: Parting,
    /// Its tasks that are not cleared yet.
    uncleared: usize,
}

/// How an order and an item part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Parting {
    /// It has failed, and is undone.
    RolledBack,
    /// It has failed, and what was done is left in place, because the blueprint means it.
    Abandoned,
    /// It is cancelled, and is undone.
    Cancelled,
}

impl Isolation {
    /// How the item stands.
    pub(crate) const fn standing(&self) -> Standing {
        match (self.parting, self.uncleared) {
            (Parting::RolledBack | Parting::Abandoned, 0) => Standing::Failed,
            (Parting::RolledBack | Parting::Abandoned, _) => Standing::Failing,
            (Parting::Cancelled, 0) => Standing::Cancelled,
            (Parting::Cancelled, _) => Standing::Cancelling,
        }
    }

    /// The item's last state, once nothing is done for it any more.
    pub(crate) const fn ended(&self) -> Option<ItemState> {
        match self.standing() {
            Standing::Failed => Some(ItemState::Failed),
            Standing::Cancelled => Some(ItemState::Cancelled),
            Standing::Wanted | Standing::Failing | Standing::Cancelling => None,
        }
    }

    /// Whether the item was not done though it was wanted.
    pub(crate) const fn has_failed(&self) -> bool {
        matches!(self.parting, Parting::RolledBack | Parting::Abandoned)
    }
}

impl Run {
    /// The item that a task is rolled back with, if it is rolled back with its item alone.
    pub(crate) fn isolated_item(&self, task: TaskIndex) -> Option<&ItemId> {
        self.layout.item_rolled_back_with(task)
    }

    /// Whether the order goes on without the item of a task.
    pub(crate) fn given_up(&self, task: TaskIndex) -> bool {
        self.isolated_item(task).is_some_and(|item| self.state.isolated.contains_key(item))
    }

    /// Whether a task is to be cleared: with its item, or with the order.
    pub(crate) fn goes_back_with(&self, task: TaskIndex) -> bool {
        self.goes_back() || self.given_up(task)
    }

    /// Whether what a task did is left in place.
    pub(crate) fn abandons(&self, task: TaskIndex) -> bool {
        if let Phase::Backward { ending, .. } = &self.state.phase {
            return matches!(ending, Ending::Abandoned(_));
        }
        let isolation = self.isolated_item(task).and_then(|item| self.state.isolated.get(item));
        isolation.is_some_and(|isolation| isolation.parting == Parting::Abandoned)
    }

    /// Whether two tasks are cleared together, one before the other.
    pub(crate) fn clears_with(&self, task: TaskIndex, other: TaskIndex) -> bool {
        self.goes_back() || self.isolated_item(task) == self.isolated_item(other)
    }

    /// Undoes what was done for an item, and goes on without it. If no item is left to go on for, the order turns round.
    pub(crate) fn roll_back_item(&mut self, item: &ItemId, reason: String) {
        if self.is_last(item) && self.point_of_no_return().is_none() {
            let mut partings = self.state.isolated.values().map(|isolation| isolation.parting);
            let left_in_place = partings.any(|parting| parting == Parting::Abandoned);
            return self.go_back(if left_in_place {
                Ending::Abandoned(reason)
            } else {
                Ending::Failed(reason)
            });
        }
        self.tell(Fact::ItemRollingBack { item: item.clone(), reason: reason.clone() });
        self.isolate(item, reason, Parting::RolledBack);
    }

    /// Leaves what was done for an item in place, and goes on without it. If no item is left to go on for, the order ends.
    pub(crate) fn abandon_item(&mut self, item: &ItemId, reason: String) {
        if self.is_last(item) {
            return self.go_back(Ending::Abandoned(reason));
        }
        self.isolate(item, reason, Parting::Abandoned);
    }

    pub(crate) fn isolate(&mut self, item: &ItemId, reason: String, parting: Parting) {
        let members = self.members(item);
        self.state.isolated.insert(item.clone(), Isolation { reason, parting, uncleared: members.len() });
        if parting != Parting::Abandoned {
            self.forget_statuses(|task| members.contains(&task));
        }
        let was_held = self.is_held();
        for &task in &members {
            self.state.held.remove(&task);
            self.state.due.remove(&task);
            self.state.at_point.remove(&task);
        }
        if was_held && !self.is_held() {
            self.tell(Fact::OrderResumed { state: OrderState::InProgress });
        }
        self.state.kept.forget(&members);
        for &task in &members {
            self.wait_for_again(task);
        }
        for &task in &members {
            self.leave_round(task);
        }
        let layout = self.layout.clone();
        for &task in &members {
            let after = layout.dependants(task).iter().filter(|after| members.contains(after));
            self.task_mut(task).uncleared = after.count();
            self.stop(task);
        }
        let last = members.into_iter().filter(|task| self.task(*task).uncleared == 0).collect();
        self.clear_all(last);
        self.end_item(item);
    }

    /// One more task of an item is cleared.
    pub(crate) fn count_cleared(&mut self, task: TaskIndex) {
        if let Some(item) = self.layout.item_rolled_back_with(task)
            && let Some(isolation) = self.state.isolated.get_mut(item)
        {
            isolation.uncleared = isolation.uncleared.saturating_sub(1);
        }
    }

    /// Goes on without an item of which nothing is left.
    pub(crate) fn end_item(&mut self, item: &ItemId) {
        let Some(Isolation { reason, parting, uncleared: 0 }) = self.state.isolated.get(item) else { return };
        let reason = reason.clone();
        self.tell(match parting {
            Parting::RolledBack | Parting::Abandoned => Fact::ItemFailed { item: item.clone(), reason },
            Parting::Cancelled => Fact::ItemCancelled { item: item.clone() },
        });
        for task in self.members(item) {
            self.pass(task);
        }
    }

    /// Has what waits for a task wait until it is known what is left of it. Nothing outside its item has begun yet.
    fn wait_for_again(&mut self, task: TaskIndex) {
        if !std::mem::take(&mut self.task_mut(task).passed) {
            return;
        }
        self.state.left += 1;
        let layout = self.layout.clone();
        for &next in layout.dependants(task) {
            self.task_mut(next).missing += 1;
            self.state.due.remove(&next);
            self.state.at_point.remove(&next);
        }
    }

    /// Whether, without an item, nothing is left that the order was sent for. An item counts for what is done for it, and
    /// so not for tasks that were left out from the beginning.
    fn is_last(&self, item: &ItemId) -> bool {
        let lost = |task: &TaskIndex| self.isolated_item(*task) == Some(item) || self.given_up(*task);
        let of_items = self.layout.indices().filter(|task| self.layout.item(*task).is_some());
        of_items.filter(|task| self.counts(*task)).all(|task| lost(&task))
    }

    /// Whether the task is part of the order, and was not left out from the beginning.
    pub(crate) fn counts(&self, task: TaskIndex) -> bool {
        self.layout.is_present(task) && self.layout.last(task).skipped().is_none()
    }

    /// The tasks that go back with an item.
    pub(crate) fn members(&self, item: &ItemId) -> BTreeSet<TaskIndex> {
        let of_item = self.layout.of_item(item).iter().copied();
        of_item.filter(|task| self.isolated_item(*task).is_some()).collect()
    }
}
