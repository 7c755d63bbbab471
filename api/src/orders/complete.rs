//! `POST /v1/orders/{id}/tasks/{task}/complete`: a person says what came of a task that is theirs to do, or that they did by hand.

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

/// What came of a task.
#[derive(Debug, ToSchema)]
pub(crate) struct CompletionDocument {
    /// The fields that the task asks for, see `expects` of the task: at most 256,000 bytes. May be left out where it asks for none.
    #[schema(value_type = serde_json::Value, example = json!({"approved": true}))]
    result: Value,
    /// What is to be remembered about it, for the record: at most 2,000 bytes.
    #[schema(example = "contract signed on 3 March, see DOC-77")]
    note: String,
}

impl Document for CompletionDocument {
    const NAME: &'static str = "a completion";
    // The result at its largest, with room for the rest.
    const LIMIT: usize = limits::RESULT_BYTES + 16_384;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let fields = record(document, &[("result", Type::Any), ("note", Type::Text)])?;
        let result = fields.field("result").cloned().unwrap_or_default();
        let (size, limit) = (result.to_string().len(), limits::RESULT_BYTES);
        let mut faults = Vec::new();
        if size > limit {
            let detail = format!("expected at most {limit} bytes, found {size}");
            faults.push(Fault::new(Pointer::root().key("result"), detail));
        }
        match required_text(&fields, "note") {
            Ok(note) if faults.is_empty() => Ok(Self { result, note }),
            Ok(_) => Err(faults),
            Err(wrong) => Err([faults, wrong].concat()),
        }
    }
}

/// Complete a task by hand
///
/// Says what came of a `manual` task that waits for its person, or of any held task that was done by hand. The result must have
/// the fields that `expects` of the task shows; more are dropped. Of a held task, what the blueprint ensures must hold too; what
/// was done by hand counts as done by the task, so it is undone if the order turns back. Who says so and their note are on the
/// record. It takes a worker to decide, and the person who asks wants to know: without one the answer is 503, and nothing is
/// promised.
#[utoipa::path(
    post, path = "/v1/orders/{id}/tasks/{task}/complete", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("task" = String, Path, description = "The task, such as `check_contract`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the action; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record"),
    ),
    request_body(content = CompletionDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The task has taken it", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such task"),
        (status = CONFLICT, description = "The order refuses: `code` is `not_waiting`, `undo_failed`, `child_goes_on`, `no_leave`, `no_note` or `ended`"),
        (status = PAYLOAD_TOO_LARGE, description = "The document is too large"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, or the result is not what the task asks for; all of them are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn complete_task(
    State(app): State<App>,
    completion: ToTask<CompletionDocument>,
) -> Result<Response, ApiError> {
    completion.ask(&app, |CompletionDocument { result, note }| (Act::Complete { result }, note)).await
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn every_fault_of_a_completion_is_named(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let complete = format!("/v1/orders/{order}/tasks/reserve[1]/complete");
        let large = format!(r#"{{"note": " ", "result": "{}"}}"#, "x".repeat(256_000));
        assert_eq!(
            api.post(&complete, &large).await.faults(422, "invalid-document"),
            [
                "/result: expected at most 256000 bytes, found 256002",
                "/note: expected a text that is not empty"
            ]
        );
        let unknown = api.post(&complete, r#"{"note": "signed", "results": 1}"#).await;
        assert_eq!(
            unknown.faults(422, "invalid-document"),
            ["/results: unknown field `results`: known are `result`, `note`"]
        );
        let no_order = "/v1/orders/00000000-0000-0000-0000-000000000009/tasks/a/complete";
        api.post(no_order, r#"{"note": "x"}"#).await.problem(404, "not-found");
    }
}
