//! Polling: asking a system again and again, until its answer is the one that is waited for.
//!
//! A question that fails is one answer that did not come; the next is asked when its time has come. Two timers run: one until
//! the poll's time is up, one until the next question. An answer that is under way when the time is up still counts.

use model::{HoldFor, limits};
use plan::{Body, EvalError, PollBody, Retry, TaskIndex};

use crate::forward::{Cause, answer, cut};
use crate::{Effect, Run, Settlement};

/// Longest part of an answer that a reason quotes, in bytes: enough to recognise it.
const QUOTED_BYTES: usize = 200;

impl Run {
    /// Begins to poll.
    pub(crate) fn poll(&mut self, task: TaskIndex, body: &PollBody) {
        let arguments = match self.arguments(task, &body.query) {
            Ok(arguments) => arguments,
            Err(wrong) => return self.hold_for_fault(task, &wrong),
        };
        self.note_poll(task, body, &arguments);
        self.task_mut(task).last_answer = None;
        let label = body.query.label();
        let summary = format!("{} polls {label} for {}", self.id(task), body.within);
        self.wait_within(task, body.within, summary);
        let waiting_for = self.waits_for(task);
        self.started(task, waiting_for, Some(label), arguments);
        self.put_question(task, body);
    }

    /// The time between two questions is over.
    pub(crate) fn poll_again(&mut self, task: TaskIndex) {
        self.task_mut(task).pause = None;
        if let Body::Poll(body) = &self.definition(task).body {
            self.put_question(task, body);
        }
    }

    fn put_question(&mut self, task: TaskIndex, body: &PollBody) {
        let limit = limits::ORDER_POLLS;
        if self.state.polls >= limit {
            self.stop_waiting(task);
            let reason = format!("the polls of the order have asked {limit} times, which is the limit");
            return self.fail(task, reason, Cause::TimeOut);
        }
        match self.arguments(task, &body.query) {
            Ok(arguments) => {
                self.state.polls += 1;
                self.query(task, &body.query, arguments, "poll", (body.timeout, Retry::NONE));
            }
            Err(wrong) => self.give_up(task, &wrong),
        }
    }

    /// The time of a poll is up.
    pub(crate) fn poll_overdue(&mut self, task: TaskIndex, body: &PollBody) {
        match self.task(task).call {
            // What is being asked may still be answered, and is asked no further time.
            Some(call) => self.state.effects.push_back(Effect::Settle(call)),
            None => self.poll_in_vain(task, body),
        }
    }

    /// A question has been answered, or not.
    pub(crate) fn settle_poll(&mut self, task: TaskIndex, body: &PollBody, settlement: Settlement) {
        if self.goes_back_with(task) {
            self.drop_task(task);
            return self.cleared(task);
        }
        if self.is_being_taken_back(task) {
            return self.take_back(task);
        }
        let came = match settlement {
            Settlement::Succeeded(value) => match answer(&body.query.result, value) {
                Ok(result) => match self.holds_of(task, &body.until, &result) {
                    Ok(true) => {
                        self.stop_waiting(task);
                        return self.check(task, result);
                    }
                    Ok(false) => format!("it answered {}", quoted(result.to_string())),
                    Err(wrong) => return self.give_up(task, &wrong),
                },
                Err((_, wrong)) => format!("it answered in a shape that was not declared: {wrong}"),
            },
            Settlement::Unserved { reason, .. } => {
                self.stop_waiting(task);
                return self.hold(task, cut(reason), HoldFor::Operations);
            }
            Settlement::Refused { reason }
            | Settlement::Failed { reason }
            | Settlement::Unknown { reason } => reason,
        };
        let run = self.task_mut(task);
        run.last_answer = Some(cut(came));
        let overdue = run.timer.is_none();
        if overdue {
            return self.poll_in_vain(task, body);
        }
        // A question beyond the end is not worth a timer.
        let left = self.task(task).until.map(|until| until.since(self.state.now)).unwrap_or_default();
        if body.every < left {
            let summary = format!("{} asks {} again", self.id(task), body.query.label());
            self.task_mut(task).pause = Some(self.start_timer(task, body.every, summary));
        }
    }

    /// What a poll waits for, in words.
    pub(crate) fn polls_for(body: &PollBody) -> String {
        format!("`{}` of {}, asked every {}", body.until.text, body.query.label(), body.every)
    }

    fn poll_in_vain(&mut self, task: TaskIndex, body: &PollBody) {
        let last = self.task_mut(task).last_answer.take();
        let last = last.map(|last| format!("; last of all, {last}")).unwrap_or_default();
        let reason = format!(
            "`{}` of {} did not hold within {}{last}",
            body.until.text,
            body.query.label(),
            body.within
        );
        self.fail(task, reason, Cause::TimeOut);
    }

    fn give_up(&mut self, task: TaskIndex, wrong: &EvalError) {
        self.stop_waiting(task);
        self.hold_for_fault(task, wrong);
    }
}

fn quoted(mut answer: String) -> String {
    if answer.len() > QUOTED_BYTES {
        answer.truncate(answer.floor_char_boundary(QUOTED_BYTES));
        answer.push('…');
    }
    answer
}
