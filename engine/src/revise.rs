//! Tasks of an order that has been amended: looking again at what was done, changing it, and taking it back.
//!
//! What an amendment may concern is looked at when everything before it is done again. If what a task reads has come out the
//! same, it is kept, and so is what comes after it: the amendment stops there.

use model::{Fact, HoldFor, TaskState, Value};
use plan::{Amend, Scope, TaskIndex};
use serde::{Deserialize, Serialize};

use crate::chart::Way;
use crate::forward::{answer, cut};
use crate::layout::{Bound, Version};
use crate::reads::Outlook;
use crate::seen::{NONE, SeenFrom};
use crate::task_run::{AfterUndo, Trace};
use crate::{Effect, Run, Settlement};

/// A change of what a task did, until it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// The version of the plan that wants it.
    version: Version,
    /// What its call is given.
    arguments: Value,
}

impl Run {
    /// What a task is by the plan as it is now.
    fn bound_now(&self, task: TaskIndex) -> Option<Bound> {
        self.layout.bound(task, self.layout.latest())
    }

    /// Looks at a task that was under way or done when the order was amended.
    pub(crate) fn revise(&mut self, task: TaskIndex) {
        let Some(bound) = self.bound_now(task) else { return };
        let layout = self.layout.clone();
        let outlook = Outlook { run: self, layout: &layout, version: layout.latest(), without: &NONE };
        let wanted = match outlook.is_wanted(task, &bound, |_| false) {
            Ok(Ok(wanted)) => wanted && bound.skipped().is_none(),
            Ok(Err(wrong)) => return self.hold_for_fault(task, &wrong),
            // Everything before it is done.
            Err(_) => return,
        };
        let comparison = outlook.compare(task, &bound, &self.task(task).saw, |_| false);
        if let Some(wrong) = &comparison.wrong {
            return self.hold_for_fault(task, wrong);
        }
        if wanted && comparison.is_same() {
            if self.task(task).state == TaskState::Succeeded {
                self.pass(task);
            } else {
                self.let_wanting_pass(task);
            }
            return;
        }
        match self.way(task, &bound).filter(|_| wanted) {
            Some(Way::HandOn) => self.hand_on(task),
            Some(Way::Amend) if !self.is_busy(task) => self.change(task),
            Some(Way::Again) if !self.is_busy(task) => self.replan(task),
            None if wanted => {
                let reason =
                    "what it read is different, and it can be neither changed nor undone, nor done again";
                self.hold(task, reason.to_owned(), HoldFor::Operations);
            }
            // What is under way with other values settles first.
            Some(Way::Amend | Way::Again | Way::Redo) | None => self.do_anew(task),
        }
    }

    /// Takes back what a task did or is doing, and has it considered anew.
    pub(crate) fn do_anew(&mut self, task: TaskIndex) {
        self.task_mut(task).after_undo = AfterUndo::Replan;
        self.halt(task);
        if self.task(task).state == TaskState::Held && self.child_is_busy(task) {
            // Nobody is needed any more, but for the order that it runs.
            self.started(task, self.waits_for_child(task), None, Value::Null);
        }
        self.take_back(task);
    }

    /// Whether a task is not left out by the plan as it is now, as far as that is known.
    fn may_be_wanted(&self, task: TaskIndex, bound: &Bound) -> bool {
        let outlook =
            Outlook { run: self, layout: &self.layout, version: self.layout.latest(), without: &NONE };
        // What has yet to be done before it may change what its condition reads.
        let not_known = |_| self.task(task).missing > 0;
        bound.skipped().is_none() && !matches!(outlook.is_wanted(task, bound, not_known), Ok(Ok(false)))
    }

    /// Whether a task that was left out is left out by the plan as it is now as well.
    pub(crate) fn stays_left_out(&self, task: TaskIndex) -> bool {
        let Some(bound) = self.bound_now(task) else { return true };
        if bound.skipped().is_some() {
            return true;
        }
        let outlook =
            Outlook { run: self, layout: &self.layout, version: self.layout.latest(), without: &NONE };
        if self.task(task).generation == 0 {
            return matches!(outlook.is_wanted(task, &bound, |_| false), Ok(Ok(false)));
        }
        // Left out because it failed, or by a person: as long as it is the same.
        outlook.compare(task, &bound, &self.task(task).saw, |_| false).is_same()
    }

