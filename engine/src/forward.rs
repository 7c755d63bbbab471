//! Carrying the plan out: what is due, what is begun, what its end means.

use std::collections::BTreeMap;

use model::{Direction, Duration, Fact, HoldFor, Pointer, TaskState, Type, UnknownFields, Value, limits};
use plan::{
    Body, Call, CallBody, Definition, EvalError, ManualBody, Reaction, ReactionKind, Sleep, TaskIndex,
};

use crate::run::{Ending, Phase};
use crate::task_run::{AfterUndo, Beyond, Trace};
use crate::{CallId, Effect, Handled, Run, Settlement, TimerEffect, TimerId};

impl Run {
    /// Looks at every task that has become due, until none is left.
    pub(crate) fn advance(&mut self) {
        self.go_on_taking_back();
        while self.state.phase == Phase::Forward {
            if self.state.paused.is_some() {
                return;
            }
            let Some(task) = self.state.due.pop_first() else { return };
            self.consider(task);
            self.go_on_taking_back();
        }
    }

    /// Begins or skips a task whose dependencies are done.
    fn consider(&mut self, task: TaskIndex) {
        if !self.layout.is_present(task) || self.is_being_taken_back(task) {
            return;
        }
        match self.task(task).state {
            TaskState::Waiting | TaskState::Ready => {}
            // Left out before; its time has come to let those after it go, if it still is.
            TaskState::Skipped if self.stays_left_out(task) => return self.pass(task),
            TaskState::Skipped | TaskState::Undone => return self.replan(task),
            // Its condition could not be evaluated, and a person has it tried again.
            TaskState::Held if !self.state.held.contains(&task) => {}
            TaskState::Running
            | TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Held
            | TaskState::Undoing
            | TaskState::UndoFailed
            | TaskState::Dropped
            | TaskState::Amending => return self.revise(task),
        }
        self.task_mut(task).version = self.layout.latest();
        if let Some(rule) = self.definition(task).skipped() {
            return self.skip(task, rule.to_owned());
        }
        if let Some(when) = self.definition(task).when.clone() {
            match self.holds(task, &when) {
                Ok(true) => {}
                Ok(false) => return self.skip(task, format!("`when {}` does not hold", when.text)),
                Err(wrong) => return self.hold_for_fault(task, &wrong),
            }
        }
        if !self.stays_at_point(task) {
            self.begin(task);
        }
    }

    /// Begins a task anew, from its first call.
    pub(crate) fn begin(&mut self, task: TaskIndex) {
        if self.task(task).missing > 0 {
            // An amendment has something before it done again.
            return self.replan(task);
        }
        let version = self.layout.latest();
        self.foresee(task);
        self.take_corrections(task);
        let leaves = self.task(task).trace != Trace::None && !self.has_undo(task);
        if leaves && self.definition(task).point_of_no_return {
            // What it did before stays, and so it stays passed.
            self.task_mut(task).beyond = Beyond::Yes;
        }
        let run = self.task_mut(task);
        run.version = version;
        run.generation += 1;
        run.alternative = 0;
        run.change = None;
        run.saw.clear();
        run.remembered.clear();
        run.trace = Trace::None;
        run.result = Value::Null;
        run.queries = 0;
        run.read_backs = 0;
        match self.definition(task).body {
            Body::Call(_) => self.call(task),
            Body::Wait { ref signal, within, .. } => {
                self.note_read(task, format!("wait {signal}"), &Value::Null);
                let (id, signal) = (self.id(task), signal.clone());
                self.wait_within(task, within, format!("{id} waits for {signal}"));
                let waiting_for = self.waits_for(task);
                self.started(task, waiting_for, None, Value::Null);
                self.state.waiting.entry(signal).or_default().insert(task);
                self.take_kept(task);
            }
            Body::Sleep(ref sleep) => self.sleep(task, sleep),
            Body::Let(ref value) => self.compute(task, value),
            Body::Milestone => {
                self.note_read(task, "milestone".to_owned(), &Value::Null);
                self.started(task, None, None, Value::Null);
                self.task_mut(task).result = Value::Record(BTreeMap::new());
                self.succeed(task);
            }
            Body::Manual(ref body) => self.wait_for_person(task, body),
            Body::Poll(ref body) => self.poll(task, body),
            Body::Run(ref body) => self.run_child(task, body),
        }
    }

