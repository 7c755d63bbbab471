//! Tasks that a person does: they wait for somebody of a role to say what came of it. And tasks that a person does in the end,
//! because they could not be done otherwise.

use std::collections::BTreeMap;

use model::{Fault, Pointer, TaskState, Type, UnknownFields, Value, limits};
use plan::{Body, ManualBody, TaskIndex};

use crate::task_run::Trace;
use crate::{Rejected, Run};

/// Most faults of a result that are told at once: as many as a person mends in one go.
const FAULTS: usize = 10;

impl Run {
    /// Begins to wait for a person.
    pub(crate) fn wait_for_person(&mut self, task: TaskIndex, body: &ManualBody) {
        match self.evaluate(task, &body.title) {
            Ok(title) => {
                let title = Value::record([("title", title)]);
                self.note_read(task, format!("manual {}", body.role), &title);
            }
            Err(wrong) => return self.hold_for_fault(task, &wrong),
        }
        let summary = format!("{} waits for {}", self.id(task), body.role);
        self.wait_within(task, body.within, summary);
        let waiting_for = self.waits_for(task);
        self.started(task, waiting_for, None, Value::Null);
    }

    /// Who is to do what, in words. What the title is made of does not change while the task waits.
    pub(crate) fn person_and_title(&self, task: TaskIndex, body: &ManualBody) -> Option<String> {
        let title = self.evaluate(task, &body.title).ok()?;
        let title = title.as_text().map_or_else(|| title.to_string(), str::to_owned);
        Some(format!("{}: {title}", body.role))
    }

    /// Whether a task waits for the person who is to do it.
    pub(crate) fn is_for_hands(&self, task: TaskIndex) -> bool {
        let waits = self.task(task).state == TaskState::Running;
        waits && matches!(self.definition(task).body, Body::Manual(_))
    }

    /// Whether a person can say what came of a task: it is theirs to do, or they have it because it could not be done.
    pub(crate) fn may_be_completed(&self, task: TaskIndex) -> Result<(), Rejected> {
        if self.is_for_hands(task) {
            return Ok(());
        }
        if !self.state.held.contains(&task) {
            return Err(Rejected::NotWaiting { task: self.id(task), state: self.task(task).state });
        }
        self.is_held_forward(task)?;
        self.goes_on_elsewhere(task)?;
        if self.definition(task).point_of_no_return && !self.may_pass() {
            return Err(Rejected::NoLeave { task: self.id(task) });
        }
        Ok(())
    }

    /// What a person says came of a task, as the task declares it. Of one that could not be done, a note must say how it was
    /// done, and what the blueprint ensures must hold: nobody means to have it fail again.
    pub(crate) fn said_of(&self, task: TaskIndex, result: Value, note: &str) -> Result<Value, Rejected> {
        let definition = self.definition(task);
        let refused = |mut faults: Vec<Fault>| {
            faults.truncate(FAULTS);
            Rejected::Result { task: self.id(task), faults }
        };
        let result = said(&definition.result_type(), result).map_err(refused)?;
        if self.is_for_hands(task) {
            return Ok(result);
        }
        self.must_say_why(task, note)?;
        let until = if let Body::Poll(body) = &definition.body { Some((&body.until, None)) } else { None };
        let ensured = definition.ensure.iter().map(|ensure| (&ensure.condition, Some(&ensure.otherwise)));
        for (condition, otherwise) in until.into_iter().chain(ensured) {
            let wrong = match self.holds_of(task, condition, &result) {
                Ok(true) => continue,
                Ok(false) => {
                    let said = otherwise.and_then(|otherwise| self.reason_of(task, otherwise, &result));
                    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
                    format!("`{}` does not hold{said}", condition.text)
                }
                Err(wrong) => self.fault(task, &wrong),
            };
            return Err(refused(vec![Fault::new(Pointer::root(), wrong)]));
        }
        Ok(result)
    }

    /// Goes on with what a person says came of a task.
    pub(crate) fn complete_by_hand(&mut self, task: TaskIndex, result: Value) {
        self.stop_waiting(task);
        if self.state.held.remove(&task) {
            self.resume();
            self.task_mut(task).hold_for = None;
            self.take_as_wanted(task);
            // Whoever did it did what the task would have done, and that is there now.
            if self.changes_something(task) {
                self.task_mut(task).trace = Trace::Left;
                self.state.touched = true;
            }
        }
        self.check(task, result);
    }

    fn changes_something(&self, task: TaskIndex) -> bool {
        match &self.definition(task).body {
            Body::Call(body) => body.call.effect || body.fallbacks.iter().any(|call| call.effect),
            Body::Run(_) => true,
            Body::Wait { .. }
            | Body::Manual(_)
            | Body::Poll(_)
            | Body::Sleep(_)
            | Body::Let(_)
            | Body::Milestone => false,
        }
    }
}

/// What a person said, as it was declared.
fn said(declared: &Type, result: Value) -> Result<Value, Vec<Fault>> {
    let size = result.to_string().len();
    if size > limits::RESULT_BYTES {
        let detail = format!("expected at most {} bytes, found {size}", limits::RESULT_BYTES);
        return Err(vec![Fault::new(Pointer::root(), detail)]);
    }
    // Where nothing is asked, nothing need be said.
    let nothing = result.is_null() && matches!(declared, Type::Record(_));
    let result = if nothing { Value::Record(BTreeMap::new()) } else { result };
    declared.conform(result, &Pointer::root(), UnknownFields::Drop)
}
