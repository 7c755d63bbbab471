//! What is asked of a running order, and the answers.
//!
//! Every request is read from whatever comes: a signal sent by hand may lack an id or say more than is asked. What is of
//! another kind than it should be, or no JSON at all, is [`Malformed`]: nobody can know what was meant by it.

use std::collections::BTreeMap;
use std::error::Error as _;

use engine::{Act, Handled, OperatorAction, Rejected, Scope};
use model::{Actor, DeliveryId, OrderId, TaskId, Value};
use serde::{Deserialize, Serialize};
use temporalio_common::data_converters::RawValue;

use crate::payload::{PayloadError, decode};

/// Asks for a cancel of an order, or of one of its items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CancelRequest {
    /// Names the request; the same one again gets the same answer.
    pub id: DeliveryId,
    /// Who asks.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// The item to be cancelled, as it came; without it, the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

/// Hands over an external event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliverRequest {
    /// Names the delivery; the same one again changes nothing.
    pub id: DeliveryId,
    /// The signal's name.
    pub signal: String,
    /// The task it is for; without it, the one task that waits for such a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// What it carries.
    pub payload: Value,
}

/// A person acts on a task. What they do is the name of the update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActRequest {
    /// Names the request; the same one again changes nothing.
    pub id: DeliveryId,
    /// The task.
    pub task: String,
    /// Who acts.
    pub by: Actor,
    /// What they want remembered about it.
    pub note: String,
    /// What they do, with what it takes.
    #[serde(flatten)]
    pub act: Act,
}

/// A person wants something of an order as a whole. What it is, is the name of the update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoteRequest {
    /// Names the request; the same one again changes nothing.
    pub id: DeliveryId,
    /// Who asks.
    pub by: Actor,
    /// What they want remembered about it.
    pub note: String,
}

/// An order that another one comes after has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEnded {
    /// Which.
    pub order: OrderId,
}

/// A request that can't be understood. Nothing of it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Names the request, as any other.
    pub id: DeliveryId,
    /// What was expected and what was found.
    pub reason: String,
}

impl Malformed {
    /// What can't even be decoded.
    pub(crate) fn unreadable(id: DeliveryId, wrong: &PayloadError) -> Self {
        let cause = wrong.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        Self { id, reason: format!("{wrong}{cause}") }
    }
}

impl From<Malformed> for Rejected {
    fn from(malformed: Malformed) -> Self {
        Self::Signal { reason: malformed.reason }
    }
}

impl CancelRequest {
    /// Reads a request. One that carries nothing is a cancel too; a bare text is its reason.
    ///
    /// # Errors
    /// It is neither, nor a record, or one of its fields is not a text.
    pub fn read(raw: &RawValue, unnamed: DeliveryId) -> Result<Self, Malformed> {
        let fields = Fields::read(raw, unnamed, Some("reason"))?;
        let by = Actor::new(fields.text("by")?.unwrap_or_default());
        let reason = fields.text("reason")?.unwrap_or_default().to_owned();
        let item = fields.text("item")?.map(str::to_owned);
        Ok(Self { id: fields.id, by, reason, item })
    }
}

impl DeliverRequest {
    /// Reads a request. What is not there is empty, which no task waits for.
    ///
    /// # Errors
    /// It is not a record, or one of its fields is not a text; the payload may be anything.
    pub fn read(raw: &RawValue, unnamed: DeliveryId) -> Result<Self, Malformed> {
        let fields = Fields::read(raw, unnamed, None)?;
        let signal = fields.text("signal")?.unwrap_or_default().to_owned();
        let task = fields.text("task")?.map(str::to_owned);
        let payload = fields.value.field("payload").cloned().unwrap_or_default();
        Ok(Self { id: fields.id, signal, task, payload })
    }
}

impl ActRequest {
    /// Reads a request to do something. What is not there is empty, which is the id of no task; the arguments of a retry are
    /// then those of the blueprint, and the scope of a rollback is the usual one.
    ///
    /// # Errors
    /// It is not a record, one of its fields is not a text, the arguments are no record, or the scope is none that there is.
    /// The result of a completion may be anything.
    pub fn read(raw: &RawValue, unnamed: DeliveryId, action: OperatorAction) -> Result<Self, Malformed> {
        let fields = Fields::read(raw, unnamed, None)?;
        let task = fields.text("task")?.unwrap_or_default().to_owned();
        let by = Actor::new(fields.text("by")?.unwrap_or_default());
        let note = fields.text("note")?.unwrap_or_default().to_owned();
        let act = match action {
            OperatorAction::Retry => Act::Retry { arguments: fields.record("arguments")? },
            OperatorAction::Complete => {
                Act::Complete { result: fields.value.field("result").cloned().unwrap_or_default() }
            }
            OperatorAction::Rollback => Act::Rollback { scope: fields.scope()? },
            OperatorAction::Skip => Act::Skip,
            OperatorAction::Undone => Act::Undone,
            OperatorAction::Accept => Act::Accept,
        };
        Ok(Self { id: fields.id, task, by, note, act })
    }

