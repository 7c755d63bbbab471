//! What becomes of a request that steers an order: the order's own verdict, or a promise to tell it later.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use contract::ClientError;
use engine::{Handled, Rejected};
use http::StatusCode;
use model::{DeliveryId, Duration, OrderId, OrderState, TaskId};
use serde::Serialize;
use store::Steering;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{App, now};
use crate::error::{ApiError, chain};
use crate::orders::events::require_order;

/// What became of a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verdict)]
pub(crate) struct VerdictView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// The id under which it was delivered. The same request under the same id changes nothing more.
    #[schema(value_type = String)]
    id: DeliveryId,
    /// What became of it.
    result: Verdict,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VerdictResult)]
pub(crate) enum Verdict {
    /// It was new and has been applied.
    Applied,
    /// The signal came early and is kept for a task that will wait for it.
    Kept,
    /// It had come before; nothing has changed.
    Duplicate,
    /// Nobody could tell the order yet. It is written down and will be told; what it says to it will be among
    /// its events.
    Promised,
}

impl From<Handled> for Verdict {
    fn from(handled: Handled) -> Self {
        match handled {
            Handled::Applied => Self::Applied,
            Handled::Kept => Self::Kept,
            Handled::Duplicate => Self::Duplicate,
        }
    }
}

/// The answer to a request that the order has judged, or will judge.
pub(crate) fn answer(order: OrderId, id: DeliveryId, result: Verdict) -> Response {
    let status = if result == Verdict::Promised { StatusCode::ACCEPTED } else { StatusCode::OK };
    (status, Json(VerdictView { order, id, result })).into_response()
}

/// An id for a request whose sender gave none.
pub(crate) fn own_delivery() -> Result<DeliveryId, ApiError> {
    DeliveryId::new(&Uuid::now_v7().to_string()).map_err(ApiError::internal)
}

/// Fails unless the order exists.
pub(crate) async fn known(app: &App, order: OrderId) -> Result<(), ApiError> {
    require_order(&mut *app.database().await?, order).await
}

/// Why the order could not be asked, where it has not said no.
#[derive(Debug)]
pub(crate) enum Unheard {
    /// Temporal or a worker is away.
    Away { what: &'static str, cause: ClientError },
    /// It is not started yet.
    NotStarted,
}

impl From<Unheard> for ApiError {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::Away { what, cause } => Self::Unavailable { what, cause: Some(cause.into()) },
            Unheard::NotStarted => Self::Unavailable { what: "the order's workflow", cause: None },
        }
    }
}

/// Sorts what came of asking an order.
///
/// # Errors
/// The order said no, or something unexpected happened.
pub(crate) async fn heard(
    app: &App,
    order: OrderId,
    asked: Result<Handled, ClientError>,
) -> Result<Result<Verdict, Unheard>, ApiError> {
    match asked {
        Ok(handled) => Ok(Ok(handled.into())),
        Err(ClientError::Rejected(rejected)) => Err(refused(rejected)),
        Err(cause @ ClientError::Unreachable { .. }) => Ok(Err(Unheard::Away { what: "Temporal", cause })),
        Err(cause @ ClientError::NoWorker { .. }) => Ok(Err(Unheard::Away { what: "a worker", cause })),
        Err(ClientError::NotFound) => {
            let state = state(app, order).await?;
            if state.is_final() {
                Err(refused(Rejected::Ended { state }))
            } else {
                Ok(Err(Unheard::NotStarted))
            }
        }
        Err(error @ (ClientError::Unreadable(_) | ClientError::Refused { .. })) => {
            Err(ApiError::internal(error))
        }
    }
}

/// Promises to tell the order, unless it is known to have ended.
pub(crate) async fn promise(
    app: &App,
    order: OrderId,
    steering: &Steering,
    unheard: Unheard,
) -> Result<Verdict, ApiError> {
    if let Unheard::Away { what, cause } = unheard {
        tracing::warn!(service = what, error = chain(&cause), "order {order} will be told later");
    }
    let state = state(app, order).await?;
    if state.is_final() {
        return Err(refused(Rejected::Ended { state }));
    }
    let mut connection = app.database().await?;
    let intent = store::add_intent(&mut connection, order, steering, now(), Duration::ZERO).await?;
    intent.ok_or_else(|| ApiError::no_order(order))?;
    app.helm().wake();
    Ok(Verdict::Promised)
}

async fn state(app: &App, order: OrderId) -> Result<OrderState, ApiError> {
    let row = store::load_order(&mut *app.database().await?, order).await?;
    row.map(|row| row.summary.progress.state).ok_or_else(|| ApiError::no_order(order))
}

/// The order's no, as a problem.
fn refused(rejected: Rejected) -> ApiError {
    let reason = rejected.to_string();
    let (code, task) = match rejected {
        Rejected::PointOfNoReturn { task } => ("point_of_no_return", Some(task)),
        Rejected::BeingUndone => ("being_undone", None),
        Rejected::Ended { .. } => ("ended", None),
        Rejected::NoSuchTask { task } => return ApiError::NotFound { what: "task", name: task },
        Rejected::NotHeld { task, state: _ } => ("not_held", Some(task)),
        Rejected::PastRollback { task } => ("past_rollback", Some(task)),
        Rejected::Signal { .. } => ("signal", None),
        Rejected::TooManyDeliveries { limit: _ } => ("too_many_deliveries", None),
    };
    ApiError::Refused { code, reason, task: task.map(|task: TaskId| task.to_string()) }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::testing::{TestApp, accept, apply, events_to_the_end};

    fn problem(error: &ApiError) -> String {
        format!("{} {error}", error.status())
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_an_order_says_is_answered(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        for (handled, verdict) in [
            (Handled::Applied, Verdict::Applied),
            (Handled::Kept, Verdict::Kept),
            (Handled::Duplicate, Verdict::Duplicate),
        ] {
            assert_eq!(heard(&api.app, order, Ok(handled)).await.unwrap().unwrap(), verdict);
        }
        for (rejected, expected) in [
            (
                Rejected::PointOfNoReturn { task: "bill".parse().unwrap() },
                "409 Conflict the order can't be cancelled any more: `bill` is a point of no return and has begun",
            ),
            (Rejected::NoSuchTask { task: "x".to_owned() }, "404 Not Found there is no task `x`"),
            (
                Rejected::Signal { reason: "no task waits for `report`".to_owned() },
                "409 Conflict no task waits for `report`",
            ),
        ] {
            let refused = heard(&api.app, order, Err(rejected.into())).await.unwrap_err();
            assert_eq!(problem(&refused), expected);
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_that_temporal_does_not_know_has_ended_or_not_begun(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let unheard = heard(&api.app, order, Err(ClientError::NotFound)).await.unwrap().unwrap_err();
        assert!(matches!(unheard, Unheard::NotStarted));
        apply(&pool, order, events_to_the_end()).await;
        let refused = heard(&api.app, order, Err(ClientError::NotFound)).await.unwrap_err();
        assert_eq!(problem(&refused), "409 Conflict the order has ended: it is completed");
    }
}
