//! `POST /v1/orders/{id}/tasks/{task}/retry` and `…/rollback`: what a person does with a task that needs one.

use axum::RequestExt as _;
use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use contract::ActRequest;
use engine::OperatorAction;
use model::{Actor, DeliveryId, Fault, Type, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Body, Delivery, Document, RequestActor, TaskPath, record, required_text};
use crate::orders::repetition::{Asked, answered_before};
use crate::orders::verdict::{VerdictView, answer, heard, own_delivery};

/// What a person wants remembered about what they did.
#[derive(Debug, ToSchema)]
pub(crate) struct ActDocument {
    /// The note, for the record: at most 2,000 bytes.
    #[schema(example = "the OLT is back, see INC-8123")]
    note: String,
}

impl Document for ActDocument {
    const NAME: &'static str = "an operator's action";
    const LIMIT: usize = 16_384;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let fields = record(document, &[("note", Type::Text)])?;
        Ok(Self { note: required_text(&fields, "note")? })
    }
}

/// What a person does: where, who, and why. Which action it is, the address says.
#[derive(Debug)]
pub(crate) struct Act {
    at: TaskPath,
    id: Option<DeliveryId>,
    by: Actor,
    note: String,
}

impl<S: Send + Sync + 'static> FromRequest<S> for Act {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, ApiError> {
        let at = request.extract_parts_with_state::<TaskPath, S>(state).await?;
        let Delivery(id) = request.extract_parts_with_state(state).await?;
        let Ok(RequestActor(by)) = request.extract_parts_with_state(state).await;
        let Body(ActDocument { note }) = Body::from_request(request, state).await?;
        Ok(Self { at, id, by, note })
    }
}

/// Retry a task
///
/// Tries a held task, or an undo that failed, again. It takes a worker to decide, and the person who asks
/// wants to know: without one the answer is 503, and nothing is promised.
#[utoipa::path(
    post, path = "/v1/orders/{id}/tasks/{task}/retry", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("task" = String, Path, description = "The task, such as `activate[1]`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the action; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record"),
    ),
    request_body(content = ActDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The task is tried again", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such task"),
        (status = CONFLICT, description = "The order refuses: `code` is `not_held` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal or a worker is away; nothing has been done"),
    )
)]
pub(crate) async fn retry_task(State(app): State<App>, act: Act) -> Result<Response, ApiError> {
    act.ask(&app, OperatorAction::Retry).await
}

/// Roll back at a task
///
/// Gives up on a held task: everything that was done for the order is undone, and it ends `failed`. Without a
/// worker the answer is 503, as for a retry.
#[utoipa::path(
    post, path = "/v1/orders/{id}/tasks/{task}/rollback", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("task" = String, Path, description = "The task, such as `activate[1]`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the action; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record"),
    ),
    request_body(content = ActDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The order is being rolled back", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such task"),
        (status = CONFLICT, description = "The order refuses: `code` is `not_held`, `past_rollback`, `being_undone`, `item_being_undone` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal or a worker is away; nothing has been done"),
    )
)]
pub(crate) async fn roll_back_task(State(app): State<App>, act: Act) -> Result<Response, ApiError> {
    act.ask(&app, OperatorAction::Rollback).await
}

impl Act {
    async fn ask(self, app: &App, action: OperatorAction) -> Result<Response, ApiError> {
        let Self { at: TaskPath { order, task }, id, by, note } = self;
        let asked = Asked::Act { action: action.as_str(), task: &task, note: &note };
        let before = answered_before(app, order, id.as_ref(), asked).await?;
        let id = id.map_or_else(own_delivery, Ok)?;
        if let Some(verdict) = before {
            return Ok(answer(order, id, verdict));
        }
        let request = ActRequest { id, task: task.to_string(), by, note };
        let asked = app.client().act(order, action, &request).await;
        let verdict = heard(app, order, asked).await??;
        Ok(answer(order, request.id, verdict))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn without_temporal_nothing_is_promised_to_a_person(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        for action in ["retry", "rollback"] {
            let act = format!("/v1/orders/{order}/tasks/reserve[1]/{action}");
            let answer = api.post(&act, r#"{"note": "the port is back"}"#).await;
            assert_eq!(answer.problem(503, "unavailable")["detail"], "Temporal can't be reached");
            assert_eq!(answer.header("retry-after"), "2");
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_action_needs_an_order_a_task_and_a_note(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let no_note = api.post(&format!("/v1/orders/{order}/tasks/reserve[1]/retry"), "{}").await;
        assert_eq!(no_note.faults(422, "invalid-document"), ["/note: missing: expected a text"]);
        let no_task = api.post(&format!("/v1/orders/{order}/tasks/a b/retry"), r#"{"note": "x"}"#).await;
        assert_eq!(no_task.problem(404, "not-found")["detail"], "there is no task `a b`");
        let no_order = "/v1/orders/00000000-0000-0000-0000-000000000009/tasks/a/rollback";
        api.post(no_order, r#"{"note": "x"}"#).await.problem(404, "not-found");
    }
}
