//! Tasks that a person does: they wait for somebody of a role to say what came of it.

use std::collections::BTreeMap;

use model::{Actor, DeliveryId, Fact, Fault, Pointer, TaskId, TaskState, UnknownFields, Value, limits};
use plan::{Body, ManualBody, TaskIndex};

use crate::{Handled, Rejected, Run};

/// Most faults of a result that are told at once: as many as a person mends in one go.
const FAULTS: usize = 10;

impl Run {
    /// Begins to wait for a person.
    pub(crate) fn wait_for_person(&mut self, task: TaskIndex, body: &ManualBody) {
        if let Err(wrong) = self.evaluate(task, &body.title) {
            return self.hold_for_fault(task, &wrong);
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

    /// A person says what came of a task.
    pub(crate) fn complete_by_hand(
        &mut self,
        id: DeliveryId,
        task: TaskId,
        result: Value,
        by: Actor,
        note: String,
    ) -> Result<Handled, Rejected> {
        let index = self.to_be_acted_on(&task)?;
        let plan = self.plan.clone();
        let Body::Manual(body) = &plan.definition(index).body else {
            return Err(Rejected::NotManual { task });
        };
        let state = self.task(index).state;
        if state != TaskState::Running {
            return Err(Rejected::NotWaiting { task, state });
        }
        let result = match said(body, result) {
            Ok(result) => result,
            Err(mut faults) => {
                faults.truncate(FAULTS);
                return Err(Rejected::Result { task, faults });
            }
        };
        self.stop_waiting(index);
        let action = "complete".to_owned();
        self.tell(Fact::OperatorActed { id, action, task, by, note, result: result.clone() });
        self.check(index, result);
        Ok(Handled::Applied)
    }
}

/// What a person said, as the task declares it.
fn said(body: &ManualBody, result: Value) -> Result<Value, Vec<Fault>> {
    let size = result.to_string().len();
    if size > limits::RESULT_BYTES {
        let detail = format!("expected at most {} bytes, found {size}", limits::RESULT_BYTES);
        return Err(vec![Fault::new(Pointer::root(), detail)]);
    }
    // Where nothing is asked, nothing need be said.
    let result = if result.is_null() { Value::Record(BTreeMap::new()) } else { result };
    body.fields.conform(result, &Pointer::root(), UnknownFields::Drop)
}
