//! `POST /v1/orders/{id}/pause` and `…/resume`: a person has nothing more of an order begun, and lets it go on.

use axum::extract::State;
use axum::response::Response;
use contract::NoteRequest;
use model::{Actor, DeliveryId, OrderId};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Body, Delivery, OrderPath, RequestActor};
use crate::orders::note::NoteDocument;
use crate::orders::repetition::{Asked, answered_before, told_apart};
use crate::orders::verdict::{VerdictView, answer, heard, not_promised, own_delivery};

/// Pause an order
///
/// Nothing more of the order is begun until it is resumed; what is under way goes on: calls, waits, tasks of people, and the
/// orders that its tasks run. The order is `held`. Its deadline is not moved. It takes a worker to decide: if none answers, that
/// is 503, and it may be done when one does.
#[utoipa::path(
    post, path = "/v1/orders/{id}/pause", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who asks; on the record"),
    ),
    request_body(content = NoteDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The order is paused", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order"),
        (status = CONFLICT, description = "The order refuses: `code` is `not_begun`, `nothing_left`, `paused`, `being_undone` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn pause_order(
    State(app): State<App>,
    OrderPath(order): OrderPath,
    Delivery(id): Delivery,
    RequestActor(by): RequestActor,
    Body(NoteDocument { note }): Body<NoteDocument>,
) -> Result<Response, ApiError> {
    Request { wish: Wish::Pause, order, id, by, note }.ask(&app).await
}

/// Resume an order
///
/// Lets an order go on that a person or its deadline has paused. It stays `held` while one of its tasks needs somebody.
#[utoipa::path(
    post, path = "/v1/orders/{id}/resume", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request; the same one again changes nothing"),
        ("X-Actor" = Option<String>, Header, description = "Who asks; on the record"),
    ),
    request_body(content = NoteDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The order goes on", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order"),
        (status = CONFLICT, description = "The order refuses: `code` is `not_paused` or `ended`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn resume_order(
    State(app): State<App>,
    OrderPath(order): OrderPath,
    Delivery(id): Delivery,
    RequestActor(by): RequestActor,
    Body(NoteDocument { note }): Body<NoteDocument>,
) -> Result<Response, ApiError> {
    Request { wish: Wish::Resume, order, id, by, note }.ask(&app).await
}

/// What a person wants of an order as a whole.
#[derive(Clone, Copy)]
enum Wish {
    /// That nothing more of it is begun.
    Pause,
    /// That it goes on.
    Resume,
}

/// A wish, and who has it.
struct Request {
    wish: Wish,
    order: OrderId,
    id: Option<DeliveryId>,
    by: Actor,
    note: String,
}

impl Request {
    async fn ask(self, app: &App) -> Result<Response, ApiError> {
        let Self { wish, order, id, by, note } = self;
        let asked = match wish {
            Wish::Pause => Asked::Pause { note: &note },
            Wish::Resume => Asked::Resume { note: &note },
        };
        let before = answered_before(app, order, id.as_ref(), asked).await?;
        let id = id.map_or_else(own_delivery, Ok)?;
        if let Some(verdict) = before {
            return Ok(answer(order, id, verdict));
        }
        let request = NoteRequest { id, by, note: note.clone() };
        let client = app.client();
        let told = match wish {
            Wish::Pause => client.pause(order, &request).await,
            Wish::Resume => client.resume(order, &request).await,
        };
        let verdict = heard(app, order, told).await?.map_err(|unheard| not_promised(unheard, &request.id))?;
        let verdict = told_apart(app, order, &request.id, asked, verdict).await?;
        Ok(answer(order, request.id, verdict))
    }
}

#[cfg(test)]
mod tests {
    use model::{Actor, Fact, HoldFor};
    use sqlx::PgPool;

    use crate::testing::{Answer, TestApp, accept, apply};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn without_temporal_nothing_is_promised(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        for wish in ["pause", "resume"] {
            let answer = api.post(&format!("/v1/orders/{order}/{wish}"), r#"{"note": "night work"}"#).await;
            assert_eq!(answer.problem(503, "unavailable")["detail"], "Temporal can't be reached");
            let no_note = api.post(&format!("/v1/orders/{order}/{wish}"), "{}").await;
            assert_eq!(no_note.faults(422, "invalid-document"), ["/note: missing: expected a text"]);
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_paused_order_says_who_paused_it_until_it_is_resumed(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let (id, by, note) = (|| "p-1".parse().unwrap(), || Actor::new("ann"), || "night work".to_owned());
        let paused = Fact::OrderPaused {
            task: "reserve[1]".parse().unwrap(),
            reason: note(),
            hold_for: HoldFor::Operations,
            id: Some(id()),
            by: Some(by()),
        };
        apply(&pool, order, vec![Fact::OrderStarted {}, paused]).await;
        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        assert_eq!((&read["state"], &read["paused_by"]), (&"held".into(), &"ann".into()));
        assert_eq!(read["blocked"]["reason"], "paused by ann: night work");
        assert_eq!(
            (&read["pause"]["by"], &read["pause"]["reason"], &read["pause"]["task"]),
            (&"ann".into(), &"night work".into(), &"reserve[1]".into())
        );

        let again = api.request("POST", &format!("/v1/orders/{order}/pause"));
        let again = again.header("idempotency-key", "p-1").header("content-type", "application/json");
        let verdict = Answer::to(again.body(r#"{"note": "day work"}"#)).await.json(200);
        assert_eq!(
            (&verdict["result"], &verdict["differences"]),
            (&"duplicate".into(), &serde_json::json!(["/note"]))
        );

        let lifted = Fact::PauseLifted { id: "p-2".parse().unwrap(), by: by(), note: note() };
        let state = model::OrderState::InProgress;
        apply(&pool, order, vec![lifted, Fact::OrderResumed { state }]).await;
        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        assert_eq!((&read["pause"], &read["blocked"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    }
}
