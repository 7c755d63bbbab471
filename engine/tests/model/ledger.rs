//! The simulated systems: what they did, by idempotency key, and what of it is still there.
//!
//! A system does the work of a key once and answers the same way for good, whatever the way back loses.

use std::collections::BTreeMap;

use engine::{CallEffect, Settlement};
use model::{OrderId, TaskId, Value};

use crate::transition::Outcome;

/// Something that was done.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
    /// What it was done with, whatever operation did it.
    pub(crate) with: Value,
    answer: Value,
    /// Whether it is there now.
    pub(crate) held: bool,
}

/// What a key was used for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Use {
    task: TaskId,
    generation: u32,
    label: String,
    arguments: Value,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    deeds: BTreeMap<String, Deed>,
    uses: BTreeMap<String, Use>,
    /// What was answered to calls that take back or change what is there.
    answers: BTreeMap<String, Value>,
    /// How often anything was taken back.
    pub(crate) undos: usize,
}

/// What an operation does, which its name begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Do,
    Undo,
    Change,
    /// Changes nothing, and is answered by what it is given.
    Ask,
    /// Tells whether the task's call was made.
    ReadBack,
}

impl Purpose {
    pub(crate) fn of(call: &CallEffect) -> Self {
        let (purpose, _) = call.operation.as_str().split_once('_').unwrap();
        match purpose {
            "do" | "other" => Self::Do,
            "undo" => Self::Undo,
            "change" => Self::Change,
            "ask" | "look" => Self::Ask,
            "read" => Self::ReadBack,
            unknown => panic!("no operation begins with `{unknown}`"),
        }
    }
}

/// The value that a system answers to something: the same to the same, and often the same to something else.
pub(crate) fn value_of(given: &Value) -> i64 {
    given.to_string().bytes().map(i64::from).sum::<i64>() % 3
}

fn answer(id: &str, outcome: Outcome, value: i64) -> Value {
    let ok =
        if outcome == Outcome::Misshapen { Value::text("?") } else { Value::Bool(outcome != Outcome::NotOk) };
    Value::record([("id", Value::text(id)), ("ok", ok), ("value", Value::from(value))])
}

impl Ledger {
    /// Rule 3: "A call is made with the same idempotency key on every attempt; a new generation of a task (redo, amend) gets a
    /// new key." So a key always stands for the same call, of one task and one generation.
    fn a_key_stands_for_one_call(&mut self, call: &CallEffect) {
        let used = Use {
            task: call.task.clone(),
            generation: call.generation,
            label: call.label(),
            arguments: call.arguments.clone(),
        };
        let first = self.uses.entry(call.key.to_string()).or_insert_with(|| used.clone());
        assert_eq!(*first, used, "the key {} was used for something else before", call.key);
    }

    /// Answers a call of an order, or loses it.
    pub(crate) fn carry_out(&mut self, order: OrderId, call: &CallEffect, outcome: Outcome) -> Settlement {
        self.a_key_stands_for_one_call(call);
        let key = call.key.to_string();
        let reason = format!("{outcome:?}");
        match outcome {
            Outcome::LostBeforeEffect => return Settlement::Unknown { reason },
            Outcome::Failed => return Settlement::Failed { reason },
            Outcome::Unserved => return Settlement::Unserved { reason, in_doubt: false },
            Outcome::Refused if !self.is_done(&key) => return Settlement::Refused { reason },
            Outcome::Fine
            | Outcome::NotOk
            | Outcome::Misshapen
            | Outcome::LacksId
            | Outcome::Refused
            | Outcome::UnservedInDoubt
            | Outcome::LostAfterEffect => {}
        }
        let answered = match Purpose::of(call) {
            Purpose::Do => self.do_once(order, call, outcome),
            Purpose::Undo => self.undo_once(&key, call),
            Purpose::Change => self.change_once(&key, call, outcome),
            Purpose::Ask => answer(&key, outcome, value_of(&call.arguments)),
            Purpose::ReadBack => self.read_back(&key, outcome),
        };
        match outcome {
            Outcome::LostAfterEffect => Settlement::Unknown { reason },
            Outcome::UnservedInDoubt => Settlement::Unserved { reason, in_doubt: true },
            Outcome::LacksId => {
                Settlement::Succeeded(Value::record([("ok", Value::Bool(true)), ("value", Value::from(0))]))
            }
            _ => Settlement::Succeeded(answered),
        }
    }