    /// The task, if its id is one.
    ///
    /// # Errors
    /// It is not; no order has such a task.
    pub fn task(&self) -> Result<TaskId, Rejected> {
        self.task.parse().map_err(|_| Rejected::NoSuchTask { task: self.task.chars().take(80).collect() })
    }
}

impl NoteRequest {
    /// Reads a request. What is not there is empty.
    ///
    /// # Errors
    /// It is not a record, or one of its fields is not a text.
    pub fn read(raw: &RawValue, unnamed: DeliveryId) -> Result<Self, Malformed> {
        let fields = Fields::read(raw, unnamed, None)?;
        let by = Actor::new(fields.text("by")?.unwrap_or_default());
        let note = fields.text("note")?.unwrap_or_default().to_owned();
        Ok(Self { id: fields.id, by, note })
    }
}

/// The record that came.
pub(crate) struct Fields {
    pub(crate) id: DeliveryId,
    pub(crate) value: Value,
}

impl Fields {
    /// Nothing at all is a record without fields; a bare text is one with the field `bare`, if there is such a field.
    pub(crate) fn read(raw: &RawValue, unnamed: DeliveryId, bare: Option<&str>) -> Result<Self, Malformed> {
        let malformed = |reason| Malformed { id: unnamed.clone(), reason };
        let value = match (decode::<Value>(raw), bare) {
            (Ok(text @ Value::Text(_)), Some(name)) => Value::record([(name, text)]),
            (Ok(value @ (Value::Record(_) | Value::Null)), _) => value,
            (Err(PayloadError::Count { found: 0 }), _) => Value::Null,
            (Ok(other), _) => return Err(malformed(format!("expected a record, found {}", other.kind()))),
            (Err(wrong), _) => return Err(Malformed::unreadable(unnamed, &wrong)),
        };
        let mut fields = Self { id: unnamed, value };
        // An id that can't be one does not name the request.
        if let Some(id) = fields.text("id")?.and_then(|id| DeliveryId::new(id).ok()) {
            fields.id = id;
        }
        Ok(fields)
    }

    /// A field that is a record; an empty one if it is not there or null.
    fn record(&self, name: &str) -> Result<BTreeMap<String, Value>, Malformed> {
        match self.value.field(name) {
            None | Some(Value::Null) => Ok(BTreeMap::new()),
            Some(Value::Record(fields)) => Ok(fields.clone()),
            Some(other) => {
                let reason = format!("`{name}`: expected a record, found {}", other.kind());
                Err(Malformed { id: self.id.clone(), reason })
            }
        }
    }

    /// How much is to be rolled back; none if it is not said.
    fn scope(&self) -> Result<Option<Scope>, Malformed> {
        match self.text("scope")? {
            None => Ok(None),
            Some("item") => Ok(Some(Scope::Item)),
            Some("order") => Ok(Some(Scope::Order)),
            Some(other) => {
                let other: String = other.chars().take(80).collect();
                let reason = format!("`scope`: expected `item` or `order`, found `{other}`");
                Err(Malformed { id: self.id.clone(), reason })
            }
        }
    }

