//! `POST /v1/orders/{id}/cancel`: asks an order, or one of its items, to be cancelled.

use axum::extract::State;
use axum::response::Response;
use contract::{CancelRequest, Wanted};
use model::{Fault, OrderId, Type, Value};
use store::Steering;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Body, Delivery, Document, OrderPath, RequestActor, record, required_text};
use crate::orders::amending::{self, amend};
use crate::orders::repetition::{Asked, answered_before, told_apart};
use crate::orders::verdict::{Verdict, VerdictView, answer, heard, own_delivery, promise};

/// Why an order, or one of its items, is to be cancelled.
#[derive(Debug, ToSchema)]
pub(crate) struct CancelDocument {
    /// Why, for the record: at most 2,000 bytes.
    #[schema(example = "the customer changed their mind")]
    reason: String,
    /// The item to cancel, by its id; without it, the whole order.
    #[schema(example = "2")]
    item: Option<String>,
}

impl Document for CancelDocument {
    const NAME: &'static str = "a cancel";
    const LIMIT: usize = 16_384;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let fields = record(document, &[("reason", Type::Text), ("item", Type::Text.optional())])?;
        let item = fields.field("item").and_then(Value::as_text).map(str::to_owned);
        Ok(Self { reason: required_text(&fields, "reason")?, item })
    }
}

/// Cancel an order or one of its items
///
/// The order assesses it: past a point of no return it refuses (409, the task is named) and goes on.
/// Otherwise no new task starts, what was done is undone, and the order ends `cancelled`; 200 means that this
/// has begun. If no worker can be asked, the cancel is written down and will be assessed later (202).
///
/// With an `item`, what was done for that item is undone and the order goes on without it. Where what is done for the item is kept
/// apart (`each … on failure isolate`), that is refused past a point of no return of the item, and once something else has begun
/// with what was done for it. Any other item is taken out of the order by an amendment: it is refused as one (`code` is
/// `amendment_refused`), and takes a worker to decide (503). The cancel of the last item that is left is that of the order.
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request; the same one again gets the same answer"),
        ("X-Actor" = Option<String>, Header, description = "Who asks; on the record"),
    ),
    request_body(content = CancelDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "The cancel is accepted: the order is being undone", body = VerdictView),
        (status = ACCEPTED, description = "The order could not be asked yet and will be", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or it has no such item"),
        (status = CONFLICT, description = "The order refuses: `code` is `point_of_no_return`, `being_undone`, `part_of_another` or `ended`; of an item also `item_point_of_no_return`, `item_in_use`, `item_being_undone` or `item_ended`; where that takes an amendment, `amendment_refused`, `amendment_moved`, `being_undone`, `child_amended` or `too_many_amendments`"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named; or the key was sent with another request"),
        (status = SERVICE_UNAVAILABLE, description = "Postgres is away; or Temporal or a worker is, and an item is to be taken out by an amendment. Nothing is promised; the request can be made again under the same key"),
    )
)]
pub(crate) async fn cancel_order(
    State(app): State<App>,
    OrderPath(order): OrderPath,
    Delivery(id): Delivery,
    RequestActor(by): RequestActor,
    Body(CancelDocument { reason, item }): Body<CancelDocument>,
) -> Result<Response, ApiError> {
    let asked = Asked::Cancel { reason: &reason, item: item.as_deref() };
    let before = answered_before(&app, order, id.as_ref(), asked).await?;
    let id = id.map_or_else(own_delivery, Ok)?;
    if let Some(verdict) = before {
        return Ok(answer(order, id, verdict));
    }
    let item = match item.clone() {
        None => None,
        Some(item) => match way_out(&app, order, &item).await? {
            WayOut::Alone => Some(item),
            WayOut::WithTheOrder => None,
            WayOut::Amendment => {
                // The order without the item; what was done for it is undone, and nothing else is touched.
                let patch = Value::record([("items", Value::record([(item, Value::Null)]))]);
                let change = Wanted::Patch(patch).into();
                let reason = reason.clone();
                let asked = amending::Asked { order, id: Some(id.clone()), by, reason, change, token: None };
                let verdict = if amend(&app, asked).await?.is_duplicate() {
                    Verdict::Duplicate { differences: Vec::new() }
                } else {
                    Verdict::Applied
                };
                return Ok(answer(order, id, verdict));
            }
        },
    };
    let request = CancelRequest { id, by, reason: reason.clone(), item };
    let told = app.client().cancel(order, &request).await;
    let CancelRequest { id, by, reason, item } = request;
    let verdict = match heard(&app, order, told).await? {
        Ok(verdict) => told_apart(&app, order, &id, asked, verdict).await?,
        Err(unheard) => {
            let steering = Steering::Cancel { id: id.clone(), by, reason, item };
            promise(&app, order, &steering, unheard).await?
        }
    };
    Ok(answer(order, id, verdict))
}

/// How an item gets out of its order.
enum WayOut {
    /// The order lets go of it: all that is done for it is in regions that are rolled back alone. Of an item that the order does
    /// not have, the order says so.
    Alone,
    /// It is the last one that is left.
    WithTheOrder,
    /// The order goes on as one without it.
    Amendment,
}

