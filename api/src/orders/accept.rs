//! `POST /v1/orders/{id}/tasks/{task}/accept`: accepts that what a task left stays.

use axum::extract::State;
use axum::response::Response;
use engine::Act;

use crate::app::App;
use crate::error::ApiError;
use crate::orders::act::ToTask;
use crate::orders::note::NoteDocument;
use crate::orders::verdict::VerdictView;

/// Accept what a task left
///
/// For a task whose undo failed: what it left stays, for the reason that the note gives. The order goes on as if it were undone
/// and ends in its state all the same; what was left is on its record as `ResidueAccepted`. Without a worker the
/// answer is 503, as for a retry.
#[utoipa::path(
    post, path = "/v1/orders/{id}/tasks/{task}/accept", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("task" = String, Path, description = "The task, such as `activate[1]`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the action; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record"),
    ),
    request_body(content = NoteDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "What the task left is accepted as residue", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such task"),
        (status = CONFLICT, description = "The order refuses: `code` is `no_failed_undo`, `no_note` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn accept_task(
    State(app): State<App>,
    accept: ToTask<NoteDocument>,
) -> Result<Response, ApiError> {
    accept.ask(&app, |NoteDocument { note }| (Act::Accept, note)).await
}