    /// Stops what a task is doing that is to be taken back, as far as that can be stopped.
    pub(crate) fn halt(&mut self, task: TaskIndex) {
        self.stop_waiting(task);
        self.state.at_point.remove(&task);
        if self.task(task).child.is_some() {
            self.stop_child_in_turn(task);
        }
        if let Some(call) = self.task(task).call {
            self.state.effects.push_back(Effect::Settle(call));
        }
        // What a person has whose undo failed stays theirs.
        if self.task(task).state != TaskState::UndoFailed && self.state.held.remove(&task) {
            self.resume();
        }
    }

    /// Whether a task is not taken back for now, because the order is paused and its undo would be begun.
    pub(crate) fn waits_for_pause(&self, task: TaskIndex) -> bool {
        let leaves = self.task(task).trace != Trace::None && self.has_undo(task);
        self.state.paused.is_some() && leaves && self.is_being_taken_back(task)
    }

    /// Takes back what a task did because of an amendment, if its turn has come.
    pub(crate) fn take_back(&mut self, task: TaskIndex) {
        if self.child_is_busy(task) && self.task(task).uncleared == 0 {
            self.stop_child(task);
        }
        let run = self.task(task);
        if run.call.is_some() || self.child_is_busy(task) || self.state.held.contains(&task) {
            return;
        }
        let nothing_left = run.trace == Trace::None || !self.has_undo(task);
        if nothing_left {
            return self.undone(task);
        }
        if self.waits_for_pause(task) {
            self.state.to_take_back.insert(task);
            return;
        }
        if run.uncleared > 0 || matches!(run.state, TaskState::Undoing) {
            return;
        }
        // It came to its end while it was stopped, and can be changed as it is.
        let changed =
            |bound: &Bound| self.way(task, bound) == Some(Way::Amend) && self.may_be_wanted(task, bound);
        if run.after_undo == AfterUndo::Replan
            && run.state == TaskState::Succeeded
            && self.bound_now(task).as_ref().is_some_and(changed)
        {
            self.task_mut(task).after_undo = AfterUndo::Over;
            self.leave_round(task);
            return self.consider_when_due(task);
        }
        self.undo(task);
    }

    /// Nothing of a task is left that is to be done anew, or again: it waits for its turn.
    pub(crate) fn replan(&mut self, task: TaskIndex) {
        if self.state.held.remove(&task) {
            self.resume();
        }
        self.tell_of(task, |task| Fact::TaskReplanned { task });
        let version = self.layout.latest();
        let run = self.task_mut(task);
        run.version = version;
        run.result = Value::Null;
        run.reason = None;
        run.hold_for = None;
        run.trace = Trace::None;
        run.started_at = None;
        run.ended_at = None;
        run.change = None;
        run.saw.clear();
        run.remembered.clear();
        self.leave_round(task);
        self.consider_when_due(task);
    }

    /// Nothing of a task is left that is not part of the order any more.
    pub(crate) fn leave(&mut self, task: TaskIndex) {
        if self.task(task).state != TaskState::Undone {
            self.drop_task(task);
        }
        self.leave_round(task);
        if !std::mem::replace(&mut self.task_mut(task).passed, true) {
            self.move_pause();
            self.count_passed();
        }
    }

    /// Has a task looked at, if everything before it is done.
    pub(crate) fn consider_when_due(&mut self, task: TaskIndex) {
        let run = self.task(task);
        if run.missing == 0 && !run.passed && !self.given_up(task) && self.layout.is_present(task) {
            self.state.due.insert(task);
        }
    }

    /// Has what a task did changed to what it is by the plan as it is now.
    fn change(&mut self, task: TaskIndex) {
        let Some(bound) = self.bound_now(task) else { return };
        let Some(Amend { call, answers: _ }) = bound.call().and_then(|body| body.amend.as_ref()) else {
            return;
        };
        let version = self.layout.latest();
        let values = {
            let seen = SeenFrom::by(self, &self.layout, task, version, &bound);
            let before = &self.task(task).result;
            let scope = Scope { before: Some(before), result: Some(before), ..seen.scope() };
            let values = call.arguments.iter().map(|argument| {
                let value = argument.value.evaluate(&scope);
                let corrected = self.corrected(task, &bound, argument, value.as_ref().ok());
                Ok((argument.name.clone(), corrected.cloned().map_or(value, Ok)?))
            });
            values.collect::<Result<_, _>>().map(Value::Record)
        };
        let arguments = match values {
            Ok(arguments) => arguments,
            Err(wrong) => return self.hold_for_fault(task, &wrong),
        };
        let saw = self.reads_now(task, &bound);
        let run = self.task_mut(task);
        run.generation += 1;
        run.saw = saw;
        run.change = Some(Change { version, arguments });
        if self.state.held.remove(&task) {
            self.resume();
        }
        self.change_again(task);
    }

