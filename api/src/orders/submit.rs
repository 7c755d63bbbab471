//! `POST /v1/orders`: an order is checked whole, planned, and written down with the promise to start it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use contract::Acceptance;
use http::{StatusCode, header};
use model::{
    Actor, Fault, IdempotencyKey, ItemState, Order, OrderDraft, OrderId, OrderRequest, OrderState, Pointer,
    Timestamp,
};
use plan::Plan;
use serde::Serialize;
use store::{
    AcceptError, Accepted, Expectation, Expected, KeyReused, Keyed, NewOrder, OrderProgress, OrderSummary,
    PlaceError,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{App, now};
use crate::blueprints::make_plan;
use crate::error::ApiError;
use crate::extract::{Body, Delivery, RequestActor};
use crate::gauges;
use crate::orders::differences::order_differences;
use crate::orders::document::{OrderDocument, OrderSchema, start_too_far};
use crate::orders::view::{OrderView, location};
use crate::steering::Start;

/// Submit an order
///
/// The order is checked whole: every fault of the document, and every one that its blueprint finds, comes back
/// at once, each with a JSON pointer. A valid order is planned and written down, and answered with 202 and its
/// address before anything is done for it. It is started at once, or when Temporal is back. With a `requested_start` to come, or
/// orders that it comes after, it is `pending` until that time, and until those have ended.
///
/// The same `Idempotency-Key` (for 7 days) or the same `external_id` (always) is the same order: a repetition
/// is answered with 200, the same `Location` and the order as it is now (`replayed`), even if its blueprint has
/// changed. If it says something else than what was accepted, `differences` names the places, and what was
/// accepted holds; a key that comes with a document that says something else is refused (422).
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request, so that it can be repeated"),
        ("X-Actor" = Option<String>, Header, description = "Who asks; on the record as the order's author"),
    ),
    request_body(content = OrderSchema, content_type = "application/json"),
    responses(
        (status = ACCEPTED, description = "The order is accepted", body = SubmittedView,
            headers(("Location" = String, description = "The address of the order"))),
        (status = OK, description = "The order was accepted before", body = SubmittedView,
            headers(("Location" = String, description = "The address of the order"))),
        (status = BAD_REQUEST, description = "The body is not JSON; line and column are named"),
        (status = PAYLOAD_TOO_LARGE, description = "The order has more than 1,000,000 bytes"),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "The body is not sent as JSON"),
        (status = UNPROCESSABLE_ENTITY, description = "The order has faults, all of which are named; or the key was sent with another order"),
        (status = CONFLICT, description = "More open orders come before this one than are waited for: `code` is `too_many_before`"),
        (status = SERVICE_UNAVAILABLE, description = "Postgres can't be reached"),
    )
)]
pub(crate) async fn submit_order(
    State(app): State<App>,
    Delivery(key): Delivery,
    RequestActor(author): RequestActor,
    Body(document): Body<OrderDocument>,
) -> Result<Response, ApiError> {
    let key = key.map(|key| keyed(key.as_str(), document.hash)).transpose()?;
    let at = now();
    let mut connection = app.database().await?;
    let OrderDraft { request, faults, .. } = &document.draft;
    let found = store::find_accepted(&mut connection, request.external_id.as_ref(), key.as_ref(), at)
        .await
        .transpose();
    if let Some(found) = found {
        return replayed(&app, &mut connection, Known::of(found)?, request, faults).await;
    }
    let (order, plan) = judge(&app, &mut connection, document.draft, at).await?;
    let new = NewOrder { order: &order, plan: &plan, author: &author, key: key.as_ref() };
    let pending_until = new.starts_later();
    let accepted = store::accept_order(&mut connection, &new).await;
    match accepted {
        Ok(Accepted::Existing(known)) => {
            replayed(&app, &mut connection, Known::of(Ok(known))?, &order.request, &[]).await
        }
        Err(error) => replayed(&app, &mut connection, Known::of(Err(error))?, &order.request, &[]).await,
        Ok(Accepted::Created { start, after }) => {
            drop(connection);
            gauges::accepted();
            tracing::Span::current().record("order.id", tracing::field::display(order.id));
            let (at, request) = (order.submitted_at, order.request.clone());
            let accepted = Acceptance { at, author: author.clone(), request };
            let summary = summary(order, &plan, author, pending_until, after.clone());
            app.helm().start(Start { order: summary.id, intent: start, plan, after, accepted });
            Ok(answer(&app, summary, Repetition::New))
        }
    }
}

