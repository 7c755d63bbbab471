//! `POST /v1/orders/{id}/tasks/{task}/undone`: says that what a task left was taken back by hand.

use axum::extract::State;
use axum::response::Response;
use engine::Act;

use crate::app::App;
use crate::error::ApiError;
use crate::orders::act::ToTask;
use crate::orders::note::NoteDocument;
use crate::orders::verdict::VerdictView;

/// Say that a task is undone
///
/// For a task whose undo failed: what it left has been taken back by hand, as the note tells, and the order goes on as if its
/// undo had done it. Without a worker the answer is 503, as for a retry.
#[utoipa::path(
    post, path = "/v1/orders/{id}/tasks/{task}/undone", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("task" = String, Path, description = "The task, such as `activate[1]`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the action; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record"),
    ),
    request_body(content = NoteDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The task counts as undone", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such task"),
        (status = CONFLICT, description = "The order refuses: `code` is `no_failed_undo`, `child_goes_on`, `no_note` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn undone_task(
    State(app): State<App>,
    undone: ToTask<NoteDocument>,
) -> Result<Response, ApiError> {
    undone.ask(&app, |NoteDocument { note }| (Act::Undone, note)).await
}
