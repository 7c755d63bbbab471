//! What people ask of a running order: cancel it, or act on a task that needs them.

use model::{Actor, DeliveryId, Fact, OrderState, TaskId, TaskState, Value};
use plan::TaskIndex;

use crate::run::{Ending, Phase};
use crate::task_run::{AfterUndo, Beyond, Trace};
use crate::{Handled, OperatorAction, Rejected, Run};

impl Run {
    /// Judges a cancel and, if nothing speaks against it, turns the order round.
    pub(crate) fn cancel(&mut self, id: DeliveryId, by: Actor, reason: String) -> Result<Handled, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        match self.state.phase {
            Phase::Backward { .. } => Err(Rejected::BeingUndone),
            Phase::Answered => Err(Rejected::PartOfAnother),
            Phase::New | Phase::Forward | Phase::Closing(_) | Phase::Ended => {
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
    /// have had its effect. One that failed for certain has not been passed. A task that runs an order is one from when that
    /// order was let pass its own.
    pub(crate) fn point_of_no_return(&self) -> Option<TaskIndex> {
        self.plan.indices().find(|task| self.has_passed(*task))
    }

    /// The same of an item that is rolled back alone.
    pub(crate) fn point_of_no_return_of(&self, item: usize) -> Option<TaskIndex> {
        self.plan.indices().find(|task| self.isolated_item(*task) == Some(item) && self.has_passed(*task))
    }

    fn has_passed(&self, task: TaskIndex) -> bool {
        let run = self.task(task);
        let begun = matches!(run.state, TaskState::Running | TaskState::Succeeded);
        let passed = self.plan.definition(task).point_of_no_return && (begun || run.trace != Trace::None);
        passed || run.beyond != Beyond::No
    }

    /// The task that a person wants to do something with, of an order that has not ended.
    pub(crate) fn to_be_acted_on(&self, task: &TaskId) -> Result<TaskIndex, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        self.plan.find(task).ok_or_else(|| Rejected::NoSuchTask { task: task.to_string() })
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
        let index = self.to_be_acted_on(&task)?;
        let paused = self.is_paused_at(index);
        if !paused && !self.state.held.contains(&index) {
            return Err(Rejected::NotHeld { task, state: self.task(index).state });
        }
        let acted = Fact::OperatorActed {
            id,
            action: action.as_str().to_owned(),
            task,
            by,
            note,
            result: Value::Null,
        };
        match action {
            OperatorAction::Retry => {
                self.tell(acted);
                if paused {
                    self.unpause();
                }
                if self.state.held.contains(&index) {
                    self.retry(index);
                }
            }
            OperatorAction::Rollback => {
                if self.goes_back() {
                    return Err(Rejected::BeingUndone);
                }
                // What is held is its item alone, unless the order as a whole is paused.
                let alone = self.isolated_item(index).filter(|_| !paused);
                if let Some(item) = alone.filter(|_| self.given_up(index)) {
                    return Err(Rejected::ItemBeingUndone { item: self.item_id(item) });
                }
                let point = match alone {
                    Some(item) => self.point_of_no_return_of(item),
                    None => self.point_of_no_return(),
                };
                if let Some(point) = point {
                    return Err(Rejected::PastRollback { task: self.id(point) });
                }
                self.tell(acted);
                let pause = self.state.paused.as_ref().filter(|_| paused).map(|pause| pause.reason.clone());
                let reason = pause.or_else(|| self.task(index).reason.clone()).unwrap_or_default();
                match alone {
                    Some(item) => self.roll_back_item(item, reason),
                    None => self.go_back(Ending::Failed(reason)),
                }
            }
        }
        Ok(Handled::Applied)
    }

    /// Goes on, if no person is needed any more.
    pub(crate) fn resume(&mut self) {
        if !self.is_held() {
            let cancelling = matches!(self.state.phase, Phase::Backward { ending: Ending::Cancelled, .. });
            let state = if cancelling { OrderState::PendingCancellation } else { OrderState::InProgress };
            self.tell(Fact::OrderResumed { state });
        }
    }

    fn retry(&mut self, task: TaskIndex) {
        self.state.held.remove(&task);
        self.resume();
        self.task_mut(task).read_backs = 0;
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
            Trace::Left if self.has_undo(task) => {
                self.task_mut(task).after_undo = AfterUndo::Redo;
                self.undo_anew(task);
            }
            Trace::Left => self.begin(task),
        }
    }
}
