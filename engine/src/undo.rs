//! Going back: no new task begins, calls in flight settle, and what was done is undone.
//!
//! A task is *cleared* when nothing of it is left: it never began, has been undone, or has nothing to undo. It
//! is looked at only when everything that depended on it is cleared, so undos run in reverse order of the plan
//! and in parallel where the plan allows.

use std::collections::BTreeSet;

use model::{Direction, Fact, HoldFor, OrderState, TaskState, Value};
use plan::{Body, TaskIndex};

use crate::forward::answer;
use crate::run::{Ending, Phase};
use crate::task_run::{AfterUndo, Trace};
use crate::{Effect, Run, Settlement};

impl Run {
    /// Turns an order round.
    pub(crate) fn go_back(&mut self, ending: Ending) {
        let was_held = self.is_held();
        self.state.held.clear();
        self.state.paused = None;
        self.stop_pending();
        if was_held && ending != Ending::Cancelled {
            self.tell(Fact::OrderResumed { state: OrderState::InProgress });
        }
        if let Ending::Failed(reason) | Ending::Rejected(reason) = &ending {
            self.tell(Fact::OrderRollingBack { reason: reason.clone() });
        }
        // What the customer was told on the way is over, but for what the blueprint leaves in place.
        if !matches!(ending, Ending::Abandoned(_)) {
            self.forget_statuses(|_| true);
        }
        self.state.phase = Phase::Backward { ending, uncleared: self.state.tasks.len() };
        self.state.due.clear();
        self.state.at_point.clear();
        self.state.kept.clear();
        self.forget_rounds();
        let layout = self.layout.clone();
        for task in layout.indices() {
            self.task_mut(task).uncleared = layout.dependants(task).len();
            self.stop(task);
        }
        let last = layout.indices().filter(|task| self.task(*task).uncleared == 0).collect();
        self.clear_all(last);
        self.end_backward();
    }

    /// Stops what a task is doing, as far as that can be stopped.
    pub(crate) fn stop(&mut self, task: TaskIndex) {
        self.task_mut(task).after_undo = AfterUndo::Over;
        if self.task(task).child.is_some() {
            self.stop_waiting(task);
            self.stop_child_in_turn(task);
        }
        match self.task(task).state {
            TaskState::Waiting | TaskState::Ready => self.drop_task(task),
            TaskState::Running => match self.task(task).call {
                Some(call) => {
                    self.stop_waiting(task);
                    self.state.effects.push_back(Effect::Settle(call));
                }
                // It ends when the order has that it runs.
                None if self.task(task).child.is_some() => {}
                None => {
                    self.stop_waiting(task);
                    self.drop_task(task);
                }
            },
            TaskState::Held | TaskState::Failed if self.task(task).trace == Trace::None => {
                self.drop_task(task)
            }
            TaskState::Undoing
            | TaskState::Held
            | TaskState::Failed
            | TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undone
            | TaskState::UndoFailed
            | TaskState::Amending => {}
        }
    }

    pub(crate) fn drop_task(&mut self, task: TaskIndex) {
        self.tell_of(task, |task| Fact::TaskDropped { task });
    }

    /// Whether a task is on its way back, with the order, with its item, or to be begun anew or left out.
    pub(crate) fn is_to_be_undone(&self, task: TaskIndex) -> bool {
        self.goes_back_with(task) || self.task(task).after_undo != AfterUndo::Over
    }

    /// Whether the order is headed for its end without completion.
    pub(crate) const fn goes_back(&self) -> bool {
        matches!(self.state.phase, Phase::Backward { .. })
    }

    /// Looks at tasks that everything after them is cleared of, and so on towards the beginning of the plan.
    /// Of several, the last of the plan first.
    pub(crate) fn clear_all(&mut self, mut ready: BTreeSet<TaskIndex>) {
        let layout = self.layout.clone();
        while let Some(task) = ready.pop_last() {
            if !self.try_clear(task) {
                continue;
            }
            match &mut self.state.phase {
                Phase::Backward { uncleared, .. } => *uncleared = uncleared.saturating_sub(1),
                Phase::New
                | Phase::Pending
                | Phase::Forward
                | Phase::Answered
                | Phase::Closing(_)
                | Phase::Ended => {
                    self.count_cleared(task);
                }
            }
            for &before in layout.after(task) {
                if !self.clears_with(task, before) {
                    continue;
                }
                let run = self.task_mut(before);
                run.uncleared = run.uncleared.saturating_sub(1);
                if run.uncleared == 0 {
                    ready.insert(before);
                }
            }
        }
    }