async fn way_out(app: &App, order: OrderId, item: &str) -> Result<WayOut, ApiError> {
    let mut connection = app.database().await?;
    let plan = store::load_plan(&mut connection, order).await?;
    let plan = plan.ok_or_else(|| ApiError::no_order(order))?;
    let is_known = plan.items().iter().any(|known| known.id.as_str() == item);
    let mut isolated = plan
        .indices()
        .filter(|task| plan.item(*task).is_some_and(|of| of.id.as_str() == item))
        .map(|task| plan.definition(task).isolate)
        .peekable();
    if !is_known || (isolated.peek().is_some() && isolated.all(|alone| alone)) {
        return Ok(WayOut::Alone);
    }
    let left = store::open_items(&mut connection, order).await?;
    let is_last = left.iter().all(|left| left.as_str() == item);
    Ok(if is_last { WayOut::WithTheOrder } else { WayOut::Amendment })
}

#[cfg(test)]
mod tests {
    use model::Fact;
    use sqlx::PgPool;
    use store::Steering;

    use crate::testing::{Answer, TestApp, accept, apply, claim, config, events_to_the_end, no_temporal};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn without_temporal_a_cancel_is_promised(pool: PgPool) {
        let mut config = config();
        config.steering = false;
        let api = TestApp::with(config, pool.clone(), no_temporal()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let cancel = api.request("POST", &format!("/v1/orders/{order}/cancel"));
        let cancel = cancel.header("idempotency-key", "k-1").header("x-actor", "ada");
        let body = cancel.header("content-type", "application/json").body(r#"{"reason": "moved away"}"#);
        let promised = Answer::to(body).await.json(202);
        let links = serde_json::json!({"order": format!("/v1/orders/{order}?delivery=k-1")});
        assert_eq!(
            promised,
            serde_json::json!({"order": order, "id": "k-1", "result": "promised", "differences": [], "links": links})
        );
        let Steering::Cancel { id, by, reason, item: None } = claim(&pool).await else {
            panic!("no cancel was promised")
        };
        assert_eq!((id.as_str(), by.as_str(), reason.as_str()), ("k-1", "ada", "moved away"));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn the_cancel_of_the_last_item_is_that_of_the_order(pool: PgPool) {
        let mut config = config();
        config.steering = false;
        let api = TestApp::with(config, pool.clone(), no_temporal()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let cancel = format!("/v1/orders/{order}/cancel");
        let promised = api.post(&cancel, r#"{"reason": "moved away", "item": "1"}"#).await.json(202);
        assert_eq!(promised["result"], "promised");
        let promised = claim(&pool).await;
        assert!(matches!(promised, Steering::Cancel { item: None, .. }), "{promised:?}");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn the_cancel_of_an_item_is_recognised_when_it_comes_again(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let (id, item, by) = ("k-1".parse().unwrap(), "1".parse().unwrap(), model::Actor::new("unknown"));
        let accepted = Fact::ItemCancelAccepted { id, item, by, reason: "one will do".to_owned() };
        apply(&pool, order, vec![Fact::OrderStarted {}, accepted]).await;
        let cancel = api.request("POST", &format!("/v1/orders/{order}/cancel"));
        let cancel = cancel.header("idempotency-key", "k-1").header("content-type", "application/json");
        let body = r#"{"reason": "one will do", "item": "2"}"#;
        let again = Answer::to(cancel.body(body)).await.json(200);
        assert_eq!(
            (&again["result"], &again["differences"]),
            (&"duplicate".into(), &serde_json::json!(["/item"]))
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_that_has_ended_can_not_be_cancelled(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        apply(&pool, order, events_to_the_end()).await;
        let refused = api.post(&format!("/v1/orders/{order}/cancel"), r#"{"reason": "too late"}"#).await;
        let problem = refused.problem(409, "refused");
        assert_eq!((&problem["code"], &problem["task"]), (&"ended".into(), &serde_json::Value::Null));
        assert_eq!(problem["detail"], "the order has ended: it is completed");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_cancel_without_a_reason_is_not_taken(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let cancel = format!("/v1/orders/{order}/cancel");
        for (body, faults) in [
            ("{}", vec!["/reason: missing: expected a text"]),
            (r#"{"reason": " "}"#, vec!["/reason: expected a text that is not empty"]),
            (
                r#"{"reson": "x", "reason": 1}"#,
                vec![
                    "/reason: expected a text, found a number",
                    "/reson: unknown field `reson`: known are `reason`, `item`",
                ],
            ),
        ] {
            assert_eq!(api.post(&cancel, body).await.faults(422, "invalid-document"), faults, "{body}");
        }
        let long = format!(r#"{{"reason": "{}"}}"#, "x".repeat(2_001));
        assert_eq!(
            api.post(&cancel, &long).await.faults(422, "invalid-document"),
            ["/reason: expected at most 2000 bytes, found 2001"]
        );
        api.post("/v1/orders/00000000-0000-0000-0000-000000000009/cancel", r#"{"reason": "x"}"#)
            .await
            .problem(404, "not-found");
    }
}
