//! Reading back: asking a system whether a call that got no answer was made.
//!
//! The task is `unknown` for as long as that takes. What the blueprint's `verify` asks changes nothing, so the question has
//! its own key and the usual patience, whatever those of the call are. It is asked on the way forward, where the call is
//! made again if it was not made, and on the way back, where what was not made needs no undo.

use model::{Fact, HoldFor, TaskState, Value, limits};
use plan::{TaskIndex, Verify};
use serde::{Deserialize, Serialize};

use crate::forward::{answer, cut};
use crate::task_run::Trace;
use crate::{Run, Settlement};

/// What a system said about a call.
enum Found {
    /// It was made, and this is what was read back.
    Done(Value),
    /// It was not.
    NotDone,
}

/// What was read back, and how many times the same in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    done: bool,
    times: u32,
}

impl Told {
    fn after(before: Option<Self>, found: &Found) -> Self {
        let done = matches!(found, Found::Done(_));
        let before = before.filter(|before| before.done == done).map_or(0, |before| before.times);
        Self { done, times: before.saturating_add(1) }
    }
}

impl Run {
    /// Whether a call that has just been lost is to be read back: the blueprint says how, and it has not been in vain too often.
    pub(crate) fn reads_back(&self, task: TaskIndex) -> bool {
        self.verify(task).is_some() && self.task(task).read_backs < limits::READ_BACKS
    }

    /// Asks whether the call of a task was made; false if the blueprint does not say how.
    pub(crate) fn read_back(&mut self, task: TaskIndex, reason: String) -> bool {
        let definition = self.definition(task);
        let verify = definition.call().and_then(|body| body.verify.as_ref());
        let Some(Verify { query, .. }) = verify else { return false };
        let arguments = self.arguments(task, query);
        if arguments.is_ok() {
            let run = self.task_mut(task);
            run.reading_back = true;
            // A new count begins a new story.
            run.told = run.told.filter(|_| run.read_backs > 0);
            run.read_backs = run.read_backs.saturating_add(1);
        }
        let waiting_for = self.waits_to_learn(task);
        self.tell_of(task, |task| Fact::TaskOutcomeUnknown { task, reason, waiting_for });
        match arguments {
            Ok(arguments) => {
                self.query(task, query, arguments, "verify", Verify::PATIENCE);
            }
            Err(wrong) => self.cannot_tell(task, &query.label(), &self.fault(task, &wrong)),
        }
        true
    }

    /// What a task waits for whose call is being read back, in words.
    pub(crate) fn waits_to_learn(&self, task: TaskIndex) -> Option<String> {
        let verify = if self.task(task).reading_back { self.verify(task)? } else { return None };
        Some(format!("{} to tell whether it was done", verify.query.label()))
    }

    fn verify(&self, task: TaskIndex) -> Option<Verify> {
        self.definition(task).call()?.verify.clone()
    }

    /// The question has been answered, or given up.
    pub(crate) fn settle_read_back(&mut self, task: TaskIndex, settlement: Settlement) {
        let definition = self.definition(task);
        let Some(verify) = definition.call().and_then(|body| body.verify.as_ref()) else { return };
        let back = self.is_to_be_undone(task);
        if back && (self.abandons(task) || definition.undo().is_none()) {
            // Whatever was done stays.
            return self.clear_or_take_back(task);
        }
        let forward = !back;
        let found = self.found(task, verify, settlement);
        if let Ok(found) = &found {
            self.task_mut(task).told = Some(Told::after(self.task(task).told, found));
        }
        match found {
            Ok(Found::Done(result)) if verify.answers => {
                if forward {
                    self.done_already(task, result);
                } else {
                    self.settle_to_be_undone(task, Settlement::Succeeded(result));
                }
            }
            // Made again under its key it does nothing anew, and brings the answer.
            Ok(Found::Done(_)) if forward => self.call(task),
            Ok(Found::Done(_)) => self.ask(task),
            Ok(Found::NotDone) if forward => {
                self.task_mut(task).trace = Trace::None;
                self.call(task);
            }
            Ok(Found::NotDone) => {
                let reason = format!("it was not done, says {}", verify.query.label());
                self.settle_to_be_undone(task, Settlement::Failed { reason });
            }
            Err(problem) => self.cannot_tell(task, &verify.query.label(), &problem),
        }
    }

    fn found(&self, task: TaskIndex, verify: &Verify, settlement: Settlement) -> Result<Found, String> {
        let value = match settlement {
            Settlement::Succeeded(value) => value,
            Settlement::Refused { reason }
            | Settlement::Failed { reason }
            | Settlement::Unserved { reason, .. }
            | Settlement::Unknown { reason } => return Err(reason),
        };
        let value = answer(&verify.query.result, value)
            .map_err(|(_, wrong)| format!("it answered in a shape that was not declared: {wrong}"))?;
        match self.holds_of(task, &verify.condition, &value) {
            Ok(true) => Ok(Found::Done(value)),
            Ok(false) => Ok(Found::NotDone),
            Err(wrong) => Err(self.fault(task, &wrong)),
        }
    }

    /// What is known of a call that was lost and is read back no more. It was made once more after the last answer, so one
    /// that it was not done does not settle it; but it tells a person where to look.
    pub(crate) fn doubt(&self, task: TaskIndex) -> String {
        let Some((verify, told)) = self.verify(task).zip(self.task(task).told) else {
            return "it may or may not have been done".to_owned();
        };
        let times = if told.times == 1 { String::new() } else { format!(" {} times", told.times) };
        let query = verify.query.label();
        if told.done {
            format!("{query} said{times} that it was done")
        } else {
            format!("{query} said{times} that it was not done, and was not asked after the last call")
        }
    }

    /// Whether an answer that a `verify` got says that the call of a task was made, by what is known of the other tasks now;
    /// nothing, if the task has no `verify` or its condition can't be evaluated.
    #[must_use]
    pub fn says_done(&self, task: TaskIndex, answer: &Value) -> Option<bool> {
        self.holds_of(task, &self.verify(task)?.condition, answer).ok()
    }

    /// The call was made, and what was read back is its answer.
    fn done_already(&mut self, task: TaskIndex, read: Value) {
        self.leave_trace(task);
        let result = self.as_declared(task, read);
        self.check(task, result);
    }

    /// Nobody but a person can find out.
    fn cannot_tell(&mut self, task: TaskIndex, query: &str, problem: &str) {
        let reason = format!("it may or may not have been done, and {query} could not tell: {problem}");
        let reason = cut(reason);
        if self.is_to_be_undone(task) {
            self.undo_failed(task, reason);
        } else {
            debug_assert_eq!(self.task(task).state, TaskState::Unknown);
            self.hold(task, reason, HoldFor::Operations);
        }
    }
}
