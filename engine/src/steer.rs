//! What customers ask of a running order: to cancel it. What people do with a task that needs them is in `fallout`.

use model::{Actor, DeliveryId, Fact, ItemId, OrderState, TaskState};
use plan::TaskIndex;

use crate::forward::cut;
use crate::run::{Ending, Phase};
use crate::task_run::{Beyond, Trace};
use crate::{Handled, Rejected, Run};

impl Run {
    /// Judges a cancel and, if nothing speaks against it, turns the order round.
    pub(crate) fn cancel(&mut self, id: DeliveryId, by: Actor, reason: String) -> Result<Handled, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        match self.state.phase {
            Phase::Backward { .. } => Err(Rejected::BeingUndone),
            Phase::Answered => Err(Rejected::PartOfAnother),
            Phase::New | Phase::Pending | Phase::Forward | Phase::Closing(_) | Phase::Ended => {
                self.assess_cancel(id, by, reason)
            }
        }
    }

    /// Turns the order round, unless a point of no return has been passed.
    pub(crate) fn assess_cancel(
        &mut self,
        id: DeliveryId,
        by: Actor,
        reason: String,
    ) -> Result<Handled, Rejected> {
        let before = self.state.order;
        let cancelled =
            self.is_child().then(|| cut(format!("its order was cancelled by {}: {reason}", by.as_str())));
        self.tell(Fact::CancelRequested { id: id.clone(), by, reason });
        if let Some(point) = self.point_of_no_return() {
            let rejected = Rejected::PointOfNoReturn { task: self.id(point) };
            let task = Some(self.id(point));
            self.tell(Fact::CancelRefused { id, task, reason: rejected.to_string(), state: before });
            return Err(rejected);
        }
        self.tell(Fact::CancelAccepted { id });
        self.state.cancelled = cancelled;
        self.go_back(Ending::Cancelled);
        Ok(Handled::Applied)
    }

    /// The first task of the plan that is a point of no return and has been passed: it is under way or done, or may
    /// have had its effect. One that failed for certain has not been passed. A task that runs an order is one from when that
    /// order was let pass its own.
    pub(crate) fn point_of_no_return(&self) -> Option<TaskIndex> {
        self.layout.points().find(|task| self.has_passed(*task))
    }

    /// The same of an item that is rolled back alone.
    pub(crate) fn point_of_no_return_of(&self, item: &ItemId) -> Option<TaskIndex> {
        let mut of_item = self.layout.points_of(item);
        of_item.find(|task| self.isolated_item(*task).is_some() && self.has_passed(*task))
    }

    pub(crate) fn has_passed(&self, task: TaskIndex) -> bool {
        let run = self.task(task);
        let begun = matches!(run.state, TaskState::Running | TaskState::Succeeded);
        let passed = self.definition(task).point_of_no_return && (begun || run.trace != Trace::None);
        passed || run.beyond != Beyond::No
    }

    /// Goes on, if no person is needed any more.
    pub(crate) fn resume(&mut self) {
        if !self.is_held() {
            let cancelling = matches!(self.state.phase, Phase::Backward { ending: Ending::Cancelled, .. });
            let state = if cancelling { OrderState::PendingCancellation } else { OrderState::InProgress };
            self.tell(Fact::OrderResumed { state });
        }
    }
}
