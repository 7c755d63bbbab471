//! What becomes of a request that steers an order: the order's own verdict, or a promise to tell it later.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use contract::ClientError;
use engine::{Handled, Rejected};
use http::StatusCode;
use model::{DeliveryId, Duration, Fault, OrderId, OrderState, Pointer, TaskId};
use serde::Serialize;
use store::Steering;
use utoipa::ToSchema;
use utoipa::openapi::schema::ObjectBuilder;
use uuid::Uuid;

use crate::app::{App, now};
use crate::error::{ApiError, chain};
use crate::orders::view::{location, words};

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
    #[schema(schema_with = result)]
    result: &'static str,
    /// Of a duplicate: where the body says something else than the one that came first, as JSON pointers into it, at most 20;
    /// `""` is the whole of it. What came first holds.
    #[schema(example = json!(["/payload/outcome"]))]
    differences: Vec<String>,
    /// Where to read on.
    links: VerdictLinksView,
}

/// Where to read on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerdictLinks)]
pub(crate) struct VerdictLinksView {
    /// The order, read so that it shows what became of the request.
    order: String,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was new and has been applied.
    Applied,
    /// The signal came early and is kept for a task that will wait for it.
    Kept,
    /// It had come before; nothing has changed.
    Duplicate {
        /// Where it differs from what came first.
        differences: Vec<Pointer>,
    },
    /// Nobody could tell the order yet. It is written down and will be told; what it says to it will be among
    /// its events.
    Promised,
}

impl From<Handled> for Verdict {
    fn from(handled: Handled) -> Self {
        match handled {
            Handled::Applied => Self::Applied,
            Handled::Kept => Self::Kept,
            Handled::Duplicate => Self::Duplicate { differences: Vec::new() },
        }
    }
}

impl Verdict {
    const fn word(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Kept => "kept",
            Self::Duplicate { .. } => "duplicate",
            Self::Promised => "promised",
        }
    }
}

fn result() -> ObjectBuilder {
    let meaning = "`applied`: it was new and has been applied. `kept`: the signal came early and is kept for a task that will \
        wait for it. `duplicate`: it had come before, and nothing has changed. `promised`: nobody could tell the order yet; \
        it is written down and will be told, and what it says to it will be among its events.";
    words(meaning, ["applied", "kept", "duplicate", "promised"])
}

/// The answer to a request that the order has judged, or will judge.
pub(crate) fn answer(order: OrderId, id: DeliveryId, verdict: Verdict) -> Response {
    let status = if verdict == Verdict::Promised { StatusCode::ACCEPTED } else { StatusCode::OK };
    let result = verdict.word();
    let differences = match verdict {
        Verdict::Duplicate { differences } => differences.iter().map(ToString::to_string).collect(),
        Verdict::Applied | Verdict::Kept | Verdict::Promised => Vec::new(),
    };
    let links = VerdictLinksView { order: format!("{}?delivery={}", location(order), encoded(id.as_str())) };
    (status, Json(VerdictView { order, id, result, differences, links })).into_response()
}

