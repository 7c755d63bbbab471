//! Orders that begin nothing more until a person says so: what is under way goes on.
//!
//! A person pauses an order, or its deadline does (see `deadline`). A pause by a person is lifted by one alone; one by the
//! deadline ends too when the task at which the order is held is tried again.

use model::{Actor, DeliveryId, Fact, HoldFor, OrderState, TaskId};
use plan::TaskIndex;
use serde::{Deserialize, Serialize};

use crate::run::Phase;
use crate::{Handled, Rejected, Run};

/// An order that begins nothing more until a person says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pause {
    /// The first task that was not done. If the deadline paused the order, a person may act on it.
    pub(crate) task: TaskIndex,
    /// Which task that was when the order was paused; none if it is still the same.
    #[serde(default)]
    pub(crate) first: Option<TaskIndex>,
    pub(crate) reason: String,
    pub(crate) hold_for: HoldFor,
    /// Who paused it; none if its deadline did.
    #[serde(default)]
    pub(crate) by: Option<Actor>,
}

impl Pause {
    /// Why the order is paused, and by whom.
    pub(crate) fn why(&self) -> String {
        match &self.by {
            Some(by) => format!("paused by {}: {}", by.as_str(), self.reason),
            None => self.reason.clone(),
        }
    }
}

impl Run {
    /// Pauses the order because a person wants it.
    pub(crate) fn pause_by_hand(
        &mut self,
        id: DeliveryId,
        by: Actor,
        note: String,
    ) -> Result<Handled, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        match self.state.phase {
            Phase::Forward => {}
            Phase::New | Phase::Pending => return Err(Rejected::NotBegun),
            Phase::Backward { .. } => return Err(Rejected::BeingUndone),
            Phase::Answered | Phase::Closing(_) | Phase::Ended => return Err(Rejected::NothingLeft),
        }
        if self.state.paused.is_some() {
            return Err(Rejected::Paused);
        }
        let task = self.first_not_done().ok_or(Rejected::NothingLeft)?;
        let hold_for = HoldFor::Operations;
        self.tell(Fact::OrderPaused {
            task: self.id(task),
            reason: note.clone(),
            hold_for,
            id: Some(id),
            by: Some(by.clone()),
        });
        self.state.paused = Some(Pause { task, first: None, reason: note, hold_for, by: Some(by) });
        Ok(Handled::Applied)
    }

    /// Lets a paused order go on, because a person wants it.
    pub(crate) fn resume_by_hand(
        &mut self,
        id: DeliveryId,
        by: Actor,
        note: String,
    ) -> Result<Handled, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        if self.state.paused.is_none() {
            return Err(Rejected::NotPaused);
        }
        self.tell(Fact::PauseLifted { id, by, note });
        self.unpause();
        Ok(Handled::Applied)
    }

    /// Pauses the order because it takes too long. That takes over what a person has paused, with what they said.
    pub(crate) fn pause(&mut self, mut reason: String, hold_for: HoldFor) {
        let Some(task) = self.first_not_done() else { return };
        if let Some(before) = self.state.paused.take().filter(|pause| pause.by.is_some()) {
            reason = crate::forward::cut(format!("{reason}; before that {}", before.why()));
        }
        let (id, by) = (None, None);
        self.tell(Fact::OrderPaused { task: self.id(task), reason: reason.clone(), hold_for, id, by });
        self.state.paused = Some(Pause { task, first: None, reason, hold_for, by: None });
    }

    /// If something else is the first thing to be done now, a paused order is paused at that.
    pub(crate) fn move_pause(&mut self) {
        if self.state.paused.is_none() {
            return;
        }
        let Some(task) = self.first_not_done() else { return };
        let Some(pause) = self.state.paused.as_mut().filter(|pause| pause.task != task) else { return };
        pause.first.get_or_insert(pause.task);
        pause.task = task;
        let (reason, hold_for, by) = (pause.reason.clone(), pause.hold_for, pause.by.clone());
        self.tell(Fact::OrderPaused { task: self.id(task), reason, hold_for, id: None, by });
    }

    /// What holds the order up, where that is a pause at what it was paused at first: what an order shows that began before pauses
    /// moved on.
    #[must_use]
    pub fn held_at_first(&self) -> Option<TaskId> {
        let paused = || self.state.paused.as_ref().map(|pause| pause.first.unwrap_or(pause.task));
        self.state.held.first().copied().or_else(paused).map(|task| self.id(task))
    }

    fn first_not_done(&self) -> Option<TaskIndex> {
        self.layout.indices().find(|task| !self.task(*task).passed)
    }

    /// Whether a person is to say of this task whether the order goes on.
    pub(crate) fn is_paused_at(&self, task: TaskIndex) -> bool {
        self.state.paused.as_ref().is_some_and(|pause| pause.by.is_none() && pause.task == task)
    }

    /// Lets a paused order go on.
    pub(crate) fn unpause(&mut self) {
        self.state.paused = None;
        if !self.is_held() {
            self.tell(Fact::OrderResumed { state: OrderState::InProgress });
        }
    }

    /// Whether a person is needed.
    pub(crate) fn is_held(&self) -> bool {
        !self.state.held.is_empty() || self.state.paused.is_some()
    }
}
