//! One attempt of a call: its turn, its time, its connection.

use std::error::Error as _;
use std::fmt;

use model::{CallOutcome, CallRequest, OrderId};
use reqwest::Response;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, Body};
use super::{answer, held, http, request};
use crate::config::{OperationConfig, SystemConfig};

/// Most of an answer that is read when it is not a success, in bytes: it is only read for its reason.
const ERROR_ANSWER_BYTES: usize = 64_000;

/// Calls one system.
#[derive(Debug)]
pub(super) struct Client {
    config: SystemConfig,
    http: reqwest::Client,
    /// Invariant: as many permits are out as calls are in flight.
    turns: Semaphore,
}

impl Client {
    /// Prepares to call a system; opens no connection.
    pub(super) fn new(config: SystemConfig) -> Result<Self, reqwest::Error> {
        let http = http::client(config.url.scheme(), config.connect_timeout, &config.proxy)?;
        let turns = Semaphore::new(config.max_concurrent_calls);
        Ok(Self { config, http, turns })
    }

    /// Makes one attempt. Waiting for a turn counts towards its time.
    pub(super) async fn attempt(&self, call: &CallRequest) -> CallOutcome {
        let time = call.timeout.to_std().min(self.config.attempt_timeout);
        let deadline = Instant::now() + time;
        // The semaphore is never closed, so only time can keep a turn from us.
        let Ok(Ok(_turn)) = timeout_at(deadline, self.turns.acquire()).await else {
            let reason = format!(
                "not sent: all {} calls to `{}` that may run at once were busy for {}",
                self.config.max_concurrent_calls,
                self.config.name,
                shown(time)
            );
            return CallOutcome::Failed { reason, retry_after: None };
        };
        let convention;
        let operation = match self.config.operations.get(&call.operation) {
            Some(operation) => operation,
            None => {
                convention = OperationConfig::conventional(&call.operation, false);
                &convention
            }
        };
        let request = match request::build(&self.http, &self.config, operation, call) {
            Ok(request) => request,
            Err(unsendable) => return unsendable.outcome(call),
        };
        match timeout_at(deadline, self.http.execute(request)).await {
            Err(_) => {
                let reason = format!("{} did not answer within {}", Name(call), shown(time));
                CallOutcome::Unknown { reason }
            }
            Ok(Err(error)) => no_answer(call, error),
            Ok(Ok(response)) => {
                let answer = self.read(response, deadline, time).await;
                answer::outcome(call, operation, answer, std::time::SystemTime::now())
            }
        }
    }

    /// Whether the system can list what it holds for an order.
    pub(super) const fn can_list(&self) -> bool {
        self.config.lists.is_some()
    }

    /// What the system still holds for an order; nothing if it can't list that.
    pub(super) async fn held(&self, order: OrderId) -> Result<Vec<serde_json::Value>, String> {
        let Some(request) = held::question(&self.http, &self.config, order) else { return Ok(Vec::new()) };
        let time = self.config.attempt_timeout;
        let deadline = Instant::now() + time;
        let response = match timeout_at(deadline, self.http.execute(request?)).await {
            Ok(response) => response.map_err(chain)?,
            Err(_) => return Err(format!("it did not answer within {}", shown(time))),
        };
        let Answer { status, headers: _, body } = self.read(response, deadline, time).await;
        match body {
            Body::Whole(bytes) if status.is_success() => held::read(&bytes),
            Body::Whole(_) => Err(format!("it answered {status}")),
            Body::TooLarge { limit } => Err(format!("its answer has more than {limit} bytes")),
            Body::Broken(why) => Err(format!("its answer could not be read: {why}")),
        }
    }

    /// Reads an answer to its end, its limit or the deadline, whichever comes first.
    async fn read(&self, mut response: Response, deadline: Instant, time: std::time::Duration) -> Answer {
        let status = response.status();
        let headers = response.headers().clone();
        let limit = if status.is_success() { self.config.max_answer_bytes } else { ERROR_ANSWER_BYTES };
        let announced = response.content_length().unwrap_or(0);
        let mut bytes = Vec::new();
        let body = if usize::try_from(announced).map_or(true, |announced| announced > limit) {
            Body::TooLarge { limit }
        } else {
            loop {
                match timeout_at(deadline, response.chunk()).await {
                    Ok(Ok(Some(chunk))) if bytes.len() + chunk.len() > limit => {
                        break Body::TooLarge { limit };
                    }
                    Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
                    Ok(Ok(None)) => break Body::Whole(bytes),
                    Ok(Err(error)) => break Body::Broken(chain(error)),
                    Err(_) => break Body::Broken(format!("it did not end within {}", shown(time))),
                }
            }
        };
        Answer { status, headers, body }
    }
}

/// The outcome when there is no answer at all. Only what surely was not sent has failed.
fn no_answer(call: &CallRequest, error: reqwest::Error) -> CallOutcome {
    let name = Name(call);
    if error.is_connect() {
        let reason = format!("could not connect for {name}: {}", chain(error));
        CallOutcome::Failed { reason: answer::cut(&reason), retry_after: None }
    } else if error.is_builder() {
        let reason = format!("could not make the request for {name}: {}", chain(error));
        CallOutcome::Failed { reason: answer::cut(&reason), retry_after: None }
    } else {
        let reason = format!("the connection was lost before {name} answered: {}", chain(error));
        CallOutcome::Unknown { reason: answer::cut(&reason) }
    }
}

/// An error with its causes. Addresses are left out: query parameters hold customers' data.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}

fn shown(time: std::time::Duration) -> model::Duration {
    model::Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// A call as messages name it.
pub(super) struct Name<'a>(pub(super) &'a CallRequest);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.system, self.0.operation)
    }
}
