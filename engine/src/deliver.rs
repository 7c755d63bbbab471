//! Signals from outside, which may come early, twice, for no one, or in the wrong shape.

use std::collections::BTreeMap;

use model::{DeliveryId, Fact, Fault, Pointer, SignalName, TaskId, TaskState, UnknownFields, Value, limits};
use plan::{Body, TaskIndex};

use crate::kept::KeptSignal;
use crate::{Handled, Rejected, Run};

impl Run {
    /// Hands a signal to the task that waits for it, or keeps it for the one that will.
    pub(crate) fn deliver(
        &mut self,
        id: DeliveryId,
        signal: &str,
        task: Option<&str>,
        payload: Value,
    ) -> Result<Handled, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        match self.address(signal, task, &payload) {
            Ok((name, Address::Now(task))) => match self.conform(task, payload) {
                Ok(payload) => {
                    self.take(task, id, name, payload);
                    Ok(Handled::Applied)
                }
                Err(faults) => Err(self.refuse(id, signal, describe(signal, &faults))),
            },
            Ok((name, Address::Later(task))) => {
                self.tell(Fact::SignalKept {
                    id: id.clone(),
                    signal: name.clone(),
                    task: task.map(|task| self.id(task)),
                    payload: payload.clone(),
                });
                self.state.kept.keep(KeptSignal { id, signal: name, task, payload });
                Ok(Handled::Kept)
            }
            Err(reason) => Err(self.refuse(id, signal, reason)),
        }
    }

    /// Writes down that something came which can't be understood.
    pub(crate) fn refuse_malformed(
        &mut self,
        id: DeliveryId,
        signal: &str,
        reason: String,
    ) -> Result<Handled, Rejected> {
        if let Some(state) = self.over() {
            return Err(Rejected::Ended { state });
        }
        Err(self.refuse(id, signal, reason))
    }

    fn refuse(&mut self, id: DeliveryId, signal: &str, reason: String) -> Rejected {
        let signal = signal.chars().take(limits::NAME_BYTES).collect();
        self.tell(Fact::SignalRefused { id, signal, reason: reason.clone() });
        Rejected::Signal { reason }
    }

    /// For which task a signal is, or why for none.
    fn address(
        &self,
        signal: &str,
        task: Option<&str>,
        payload: &Value,
    ) -> Result<(SignalName, Address), String> {
        if self.goes_back() {
            return Err("the order is being undone and takes no more signals".to_owned());
        }
        let size = payload.to_string().len();
        if size > limits::RESULT_BYTES {
            return Err(format!(
                "the payload has {size} bytes, and at most {} are allowed",
                limits::RESULT_BYTES
            ));
        }
        let name = SignalName::new(signal).map_err(|wrong| wrong.to_string())?;
        let address = match task {
            Some(task) => self.address_named(&name, task)?,
            None => self.address_any(&name, payload)?,
        };
        Ok((name, address))
    }

    fn address_named(&self, signal: &SignalName, task: &str) -> Result<Address, String> {
        let id: TaskId = task.parse().map_err(|wrong: model::InvalidName| wrong.to_string())?;
        let task = self.layout.find(&id).ok_or_else(|| format!("the order has no task `{id}`"))?;
        if !self.takes(task, signal) {
            return Err(format!("`{id}` does not wait for `{signal}`"));
        }
        match self.task(task).state {
            TaskState::Running => Ok(Address::Now(task)),
            TaskState::Waiting | TaskState::Ready | TaskState::Held => Ok(Address::Later(Some(task))),
            state @ (TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undoing
            | TaskState::Undone
            | TaskState::UndoFailed
            | TaskState::Amending) => Err(format!("`{id}` is {state} and takes no more signals")),
        }
    }

    fn address_any(&self, signal: &SignalName, payload: &Value) -> Result<Address, String> {
        let waiting = self.state.waiting.get(signal);
        let mut now = waiting.into_iter().flatten();
        match (now.next(), now.next()) {
            (Some(task), None) => return Ok(Address::Now(*task)),
            (Some(_), Some(_)) => {
                let tasks = waiting.into_iter().flatten().take(5).map(|task| format!("`{}`", self.id(*task)));
                let tasks = tasks.collect::<Vec<_>>().join(", ");
                return Err(format!("several tasks wait for `{signal}`: say which one, such as {tasks}"));
            }
            (None, _) => {}
        }
        let mut takers = self.layout.of_signal(signal).filter(|task| self.takes(*task, signal)).peekable();
        if takers.peek().is_none() {
            return Err(format!("no task of this order waits for `{signal}`"));
        }
        let later = |task: &TaskIndex| {
            matches!(self.task(*task).state, TaskState::Waiting | TaskState::Ready | TaskState::Held)
        };
        let mut wrong = None;
        for task in takers.filter(later) {
            match self.conform(task, payload.clone()) {
                Ok(_) => return Ok(Address::Later(None)),
                Err(faults) => wrong = wrong.or(Some(faults)),
            }
        }
        Err(match wrong {
            Some(faults) => describe(signal.as_str(), &faults),
            None => format!("no task waits for `{signal}` any more"),
        })
    }

    /// Gives a task that begins to wait the oldest signal that was kept for it.
    pub(crate) fn take_kept(&mut self, task: TaskIndex) {
        let definition = self.definition(task);
        let Body::Wait { signal, .. } = &definition.body else { return };
        for number in self.state.kept.of(signal, task) {
            let Some(kept) = self.state.kept.get(number) else { continue };
            match self.conform(task, kept.payload.clone()) {
                Ok(payload) => {
                    if let Some(kept) = self.state.kept.remove(number) {
                        self.take(task, kept.id, kept.signal, payload);
                    }
                    return;
                }
                Err(faults) if kept.task.is_some() => {
                    if let Some(kept) = self.state.kept.remove(number) {
                        let reason = describe(kept.signal.as_str(), &faults);
                        self.refuse(kept.id, kept.signal.as_str(), reason);
                    }
                }
                // It may be for another one.
                Err(_) => {}
            }
        }
    }

    fn take(&mut self, task: TaskIndex, id: DeliveryId, signal: SignalName, payload: Value) {
        self.stop_waiting(task);
        self.tell(Fact::SignalReceived { id, signal, task: self.id(task), payload: payload.clone() });
        self.check(task, payload);
    }

    fn takes(&self, task: TaskIndex, wanted: &SignalName) -> bool {
        match &self.definition(task).body {
            Body::Wait { signal, .. } => signal == wanted,
            Body::Call(_)
            | Body::Manual(_)
            | Body::Poll(_)
            | Body::Sleep(_)
            | Body::Run(_)
            | Body::Let(_)
            | Body::Milestone => false,
        }
    }

    fn conform(&self, task: TaskIndex, payload: Value) -> Result<Value, Vec<Fault>> {
        let Body::Wait { fields, .. } = &self.definition(task).body else { return Ok(payload) };
        // A signal that carries nothing may be sent with nothing.
        let payload = if payload.is_null() { Value::Record(BTreeMap::new()) } else { payload };
        fields.conform(payload, &Pointer::root(), UnknownFields::Drop)
    }
}

enum Address {
    Now(TaskIndex),
    Later(Option<TaskIndex>),
}

fn describe(signal: &str, faults: &[Fault]) -> String {
    let faults = faults.iter().take(10).map(ToString::to_string).collect::<Vec<_>>().join("; ");
    format!("`{signal}` is not of the shape that was declared: {faults}")
}