/// The order under its new id, with its plan. Faults of the document don't keep its blueprint from saying what
/// is wrong with the rest.
async fn judge(
    app: &App,
    connection: &mut sqlx::PgConnection,
    mut draft: OrderDraft,
    submitted_at: Timestamp,
) -> Result<(Order, Plan), ApiError> {
    let start = draft.request.requested_start;
    draft.faults.extend(start.and_then(|start| start_too_far(start, submitted_at)));
    let id = OrderId::new(Uuid::now_v7());
    let order = Order { id, submitted_at, request: draft.request.clone() };
    match make_plan(app.libraries(), connection, order).await {
        Ok(planned) if draft.faults.is_empty() => Ok(planned),
        Ok(_) => Err(ApiError::InvalidDocument(draft.faults)),
        Err(ApiError::InvalidDocument(found)) => Err(ApiError::InvalidDocument(draft.faults_with(found))),
        Err(error) => Err(error),
    }
}

fn keyed(key: &str, request_hash: model::Hash) -> Result<Keyed, ApiError> {
    let key = IdempotencyKey::new(key).map_err(ApiError::internal)?;
    Ok(Keyed { key, request_hash })
}

/// Why an order can't come after others.
fn no_place(cause: &PlaceError) -> ApiError {
    let detail = cause.to_string();
    match cause {
        PlaceError::Unknown { place, .. } | PlaceError::Circular { place, .. } => {
            let at = Pointer::root().key("after_order").index(*place);
            ApiError::InvalidDocument(vec![Fault::new(at, detail)])
        }
        PlaceError::TooMany { .. } => {
            ApiError::Refused { code: "too_many_before", reason: detail, task: None }
        }
    }
}

/// An order that was there before.
struct Known {
    order: OrderId,
    /// The key that came before with another text, which may say the same.
    key: Option<IdempotencyKey>,
}

impl Known {
    fn of(found: Result<OrderId, AcceptError>) -> Result<Self, ApiError> {
        match found {
            Ok(order) => Ok(Self { order, key: None }),
            Err(AcceptError::KeyReused(KeyReused { key, order })) => Ok(Self { order, key: Some(key) }),
            Err(AcceptError::Place(cause)) => Err(no_place(&cause)),
            Err(AcceptError::Database(error)) => Err(error.into()),
        }
    }
}

/// The answer to an order that came before. Under the same external id it is the same order, whatever it says now; a key
/// is the name of one request, and not to be used for another.
async fn replayed(
    app: &App,
    connection: &mut sqlx::PgConnection,
    known: Known,
    sent: &OrderRequest,
    faults: &[Fault],
) -> Result<Response, ApiError> {
    let Known { order: id, key } = known;
    tracing::Span::current().record("order.id", tracing::field::display(id));
    let order = store::load_order(connection, id).await?.ok_or_else(|| ApiError::no_order(id))?;
    let differences = order_differences(&order.request, sent, faults);
    match key {
        Some(key) if !differences.is_empty() => {
            let detail = format!("order {id}, which the key stands for, says something else here");
            let differences =
                differences.into_iter().map(|place| Fault::new(place, detail.clone())).collect();
            Err(ApiError::KeyReused { key, order: id, differences })
        }
        _ => Ok(answer(app, order.summary, Repetition::Of { differences })),
    }
}

/// Whether an order that was sent came before.
enum Repetition {
    New,
    Of { differences: Vec<Pointer> },
}