    /// What a task waits for, in words.
    pub(crate) fn waits_for(&self, task: TaskIndex) -> Option<String> {
        match &self.definition(task).body {
            Body::Wait { signal, .. } => Some(format!("the signal `{signal}`")),
            Body::Sleep(Sleep::For(length)) => Some(format!("{length} to pass")),
            Body::Sleep(Sleep::Until(time)) => Some(format!("the time of `{}`", time.text)),
            Body::Manual(body) => self.person_and_title(task, body),
            Body::Poll(body) => Some(Self::polls_for(body)),
            Body::Call(_) => self.waits_to_learn(task),
            Body::Run(_) => self.waits_for_child(task),
            Body::Let(_) | Body::Milestone => None,
        }
    }

    pub(crate) fn started(
        &mut self,
        task: TaskIndex,
        waiting_for: Option<String>,
        call: Option<String>,
        arguments: Value,
    ) {
        let run = self.task_mut(task);
        run.hold_for = None;
        let (generation, until) = (run.generation, run.until);
        self.tell_of(task, |task| Fact::TaskStarted {
            task,
            generation,
            waiting_for,
            until,
            call,
            arguments,
        });
    }

    /// Makes the call of a task that its alternative says.
    pub(crate) fn call(&mut self, task: TaskIndex) {
        let definition = self.definition(task);
        if let Body::Run(body) = &definition.body {
            return self.run_child(task, body);
        }
        let Some(body) = definition.call() else { return };
        let Some(call) = self.current_call(task, body) else { return };
        match self.arguments(task, call) {
            Ok(arguments) => {
                self.note_call(task, call, &arguments);
                self.started(task, None, Some(call.label()), arguments.clone());
                self.send(task, Direction::Forward, call, arguments, body);
            }
            Err(wrong) if self.is_to_be_undone(task) => {
                let fault = self.fault(task, &wrong);
                self.undo_failed(task, cut(format!("what became of it could not be asked for: {fault}")));
            }
            Err(wrong) => self.hold_for_fault(task, &wrong),
        }
    }