    /// Makes the call that changes what a task did; again under the same key, if it was made before.
    pub(crate) fn change_again(&mut self, task: TaskIndex) {
        let Some(Change { version, arguments }) = self.task(task).change.clone() else { return };
        let Some(bound) = self.layout.bound(task, version) else { return };
        let Some(body) = bound.call() else { return };
        let Some(Amend { call, answers: _ }) = &body.amend else { return };
        let generation = self.task(task).generation;
        self.tell_of(task, |task| Fact::TaskAmending {
            task,
            generation,
            call: call.label(),
            arguments: arguments.clone(),
            waiting_for: None,
            until: None,
            handed_on: None,
        });
        self.send_change(task, call, arguments, body);
    }

    /// The call that changes what a task did has been answered, or given up.
    pub(crate) fn settle_change(&mut self, task: TaskIndex, settlement: Settlement) {
        let Some(Change { version, arguments: _ }) = self.task(task).change.clone() else { return };
        let value = match settlement {
            Settlement::Succeeded(value) => value,
            Settlement::Refused { reason }
            | Settlement::Failed { reason }
            | Settlement::Unserved { reason, .. }
            | Settlement::Unknown { reason } => return self.change_failed(task, &reason),
        };
        let amend = self.layout.bound(task, version);
        let amend = amend.as_ref().and_then(|bound| bound.call()?.amend.as_ref());
        let Some(Amend { call, answers }) = amend else { return };
        let result = if *answers { answer(&call.result, value) } else { Ok(self.task(task).result.clone()) };
        let result = match result {
            Ok(result) => result,
            // What the undo needs is in the result of before. Made again under its key, the call may answer as it should.
            Err((_, wrong)) => {
                let label = call.label();
                let reason = format!("{label} answered in a shape that was not declared: {wrong}");
                return self.change_failed(task, &reason);
            }
        };
        // When it was done does not change, whatever was changed since.
        let ended_at = self.task(task).ended_at;
        let run = self.task_mut(task);
        run.change = None;
        run.version = version;
        run.remembered.clear();
        if self.is_to_be_undone(task) {
            self.task_mut(task).result = result.clone();
            self.tell_of(task, |task| Fact::TaskSucceeded { task, result });
            self.task_mut(task).ended_at = ended_at;
            return self.clear_or_take_back(task);
        }
        self.check(task, result);
        if self.task(task).state == TaskState::Succeeded {
            self.task_mut(task).ended_at = ended_at;
        }
    }

    /// A person says that what a task was to do is done, as the order is now.
    pub(crate) fn take_as_wanted(&mut self, task: TaskIndex) {
        let Some(bound) = self.bound_now(task) else { return };
        let saw = self.reads_now(task, &bound);
        let version = self.layout.latest();
        let run = self.task_mut(task);
        run.change = None;
        run.version = version;
        run.saw = saw;
        run.remembered.clear();
    }

    fn change_failed(&mut self, task: TaskIndex, reason: &str) {
        if self.is_to_be_undone(task) {
            // What it did is there, as it was or changed, and has the same name.
            self.task_mut(task).change = None;
            // Which of the two it is, nobody knows: whoever looks at it next has it changed again.
            self.task_mut(task).saw.clear();
            let (result, ended_at) = (self.task(task).result.clone(), self.task(task).ended_at);
            self.tell_of(task, |task| Fact::TaskSucceeded { task, result });
            self.task_mut(task).ended_at = ended_at;
            return self.clear_or_take_back(task);
        }
        let reason = format!("what it did could not be changed as the order was amended: {reason}");
        self.hold(task, cut(reason), HoldFor::Operations);
    }

    /// Goes on with a task that is on its way back and has come to rest.
    pub(crate) fn clear_or_take_back(&mut self, task: TaskIndex) {
        if self.goes_back_with(task) {
            self.cleared(task);
        } else {
            self.take_back(task);
        }
    }
}
