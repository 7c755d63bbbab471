//! Systems that do each thing once per key, and remember.

use std::collections::BTreeMap;

use engine::{CallEffect, Settlement};
use model::{Direction, TaskId, Value};

/// How one call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Luck {
    Fine,
    NotOk,
    Misshapen,
    /// Done, but the answer does not say under which id.
    LacksId,
    Refused,
    Failed,
    Unserved,
    LostAfterEffect,
    LostBeforeEffect,
}

#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) task: TaskId,
    pub(crate) has_undo: bool,
    /// What it was done with.
    pub(crate) with: Value,
    pub(crate) answer: Value,
    pub(crate) held: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// Everything ever done, by key.
    pub(crate) deeds: BTreeMap<String, Deed>,
    /// What each key was used for.
    keys: BTreeMap<String, (String, Value)>,
    undos: BTreeMap<String, Value>,
}

impl Ledger {
    /// Carries out a call. Panics if a promise about calls is broken.
    pub(crate) fn carry_out(
        &mut self,
        call: &CallEffect,
        luck: Luck,
        effect: bool,
        has_undo: bool,
    ) -> Settlement {
        let key = call.key.to_string();
        let used = self.keys.entry(key.clone()).or_insert_with(|| (call.label(), call.arguments.clone()));
        assert_eq!(
            *used,
            (call.label(), call.arguments.clone()),
            "key {key} was used for something else before"
        );
        let reason = || format!("{luck:?}");
        match luck {
            Luck::LostBeforeEffect => return Settlement::Unknown { reason: reason() },
            Luck::Failed => return Settlement::Failed { reason: reason() },
            Luck::Unserved => return Settlement::Unserved { reason: reason(), in_doubt: false },
            Luck::Fine
            | Luck::NotOk
            | Luck::Misshapen
            | Luck::LacksId
            | Luck::Refused
            | Luck::LostAfterEffect => {}
        }
        let known = match call.direction {
            Direction::Forward => self.deeds.get(&key).map(|deed| deed.answer.clone()),
            Direction::Undo => self.undos.get(&key).cloned(),
        };
        if luck == Luck::Refused && known.is_none() {
            return Settlement::Refused { reason: reason() };
        }
        let answer = known.unwrap_or_else(|| match call.direction {
            Direction::Forward => {
                let answer = match luck {
                    Luck::Misshapen => {
                        Value::record([("id", Value::text(key.clone())), ("ok", Value::text("?"))])
                    }
                    _ => Value::record([
                        ("id", Value::text(key.clone())),
                        ("ok", Value::Bool(luck != Luck::NotOk)),
                    ]),
                };
                if effect {
                    let (task, with) = (call.task.clone(), call.arguments.clone());
                    let deed = Deed { task, has_undo, with, answer: answer.clone(), held: true };
                    self.deeds.insert(key.clone(), deed);
                }
                answer
            }
            Direction::Undo => {
                let id =
                    call.arguments.field("id").and_then(Value::as_text).expect("an undo says what it undoes");
                let deed = self.deeds.get_mut(id).expect("only what was done is undone");
                assert!(deed.held, "{id} was undone twice");
                deed.held = false;
                let answer = Value::record::<String>([]);
                self.undos.insert(key.clone(), answer.clone());
                answer
            }
        });
        match luck {
            Luck::LostAfterEffect => Settlement::Unknown { reason: reason() },
            Luck::LacksId => Settlement::Succeeded(Value::record([("ok", Value::Bool(true))])),
            _ => Settlement::Succeeded(answer),
        }
    }

    /// Answers a question: `read_…` says whether the call of the task was made, `look_…` whether all is well.
    pub(crate) fn tell(&mut self, call: &CallEffect, luck: Luck) -> Settlement {
        let key = call.key.as_str();
        let asked = self.keys.insert(key.to_owned(), (call.label(), call.arguments.clone()));
        assert_eq!(asked, None, "{key} was asked before");
        let reason = format!("{luck:?}");
        let ok = match luck {
            Luck::Refused => return Settlement::Refused { reason },
            Luck::Failed => return Settlement::Failed { reason },
            Luck::Unserved => return Settlement::Unserved { reason, in_doubt: false },
            Luck::LostAfterEffect | Luck::LostBeforeEffect => return Settlement::Unknown { reason },
            Luck::Misshapen => return Settlement::Succeeded(Value::record([("ok", Value::text("?"))])),
            Luck::Fine | Luck::NotOk | Luck::LacksId => luck != Luck::NotOk,
        };
        let (id, ok) = if call.operation.as_str().starts_with("read_") {
            let generation = key.rsplit_once('/').unwrap().0;
            let made = format!("{generation}/forward");
            let deed = self.deeds.iter().find(|(key, deed)| deed.held && key.starts_with(&made));
            deed.map_or((String::new(), false), |(key, _)| (key.clone(), true))
        } else {
            ("seen".to_owned(), ok)
        };
        Settlement::Succeeded(Value::record([("id", Value::text(id)), ("ok", Value::Bool(ok))]))
    }

    /// The tasks whose effects are there now.
    pub(crate) fn held(&self) -> Vec<&Deed> {
        self.deeds.values().filter(|deed| deed.held).collect()
    }
}

/// Whether a call changes nothing, see [`Ledger::tell`].
pub(crate) fn is_question(call: &CallEffect) -> bool {
    ["read_", "look_"].iter().any(|asks| call.operation.as_str().starts_with(asks))
}