fn answer(app: &App, order: OrderSummary, repetition: Repetition) -> Response {
    let location = location(order.id);
    let order = OrderView::new(order, |id| app.temporal_link(id));
    let (status, replayed, differences) = match repetition {
        Repetition::New => (StatusCode::ACCEPTED, false, Vec::new()),
        Repetition::Of { differences } => (StatusCode::OK, true, differences),
    };
    let differences = differences.iter().map(ToString::to_string).collect();
    let view = SubmittedView { order, replayed, differences };
    (status, [(header::LOCATION, location)], Json(view)).into_response()
}

/// An order that was submitted, now or before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubmittedOrder)]
pub(crate) struct SubmittedView {
    #[serde(flatten)]
    order: OrderView,
    /// Whether it was there before: nothing has been done now.
    replayed: bool,
    /// Where the document that was sent now says something else than the one that was accepted, as JSON pointers into it, at
    /// most 20. What was accepted holds.
    #[schema(example = json!(["/items/0/quantity"]))]
    differences: Vec<String>,
}

/// A new order as the store would read it back.
fn summary(
    order: Order,
    plan: &Plan,
    author: Actor,
    pending_until: Option<Timestamp>,
    pending_after: Vec<OrderId>,
) -> OrderSummary {
    let Order { id, submitted_at, request } = order;
    OrderSummary {
        id,
        external_id: request.external_id,
        blueprint: plan.blueprint().clone(),
        blueprint_hash: plan.blueprint_hash().clone(),
        plan_hash: plan.hash(),
        version: 1,
        customer: request.customer,
        category: request.category,
        author,
        submitted_at,
        progress: accepted_at(submitted_at, pending_until, pending_after.clone()),
        pause: None,
        stopped_at: None,
        parent: None,
        items: BTreeMap::from([(ItemState::Acknowledged, request.items.len() as u64)]),
        cancel: None,
        expected: Some(Expected {
            task: None,
            what: Expectation::Start { at: pending_until, after: pending_after },
        }),
    }
}

