//! `POST /v1/orders/{id}/tasks/{task}/retry`: has a held task tried again, with other arguments if need be.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use engine::Act;
use model::{Fault, Pointer, Type, Value, limits};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Document, record, required_text};
use crate::orders::act::ToTask;
use crate::orders::verdict::VerdictView;

/// How a task is tried again.
#[derive(Debug, ToSchema)]
pub(crate) struct RetryDocument {
    /// The arguments that are to be others than the blueprint gives, by their names: at most 256,000 bytes. All others stay.
    #[schema(value_type = Option<Object>, example = json!({"ont": "ONT-7"}))]
    arguments: BTreeMap<String, Value>,
    /// The note, for the record: at most 2,000 bytes.
    #[schema(example = "the technician misread the label, see INC-8123")]
    note: String,
}

impl Document for RetryDocument {
    const NAME: &'static str = "a retry";
    // The arguments at their largest, with room for the rest.
    const LIMIT: usize = limits::RESULT_BYTES + 16_384;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let fields = record(document, &[("arguments", Type::Any), ("note", Type::Text)])?;
        let mut faults = Vec::new();
        let arguments = match fields.field("arguments") {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(Value::Record(arguments)) => arguments.clone(),
            Some(other) => {
                let wrong = format!("expected a record, found {}", other.kind());
                faults.push(Fault::new(Pointer::root().key("arguments"), wrong));
                BTreeMap::new()
            }
        };
        match required_text(&fields, "note") {
            Ok(note) if faults.is_empty() => Ok(Self { arguments, note }),
            Ok(_) => Err(faults),
            Err(wrong) => Err([faults, wrong].concat()),
        }
    }
}

/// Retry a task
///
/// Tries a held task, or an undo that failed, again; an order that is paused at the task goes on. A held task can be tried with
/// other arguments than the blueprint gives: they must be arguments of the task, of the same kind, and it must be known what
/// became of the call before. They are what the task has read from then on, and stand on the record. It takes a worker to
/// decide, and the person who asks wants to know: if none answers, that is 503, and it may be done when one does.
#[utoipa::path(
    post, path = "/v1/orders/{id}/tasks/{task}/retry", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("task" = String, Path, description = "The task, such as `activate[1]`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the action; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record"),
    ),
    request_body(content = RetryDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The task is tried again", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such task"),
        (status = CONFLICT, description = "The order refuses: `code` is `not_held`, `paused`, `in_doubt`, `undo_failed`, `child_goes_on` or `ended`"),
        (status = PAYLOAD_TOO_LARGE, description = "The document is too large"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, or the arguments are not what the task takes; all of them are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn retry_task(
    State(app): State<App>,
    retry: ToTask<RetryDocument>,
) -> Result<Response, ApiError> {
    retry.ask(&app, |RetryDocument { arguments, note }| (Act::Retry { arguments }, note)).await
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn every_fault_of_a_retry_is_named(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let retry = format!("/v1/orders/{order}/tasks/reserve[1]/retry");
        let listed = api.post(&retry, r#"{"arguments": [1], "note": ""}"#).await;
        assert_eq!(
            listed.faults(422, "invalid-document"),
            ["/arguments: expected a record, found a list", "/note: expected a text that is not empty"]
        );
        let unknown = api.post(&retry, r#"{"note": "x", "argument": {}}"#).await;
        assert_eq!(
            unknown.faults(422, "invalid-document"),
            ["/argument: unknown field `argument`: known are `arguments`, `note`"]
        );
    }
}
