//! From a call to an HTTP request.

use std::collections::BTreeMap;

use model::{CallOutcome, CallRequest, Value};
use reqwest::{Client, Request, Url, header};
use secrecy::ExposeSecret;

use super::attempt::Name;
use super::headers::headers;
use crate::config::{Credentials, OperationConfig, SystemConfig};
use crate::template::{FillError, Template, plain_text};

/// Why a call can't be sent.
#[derive(Debug)]
pub(super) enum Unsendable {
    /// The configuration asks for an argument that the operation does not have: whoever runs the deployment can
    /// mend that, and then the call goes through.
    Misconfigured(String),
    /// The arguments don't fit into a request: sending them again would not help.
    Arguments(String),
}

impl Unsendable {
    /// What became of the call.
    pub(super) fn outcome(self, call: &CallRequest) -> CallOutcome {
        let name = Name(call);
        match self {
            Self::Misconfigured(why) => CallOutcome::Unserved {
                reason: format!(
                    "not sent: {why}, which `systems.toml` asks for in `[systems.{}.operations.{}]`: mend it, restart the \
                     workers, and retry the task",
                    call.system, call.operation
                ),
            },
            Self::Arguments(why) => CallOutcome::Refused { reason: format!("{name} was not sent: {why}") },
        }
    }
}

impl From<FillError> for Unsendable {
    fn from(error: FillError) -> Self {
        match error {
            FillError::Missing(_) => Self::Misconfigured(error.to_string()),
            FillError::NotPlain { .. } => Self::Arguments(error.to_string()),
        }
    }
}

type Arguments = BTreeMap<String, Value>;

/// Makes the request for one attempt.
pub(super) fn build(
    client: &Client,
    system: &SystemConfig,
    operation: &OperationConfig,
    call: &CallRequest,
) -> Result<Request, Unsendable> {
    let none = Arguments::new();
    let arguments = match &call.arguments {
        Value::Record(fields) => fields,
        Value::Null => &none,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_)) => {
            return Err(Unsendable::Arguments(format!(
                "its arguments are {}, expected a record",
                other.kind()
            )));
        }
    };
    let placed = operation.placed();
    let left = || arguments.iter().filter(|(name, _)| !placed.contains(name.as_str()));

    let mut url = address(&system.url, &operation.path, arguments)?;
    match &operation.query {
        Some(parameters) => {
            for (name, template) in parameters {
                append_query(&mut url, name, &template.fill(arguments)?)?;
            }
        }
        None if operation.has_body() => {}
        None => {
            for (name, value) in left() {
                append_query(&mut url, name, value)?;
            }
        }
    }

    let mut request = client
        .request(operation.method.clone(), url)
        .header(header::ACCEPT, "application/json")
        .headers(headers(call));
    request = match &system.credentials {
        None => request,
        Some(Credentials::Bearer(token)) => request.bearer_auth(token.expose_secret()),
        Some(Credentials::Basic { user, password }) => {
            request.basic_auth(user, Some(password.expose_secret()))
        }
    };
    if operation.has_body() {
        let body = match &operation.body {
            Some(document) => document.fill(arguments)?,
            None => Value::record(left().map(|(name, value)| (name.clone(), value.clone()))),
        };
        request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
    }
    request.build().map_err(|error| Unsendable::Misconfigured(error.without_url().to_string()))
}

/// The system's address with the operation's path.
fn address(base: &Url, path: &[Template], arguments: &Arguments) -> Result<Url, Unsendable> {
    let mut url = base.clone();
    let mut segments = Vec::new();
    for template in path {
        let mut segment = String::new();
        for part in template.parts() {
            match part {
                crate::template::Part::Text(text) => segment.push_str(text),
                crate::template::Part::Placeholder(name) => segment.push_str(&plain_text(name, arguments)?),
            }
        }
        // Any of these would make the address of something else out of what a customer wrote.
        if template.names().next().is_some() && matches!(segment.as_str(), "" | "." | "..") {
            return Err(Unsendable::Arguments(format!("`{segment}` can't stand for `{template}` in a path")));
        }
        segments.push(segment);
    }
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    Ok(url)
}

/// Adds a query parameter: nothing for null, one per element for a list.
fn append_query(url: &mut Url, name: &str, value: &Value) -> Result<(), Unsendable> {
    let text = match value {
        Value::Null => return Ok(()),
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::List(elements) => {
            for element in elements {
                if matches!(element, Value::List(_)) {
                    return Err(Unsendable::Arguments(format!("`{name}` holds a list within a list")));
                }
                append_query(url, name, element)?;
            }
            return Ok(());
        }
        Value::Record(_) => {
            return Err(Unsendable::Arguments(format!(
                "`{name}` is a record, which can't be a query parameter"
            )));
        }
    };
    url.query_pairs_mut().append_pair(name, &text);
    Ok(())
}
