//! What is asked of a running order, and the answers.
//!
//! Every request is read from whatever comes: a signal sent by hand may lack an id, carry text where a record belongs,
//! or no JSON at all. What can be read of it is used; the engine then judges the rest as it judges any request.

use engine::{Handled, Rejected};
use model::{Actor, DeliveryId, TaskId, Value};
use serde::{Deserialize, Serialize};
use temporalio_common::data_converters::RawValue;

use crate::payload::decode;

/// Asks for a cancel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CancelRequest {
    /// Names the request; the same one again gets the same answer.
    pub id: DeliveryId,
    /// Who asks.
    pub by: Actor,
    /// Why.
    pub reason: String,
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

/// A person acts on a task that is held. What they do is the name of the update.
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
}

impl CancelRequest {
    /// Reads a request. A signal named `cancel` means a cancel, whatever it carries; a bare text is its reason.
    #[must_use]
    pub fn read(raw: &RawValue, unnamed: DeliveryId) -> Self {
        let fields = Fields::read(raw);
        Self {
            id: fields.id(unnamed),
            by: Actor::new(fields.text("by").unwrap_or_default()),
            reason: fields.text("reason").or(fields.0.as_text()).unwrap_or_default().to_owned(),
        }
    }
}

impl DeliverRequest {
    /// Reads a request. What is not there is empty, which no task waits for.
    #[must_use]
    pub fn read(raw: &RawValue, unnamed: DeliveryId) -> Self {
        let fields = Fields::read(raw);
        Self {
            id: fields.id(unnamed),
            signal: fields.text("signal").unwrap_or_default().to_owned(),
            task: fields.text("task").map(str::to_owned),
            payload: fields.0.field("payload").cloned().unwrap_or_default(),
        }
    }
}

impl ActRequest {
    /// Reads a request. What is not there is empty, which is the id of no task.
    #[must_use]
    pub fn read(raw: &RawValue, unnamed: DeliveryId) -> Self {
        let fields = Fields::read(raw);
        Self {
            id: fields.id(unnamed),
            task: fields.text("task").unwrap_or_default().to_owned(),
            by: Actor::new(fields.text("by").unwrap_or_default()),
            note: fields.text("note").unwrap_or_default().to_owned(),
        }
    }

    /// The task, if its id is one.
    ///
    /// # Errors
    /// It is not; no order has such a task.
    pub fn task(&self) -> Result<TaskId, Rejected> {
        self.task.parse().map_err(|_| Rejected::NoSuchTask { task: self.task.chars().take(80).collect() })
    }
}

/// What came, as far as it is a value.
struct Fields(Value);

impl Fields {
    fn read(raw: &RawValue) -> Self {
        Self(decode(raw).unwrap_or_default())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.field(name)?.as_text()
    }

    fn id(&self, unnamed: DeliveryId) -> DeliveryId {
        self.text("id").and_then(|id| DeliveryId::new(id).ok()).unwrap_or(unnamed)
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
        assert_eq!(DeliverRequest::read(&encode(&deliver), unnamed()), deliver);
        let act = ActRequest {
            id: DeliveryId::new("a").unwrap(),
            task: "activate[1]".to_owned(),
            by: Actor::new("ann"),
            note: "olt is back".to_owned(),
        };
        assert_eq!(ActRequest::read(&encode(&act), unnamed()), act);
        assert_eq!(act.task().unwrap().to_string(), "activate[1]");
    }

    #[test]
    fn what_is_missing_or_wrong_is_filled_in() {
        let cancel = CancelRequest::read(&json(r#"{"id": "no spaces allowed", "by": 7}"#), unnamed());
        assert_eq!((cancel.id, cancel.by.as_str(), cancel.reason.as_str()), (unnamed(), "unknown", ""));
        assert_eq!(CancelRequest::read(&json(r#""customer moved""#), unnamed()).reason, "customer moved");
        let nothing = DeliverRequest::read(&RawValue::new(vec![]), unnamed());
        assert_eq!((nothing.signal.as_str(), nothing.payload), ("", Value::Null));
        assert!(ActRequest::read(&json("[1, 2]"), unnamed()).task().is_err());
    }

    #[test]
    fn answers_survive_the_wire() {
        let rejected = Rejected::PointOfNoReturn { task: "start_billing".parse().unwrap() };
        for answer in [Answer::Applied, Answer::Kept, Answer::Duplicate, Answer::Rejected { rejected }] {
            assert_eq!(crate::payload::decode::<Answer>(&encode(&answer)).unwrap(), answer);
        }
    }
}