    pub(crate) fn current_call<'a>(&self, task: TaskIndex, body: &'a CallBody) -> Option<&'a Call> {
        match self.task(task).alternative.checked_sub(1) {
            None => Some(&body.call),
            Some(fallback) => body.fallbacks.get(fallback),
        }
    }

    /// Whether the call that the task makes, or made last, changes anything out there.
    pub(crate) fn has_effect(&self, task: TaskIndex) -> bool {
        let definition = self.definition(task);
        let body = definition.call();
        body.and_then(|body| self.current_call(task, body)).is_some_and(|call| call.effect)
    }

    /// The call of a task was done.
    pub(crate) fn leave_trace(&mut self, task: TaskIndex) {
        if self.has_effect(task) {
            self.task_mut(task).trace = Trace::Left;
            self.state.touched = true;
        }
    }

    /// Has a task wait for so long, and no longer.
    pub(crate) fn wait_within(&mut self, task: TaskIndex, within: Duration, summary: String) {
        let timer = self.start_timer(task, within, summary);
        let until = self.state.now.plus(within);
        let run = self.task_mut(task);
        run.timer = Some(timer);
        run.until = Some(until);
    }

    pub(crate) fn start_timer(&mut self, task: TaskIndex, after: Duration, summary: String) -> TimerId {
        self.state.last_timer += 1;
        let id = TimerId(self.state.last_timer);
        self.state.timers.insert(id, task);
        self.state.effects.push_back(Effect::StartTimer(TimerEffect { id, after, summary }));
        id
    }

    /// Ends the wait of a task, if it waits.
    pub(crate) fn stop_waiting(&mut self, task: TaskIndex) {
        let run = self.task_mut(task);
        run.until = None;
        for timer in [run.timer.take(), run.pause.take()].into_iter().flatten() {
            if self.state.timers.remove(&timer).is_some() {
                self.state.effects.push_back(Effect::StopTimer(timer));
            }
        }
        if let Body::Wait { signal, .. } = &self.definition(task).body
            && let Some(tasks) = self.state.waiting.get_mut(signal)
        {
            tasks.remove(&task);
            if tasks.is_empty() {
                self.state.waiting.remove(signal);
            }
        }
    }

    /// A timer's time is up.
    pub(crate) fn fire(&mut self, timer: TimerId) -> Handled {
        let Some(task) = self.state.timers.remove(&timer) else { return self.ring(timer) };
        if self.task(task).pause == Some(timer) {
            self.poll_again(task);
            return Handled::Applied;
        }
        self.stop_waiting(task);
        match self.definition(task).body {
            Body::Wait { within, .. } => {
                self.fail(task, format!("nothing came within {within}"), Cause::TimeOut);
            }
            Body::Sleep(_) => self.check(task, Value::Record(BTreeMap::new())),
            Body::Manual(ref body) => {
                let ManualBody { role, within, .. } = &**body;
                self.fail(task, format!("{role} did not do it within {within}"), Cause::TimeOut);
            }
            Body::Poll(ref body) => self.poll_overdue(task, body),
            Body::Run(ref body) => self.child_is_late(task, body),
            // They start no timer.
            Body::Call(_) | Body::Let(_) | Body::Milestone => {}
        }
        Handled::Applied
    }

    /// A call has been answered, or given up.
    pub(crate) fn settle(&mut self, call: CallId, settlement: Settlement) -> Handled {
        let Some((task, direction)) = self.state.calls.remove(&call) else { return Handled::Duplicate };
        let run = self.task_mut(task);
        run.call = None;
        if std::mem::take(&mut run.reading_back) {
            self.settle_read_back(task, settlement);
            return Handled::Applied;
        }
        if let Body::Poll(body) = &self.definition(task).body {
            self.settle_poll(task, body, settlement);
            return Handled::Applied;
        }
        if self.task(task).state == TaskState::Amending && self.task(task).change.is_some() {
            self.settle_change(task, settlement);
            return Handled::Applied;
        }
        let run = self.task(task);
        let settlement = match settlement {
            // That this call was not done says nothing of an earlier one under the same key that was lost.
            Settlement::Failed { reason } if run.trace == Trace::Maybe && direction == Direction::Forward => {
                Settlement::Unknown { reason }
            }
            Settlement::Unserved { reason, in_doubt } => {
                Settlement::Unserved { reason, in_doubt: in_doubt || run.trace == Trace::Maybe }
            }
            other @ (Settlement::Succeeded(_)
            | Settlement::Refused { .. }
            | Settlement::Failed { .. }
            | Settlement::Unknown { .. }) => other,
        };
        let to_be_undone = self.is_to_be_undone(task);
        match direction {
            Direction::Undo => self.settle_undo(task, settlement),
            Direction::Forward if to_be_undone => self.settle_to_be_undone(task, settlement),
            Direction::Forward => self.settle_forward(task, settlement),
        }
        Handled::Applied
    }

    fn settle_forward(&mut self, task: TaskIndex, settlement: Settlement) {
        let definition = self.definition(task);
        let Some(body) = definition.call() else { return };
        match settlement {
            Settlement::Succeeded(value) => {
                let Some(call) = self.current_call(task, body) else { return };
                self.leave_trace(task);
                match answer(&call.result, value) {
                    Ok(result) => self.check(task, result),
                    Err((raw, wrong)) => {
                        self.task_mut(task).result = raw;
                        let reason =
                            format!("{} answered in a shape that was not declared: {wrong}", call.label());
                        self.fail(task, reason, Cause::Failure);
                    }
                }
            }
            Settlement::Refused { reason } | Settlement::Failed { reason } => {
                // An earlier call under the same key may have been lost; a definite answer says it was not done.
                self.task_mut(task).trace = Trace::None;
                let alternative = self.task(task).alternative;
                if alternative < body.fallbacks.len() {
                    self.tell_of(task, |task| Fact::TaskFailed { task, reason });
                    self.task_mut(task).alternative = alternative + 1;
                    self.call(task);
                } else {
                    self.fail(task, reason, Cause::Failure);
                }
            }
            Settlement::Unserved { reason, in_doubt } => {
                if in_doubt && self.has_effect(task) {
                    self.task_mut(task).trace = Trace::Maybe;
                    self.outcome_unknown(task, reason.clone());
                }
                self.hold(task, cut(reason), HoldFor::Operations);
            }
            Settlement::Unknown { reason } => {
                if !self.has_effect(task) {
                    return self.fail(task, reason, Cause::TimeOut);
                }
                self.task_mut(task).trace = Trace::Maybe;
                if self.reads_back(task) {
                    self.read_back(task, reason);
                    return;
                }
                self.outcome_unknown(task, reason.clone());
                let reason = format!("{reason}; {}", self.doubt(task));
                self.react_to_failure(task, reason, Cause::TimeOut);
            }
        }
    }

    /// A call got no answer, and nobody is asked what became of it for now.
    pub(crate) fn outcome_unknown(&mut self, task: TaskIndex, reason: String) {
        self.tell_of(task, |task| Fact::TaskOutcomeUnknown { task, reason, waiting_for: None });
    }

    /// Looks whether a result is as the blueprint wants it, and if so is done with the task.
    pub(crate) fn check(&mut self, task: TaskIndex, result: Value) {
        self.task_mut(task).result = result;
        let definition = self.definition(task);
        for ensure in &definition.ensure {
            match self.holds(task, &ensure.condition) {
                Ok(true) => {}
                Ok(false) => {
                    let cause = format!("`{}` does not hold", ensure.condition.text);
                    self.tell_of(task, |task| Fact::TaskFailed { task, reason: cause.clone() });
                    let why = self.reason(task, &ensure.otherwise).unwrap_or(cause);
                    return self.react(task, ensure.otherwise.kind, why);
                }
                Err(wrong) => return self.fail(task, self.fault(task, &wrong), Cause::Failure),
            }
        }
        self.succeed(task);
    }

    fn succeed(&mut self, task: TaskIndex) {
        let result = self.task(task).result.clone();
        self.tell_of(task, |task| Fact::TaskSucceeded { task, result });
        if self.task(task).version != self.layout.latest() && self.layout.is_present(task) {
            // It was begun before the last amendment, which may have it otherwise.
            self.consider_when_due(task);
        }
        self.pass_if_due(task);
    }

    pub(crate) fn skip(&mut self, task: TaskIndex, reason: String) {
        self.task_mut(task).result = Value::Null;
        self.tell_of(task, |task| Fact::TaskSkipped { task, reason });
        self.pass_if_due(task);
    }

    /// Lets those go that waited for a task, unless an amendment has something before it done again, or the task itself is still
    /// to be looked at: then it is after that.
    fn pass_if_due(&mut self, task: TaskIndex) {
        if self.task(task).missing == 0 && !self.state.due.contains(&task) {
            self.pass(task);
        }
    }

    /// Lets those go that waited for a task.
    pub(crate) fn pass(&mut self, task: TaskIndex) {
        if std::mem::replace(&mut self.task_mut(task).passed, true) {
            return;
        }
        self.move_pause();
        let layout = self.layout.clone();
        for &next in layout.dependants(task) {
            let run = self.task_mut(next);
            run.missing = run.missing.saturating_sub(1);
            let missing = run.missing;
            if self.given_up(next) {
                continue;
            }
            self.foresee(next);
            if missing == 0 {
                self.state.due.insert(next);
            }
        }
        self.count_passed();
    }

    /// One task fewer is left.
    pub(crate) fn count_passed(&mut self) {
        self.state.left = self.state.left.saturating_sub(1);
        if self.state.left == 0 {
            self.complete();
        }
    }

    /// A task could not be done.
    pub(crate) fn fail(&mut self, task: TaskIndex, reason: String, cause: Cause) {
        self.tell_of(task, |task| Fact::TaskFailed { task, reason: reason.clone() });
        self.react_to_failure(task, reason, cause);
    }

    fn react_to_failure(&mut self, task: TaskIndex, cause_text: String, cause: Cause) {
        let definition = self.definition(task);
        let reaction = cause.reaction(&definition).unwrap_or_else(|| definition.plan().on_failure());
        let why = match self.reason(task, reaction) {
            Some(why) => format!("{why} ({cause_text})"),
            None => cause_text,
        };
        self.react(task, reaction.kind, why);
    }

    fn reason(&self, task: TaskIndex, reaction: &Reaction) -> Option<String> {
        self.reason_of(task, reaction, &self.task(task).result)
    }

    /// What the blueprint says of what went wrong with a task that was answered so.
    pub(crate) fn reason_of(&self, task: TaskIndex, reaction: &Reaction, answer: &Value) -> Option<String> {
        let formula = reaction.reason.as_ref()?;
        Some(match self.evaluate_of(task, formula, answer) {
            Ok(text) => text.as_text().map_or_else(|| text.to_string(), str::to_owned),
            Err(wrong) => self.fault(task, &wrong),
        })
    }

    /// Does what a blueprint wants done when something has gone wrong with a task.
    fn react(&mut self, task: TaskIndex, kind: ReactionKind, why: String) {
        let why = cut(why);
        match kind {
            ReactionKind::Hold(hold_for) => self.hold(task, why, hold_for),
            ReactionKind::Skip => {
                if self.task(task).trace == Trace::None || !self.has_undo(task) {
                    self.skip(task, why);
                } else {
                    self.task_mut(task).after_undo = AfterUndo::Skip(why);
                    self.undo(task);
                }
            }
            ReactionKind::Rollback | ReactionKind::Reject => {
                let alone = self.isolated_item(task).filter(|_| kind == ReactionKind::Rollback).cloned();
                let (what, point) = match &alone {
                    Some(item) => ("item", self.point_of_no_return_of(item)),
                    None => ("order", self.point_of_no_return()),
                };
                match (point, alone) {
                    (Some(point), _) => {
                        let why = self.past_point(&why, what, point);
                        self.hold(task, why, HoldFor::Operations);
                    }
                    (None, Some(item)) => self.roll_back_item(&item, why),
                    (None, None) if kind == ReactionKind::Reject => self.go_back(Ending::Rejected(why)),
                    (None, None) => self.go_back(Ending::Failed(why)),
                }
            }
            ReactionKind::Fail => match self.isolated_item(task).cloned() {
                Some(item) => self.abandon_item(&item, why),
                None => self.go_back(Ending::Abandoned(why)),
            },
        }
    }

    /// A reason to go back, with why that is not done.
    pub(crate) fn past_point(&self, why: &str, what: &str, point: TaskIndex) -> String {
        let point = self.id(point);
        format!("{why}; the {what} can't be rolled back: `{point}` is a point of no return and has begun")
    }

    pub(crate) fn hold_for_fault(&mut self, task: TaskIndex, wrong: &EvalError) {
        self.hold(task, cut(self.fault(task, wrong)), HoldFor::Operations);
    }

    /// Gives a task to a person.
    pub(crate) fn hold(&mut self, task: TaskIndex, reason: String, hold_for: HoldFor) {
        self.task_mut(task).hold_for = Some(hold_for);
        self.tell_of(task, |task| Fact::TaskHeld { task, reason: reason.clone(), hold_for });
        self.needs_person(task, reason, hold_for);
    }

    pub(crate) fn needs_person(&mut self, task: TaskIndex, reason: String, hold_for: HoldFor) {
        let first = !self.is_held();
        self.state.held.insert(task);
        if first {
            self.tell(Fact::OrderHeld { task: self.id(task), reason, hold_for });
        }
    }
}

