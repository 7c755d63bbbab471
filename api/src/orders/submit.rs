//! `POST /v1/orders`: an order is checked whole, planned, and written down with the promise to start it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use model::{
    Actor, Fault, IdempotencyKey, Order, OrderId, OrderRequest, OrderState, Timestamp, Value, limits,
};
use plan::Plan;
use store::{Accepted, Keyed, NewOrder, OrderProgress, OrderSummary};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{App, now};
use crate::error::ApiError;
use crate::extract::{Body, Delivery, Document, RequestActor};
use crate::hash::sha256;
use crate::orders::view::{OrderView, location};
use crate::steering::Start;

/// An order as a sender writes it.
#[derive(Debug, ToSchema)]
#[schema(as = OrderDocument, example = json!({
    "external_id": "CRM-4711", "blueprint": "provision_subscriber",
    "customer": {"id": "C-1", "name": "Ada Lovelace"},
    "items": [{"id": "1", "offering": "FIBER_100", "action": "add", "attributes": {"speed_mbps": 100}}]
}))]
#[expect(dead_code, reason = "describes the document to OpenAPI; `model` reads it to report all faults")]
struct OrderSchema {
    /// The sender's own id: printable ASCII without spaces, at most 255. The same id is the same order, always.
    external_id: Option<String>,
    /// The blueprint: `name` for its newest version or `name@3`. Without one, exactly one blueprint must accept the order.
    blueprint: Option<String>,
    /// A word to sort orders by.
    category: Option<String>,
    /// Who ordered.
    customer: CustomerSchema,
    /// 0 is the most urgent, 4 the least.
    #[schema(minimum = 0, maximum = 4, default = 4)]
    priority: Option<u8>,
    /// Not before.
    #[schema(format = DateTime)]
    requested_start: Option<String>,
    /// If possible by.
    #[schema(format = DateTime)]
    requested_completion: Option<String>,
    /// Remarks for people.
    notes: Option<Vec<String>>,
    /// What the blueprint asks of the order.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Value>,
    /// What is ordered: 1 to 1,000 items.
    #[schema(min_items = 1, max_items = 1000)]
    items: Vec<ItemSchema>,
}

/// Who ordered.
#[derive(Debug, ToSchema)]
#[schema(as = CustomerDocument)]
#[expect(dead_code, reason = "describes the document to OpenAPI; `model` reads it to report all faults")]
struct CustomerSchema {
    /// Their id in the sender's systems.
    id: String,
    /// Their name.
    name: Option<String>,
}

/// A line of an order.
#[derive(Debug, ToSchema)]
#[schema(as = ItemDocument)]
#[expect(dead_code, reason = "describes the document to OpenAPI; `model` reads it to report all faults")]
struct ItemSchema {
    /// Unique within the order: letters, digits and `. _ : -`, at most 64.
    id: String,
    /// What is ordered.
    offering: String,
    /// What is to happen to it.
    #[schema(schema_with = crate::orders::view::action)]
    action: String,
    /// How many.
    #[schema(minimum = 1, default = 1)]
    quantity: Option<u32>,
    /// The product it is about.
    #[schema(value_type = Option<Object>)]
    product: Option<Value>,
    /// What its kind asks for.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Value>,
}

/// An order document that was read, with the hash that recognises it.
#[derive(Debug)]
pub(crate) struct OrderDocument {
    request: OrderRequest,
    hash: model::Hash,
}

impl Document for OrderDocument {
    const NAME: &'static str = "an order";
    const LIMIT: usize = limits::ORDER_BYTES;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        // Records are sorted, so the order of fields and the white space make no other document.
        let hash = sha256(document.to_string().as_bytes());
        Ok(Self { request: OrderRequest::parse(document)?, hash })
    }
}

/// Submit an order
///
/// The order is checked whole: every fault comes back at once, with a JSON pointer. A valid order is planned and written down, and answered
/// with 202 and its address before anything is done for it. It is started at once, or when Temporal is back.
///
/// The same `Idempotency-Key` (for 7 days) or the same `external_id` (always) is the same order: a repetition is answered with 200, the
/// same `Location` and the order as it is now.
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request, so that it can be repeated"),
        ("X-Actor" = Option<String>, Header, description = "Who asks; on the record as the order's author"),
    ),
    request_body(content = OrderSchema, content_type = "application/json"),
    responses(
        (status = ACCEPTED, description = "The order is accepted", body = OrderView,
            headers(("Location" = String, description = "The address of the order"))),
        (status = OK, description = "The order was accepted before", body = OrderView,
            headers(("Location" = String, description = "The address of the order"))),
        (status = BAD_REQUEST, description = "The body is not JSON; line and column are named"),
        (status = PAYLOAD_TOO_LARGE, description = "The order has more than 1,000,000 bytes"),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "The body is not sent as JSON"),
        (status = UNPROCESSABLE_ENTITY, description = "The order has faults, all of which are named; or the key was sent with another order"),
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
    let order = Order { id: OrderId::new(Uuid::now_v7()), submitted_at: now(), request: document.request };
    let mut connection = app.database().await?;
    let (order, plan) = app.libraries().plan(&mut connection, order).await?;
    let new = NewOrder { order: &order, plan: &plan, author: &author, key: key.as_ref() };
    match store::accept_order(&mut connection, &new).await? {
        Accepted::Existing(known) => replayed(&app, &mut connection, known).await,
        Accepted::Created { start } => {
            drop(connection);
            tracing::Span::current().record("order.id", tracing::field::display(order.id));
            let summary = summary(order, &plan, author);
            app.start(Start { order: summary.id, intent: start, plan });
            Ok(answer(&app, StatusCode::ACCEPTED, summary))
        }
    }
}

fn keyed(key: &str, request_hash: model::Hash) -> Result<Keyed, ApiError> {
    let key = IdempotencyKey::new(key).map_err(ApiError::internal)?;
    Ok(Keyed { key, request_hash })
}

async fn replayed(app: &App, connection: &mut sqlx::PgConnection, id: OrderId) -> Result<Response, ApiError> {
    tracing::Span::current().record("order.id", tracing::field::display(id));
    let order = store::load_order(connection, id).await?.ok_or_else(|| ApiError::no_order(id))?;
    Ok(answer(app, StatusCode::OK, order.summary))
}

fn answer(app: &App, status: StatusCode, order: OrderSummary) -> Response {
    let location = location(order.id);
    let view = OrderView::new(order, |id| app.temporal_link(id));
    (status, [(header::LOCATION, location)], Json(view)).into_response()
}

/// A new order as the store would read it back.
fn summary(order: Order, plan: &Plan, author: Actor) -> OrderSummary {
    let Order { id, submitted_at, request } = order;
    OrderSummary {
        id,
        external_id: request.external_id,
        blueprint: plan.blueprint().clone(),
        blueprint_hash: plan.blueprint_hash().clone(),
        plan_hash: plan.hash(),
        customer: request.customer,
        category: request.category,
        author,
        submitted_at,
        progress: accepted_at(submitted_at),
    }
}

fn accepted_at(at: Timestamp) -> OrderProgress {
    OrderProgress {
        state: OrderState::Acknowledged,
        customer_status: None,
        blocked: None,
        reason: None,
        pending_until: None,
        started_at: None,
        ended_at: None,
        updated_at: at,
        next_event: 1,
    }
}