    fn is_done(&self, key: &str) -> bool {
        self.deeds.contains_key(key) || self.answers.contains_key(key)
    }

    fn do_once(&mut self, order: OrderId, call: &CallEffect, outcome: Outcome) -> Value {
        let key = call.key.to_string();
        let deed = self.deeds.entry(key.clone()).or_insert_with(|| Deed {
            order,
            task: call.task.clone(),
            with: call.arguments.clone(),
            answer: answer(&key, outcome, value_of(&call.arguments)),
            held: true,
        });
        deed.answer.clone()
    }

    /// Rule 2: "every effect that had an undo is undone exactly once".
    fn undo_once(&mut self, key: &str, call: &CallEffect) -> Value {
        if let Some(answered) = self.answers.get(key) {
            return answered.clone();
        }
        let id = call.arguments.field("id").and_then(Value::as_text).expect("an undo says what it undoes");
        let deed = self.deeds.get_mut(id).expect("only what was done is undone");
        assert!(deed.held, "{id} was undone twice");
        deed.held = false;
        self.undos += 1;
        self.answers.insert(key.to_owned(), Value::record::<String>([]));
        Value::record::<String>([])
    }

    fn change_once(&mut self, key: &str, call: &CallEffect, outcome: Outcome) -> Value {
        if let Some(answered) = self.answers.get(key) {
            return answered.clone();
        }
        let Value::Record(mut given) = call.arguments.clone() else { panic!("arguments are a record") };
        let id = given.remove("id").expect("a change says what it changes");
        let id = id.as_text().expect("an id is a text").to_owned();
        let deed = self.deeds.get_mut(&id).expect("only what was done is changed");
        assert!(deed.held, "{id} is changed, and is not there any more");
        deed.with = Value::Record(given);
        let value = value_of(&deed.with);
        // A system that answers in another shape is mended by the time it is asked again.
        let mended = if outcome == Outcome::Misshapen { Outcome::Fine } else { outcome };
        self.answers.insert(key.to_owned(), answer(&id, mended, value));
        answer(&id, outcome, value)
    }

    /// Whether the call of the same task and generation was made, and what it answered.
    fn read_back(&self, key: &str, outcome: Outcome) -> Value {
        let (generation, _) = key.rsplit_once('/').unwrap();
        let made = format!("{generation}/forward");
        match self.deeds.iter().find(|(key, deed)| deed.held && key.starts_with(&made)) {
            Some((id, deed)) if outcome != Outcome::Misshapen => {
                let value = deed.answer.field("value").and_then(Value::as_int).unwrap_or_default();
                answer(id, Outcome::Fine, value)
            }
            Some((id, _)) => answer(id, outcome, 0),
            None => answer("", Outcome::NotOk, 0),
        }
    }

    /// A person does by hand what a task would have done, or finds that it is done; what they did it with is known to nobody.
    /// Answers under which id it is there.
    pub(crate) fn do_by_hand(&mut self, order: OrderId, task: &TaskId, name: &str) -> String {
        let there = |deed: &Deed| deed.held && deed.order == order && deed.task == *task;
        if let Some((id, _)) = self.deeds.iter().find(|(_, deed)| there(deed)) {
            return id.clone();
        }
        let deed = Deed { order, task: task.clone(), with: Value::Null, answer: Value::Null, held: true };
        self.deeds.insert(name.to_owned(), deed);
        name.to_owned()
    }

    /// A person takes back by hand what a task did; or has it stay, and from then on it is theirs.
    pub(crate) fn give_up(&mut self, order: OrderId, task: &TaskId) {
        for deed in self.deeds.values_mut().filter(|deed| deed.order == order && deed.task == *task) {
            deed.held = false;
        }
    }

    /// What is there of an order, by task.
    pub(crate) fn held(&self, order: OrderId) -> impl Iterator<Item = &Deed> {
        self.deeds.values().filter(move |deed| deed.held && deed.order == order)
    }

    /// Whether anything was ever done for an order.
    pub(crate) fn was_touched(&self, order: OrderId) -> bool {
        self.deeds.values().any(|deed| deed.order == order)
    }
}
