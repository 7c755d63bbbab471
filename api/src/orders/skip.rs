//! `POST /v1/orders/{id}/tasks/{task}/skip`: has an order go on without a held task.

use axum::extract::State;
use axum::response::Response;
use engine::Act;

use crate::app::App;
use crate::error::ApiError;
use crate::orders::act::ToTask;
use crate::orders::note::NoteDocument;
use crate::orders::verdict::VerdictView;

/// Skip a task
///
/// Goes on without a held task. What it left is undone first. It is refused while it is not known what the task left, and if
/// something that is still to be done needs its result: whoever can supply that completes the task instead. Without a worker
/// the answer is 503, as for a retry.
#[utoipa::path(
    post, path = "/v1/orders/{id}/tasks/{task}/skip", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("task" = String, Path, description = "The task, such as `activate[1]`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the action; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record"),
    ),
    request_body(content = NoteDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The order goes on without the task", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such task"),
        (status = CONFLICT, description = "The order refuses: `code` is `not_held`, `paused`, `undo_failed`, `in_doubt`, `needed`, `child_goes_on` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn skip_task(
    State(app): State<App>,
    skip: ToTask<NoteDocument>,
) -> Result<Response, ApiError> {
    skip.ask(&app, |NoteDocument { note }| (Act::Skip, note)).await
}
