//! `POST /v1/orders/{id}/tasks/{task}/rollback`: gives up on a held task, for its item or for the order.

use axum::extract::State;
use axum::response::Response;
use engine::{Act, Scope};
use model::{Fault, Type, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Document, record, required_text};
use crate::orders::act::ToTask;
use crate::orders::verdict::VerdictView;

/// What is rolled back.
#[derive(Debug, ToSchema)]
pub(crate) struct RollbackDocument {
    /// `item`: what was done for the item of the task, if it is in an `each … on failure isolate`. `order`: everything. Without
    /// it, the item if it can be rolled back alone, and otherwise the order.
    #[schema(value_type = Option<String>, example = "item")]
    scope: Option<Scope>,
    /// The note, for the record: at most 2,000 bytes.
    #[schema(example = "no fibre in the street")]
    note: String,
}

impl Document for RollbackDocument {
    const NAME: &'static str = "a rollback";
    const LIMIT: usize = 16_384;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let words = ["item", "order"].map(str::to_owned).to_vec();
        let fields = record(document, &[("scope", Type::OneOf(words).optional()), ("note", Type::Text)])?;
        let scope = match fields.field("scope").and_then(Value::as_text) {
            Some("item") => Some(Scope::Item),
            Some(_) => Some(Scope::Order),
            None => None,
        };
        Ok(Self { scope, note: required_text(&fields, "note")? })
    }
}

/// Roll back at a task
///
/// Gives up on a held task: what was done for its item is undone, and the order goes on without it; or everything that was done
/// for the order is undone, and it ends `failed`. Without a worker the answer is 503, as for a retry.
#[utoipa::path(
    post, path = "/v1/orders/{id}/tasks/{task}/rollback", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("task" = String, Path, description = "The task, such as `activate[1]`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the action; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record"),
    ),
    request_body(content = RollbackDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The item or the order is being rolled back", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such task"),
        (status = CONFLICT, description = "The order refuses: `code` is `not_held`, `paused`, `not_alone`, `past_rollback`, `being_undone`, `item_being_undone` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn roll_back_task(
    State(app): State<App>,
    rollback: ToTask<RollbackDocument>,
) -> Result<Response, ApiError> {
    rollback.ask(&app, |RollbackDocument { scope, note }| (Act::Rollback { scope }, note)).await
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_rollback_is_of_an_item_or_an_order(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let rollback = format!("/v1/orders/{order}/tasks/reserve[1]/rollback");
        let all = api.post(&rollback, r#"{"scope": "all", "note": "x"}"#).await;
        assert_eq!(
            all.faults(422, "invalid-document"),
            [r#"/scope: expected one of "item", "order", found `all`"#]
        );
        for scope in ["item", "order"] {
            let body = format!(r#"{{"scope": "{scope}", "note": "x"}}"#);
            api.post(&rollback, &body).await.problem(503, "unavailable");
        }
    }
}
