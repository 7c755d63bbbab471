//! `ANY /{system}/{operation}`: a call to a simulated system.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use model::{IdempotencyKey, OperationName, SystemName, Value};
use uuid::Uuid;

use super::Simulator;
use super::answers::{Invented, Leaves};
use super::effect::Call;
use super::faults::Verdict;
use super::ledger::Rejected;
use super::problem::Problem;
use crate::client::{CORRELATION_ID, IDEMPOTENCY_KEY, ORDER_TASK};

/// How long a call gets no answer, at most. Longer than any time-out that `systems.toml` allows by default.
const SILENCE: Duration = Duration::from_secs(600);

/// Answers one call.
pub(super) async fn operate(
    State(simulator): State<Simulator>,
    Path((system, operation)): Path<(String, String)>,
    Query(parameters): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let call = call(&system, &operation, parameters, &headers, &body)?;
    let behaviour = simulator.answers.behaviour(&call.system, &call.operation);
    let decision = simulator.faults().decide(&call.system, &call.operation);
    tokio::time::sleep(Duration::from_millis(decision.delay_ms)).await;
    if decision.verdict == Verdict::Fail {
        let detail = "the simulator is set to fail this call; nothing has happened";
        return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail));
    }

    let answer = {
        let mut ledger = simulator.ledger();
        let known = if behaviour.leaves == Leaves::NoTrace { None } else { ledger.repeat(&call)? };
        match (known, &decision.verdict) {
            (Some(answer), _) => answer,
            (None, Verdict::Refuse(reason)) => return Err(Problem::new(StatusCode::CONFLICT, reason)),
            (None, _) if behaviour.leaves == Leaves::NoTrace => {
                let invented = Invented {
                    arguments: &call.arguments,
                    number: ledger.last_number(),
                    key: &call.key,
                    order: call.order.as_deref(),
                    task: call.task.as_deref(),
                };
                let answer = decision.answer.as_ref().unwrap_or(&behaviour.answer);
                answer.fill(&invented).map_err(Rejected::from)?
            }
            (None, _) => {
                let effect = ledger.perform(call, &behaviour, decision.answer.as_ref())?;
                if let Some(callback) = &decision.callback {
                    simulator.callbacks.schedule(callback, &effect);
                }
                effect.result
            }
        }
    };

    if decision.verdict == Verdict::Silence {
        let mut stop = simulator.stop.clone();
        let _ = tokio::time::timeout(SILENCE, stop.wait_for(|stop| *stop)).await;
        // Somebody who waited this long learns no more than a time-out would have told.
        return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "the simulator is set to give no answer"));
    }
    Ok(Json(answer))
}

fn call(
    system: &str,
    operation: &str,
    parameters: Vec<(String, String)>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Call, Problem> {
    let (system, operation) = names(system, operation)?;
    let mut arguments: BTreeMap<String, Value> = if body.trim_ascii().is_empty() {
        BTreeMap::new()
    } else {
        serde_json::from_slice(body).map_err(|wrong| {
            Problem::bad_request(format!("the body is not a JSON object that can be read: {wrong}"))
        })?
    };
    arguments.extend(parameters.into_iter().map(|(name, text)| (name, Value::Text(text))));
    let header = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let key = match header(&IDEMPOTENCY_KEY) {
        Some(key) => IdempotencyKey::new(key).map_err(|wrong| Problem::bad_request(wrong.to_string()))?,
        // A person trying something out: every call is a new one.
        None => IdempotencyKey::new(&format!("no-key-{}", Uuid::now_v7()))
            .map_err(|wrong| Problem::bad_request(wrong.to_string()))?,
    };
    Ok(Call {
        order: header(&CORRELATION_ID).map(str::to_owned),
        task: header(&ORDER_TASK).map(str::to_owned),
        system,
        operation,
        key,
        arguments,
    })
}

/// The system and the operation that an address names.
pub(super) fn names(system: &str, operation: &str) -> Result<(SystemName, OperationName), Problem> {
    match (SystemName::new(system), OperationName::new(operation)) {
        // The simulator's own addresses are no system.
        (Ok(_), Ok(_)) if system == "sim" => {
            Err(Problem::not_found(format!("there is no `/sim/{operation}`")))
        }
        (Ok(system), Ok(operation)) => Ok((system, operation)),
        (Err(wrong), _) | (_, Err(wrong)) => Err(Problem::not_found(wrong.to_string())),
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        let status = match &rejected {
            Rejected::KeyReused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Rejected::ReleasedAlready { .. } => StatusCode::CONFLICT,
            Rejected::Answer(_) => StatusCode::BAD_REQUEST,
            Rejected::Journal(error) => {
                tracing::error!("{rejected}: {error}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, rejected.to_string())
    }
}
