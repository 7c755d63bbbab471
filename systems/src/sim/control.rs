//! `/sim`: faults and the ledger, for whoever tries the orders out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{OperationName, SystemName};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Simulator;
use super::effect::{Effect, EffectState};
use super::faults::Settings;
use super::ledger::{EFFECTS, Totals};
use super::operate::names;
use super::problem::Problem;

/// Most effects in one answer.
const SHOWN: usize = 10_000;

/// `PUT /sim/{system}/{operation}`: puts settings in place of those the operation has.
pub(super) async fn put(
    State(simulator): State<Simulator>,
    Path((system, operation)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Settings>, Problem> {
    let (system, operation) = names(&system, &operation)?;
    let settings = Settings::read(&body).map_err(|wrong| Problem::bad_request(wrong.to_string()))?;
    let mut faults = simulator.faults();
    faults
        .set(system, operation, settings.clone())
        .map_err(|wrong| Problem::bad_request(wrong.to_string()))?;
    Ok(Json(settings))
}

/// `GET /sim/{system}/{operation}`: the settings of an operation.
pub(super) async fn get(
    State(simulator): State<Simulator>,
    Path((system, operation)): Path<(String, String)>,
) -> Result<Json<Settings>, Problem> {
    let (system, operation) = names(&system, &operation)?;
    Ok(Json(simulator.faults().get(&system, &operation).cloned().unwrap_or_default()))
}

/// `DELETE /sim/{system}/{operation}`: makes an operation behave.
pub(super) async fn delete(
    State(simulator): State<Simulator>,
    Path((system, operation)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (system, operation) = names(&system, &operation)?;
    simulator.faults().clear(&system, &operation);
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /sim`: makes every operation behave. The ledger stays.
pub(super) async fn delete_all(State(simulator): State<Simulator>) -> StatusCode {
    simulator.faults().clear_all();
    StatusCode::NO_CONTENT
}

/// `GET /sim`: every setting.
pub(super) async fn get_all(State(simulator): State<Simulator>) -> Response {
    let faults = simulator.faults();
    let operations: Vec<_> = faults
        .all()
        .map(|(system, operation, settings)| {
            json!({"system": system, "operation": operation, "settings": settings})
        })
        .collect();
    Json(json!({"seed": faults.seed(), "operations": operations})).into_response()
}

/// What of the ledger is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    order: Option<String>,
    state: Option<EffectState>,
    system: Option<SystemName>,
    operation: Option<OperationName>,
}

impl Filter {
    const fn is_empty(&self) -> bool {
        self.order.is_none() && self.state.is_none() && self.system.is_none() && self.operation.is_none()
    }

    fn admits(&self, effect: &Effect) -> bool {
        self.state.is_none_or(|state| effect.state == state)
            && self.system.as_ref().is_none_or(|system| effect.system == *system)
            && self.operation.as_ref().is_none_or(|operation| effect.operation == *operation)
    }
}

/// The ledger, or a part of it.
#[derive(Debug, Serialize)]
struct View<'a> {
    /// Of everything that was asked for.
    totals: Totals,
    /// Most effects that the ledger remembers.
    limit: usize,
    /// How many it has forgotten since it began.
    forgotten: u64,
    /// What was asked for, oldest first; only with a filter, and at most [`SHOWN`].
    #[serde(skip_serializing_if = "Option::is_none")]
    effects: Option<Vec<&'a Effect>>,
    /// Whether there are more than are shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// `GET /sim/ledger`: totals; with a filter, the effects too.
pub(super) async fn ledger(
    State(simulator): State<Simulator>,
    filter: Result<Query<Filter>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(filter) = filter.map_err(|wrong| Problem::bad_request(wrong.body_text()))?;
    let ledger = simulator.ledger();
    let effects: Vec<&Effect> = match &filter.order {
        Some(order) => ledger.of_order(order).filter(|effect| filter.admits(effect)).collect(),
        None => ledger.all().filter(|effect| filter.admits(effect)).collect(),
    };
    let totals = effects.iter().copied().collect();
    let truncated = !filter.is_empty() && effects.len() > SHOWN;
    let effects = (!filter.is_empty()).then(|| effects.into_iter().take(SHOWN).collect());
    let view = View { totals, limit: EFFECTS, forgotten: ledger.forgotten(), effects, truncated };
    Ok(Json(view).into_response())
}