/// A text as a query parameter.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// An id for a request whose sender gave none.
pub(crate) fn own_delivery() -> Result<DeliveryId, ApiError> {
    DeliveryId::new(&Uuid::now_v7().to_string()).map_err(ApiError::internal)
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

/// An order could not be asked, or has not answered, what was asked under this id and is promised to nobody.
pub(crate) fn not_promised(unheard: Unheard, id: &DeliveryId) -> ApiError {
    match unheard {
        Unheard::Away { cause: ClientError::NoWorker { .. }, .. } => ApiError::Unanswered { id: id.clone() },
        unheard @ (Unheard::Away { .. } | Unheard::NotStarted) => unheard.into(),
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
        // The search attribute of a workflow that was ended from outside stays as it was.
        Err(ClientError::Rejected(Rejected::Ended { state: seen })) if !seen.is_final() => {
            let state = state(app, order).await?;
            Err(if state.is_final() { refused(Rejected::Ended { state }) } else { stopped(state) })
        }
        Err(ClientError::Rejected(Rejected::NoSuchTask { task })) => Err(no_task(app, order, task).await?),
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
    let state = store::load_state(&mut *app.database().await?, order).await?;
    state.ok_or_else(|| ApiError::no_order(order))
}

/// The order has ended without an end of its own.
fn stopped(state: OrderState) -> ApiError {
    let reason = format!(
        "the order's workflow was ended in Temporal from outside while the order was {state}: it takes nothing more, and what \
         was done is still in place"
    );
    ApiError::Refused { code: "ended", reason, task: None }
}

/// There is no such task, but perhaps one of an item.
async fn no_task(app: &App, order: OrderId, name: String) -> Result<ApiError, ApiError> {
    /// Most that are named: as many as a reader looks through.
    const NAMED: u32 = 5;
    let definition = name.split('[').next().unwrap_or_default();
    let meant = store::find_tasks(&mut *app.database().await?, order, definition, NAMED).await?;
    Ok(ApiError::NoTask { name, meant })
}

/// The code of an amendment that something speaks against.
pub(crate) const AMENDMENT_REFUSED: &str = "amendment_refused";

/// The order's no, as a problem.
pub(crate) fn refused(rejected: Rejected) -> ApiError {
    let reason = rejected.to_string();
    let (code, task) = match rejected {
        Rejected::PointOfNoReturn { task } => ("point_of_no_return", Some(task)),
        Rejected::BeingUndone => ("being_undone", None),
        Rejected::ItemBeingUndone { item: _ } => ("item_being_undone", None),
        Rejected::NoSuchItem { item } => return ApiError::NotFound { what: "item", name: item },
        Rejected::ItemEnded { item: _, state: _ } => ("item_ended", None),
        Rejected::ItemNotAlone { item: _, task } => ("item_not_alone", Some(task)),
        Rejected::ItemPointOfNoReturn { item: _, task } => ("item_point_of_no_return", Some(task)),
        Rejected::ItemInUse { item: _, task } => ("item_in_use", Some(task)),
        Rejected::PartOfAnother => ("part_of_another", None),
        Rejected::NotBegun => ("not_begun", None),
        Rejected::NothingLeft => ("nothing_left", None),
        Rejected::Paused => ("paused", None),
        Rejected::NotPaused => ("not_paused", None),
        Rejected::Ended { .. } => ("ended", None),
        Rejected::NoSuchTask { task } => return ApiError::NotFound { what: "task", name: task },
        Rejected::NotHeld { task, state: _ } => ("not_held", Some(task)),
        Rejected::HeldByPause { task } => ("paused", Some(task)),
        Rejected::NotWaiting { task, state: _ } => ("not_waiting", Some(task)),
        Rejected::UndoFailed { task } => ("undo_failed", Some(task)),
        Rejected::NoFailedUndo { task, state: _ } => ("no_failed_undo", Some(task)),
        Rejected::InDoubt { task } => ("in_doubt", Some(task)),
        Rejected::Needed { task, by, needs: _ } => ("needed", Some(by.unwrap_or(task))),
        Rejected::ChildGoesOn { task, order: _ } => ("child_goes_on", Some(task)),
        Rejected::NoLeave { task } => ("no_leave", Some(task)),
        Rejected::NotAlone { task } => ("not_alone", Some(task)),
        Rejected::NoNote { task } => ("no_note", Some(task)),
        Rejected::Arguments { task: _, faults } => return faults_at("arguments", faults),
        Rejected::Result { task: _, faults } => return faults_at("result", faults),
        Rejected::PastRollback { task } => ("past_rollback", Some(task)),
        Rejected::Signal { .. } => ("signal", None),
        Rejected::Amendment { tasks } => {
            (AMENDMENT_REFUSED, tasks.into_iter().next().map(|change| change.task))
        }
        Rejected::AmendmentMoved { token: _ } => ("amendment_moved", None),
        Rejected::ChildAmended => ("child_amended", None),
        Rejected::StartDateOver => ("start_date_over", None),
        Rejected::TooManyAmendments { limit: _ } => ("too_many_amendments", None),
        Rejected::TooManyDeliveries { limit: _ } => ("too_many_deliveries", None),
    };
    ApiError::Refused { code, reason, task: task.map(|task: TaskId| task.to_string()) }
}

/// Faults of one member of the document that was sent.
fn faults_at(member: &str, faults: Vec<Fault>) -> ApiError {
    let place = Pointer::root().key(member);
    let inside = |fault: Fault| Fault { pointer: fault.pointer.within(&place), ..fault };
    ApiError::InvalidDocument(faults.into_iter().map(inside).collect())
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::testing::{TestApp, accept, apply, events_to_the_end};

    fn problem(error: &ApiError) -> String {
        format!("{} {error}", error.status())
    }

    #[test]
    fn ids_of_all_kinds_can_stand_in_a_link() {
        assert_eq!(encoded("WFM-1_a.b~c"), "WFM-1_a.b~c");
        assert_eq!(encoded("a/b?c=d&e%+#"), "a%2Fb%3Fc%3Dd%26e%25%2B%23");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_an_order_says_is_answered(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        for (handled, verdict) in [
            (Handled::Applied, Verdict::Applied),
            (Handled::Kept, Verdict::Kept),
            (Handled::Duplicate, Verdict::Duplicate { differences: vec![] }),
        ] {
            assert_eq!(heard(&api.app, order, Ok(handled)).await.unwrap().unwrap(), verdict);
        }
        for (rejected, expected) in [
            (
                Rejected::PointOfNoReturn { task: "bill".parse().unwrap() },
                "409 Conflict the order can't be cancelled any more: `bill` is a point of no return and has begun",
            ),
            (
                Rejected::PartOfAnother,
                "409 Conflict the order is done and part of another one, which would have to be cancelled",
            ),
            (Rejected::NoSuchTask { task: "x".to_owned() }, "404 Not Found there is no task `x`"),
            (
                Rejected::Needed {
                    task: "check".parse().unwrap(),
                    by: Some("bill".parse().unwrap()),
                    needs: "check.id".to_owned(),
                },
                "409 Conflict `check` can't be left out: `bill` needs `check.id` of it. Complete it by hand",
            ),
            (
                Rejected::Signal { reason: "no task waits for `report`".to_owned() },
                "409 Conflict no task waits for `report`",
            ),
        ] {
            let refused = heard(&api.app, order, Err(rejected.into())).await.unwrap_err();
            assert_eq!(problem(&refused), expected);
        }
    }

    #[test]
    fn what_is_wrong_with_a_result_is_told_by_its_place_in_the_request() {
        let fault = Fault::new(Pointer::root().key("approved"), "expected true or false, found a text");
        let rejected = Rejected::Result { task: "check".parse().unwrap(), faults: vec![fault] };
        let ApiError::InvalidDocument(faults) = refused(rejected) else { panic!("expected faults") };
        assert_eq!(faults[0].to_string(), "/result/approved: expected true or false, found a text");
        let fault = Fault::new(Pointer::root().key("ont"), "expected a text, found a number");
        let rejected = Rejected::Arguments { task: "activate".parse().unwrap(), faults: vec![fault] };
        let ApiError::InvalidDocument(faults) = refused(rejected) else { panic!("expected faults") };
        assert_eq!(faults[0].to_string(), "/arguments/ont: expected a text, found a number");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_that_was_ended_from_outside_does_not_claim_to_go_on(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let ended = || Err(Rejected::Ended { state: OrderState::InProgress }.into());
        let refused = heard(&api.app, order, ended()).await.unwrap_err();
        assert_eq!(
            problem(&refused),
            "409 Conflict the order's workflow was ended in Temporal from outside while the order was acknowledged: it takes \
             nothing more, and what was done is still in place"
        );
        apply(&pool, order, events_to_the_end()).await;
        let refused = heard(&api.app, order, ended()).await.unwrap_err();
        assert_eq!(problem(&refused), "409 Conflict the order has ended: it is completed");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_task_without_its_item_is_found_by_its_name(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        for (name, expected) in [
            ("reserve", "404 Not Found there is no task `reserve`: did you mean `reserve[1]`?"),
            ("reserve[2]", "404 Not Found there is no task `reserve[2]`: did you mean `reserve[1]`?"),
            ("reserves", "404 Not Found there is no task `reserves`"),
        ] {
            let rejected = Rejected::NoSuchTask { task: name.to_owned() };
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