/// What kind of trouble a task is in.
#[derive(Clone, Copy)]
pub(crate) enum Cause {
    /// It said no, or could not be reached.
    Failure,
    /// Its time ran out.
    TimeOut,
}

impl Cause {
    fn reaction(self, definition: &Definition) -> Option<&Reaction> {
        match self {
            Self::Failure => definition.on_failure.as_ref(),
            Self::TimeOut => definition.on_timeout.as_ref().or(definition.on_failure.as_ref()),
        }
    }
}

/// The answer of a call as declared, or as it came with what is wrong about it.
pub(crate) fn answer(declared: &Type, value: Value) -> Result<Value, (Value, String)> {
    // What answers nothing may say anything, such as `OK`.
    if *declared == Type::Record(Vec::new()) {
        return Ok(Value::Record(BTreeMap::new()));
    }
    let size = value.to_string().len();
    if size > limits::RESULT_BYTES {
        let wrong = format!("it has {size} bytes, and at most {} are allowed", limits::RESULT_BYTES);
        return Err((Value::Null, wrong));
    }
    declared.conform(value.clone(), &Pointer::root(), UnknownFields::Drop).map_err(|faults| {
        let wrong = faults.iter().take(5).map(ToString::to_string).collect::<Vec<_>>().join("; ");
        (value, wrong)
    })
}

/// A reason no longer than [`limits::REASON_BYTES`].
pub(crate) fn cut(mut reason: String) -> String {
    if reason.len() > limits::REASON_BYTES {
        let mut end = limits::REASON_BYTES - '…'.len_utf8();
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        reason.truncate(end);
        reason.push('…');
    }
    reason
}
