//! What goes to and fro: requests, answers and notifications.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The id of a request: a number or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(Value);

/// What an editor sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Something that wants an answer.
    Request {
        /// What the answer is told by.
        id: Id,
        /// What is asked.
        method: String,
        /// What it is about.
        params: Value,
    },
    /// Something to know.
    Notification {
        /// What has happened.
        method: String,
        /// What it is about.
        params: Value,
    },
    /// The answer to a request of ours. None of ours has an answer that matters.
    Response,
}

/// What the server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing(Value);

/// Why a request can't be answered, as the protocol numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    NotJson,
    InvalidRequest,
    MethodNotFound,
    InvalidParams,
    NotInitialized,
    /// What was asked for makes sense and can't be done.
    Refused,
}

impl Fault {
    const fn code(self) -> i32 {
        match self {
            Self::NotJson => -32_700,
            Self::InvalidRequest => -32_600,
            Self::MethodNotFound => -32_601,
            Self::InvalidParams => -32_602,
            Self::NotInitialized => -32_002,
            Self::Refused => -32_803,
        }
    }
}

impl Incoming {
    /// Reads a message; none if it is none.
    #[must_use]
    pub fn read(message: Value) -> Option<Self> {
        let Value::Object(mut message) = message else { return None };
        let params = message.remove("params").unwrap_or_default();
        let id = match message.remove("id") {
            Some(id @ (Value::Number(_) | Value::String(_))) => Some(Id(id)),
            None | Some(Value::Null) => None,
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => return None,
        };
        match (message.remove("method"), id) {
            (Some(Value::String(method)), Some(id)) => Some(Self::Request { id, method, params }),
            (Some(Value::String(method)), None) => Some(Self::Notification { method, params }),
            (None, Some(_)) => Some(Self::Response),
            (Some(_), _) | (None, None) => None,
        }
    }
}

impl Outgoing {
    /// As it is written.
    #[must_use]
    pub const fn as_json(&self) -> &Value {
        &self.0
    }

    pub(crate) fn answer(id: Id, result: Value) -> Self {
        let mut message = Map::new();
        message.insert("jsonrpc".to_owned(), Value::from("2.0"));
        message.insert("id".to_owned(), id.0);
        message.insert("result".to_owned(), result);
        Self(Value::Object(message))
    }

    pub(crate) fn refusal(id: Option<Id>, fault: Fault, message: &str) -> Self {
        let id = id.map_or(Value::Null, |id| id.0);
        let error = json!({ "code": fault.code(), "message": message });
        Self(json!({ "jsonrpc": "2.0", "id": id, "error": error }))
    }

    pub(crate) fn request(id: &str, method: &str, params: &impl Serialize) -> Self {
        let mut message = object(method, params);
        message.insert("id".to_owned(), Value::from(id));
        Self(Value::Object(message))
    }

    pub(crate) fn notification(method: &str, params: &impl Serialize) -> Self {
        Self(Value::Object(object(method, params)))
    }
}

fn object(method: &str, params: &impl Serialize) -> Map<String, Value> {
    let mut message = Map::new();
    message.insert("jsonrpc".to_owned(), Value::from("2.0"));
    message.insert("method".to_owned(), Value::from(method));
    message.insert("params".to_owned(), to_json(params));
    message
}

/// What the protocol's types are in JSON. They have no form that JSON lacks.
pub(crate) fn to_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