fn accepted_at(
    at: Timestamp,
    pending_until: Option<Timestamp>,
    pending_after: Vec<OrderId>,
) -> OrderProgress {
    OrderProgress {
        state: OrderState::Acknowledged,
        customer_status: None,
        blocked: None,
        reason: None,
        pending_until,
        pending_after,
        paused_by: None,
        started_at: None,
        ended_at: None,
        at_risk_since: None,
        at_risk_reason: None,
        overdue_since: None,
        updated_at: at,
        next_event: 1,
    }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{Answer, FIBER, ORDER, TestApp, library};

    async fn submit_as(api: &TestApp, key: &str, order: &str) -> Answer {
        let request = api.request("POST", "/v1/orders").header("idempotency-key", key);
        Answer::to(request.header("content-type", "application/json").body(order.to_owned())).await
    }

    fn with(field: &str) -> String {
        ORDER.replacen('{', &format!("{{{field}, "), 1)
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_is_accepted_and_can_be_read_at_once(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let request = api.request("POST", "/v1/orders").header("x-actor", "web shop");
        let body = request.header("content-type", "application/json").body(ORDER);
        let accepted = Answer::to(body).await;
        let order = accepted.json(202);
        assert_eq!(accepted.header("location"), format!("/v1/orders/{}", order["id"].as_str().unwrap()));
        assert_eq!((&order["state"], &order["author"]), (&"acknowledged".into(), &"web shop".into()));

        let read = api.get(accepted.header("location")).await.json(200);
        for (field, value) in order.as_object().unwrap() {
            if !["replayed", "differences"].contains(&field.as_str()) {
                assert_eq!(&read[field], value, "{field}");
            }
        }
        assert_eq!(read["tasks"][0]["id"], "reserve[1]");
        assert_eq!(read["next_action"], "starts at once");
        let events = api.get(&format!("{}/events", accepted.header("location"))).await.json(200);
        assert_eq!(events["events"][0]["type"], "OrderAccepted");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn the_same_key_is_the_same_order(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let first = submit_as(&api, "k-1", ORDER).await;
        first.json(202);
        let again = submit_as(&api, "k-1", &ORDER.replace(": ", ":")).await;
        again.json(200);
        assert_eq!(again.header("location"), first.header("location"));
        let reused = submit_as(&api, "k-1", &ORDER.replace("C-1", "C-2")).await.problem(422, "key-reused");
        let order = &first.json(202)["id"];
        assert_eq!(
            reused["detail"],
            format!(
                "the idempotency key `k-1` was sent before with a different request, for the order {}",
                order.as_str().unwrap()
            )
        );
        let place = "/customer/id";
        assert_eq!(reused["errors"][0]["pointer"], place);
        let spelt_out = submit_as(&api, "k-1", &with(r#""priority": 4"#)).await.json(200);
        assert_eq!((&spelt_out["id"], &spelt_out["differences"]), (order, &serde_json::json!([])));
        let other = submit_as(&api, "k-2", ORDER).await;
        other.json(202);
        assert_ne!(other.header("location"), first.header("location"));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn the_same_external_id_is_the_same_order(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let order = with(r#""external_id": "CRM-1""#);
        let first = submit_as(&api, "k-1", &order).await;
        first.json(202);
        for key in ["k-2", "k-2"] {
            let again = submit_as(&api, key, &order).await;
            assert_eq!(again.json(200)["external_id"], "CRM-1");
            assert_eq!(again.json(200)["differences"], serde_json::json!([]));
            assert_eq!(again.header("location"), first.header("location"));
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_that_comes_again_with_other_words_says_where_they_differ(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let named = with(r#""external_id": "CRM-1""#);
        let first = api.post("/v1/orders", &named).await.json(202);
        assert_eq!((&first["replayed"], &first["differences"]), (&false.into(), &serde_json::json!([])));
        let other = named
            .replacen('{', r#"{"blueprint": "fiber@1", "notes": ["ring twice"], "priority": 9, "#, 1)
            .replace("C-1", "C-2");
        let again = api.post("/v1/orders", &other).await.json(200);
        assert_eq!((&again["id"], &again["replayed"]), (&first["id"], &true.into()));
        assert_eq!(
            again["differences"],
            serde_json::json!(["/blueprint", "/customer/id", "/notes/0", "/priority"])
        );
        let read = api.get(&format!("/v1/orders/{}", first["id"].as_str().unwrap())).await.json(200);
        assert_eq!(read["customer"]["id"], "C-1", "what was accepted holds");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn two_who_submit_the_same_at_once_get_one_order(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let order = with(r#""external_id": "CRM-1""#);
        let answers =
            futures::future::join_all((0..8).map(|n| submit_as(&api, ["k-1", "k-2"][n % 2], &order))).await;
        let locations: std::collections::BTreeSet<_> = answers.iter().map(|a| a.header("location")).collect();
        assert_eq!(locations.len(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 1);
        assert_eq!(api.get("/v1/orders").await.json(200)["orders"].as_array().unwrap().len(), 1);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn ten_faults_are_ten_faults(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let envelope = r#"{"customer": {"id": ""}, "priority": 9, "external_id": "a b", "blueprint": "fiber@0",
            "attributes": [], "items": [
                {"id": "1", "offering": "FIBER_1", "action": "add", "quantity": 0},
                {"id": "1", "offering": "FIBER_1", "action": "add", "attributes": 7},
                {"id": "[", "offering": "", "action": "add"}]}"#;
        let faults = api.post("/v1/orders", envelope).await.faults(422, "invalid-document");
        assert_eq!(faults.len(), 10, "{faults:#?}");
        assert!(
            faults.contains(&"/items/1/id: another item has the id `1` already".to_owned()),
            "{faults:#?}"
        );

        let attributes = r#"{"category": "consumer", "customer": {"id": "C-1"}, "attributes": {"floor": "two", "sight": 1},
            "items": [{"id": "1", "offering": "FIBER_1", "action": "add", "attributes": {"speed": "fast", "colour": 1}},
                      {"id": "2", "offering": "COPPER", "action": "add"}]}"#;
        let faults = api.post("/v1/orders", attributes).await.faults(422, "invalid-document");
        let places: Vec<_> = faults.iter().map(|fault| fault.split(':').next().unwrap()).collect();
        assert_eq!(
            places,
            [
                "/attributes/site",
                "/attributes/floor",
                "/attributes/sight",
                "/items/0/attributes/speed",
                "/items/0/attributes/colour",
                "/items/1/offering"
            ],
            "{faults:#?}"
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn faults_of_the_document_and_of_its_blueprint_come_together(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let order = r#"{"category": "consumer", "customer": {"id": ""}, "priority": 9, "attributes": {"floor": "two", "sight": 1},
            "items": [{"id": "1", "offering": "FIBER_1", "action": "add", "attributes": {"speed": "fast", "colour": 1}},
                      {"id": "1", "offering": "COPPER", "action": "add", "quantity": 0}]}"#;
        let places = async |order: &str| -> Vec<String> {
            let faults = api.post("/v1/orders", order).await.faults(422, "invalid-document");
            faults.iter().map(|fault| fault.split(':').next().unwrap().to_owned()).collect()
        };
        let envelope = ["/customer/id", "/priority", "/items/1/quantity", "/items/1/id"];
        let of_blueprint = [
            "/attributes/site",
            "/attributes/floor",
            "/attributes/sight",
            "/items/0/attributes/speed",
            "/items/0/attributes/colour",
            "/items/1/offering",
        ];
        assert_eq!(places(order).await, [&envelope[..], &of_blueprint].concat());

        let unreadable = order.replace("\"consumer\"", "7");
        assert_eq!(places(&unreadable).await, [&["/category"], &envelope[..]].concat());
        let misspelt = order.replace("\"category\"", "\"categry\"");
        assert_eq!(places(&misspelt).await, [&["/categry"], &envelope[..]].concat());
        let misnamed = order.replacen('{', r#"{"blueprint": "fibre", "#, 1);
        assert_eq!(places(&misnamed).await, [&envelope[..], &["/blueprint"]].concat());
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_repetition_is_recognised_when_the_blueprint_has_changed(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let named = with(r#""external_id": "CRM-1""#);
        let first = submit_as(&api, "k-1", &named).await;
        first.json(202);
        let stricter = FIBER.replace("version 1", "version 2").replace("floor: int?", "floor: int");
        api.post("/v1/blueprints", &library(&[("fiber.blueprint", &stricter)])).await.json(201);
        assert_eq!(
            submit_as(&api, "k-2", ORDER).await.faults(422, "invalid-document"),
            ["/attributes/floor: missing: expected a whole number"]
        );
        for (key, order) in [("k-1", &named), ("k-3", &named), ("k-3", &named)] {
            let again = submit_as(&api, key, order).await;
            again.json(200);
            assert_eq!(again.header("location"), first.header("location"));
        }
        submit_as(&api, "k-3", ORDER).await.problem(422, "key-reused");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_needs_a_blueprint_that_is_there(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let blueprint =
            async |order: &str| api.post("/v1/orders", order).await.faults(422, "invalid-document");
        assert_eq!(
            blueprint(ORDER).await,
            ["/blueprint: no blueprint accepts this order: none is published"]
        );
        api.publish_fiber().await;
        assert_eq!(
            blueprint(&with(r#""blueprint": "fibre""#)).await,
            ["/blueprint: there is no blueprint `fibre`: known are `fiber`"]
        );
        assert_eq!(
            blueprint(&with(r#""blueprint": "fiber@2""#)).await,
            ["/blueprint: there is no version 2 of the blueprint `fiber`: the newest is 1"]
        );
        let other = blueprint(&ORDER.replace("consumer", "business")).await;
        assert!(other[0].starts_with("/blueprint: no blueprint accepts this order"), "{other:?}");
        api.post("/v1/orders", &with(r#""blueprint": "fiber""#)).await.json(202);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_that_starts_later_says_when(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        let start = "2999-01-01T00:00:00Z";
        let far = api.post("/v1/orders", &with(&format!(r#""requested_start": "{start}""#))).await;
        assert_eq!(
            far.faults(422, "invalid-document"),
            ["/requested_start: expected a time within 3660 days from now"]
        );
        let later = crate::app::now().plus(model::Duration::from_secs(86_400));
        let accepted = api.post("/v1/orders", &with(&format!(r#""requested_start": "{later}""#))).await;
        let order = accepted.json(202);
        assert_eq!(order["pending_until"], later.to_string());
        assert_eq!(order["next_action"], format!("starts at {later}"));
        let read = api.get(accepted.header("location")).await.json(200);
        assert_eq!(
            (&read["next_action"], &read["pending_until"]),
            (&order["next_action"], &order["pending_until"])
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_comes_after_those_that_it_names_or_shares_a_key_with(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let one_by_one =
            FIBER.replacen("version 1 {", "version 1 {\n  one at a time by order.customer.id\n", 1);
        api.post("/v1/blueprints", &library(&[("fiber.blueprint", &one_by_one)])).await.json(201);
        let first = api.post("/v1/orders", &with(r#""external_id": "CRM-1""#)).await.json(202);
        assert_eq!(
            (&first["pending_after"], &first["next_action"]),
            (&serde_json::json!([]), &"starts at once".into())
        );
        let other = ORDER.replace("C-1", "C-2");
        let named = other.replacen('{', r#"{"after_order": ["CRM-1"], "#, 1);
        for (order, key) in [(ORDER.to_owned(), Some("C-1")), (named, None)] {
            let accepted = api.post("/v1/orders", &order).await;
            let second = accepted.json(202);
            assert_eq!(second["pending_after"], serde_json::json!([first["id"]]));
            let id = first["id"].as_str().unwrap();
            assert_eq!(second["next_action"], format!("starts when the order {id} has ended"));
            let read = api.get(accepted.header("location")).await.json(200);
            let before =
                serde_json::json!({"id": id, "external_id": "CRM-1", "state": "acknowledged", "key": key});
            assert_eq!(read["predecessors"], serde_json::json!([before]));
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_that_can_not_come_after_others_is_told_why(pool: PgPool) {
        let api = TestApp::start(pool).await;
        api.publish_fiber().await;
        for (named, fault) in [
            (r#"["CRM-9"]"#, "/after_order/0: there is no order `CRM-9`"),
            (r#"["CRM-1"]"#, "/after_order/0: the order would wait for itself: `CRM-1` → `CRM-1`"),
            (
                r#"["a b"]"#,
                "/after_order/0: `a b` is not an id (printable ASCII without spaces, at most 255)",
            ),
            (r#""CRM-9""#, "/after_order: expected a list, found a text"),
        ] {
            let order = with(&format!(r#""external_id": "CRM-1", "after_order": {named}"#));
            assert_eq!(api.post("/v1/orders", &order).await.faults(422, "invalid-document"), [fault]);
        }
        assert_eq!(api.get("/v1/orders").await.json(200)["orders"].as_array().unwrap().len(), 0);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_of_three_megabytes_is_told_the_limit(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let order = with(&format!(r#""notes": ["{}"]"#, "x".repeat(3_000_000)));
        let answer = api.post("/v1/orders", &order).await;
        let problem = answer.problem(413, "payload-too-large");
        assert_eq!(problem["detail"], "an order may have at most 1000000 bytes");
        assert_eq!(problem["limit_bytes"], 1_000_000);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_not_json_is_told_where(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let problem =
            api.post("/v1/orders", "{\"customer\": {\n  \"id\": C-1}}").await.problem(400, "malformed-json");
        assert_eq!(problem["detail"], "line 2, column 9: expected value");
        let form =
            api.request("POST", "/v1/orders").header("content-type", "application/x-www-form-urlencoded");
        let form = Answer::to(form.body("customer=C-1")).await;
        assert_eq!(
            form.problem(415, "unsupported-media-type")["detail"],
            "expected `application/json`, found `application/x-www-form-urlencoded`"
        );
        assert_eq!(
            submit_as(&api, "two words", ORDER).await.faults(400, "invalid-parameters"),
            ["Idempotency-Key: `two words` is not an id (printable ASCII without spaces, at most 255)"]
        );
    }
}