    /// Whether nothing of the task is left. If something is, sees to it that it will be undone.
    fn try_clear(&mut self, task: TaskIndex) -> bool {
        if self.child_is_busy(task) {
            self.stop_child(task);
            return false;
        }
        let run = self.task(task);
        if run.call.is_some() {
            return false;
        }
        match run.state {
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undone => true,
            // A person has it.
            TaskState::UndoFailed if self.state.held.contains(&task) => false,
            TaskState::UndoFailed
            | TaskState::Running
            | TaskState::Unknown
            | TaskState::Failed
            | TaskState::Held
            | TaskState::Undoing
            | TaskState::Amending
            | TaskState::Succeeded => {
                if run.trace == Trace::None || self.abandons(task) || !self.has_undo(task) {
                    true
                } else {
                    self.undo(task);
                    // It may have failed to begin; a person then has it.
                    false
                }
            }
        }
    }

    /// Takes back what a task did. If it is not known whether it did anything, that is read back first. Where the blueprint
    /// does not say how, the call is made again, under the same key: the answer tells, and carries the result that the undo
    /// needs.
    pub(crate) fn undo(&mut self, task: TaskIndex) {
        self.task_mut(task).change = None;
        let definition = self.definition(task);
        if let Body::Run(body) = &definition.body {
            return match self.task(task).child {
                Some(_) => self.undo_child(task, body),
                None => self.ask(task),
            };
        }
        let Some(body) = definition.call() else { return };
        if self.task(task).trace == Trace::Maybe {
            let reason = self.task(task).reason.clone().unwrap_or_default();
            if !self.read_back(task, reason) {
                self.ask(task);
            }
            return;
        }
        let Some(call) = definition.undo() else { return };
        match self.arguments(task, call) {
            Ok(arguments) => {
                self.tell_of(task, |task| Fact::TaskUndoing {
                    task,
                    call: call.label(),
                    arguments: arguments.clone(),
                });
                self.send(task, Direction::Undo, call, arguments, body);
            }
            Err(wrong) => {
                // Told as begun and failed: a reader sees what was tried.
                self.tell_of(task, |task| Fact::TaskUndoing {
                    task,
                    call: call.label(),
                    arguments: Value::Null,
                });
                let fault = self.fault(task, &wrong);
                self.undo_failed(task, format!("its undo could not be put together: {fault}"));
            }
        }
    }

    /// Makes a call again, under the same key.
    pub(crate) fn ask(&mut self, task: TaskIndex) {
        self.task_mut(task).asked = true;
        self.call(task);
    }

    /// Takes back what a task did, because a person wants it. If its result lacks what the undo needs, the call is made
    /// again first, under the same key: a system that has been mended answers with all of it.
    pub(crate) fn undo_anew(&mut self, task: TaskIndex) {
        let definition = self.definition(task);
        match definition.undo() {
            Some(call) if self.task(task).trace == Trace::Left && self.arguments(task, call).is_err() => {
                self.ask(task);
            }
            _ => self.undo(task),
        }
    }

    /// The undo of a task has been answered, or given up.
    pub(crate) fn settle_undo(&mut self, task: TaskIndex, settlement: Settlement) {
        match settlement {
            Settlement::Succeeded(_) => {
                self.tell_of(task, |task| Fact::TaskUndone { task });
                self.undone(task);
            }
            Settlement::Refused { reason }
            | Settlement::Failed { reason }
            | Settlement::Unserved { reason, .. }
            | Settlement::Unknown { reason } => {
                self.undo_failed(task, reason);
            }
        }
    }

