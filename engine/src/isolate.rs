//! Items that fail alone: what is done for such an item is undone, and the order goes on without it.
//!
//! An item goes back as an order does (see `undo`), among the tasks of its isolated `each`. Plans have whatever else needs
//! one of them wait for all of them, so nothing outside has built on what is undone. When nothing of the item is left, what
//! waits for it goes on, and sees its tasks as skipped.

use std::collections::BTreeSet;

use model::{Fact, ItemId, OrderState};
use plan::{Task, TaskIndex};
use serde::{Deserialize, Serialize};

use crate::Run;
use crate::run::{Ending, Phase};

/// An item that the order goes on without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Isolation {
    /// Why.
    reason: String,
    /// Whether what was done is left in place, because the blueprint means it.
    abandoned: bool,
    /// Its tasks that are not cleared yet.
    uncleared: usize,
}

impl Run {
    /// The item that a task is rolled back with, if it is rolled back with its item alone.
    pub(crate) fn isolated_item(&self, task: TaskIndex) -> Option<usize> {
        let item = self.plan.task(task).item?;
        self.plan.definition(task).isolate.then_some(item)
    }

    /// Whether the order goes on without the item of a task.
    pub(crate) fn given_up(&self, task: TaskIndex) -> bool {
        self.isolated_item(task).is_some_and(|item| self.state.isolated.contains_key(&item))
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
        let isolation = self.isolated_item(task).and_then(|item| self.state.isolated.get(&item));
        isolation.is_some_and(|isolation| isolation.abandoned)
    }

    /// Whether two tasks are cleared together, one before the other.
    pub(crate) fn clears_with(&self, task: TaskIndex, other: TaskIndex) -> bool {
        self.goes_back() || self.isolated_item(task) == self.isolated_item(other)
    }

    /// Undoes what was done for an item, and goes on without it. If no item is left to go on for, the order turns round.
    pub(crate) fn roll_back_item(&mut self, item: usize, reason: String) {
        if self.is_last(item) && self.point_of_no_return().is_none() {
            let left_in_place = self.state.isolated.values().any(|isolation| isolation.abandoned);
            return self.go_back(if left_in_place {
                Ending::Abandoned(reason)
            } else {
                Ending::Failed(reason)
            });
        }
        self.tell(Fact::ItemRollingBack { item: self.item_id(item), reason: reason.clone() });
        self.isolate(item, reason, false);
    }

    /// Leaves what was done for an item in place, and goes on without it. If no item is left to go on for, the order ends.
    pub(crate) fn abandon_item(&mut self, item: usize, reason: String) {
        if self.is_last(item) {
            return self.go_back(Ending::Abandoned(reason));
        }
        self.isolate(item, reason, true);
    }

    fn isolate(&mut self, item: usize, reason: String, abandoned: bool) {
        let members = self.members(item);
        self.state.isolated.insert(item, Isolation { reason, abandoned, uncleared: members.len() });
        let was_held = self.is_held();
        for &task in &members {
            self.state.held.remove(&task);
            self.state.due.remove(&task);
            self.state.at_point.remove(&task);
        }
        if was_held && !self.is_held() {
            self.tell(Fact::OrderResumed { state: OrderState::InProgress });
        }
        self.state.kept.retain(|kept| kept.task.is_none_or(|task| !members.contains(&task)));
        let plan = self.plan.clone();
        for &task in &members {
            let after = plan.dependants(task).iter().filter(|after| members.contains(after));
            self.task_mut(task).uncleared = after.count();
            self.stop(task);
        }
        let last = members.into_iter().filter(|task| self.task(*task).uncleared == 0).collect();
        self.clear_all(last);
        self.end_item(item);
    }

    /// One more task of an item is cleared.
    pub(crate) fn count_cleared(&mut self, task: TaskIndex) {
        if let Some(item) = self.isolated_item(task)
            && let Some(isolation) = self.state.isolated.get_mut(&item)
        {
            isolation.uncleared = isolation.uncleared.saturating_sub(1);
        }
    }

    /// Goes on without an item of which nothing is left.
    pub(crate) fn end_item(&mut self, item: usize) {
        let Some(Isolation { reason, uncleared: 0, .. }) = self.state.isolated.get(&item) else { return };
        let reason = reason.clone();
        self.tell(Fact::ItemFailed { item: self.item_id(item), reason });
        for task in self.members(item) {
            self.pass(task);
        }
    }

    /// Whether, without an item, nothing is left that the order was sent for. An item counts for what is done for it, and
    /// so not for tasks that were left out from the beginning.
    fn is_last(&self, item: usize) -> bool {
        let counts = |task: &TaskIndex| self.plan.task(*task).skipped.is_none();
        let lost = |task: &TaskIndex| self.isolated_item(*task) == Some(item) || self.given_up(*task);
        let of_items = self.plan.indices().filter(|task| self.plan.task(*task).item.is_some());
        of_items.filter(counts).all(|task| lost(&task))
    }

    /// The tasks that go back with an item.
    fn members(&self, item: usize) -> BTreeSet<TaskIndex> {
        self.plan.indices().filter(|task| self.isolated_item(*task) == Some(item)).collect()
    }

    #[expect(clippy::expect_used, reason = "checked when the plan was put together")]
    pub(crate) fn item_id(&self, item: usize) -> ItemId {
        let of = |task: &Task| task.item == Some(item);
        let task = self.plan.indices().find(|task| of(self.plan.task(*task)));
        let item = task.and_then(|task| self.plan.item(task));
        item.expect("an item that has a task is in the plan").id.clone()
    }
}
