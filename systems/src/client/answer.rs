//! From an HTTP answer to what became of the call.
//!
//! The rule behind the table in `docs/systems.md`: what says that nothing was done is *refused* (it never will be)
//! or *failed* (it may be later); what leaves it open is *unknown*; what says that it was done has *succeeded*,
//! even if we can't read the rest.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode, header};
use model::{CallOutcome, CallRequest, Value, limits};

use super::attempt::Name;
use super::retry_after::retry_after;
use crate::config::{OperationConfig, ResultMapping};

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// It goes on beyond the limit, and is not kept.
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// It broke off, and why.
    Broken(String),
}

/// What became of the call that was answered so.
pub(super) fn outcome(
    call: &CallRequest,
    operation: &OperationConfig,
    answer: Answer,
    now: SystemTime,
) -> CallOutcome {
    let Answer { status, headers, body } = answer;
    if status.is_success() {
        return success(call, operation, status, body);
    }
    let reason = reason(call, status, &headers, &body);
    match status.as_u16() {
        429 | 503 => CallOutcome::Failed { reason, retry_after: retry_after(&headers, now) },
        // See other: done, and the result is elsewhere. A gateway that got no answer does not know.
        303 | 502 | 504 => CallOutcome::Unknown { reason },
        // Our credentials are not the customer's fault; 408 and 425 ask for another attempt.
        401 | 403 | 407 | 408 | 425 => CallOutcome::Failed { reason, retry_after: None },
        400..=499 => CallOutcome::Refused { reason },
        // Redirects are not followed: the address in the configuration is wrong.
        _ => CallOutcome::Failed { reason, retry_after: None },
    }
}

/// The system says it is done. From here on nothing may be reported that makes it forgotten: what can't be read
/// becomes a text in place of the result, and where a result is declared, the check of its type stops there.
fn success(call: &CallRequest, operation: &OperationConfig, status: StatusCode, body: Body) -> CallOutcome {
    let bytes = match body {
        Body::Whole(bytes) => bytes,
        Body::TooLarge { limit } => return CallOutcome::Succeeded(not_kept(limit)),
        // Another attempt under the same key gets the rest.
        Body::Broken(why) => {
            let reason = format!("the answer of {} ({status}) broke off: {why}", Name(call));
            return CallOutcome::Unknown { reason: cut(&reason) };
        }
    };
    let value = match read(&bytes) {
        Some(Value::Null) => no_fields(),
        Some(value) => map(value, operation.result.as_ref()),
        None => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
    };
    if value.to_string().len() > limits::RESULT_BYTES {
        return CallOutcome::Succeeded(not_kept(limits::RESULT_BYTES));
    }
    CallOutcome::Succeeded(value)
}

/// A body as a value; nothing at all is null. None if it is not JSON, or not JSON that a value can hold.
fn read(bytes: &[u8]) -> Option<Value> {
    if bytes.trim_ascii().is_empty() {
        return Some(Value::Null);
    }
    serde_json::from_slice::<Value>(bytes).ok().filter(|value| value.depth() <= limits::VALUE_DEPTH)
}

fn map(value: Value, mapping: Option<&ResultMapping>) -> Value {
    match mapping {
        None => value,
        Some(ResultMapping::Whole(pointer)) => pointer.find(&value).cloned().unwrap_or_default(),
        // A field that isn't there is left out: whether it may be missing is for the declared type to say.
        Some(ResultMapping::Fields(fields)) => Value::Record(
            fields
                .iter()
                .filter_map(|(name, pointer)| Some((name.clone(), pointer.find(&value)?.clone())))
                .collect(),
        ),
    }
}

fn not_kept(limit: usize) -> Value {
    Value::text(format!("the answer has more than {limit} bytes and was not kept"))
}

fn no_fields() -> Value {
    Value::record::<String>([])
}

/// `crm.check answered 409 Conflict: the customer is barred`.
fn reason(call: &CallRequest, status: StatusCode, headers: &HeaderMap, body: &Body) -> String {
    let mut text = format!("{} answered {status}", Name(call));
    let said = match body {
        Body::Whole(bytes) => said(headers, bytes),
        Body::TooLarge { .. } | Body::Broken(_) => None,
    };
    if let Some(said) = said {
        text.push_str(": ");
        text.push_str(&said);
    }
    match (status.as_u16(), headers.get(header::LOCATION).and_then(|to| to.to_str().ok())) {
        (300..=399, Some(to)) => text.push_str(&format!(" to `{to}`, and redirects are not followed")),
        (401 | 403, _) => text.push_str(" (check the credentials in systems.toml)"),
        _ => {}
    }
    cut(&text)
}

/// What a body gives as the reason: the first of these fields of a JSON document that holds a text, or the whole of
/// a plain text.
fn said(headers: &HeaderMap, bytes: &[u8]) -> Option<String> {
    if let Some(document @ Value::Record(_)) = read(bytes) {
        let fields = ["detail", "title", "message", "reason", "error"];
        let texts = fields.iter().filter_map(|name| document.field(name)?.as_text().map(str::trim));
        return texts.map(str::to_owned).find(|text| !text.is_empty());
    }
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !content_type.starts_with("text/plain") {
        return None;
    }
    let text = String::from_utf8_lossy(bytes).trim().to_owned();
    if text.is_empty() { None } else { Some(text) }
}

/// A reason as it is kept: one line, of bounded length.
pub(super) fn cut(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if line.len() + c.len_utf8() > limits::REASON_BYTES {
            break;
        }
        line.push(c);
    }
    line
}
