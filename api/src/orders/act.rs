//! `POST /v1/orders/{id}/tasks/{task}/retry` and `…/rollback`: what a person does with a task that needs one.

use axum::extract::State;
use axum::response::Response;
use contract::ActRequest;
use engine::OperatorAction;
use model::{Actor, DeliveryId, Fault, OrderId, TaskId, Type, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Body, Delivery, Document, RequestActor, TaskPath, record, required_text};
use crate::orders::verdict::{Unheard, VerdictView, answer, heard, known, own_delivery};

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

/// Retry a task
///
/// Tries a held task, or an undo that failed, again. It takes a worker to decide, and the person who asks wants to know: without one the
/// answer is 503, and nothing is promised.
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
pub(crate) async fn retry_task(
    State(app): State<App>,
    TaskPath { order, task }: TaskPath,
    Delivery(id): Delivery,
    RequestActor(by): RequestActor,
    Body(document): Body<ActDocument>,
) -> Result<Response, ApiError> {
    act(&app, order, OperatorAction::Retry, Act { task, id, by, note: document.note }).await
}

/// Roll back at a task
///
/// Gives up on a held task: everything that was done for the order is undone, and it ends `failed`. Without a worker the answer is 503, as for a
/// retry.
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
        (status = CONFLICT, description = "The order refuses: `code` is `not_held`, `past_rollback`, `being_undone` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal or a worker is away; nothing has been done"),
    )
)]
pub(crate) async fn roll_back_task(
    State(app): State<App>,
    TaskPath { order, task }: TaskPath,
    Delivery(id): Delivery,
    RequestActor(by): RequestActor,
    Body(document): Body<ActDocument>,
) -> Result<Response, ApiError> {
    act(&app, order, OperatorAction::Rollback, Act { task, id, by, note: document.note }).await
}

struct Act {
    task: TaskId,
    id: Option<DeliveryId>,
    by: Actor,
    note: String,
}

async fn act(app: &App, order: OrderId, action: OperatorAction, act: Act) -> Result<Response, ApiError> {
    known(app, order).await?;
    let Act { task, id, by, note } = act;
    let id = id.map_or_else(own_delivery, Ok)?;
    let request = ActRequest { id, task: task.to_string(), by, note };
    let asked = app.client().act(order, action, &request).await;
    match heard(app, order, asked).await? {
        Ok(verdict) => Ok(answer(order, request.id, verdict)),
        Err(Unheard::Away { what, cause }) => {
            Err(ApiError::Unavailable { what, cause: Some(cause.into()) })
        }
        Err(Unheard::NotStarted) => Err(ApiError::Unavailable { what: "the order's workflow", cause: None }),
    }
}
