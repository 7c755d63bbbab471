//! What each simulated operation answers and leaves behind: the table in `answers.toml`.

use std::collections::BTreeMap;

use model::{IdempotencyKey, OperationName, SystemName, TaskId, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::template::{Document, Lookup, Template};

/// The table that is built in.
const BUILT_IN: &str = include_str!("answers.toml");

/// Most addresses that one answer invents. Each effect has as many set aside.
const ADDRESSES: u64 = 64;

/// What every operation does.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    behaviours: BTreeMap<(SystemName, OperationName), Behaviour>,
}

/// What one operation does.
#[derive(Clone, Debug)]
pub(super) struct Behaviour {
    /// Its answer.
    pub(super) answer: Document,
    /// What it leaves behind.
    pub(super) leaves: Leaves,
}

/// What an operation leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    /// Not even a trace in the ledger: it is a query.
    NoTrace,
    /// Nothing of its own.
    Nothing,
    /// An effect, held until it is undone.
    Effect,
    /// One effect less.
    Undone {
        /// The operation that made the effect.
        operation: OperationName,
        /// The field that says which effect.
        by: String,
    },
}

/// A table of answers that can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidAnswers {
    #[error("not a table of answers")]
    Toml(#[from] toml::de::Error),
    #[error("`{operation}`: {message}")]
    Operation { operation: String, message: String },
}

/// The table as it is written.
type Table = BTreeMap<SystemName, BTreeMap<OperationName, Row>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    answer: Option<Value>,
    #[serde(default)]
    query: bool,
    #[serde(default = "yes")]
    holds: bool,
    undoes: Option<Undoes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Undoes {
    operation: OperationName,
    by: String,
}

const fn yes() -> bool {
    true
}

impl Answers {
    /// The built-in table, with the rows of `more` in place of its own.
    pub(super) fn load(more: Option<&str>) -> Result<Self, InvalidAnswers> {
        let mut answers = Self { behaviours: BTreeMap::new() };
        for text in [BUILT_IN].into_iter().chain(more) {
            for (system, rows) in toml::from_str::<Table>(text)? {
                for (operation, row) in rows {
                    let behaviour = row.behaviour().map_err(|message| InvalidAnswers::Operation {
                        operation: format!("{system}.{operation}"),
                        message,
                    })?;
                    answers.behaviours.insert((system.clone(), operation), behaviour);
                }
            }
        }
        Ok(answers)
    }

    /// What an operation does.
    pub(super) fn behaviour(&self, system: &SystemName, operation: &OperationName) -> Behaviour {
        let listed = self.behaviours.get(&(system.clone(), operation.clone()));
        listed.cloned().unwrap_or_else(|| Behaviour::invented(operation))
    }
}

impl Row {
    fn behaviour(self) -> Result<Behaviour, String> {
        let leaves = match (self.query, self.holds, self.undoes) {
            (true, true, None) => Leaves::NoTrace,
            (false, false, None) => Leaves::Nothing,
            (false, true, None) => Leaves::Effect,
            (false, true, Some(Undoes { operation, by })) => Leaves::Undone { operation, by },
            (true, _, _) | (false, false, Some(_)) => {
                return Err("expected at most one of `query`, `undoes` and `holds = false`".to_owned());
            }
        };
        let answer = self.answer.unwrap_or_else(|| Value::record::<String>([]));
        let answer = Document::parse(answer).map_err(|wrong| wrong.to_string())?;
        Ok(Behaviour { answer, leaves })
    }
}

impl Behaviour {
    /// What an operation does that nobody described.
    fn invented(operation: &OperationName) -> Self {
        let id = Template::parse(&format!("{operation}-{{new}}")).map(Document::Text);
        let answer = Document::Record(id.into_iter().map(|id| ("id".to_owned(), id)).collect());
        Self { answer, leaves: Leaves::Effect }
    }
}

/// Everything an answer may be made of.
#[derive(Clone, Debug)]
pub(super) struct Invented<'a> {
    /// The arguments of the call; they come before everything else.
    pub(super) arguments: &'a BTreeMap<String, Value>,
    /// The number of the effect.
    pub(super) number: u64,
    /// The key of the call.
    pub(super) key: &'a IdempotencyKey,
    /// The order it is made for.
    pub(super) order: Option<&'a str>,
    /// The task that makes it.
    pub(super) task: Option<&'a str>,
}

impl Lookup for Invented<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.arguments.get(name) {
            return Some(value.clone());
        }
        let optional = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        Some(match name {
            "n" => Value::text(self.number.to_string()),
            "hash" => Value::text(self.hash()),
            "new" => Value::text(format!("{}-{}", self.number, self.hash())),
            "ip" => Value::text(self.address(0)),
            "ips" => {
                let asked = self.arguments.get("count").and_then(Value::as_int).unwrap_or(1);
                let count = u64::try_from(asked).unwrap_or(1).clamp(1, ADDRESSES);
                Value::List((0..count).map(|n| Value::text(self.address(n))).collect())
            }
            "order" => optional(self.order),
            "task" => optional(self.task),
            "item" => {
                let task: Option<TaskId> = self.task.and_then(|task| task.parse().ok());
                optional(task.and_then(|task| task.item).as_ref().map(AsRef::as_ref))
            }
            _ => return None,
        })
    }
}

impl Invented<'_> {
    /// The same for the same key, so that an id survives a ledger that was lost: another order's is another.
    fn hash(&self) -> String {
        let (high, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, self.key.as_str().as_bytes()).as_u64_pair();
        format!("{:04x}", high >> 48)
    }

    /// The `n`-th address that is this effect's own, from 0.
    fn address(&self, n: u64) -> String {
        let [.., a, b, c] = (self.number.wrapping_mul(ADDRESSES).wrapping_add(n)).to_be_bytes();
        format!("10.{a}.{b}.{c}")
    }
}