    /// A call of a task that is to be undone has been answered: it was in flight when the order turned round, or was
    /// made again to learn what had become of it.
    pub(crate) fn settle_to_be_undone(&mut self, task: TaskIndex, settlement: Settlement) {
        let asked = std::mem::take(&mut self.task_mut(task).asked);
        match settlement {
            Settlement::Succeeded(value) => {
                self.leave_trace(task);
                let result = self.as_declared(task, value);
                self.task_mut(task).result = result.clone();
                self.tell_of(task, |task| Fact::TaskSucceeded { task, result });
                if self.goes_back_with(task) {
                    self.cleared(task);
                } else {
                    self.take_back(task);
                }
            }
            // That it was done is known; what its undo needs is still missing.
            Settlement::Refused { reason }
            | Settlement::Failed { reason }
            | Settlement::Unserved { reason, .. }
            | Settlement::Unknown { reason }
                if self.task(task).trace == Trace::Left =>
            {
                self.tell_of(task, |task| Fact::TaskFailed { task, reason: reason.clone() });
                if self.abandons(task) {
                    self.cleared(task);
                } else {
                    self.undo_failed(task, format!("what its undo needs could not be asked for: {reason}"));
                }
            }
            Settlement::Unknown { reason } | Settlement::Unserved { reason, in_doubt: true }
                if self.has_effect(task) =>
            {
                self.task_mut(task).trace = Trace::Maybe;
                self.outcome_unknown(task, reason.clone());
                if self.abandons(task) || (self.goes_back_with(task) && !asked) {
                    // It is asked for when its turn to be undone comes.
                    self.cleared(task);
                } else if !asked {
                    self.take_back(task);
                } else {
                    self.undo_failed(task, format!("{reason}; it may or may not have been done"));
                }
            }
            Settlement::Refused { reason }
            | Settlement::Failed { reason }
            | Settlement::Unserved { reason, .. }
            | Settlement::Unknown { reason } => {
                self.tell_of(task, |task| Fact::TaskFailed { task, reason });
                if self.goes_back_with(task) {
                    self.drop_task(task);
                }
                self.undone(task);
            }
        }
    }

    /// An answer as the task's call declares it, or else as it came: the undo may need no more than what is there.
    pub(crate) fn as_declared(&self, task: TaskIndex, value: Value) -> Value {
        let definition = self.definition(task);
        let call = definition.call().and_then(|body| self.current_call(task, body));
        match call.map(|call| answer(&call.result, value.clone())) {
            Some(Ok(result)) => result,
            Some(Err((raw, _))) => raw,
            None => value,
        }
    }

    /// Nothing of a task is left: goes on with what was to follow.
    pub(crate) fn undone(&mut self, task: TaskIndex) {
        self.task_mut(task).trace = Trace::None;
        match std::mem::take(&mut self.task_mut(task).after_undo) {
            AfterUndo::Over => self.cleared(task),
            AfterUndo::Redo => self.begin(task),
            AfterUndo::Skip(reason) => self.skip(task, reason),
            AfterUndo::Replan => self.replan(task),
            AfterUndo::Leave => self.leave(task),
        }
    }

    pub(crate) fn undo_failed(&mut self, task: TaskIndex, reason: String) {
        self.task_mut(task).hold_for = Some(HoldFor::Operations);
        self.tell_of(task, |task| Fact::TaskUndoFailed { task, reason: reason.clone() });
        self.needs_person(task, reason, HoldFor::Operations);
    }

    /// A task may have become clear: goes on from it, and ends the order with the last one.
    pub(crate) fn cleared(&mut self, task: TaskIndex) {
        if !self.goes_back_with(task) {
            return;
        }
        if self.task(task).uncleared == 0 {
            self.clear_all(BTreeSet::from([task]));
        }
        match self.isolated_item(task).cloned() {
            Some(item) if !self.goes_back() => self.end_item(&item),
            _ => self.end_backward(),
        }
    }

    fn end_backward(&mut self) {
        let Phase::Backward { ending, uncleared: 0 } = &self.state.phase else { return };
        let ending = ending.clone();
        let fact = match ending {
            Ending::Rejected(reason) if self.untouched() => Fact::OrderRejected { reason },
            Ending::Rejected(reason) | Ending::Failed(reason) | Ending::Abandoned(reason) => {
                Fact::OrderFailed { reason }
            }
            Ending::Cancelled => Fact::OrderCancelled {},
        };
        self.finish(fact);
    }

    /// Whether nothing was ever done out there, for certain.
    fn untouched(&self) -> bool {
        !self.state.touched && self.state.tasks.iter().all(|run| run.trace == Trace::None)
    }
}
