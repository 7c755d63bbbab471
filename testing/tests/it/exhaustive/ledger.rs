//! What has been done out there, by idempotency key, and what was wrong about how it was asked for.

use std::collections::BTreeMap;

use engine::CallEffect;
use model::{Direction, OrderId, TaskId, Value};

use super::systems::order_of;

/// Something that was done for a task, and may have been taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
    pub(crate) generation: u32,
    pub(crate) call: String,
    pub(crate) arguments: Value,
    pub(crate) answer: Value,
    /// When it was done and when undone: places in the order of all that happened.
    pub(crate) done: u64,
    pub(crate) undone: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    deeds: BTreeMap<String, Deed>,
    /// What was answered to calls that take back, or change, what others did.
    answered: BTreeMap<String, Value>,
    /// What each key was used for.
    used: BTreeMap<String, (String, Value)>,
    clock: u64,
    pub(crate) wrongs: Vec<String>,
}

impl Ledger {
    /// Everything that was ever done, in the order of the keys.
    pub(crate) fn deeds(&self) -> impl Iterator<Item = &Deed> {
        self.deeds.values()
    }

    /// Remembers what a key is for: it must be for the same ever after.
    pub(crate) fn uses(&mut self, call: &CallEffect) {
        let key = call.key.to_string();
        let what = (call.label(), call.arguments.clone());
        let before = self.used.entry(key.clone()).or_insert_with(|| what.clone());
        if *before != what {
            self.wrongs.push(format!("`{key}` was {before:?}, and is now {what:?}"));
        }
    }

    /// Every call that was made, by its key: what was called, with what.
    pub(crate) fn calls(&self) -> &BTreeMap<String, (String, Value)> {
        &self.used
    }

    /// A person does what a call would have done, if it is not there, and tells what came of it.
    pub(crate) fn do_by_hand(&mut self, mut deed: Deed) -> Value {
        if let Some(there) = self.there(deed.order, &deed.task) {
            return there.answer.clone();
        }
        self.clock += 1;
        deed.done = self.clock;
        let answer = deed.answer.clone();
        self.deeds.insert(format!("{}/{}/{}/by hand", deed.order, deed.task, deed.generation), deed);
        answer
    }

    /// A person takes back what is there of a task.
    pub(crate) fn undo_by_hand(&mut self, order: OrderId, task: &TaskId) {
        self.clock += 1;
        let there = |deed: &&mut Deed| deed.order == order && deed.task == *task && deed.undone.is_none();
        if let Some(deed) = self.deeds.values_mut().find(there) {
            deed.undone = Some(self.clock);
        }
    }

    pub(crate) fn is_done(&self, call: &CallEffect) -> bool {
        let key = call.key.as_str();
        self.deeds.contains_key(key) || self.answered.contains_key(key)
    }

    /// What is there now of a task.
    pub(crate) fn there(&self, order: OrderId, task: &TaskId) -> Option<&Deed> {
        self.deeds.values().find(|deed| deed.order == order && deed.task == *task && deed.undone.is_none())
    }

    /// Does a thing once, and answers the same ever after.
    pub(crate) fn carry_out(&mut self, call: &CallEffect, answer: Value) -> Value {
        self.clock += 1;
        let changes = call.key.as_str().ends_with("/amend");
        if call.direction == Direction::Forward && !changes {
            return self.do_it(call, answer);
        }
        if let Some(answered) = self.answered.get(call.key.as_str()) {
            return answered.clone();
        }
        self.answered.insert(call.key.to_string(), answer.clone());
        let (order, clock) = (order_of(call), self.clock);
        // What was changed since is the work of a later generation, if the change was heard.
        let of = |deed: &&mut Deed| {
            deed.order == order && deed.task == call.task && deed.generation <= call.generation
        };
        match (self.deeds.values_mut().filter(of).max_by_key(|deed| deed.generation), changes) {
            (Some(deed @ Deed { undone: None, .. }), true) => deed.change(call),
            (Some(Deed { undone: undone @ None, .. }), false) => *undone = Some(clock),
            (Some(deed), _) => self.wrongs.push(format!(
                "{} of {} was undone, and then came {}",
                deed.call,
                deed.task,
                call.label()
            )),
            (None, _) => self.wrongs.push(format!("{}: nothing was done before {}", call.task, call.label())),
        }
        answer
    }

    fn do_it(&mut self, call: &CallEffect, answer: Value) -> Value {
        let deed = Deed {
            order: order_of(call),
            task: call.task.clone(),
            generation: call.generation,
            call: call.label(),
            arguments: call.arguments.clone(),
            answer,
            done: self.clock,
            undone: None,
        };
        self.deeds.entry(call.key.to_string()).or_insert(deed).answer.clone()
    }
}

impl Deed {
    /// Is from now on as a later call says.
    fn change(&mut self, call: &CallEffect) {
        self.generation = call.generation;
        let (Value::Record(known), Value::Record(said)) = (&mut self.arguments, &call.arguments) else {
            return;
        };
        for (name, value) in known {
            if let Some(said) = said.get(name) {
                value.clone_from(said);
            }
        }
    }
}
