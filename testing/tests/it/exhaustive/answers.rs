//! What systems and people say when all is well, where that is not just any value of the declared type.

use model::{SignalName, TaskName, Timestamp, Type, Value};
use testing::MadeUp;

/// By operation, and where the tasks of a blueprint hear different things, by the task as well.
const SYSTEMS: [(&str, &str); 9] = [
    ("inventory.find at noted", r#"{"port": "PON-1"}"#),
    ("inventory.find", r#"{"port": "PON-2"}"#),
    ("network.locate", r#"{"port": "PON-2"}"#),
    ("network.read", r#"{"state": "active"}"#),
    ("network.usage", r#"{"first_at": "2030-01-20T20:00:00Z"}"#),
    ("mobile.read", r#"{"state": "active"}"#),
    ("olt.read", r#"{"state": "active"}"#),
    ("olt.activate", r#"{"light_dbm": -18.5}"#),
    ("courier.quote", r#"{"price": 6.95}"#),
];

/// The queries that read back, of what was not done.
const ABSENT: [(&str, &str); 4] = [
    ("network.read", r#"{"state": "absent"}"#),
    ("mobile.read", r#"{"state": "absent"}"#),
    ("olt.read", r#"{"state": "absent"}"#),
    ("payments.find", r#"{"payment_id": null}"#),
];

const PEOPLE: [(&str, &str); 2] = [
    ("technician_report", r#"{"outcome": "done", "ont": "ONT-1"}"#),
    ("payment_answered", r#"{"outcome": "authorised", "authorisation": "AUTH-1"}"#),
];

fn find(said: &[(&str, &str)], name: &str) -> Option<Value> {
    let (_, json) = said.iter().find(|(known, _)| *known == name)?;
    Some(Value::read_document(json.as_bytes()).unwrap())
}

/// What an operation or query says to a task besides what is made up.
pub(crate) fn answer_when_well(call: &str, task: &TaskName) -> Option<Value> {
    find(&SYSTEMS, &format!("{call} at {task}")).or_else(|| find(&SYSTEMS, call))
}

/// The same of a query about something that is not there.
pub(crate) fn answer_when_absent(call: &str) -> Option<Value> {
    find(&ABSENT, call)
}

/// What comes with a signal when all is well.
pub(crate) fn good_news(signal: &SignalName, fields: &Type) -> Value {
    find(&PEOPLE, signal.as_str()).unwrap_or_else(|| consent(fields))
}

/// Yes to everything that is asked.
pub(crate) fn consent(fields: &Type) -> Value {
    MadeUp::default().value(fields, "said", Timestamp::EPOCH)
}

/// No to everything that is asked.
pub(crate) fn refusal(fields: &Type) -> Value {
    let Value::Record(mut said) = consent(fields) else { return Value::Null };
    for value in said.values_mut().filter(|value| matches!(value, Value::Bool(_))) {
        *value = Value::Bool(false);
    }
    Value::Record(said)
}