    /// A field that is a text; none if it is not there or null.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Malformed> {
        match self.value.field(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => {
                let reason = format!("`{name}`: expected a text, found {}", other.kind());
                Err(Malformed { id: self.id.clone(), reason })
            }
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It was new and has been applied.
    Applied,
    /// The signal is kept for a task that will wait for it.
    Kept,
    /// It had come before; nothing has changed.
    Duplicate,
    /// It can't be met.
    Rejected {
        /// Why not.
        rejected: Rejected,
    },
}

impl From<Result<Handled, Rejected>> for Answer {
    fn from(answer: Result<Handled, Rejected>) -> Self {
        match answer {
            Ok(Handled::Applied) => Self::Applied,
            Ok(Handled::Kept) => Self::Kept,
            Ok(Handled::Duplicate) => Self::Duplicate,
            Err(rejected) => Self::Rejected { rejected },
        }
    }
}

impl From<Answer> for Result<Handled, Rejected> {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Applied => Ok(Handled::Applied),
            Answer::Kept => Ok(Handled::Kept),
            Answer::Duplicate => Ok(Handled::Duplicate),
            Answer::Rejected { rejected } => Err(rejected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::encode;

    fn unnamed() -> DeliveryId {
        DeliveryId::new("unnamed-1").unwrap()
    }

    fn json(text: &str) -> RawValue {
        encode(&serde_json::from_str::<serde_json::Value>(text).unwrap())
    }

    #[test]
    fn a_whole_request_is_read_as_it_was_written() {
        let deliver = DeliverRequest {
            id: DeliveryId::new("evt-7").unwrap(),
            signal: "technician_report".to_owned(),
            task: Some("field_work[1]".to_owned()),
            payload: Value::record([("outcome", Value::text("done"))]),
        };
        assert_eq!(DeliverRequest::read(&encode(&deliver), unnamed()).unwrap(), deliver);
        let act = ActRequest {
            id: DeliveryId::new("a").unwrap(),
            task: "activate[1]".to_owned(),
            by: Actor::new("ann"),
            note: "olt is back".to_owned(),
            act: Act::Skip,
        };
        assert_eq!(act.task().unwrap().to_string(), "activate[1]");
        let speed = || BTreeMap::from([("speed".to_owned(), Value::from(500))]);
        for what in [
            Act::Retry { arguments: BTreeMap::new() },
            Act::Retry { arguments: speed() },
            Act::Complete { result: Value::record([("approved", Value::Bool(true))]) },
            Act::Rollback { scope: None },
            Act::Rollback { scope: Some(Scope::Item) },
            Act::Skip,
            Act::Undone,
            Act::Accept,
        ] {
            let action = what.action();
            let act = ActRequest { act: what, ..act.clone() };
            assert_eq!(ActRequest::read(&encode(&act), unnamed(), action).unwrap(), act);
        }
    }

    #[test]
    fn what_is_missing_is_filled_in() {
        let no_id = r#"{"id": "no spaces allowed", "by": null, "and": [1]}"#;
        for nothing in [RawValue::new(vec![]), json("null"), json("{}"), json(no_id)] {
            let cancel = CancelRequest::read(&nothing, unnamed()).unwrap();
            assert_eq!((cancel.id, cancel.by.as_str(), cancel.reason.as_str()), (unnamed(), "unknown", ""));
        }
        let moved = CancelRequest::read(&json(r#""customer moved""#), unnamed()).unwrap();
        assert_eq!(moved.item, None);
        let one = CancelRequest::read(&json(r#"{"reason": "one will do", "item": "2"}"#), unnamed()).unwrap();
        assert_eq!(one.item.as_deref(), Some("2"));
        assert_eq!(moved.reason, "customer moved");
        let nothing = DeliverRequest::read(&RawValue::new(vec![]), unnamed()).unwrap();
        assert_eq!((nothing.signal.as_str(), nothing.payload), ("", Value::Null));
        assert!(ActRequest::read(&json("{}"), unnamed(), OperatorAction::Retry).unwrap().task().is_err());
    }

    #[test]
    fn what_is_of_another_kind_is_no_request() {
        let reason = |json: RawValue| CancelRequest::read(&json, unnamed()).unwrap_err().reason;
        for (sent, expected) in [
            ("[1, 2]", "expected a record, found a list"),
            ("7", "expected a record, found a number"),
            (r#"{"by": 7}"#, "`by`: expected a text, found a number"),
            (r#"{"reason": ["moved"]}"#, "`reason`: expected a text, found a list"),
            (r#"{"id": {}}"#, "`id`: expected a text, found a record"),
        ] {
            assert_eq!(reason(json(sent)), expected, "{sent}");
        }
        let two = RawValue::new([encode(&1).payloads, encode(&2).payloads].concat());
        assert_eq!(reason(two), "expected one argument, found 2");
        let named = json(r#"{"id": "c-1", "reason": 7}"#);
        assert_eq!(CancelRequest::read(&named, unnamed()).unwrap_err().id.as_str(), "c-1");
        let everywhere = json(r#"{"signal": "report", "task": 7}"#);
        assert!(
            DeliverRequest::read(&everywhere, unnamed()).is_err(),
            "it names a task, and nobody knows which"
        );
        assert!(DeliverRequest::read(&json(r#""report""#), unnamed()).is_err());
        let act = |text: &str, action| ActRequest::read(&json(text), unnamed(), action).unwrap_err().reason;
        assert_eq!(act(r#"{"by": 7}"#, OperatorAction::Skip), "`by`: expected a text, found a number");
        let listed = act(r#"{"arguments": [1]}"#, OperatorAction::Retry);
        assert_eq!(listed, "`arguments`: expected a record, found a list");
        let all = act(r#"{"scope": "all"}"#, OperatorAction::Rollback);
        assert_eq!(all, "`scope`: expected `item` or `order`, found `all`");
    }

    #[test]
    fn answers_survive_the_wire() {
        let rejected = Rejected::PointOfNoReturn { task: "start_billing".parse().unwrap() };
        for answer in [Answer::Applied, Answer::Kept, Answer::Duplicate, Answer::Rejected { rejected }] {
            assert_eq!(crate::payload::decode::<Answer>(&encode(&answer)).unwrap(), answer);
        }
    }
}
