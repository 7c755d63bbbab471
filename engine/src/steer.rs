//! What people ask of a running order: cancel it, or act on a task that needs them.

use model::{Actor, DeliveryId, Fact, OrderState, TaskId, TaskState};
use plan::TaskIndex;

use crate::run::{Ending, Phase};
use crate::task_run::{AfterUndo, Trace};
use crate::{Handled, OperatorAction, Rejected, Run};

impl Run {
    /// Judges a cancel and, if nothing speaks against it, turns the order round.
    pub(crate) fn cancel(&mut self, id: DeliveryId, by: Actor, reason: String) -> Result<Handled, Rejected> {
        match self.state.phase {
            Phase::New | Phase::Forward => {}
            Phase::Backward { .. } => return Err(Rejected::BeingUndone),
            Phase::Ended => return Err(Rejected::Ended { state: self.state.order }),
        }
        let before = self.state.order;
        self.tell(Fact::CancelRequested { id: id.clone(), by, reason });
        if let Some(point) = self.point_of_no_return() {
            let rejected = Rejected::PointOfNoReturn { task: self.id(point) };
            let task = Some(self.id(point));
            self.tell(Fact::CancelRefused { id, task, reason: rejected.to_string(), state: before });
            return Err(rejected);
        }
        self.tell(Fact::CancelAccepted { id });
        self.go_back(Ending::Cancelled);
        Ok(Handled::Applied)
    }

    /// The first task of the plan that is a point of no return and has been passed: it is under way or done, or may
    /// have had its effect. One that failed for certain has not been passed.
    pub(crate) fn point_of_no_return(&self) -> Option<TaskIndex> {
        self.plan.indices().find(|task| {
            let run = self.task(*task);
            let begun = matches!(run.state, TaskState::Running | TaskState::Succeeded);
            self.plan.definition(*task).point_of_no_return && (begun || run.trace != Trace::None)
        })
    }

    /// Does what a person wants done with a task.
    pub(crate) fn act(
        &mut self,
        id: DeliveryId,
        action: OperatorAction,
        task: TaskId,
        by: Actor,
        note: String,
    ) -> Result<Handled, Rejected> {
        if self.state.phase == Phase::Ended {
            return Err(Rejected::Ended { state: self.state.order });
        }
        let Some(index) = self.plan.find(&task) else {
            return Err(Rejected::NoSuchTask { task: task.to_string() });
        };
        if !self.state.held.contains(&index) {
            return Err(Rejected::NotHeld { task, state: self.task(index).state });
        }
        let acted = Fact::OperatorActed { id, action: action.as_str().to_owned(), task, by, note };
        match action {
            OperatorAction::Retry => {
                self.tell(acted);
                self.retry(index);
            }
            OperatorAction::Rollback => {
                if self.goes_back() {
                    return Err(Rejected::BeingUndone);
                }
                if let Some(point) = self.point_of_no_return() {
                    return Err(Rejected::PastRollback { task: self.id(point) });
                }
                self.tell(acted);
                let reason = self.task(index).reason.clone().unwrap_or_default();
                self.go_back(Ending::Failed(reason));
            }
        }
        Ok(Handled::Applied)
    }

    fn retry(&mut self, task: TaskIndex) {
        self.state.held.remove(&task);
        if self.state.held.is_empty() {
            let cancelling = matches!(self.state.phase, Phase::Backward { ending: Ending::Cancelled, .. });
            let state = if cancelling { OrderState::PendingCancellation } else { OrderState::InProgress };
            self.tell(Fact::OrderResumed { state });
        }
        let run = self.task(task);
        if run.state == TaskState::UndoFailed {
            return self.undo_anew(task);
        }
        match run.trace {
            // It never began: its condition could not be evaluated.
            Trace::None if run.generation == 0 => {
                self.state.due.insert(task);
            }
            Trace::None => self.begin(task),
            // The same call under the same key: done once, however often it is asked for.
            Trace::Maybe => self.call(task),
            // What it left must not be left twice.
            Trace::Left if self.plan.definition(task).undo().is_some() => {
                self.task_mut(task).after_undo = AfterUndo::Redo;
                self.undo_anew(task);
            }
            Trace::Left => self.begin(task),
        }
    }
}
