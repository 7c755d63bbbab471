//! `GET /v1/orders/{id}/events`: what happened to an order, as a page or as a live stream.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, header};
use model::{OrderEvent, OrderId, Timestamp};
use serde::Serialize;
use store::EVENT_PAGE;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{LastEventId, OrderPath, Parameters, Query, QueryDocument, read_limit};
use crate::orders::stream;

/// How many events a page has if nobody says.
const PAGE: u32 = 200;

/// Which events.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the parameters to OpenAPI; they are read one by one to report all faults"
)]
struct EventParameters {
    /// Only events after the one with this number.
    after: Option<u64>,
    /// How many, 1 to 1,000; 200 if it is not given. A stream has no limit.
    #[param(minimum = 1, maximum = 1000, default = 200)]
    limit: Option<u32>,
}

/// Which events, checked.
#[derive(Debug)]
pub(crate) struct EventQuery {
    after: Option<u64>,
    limit: u32,
}

impl QueryDocument for EventQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            after: parameters
                .take("after", |text| text.parse().map_err(|_| "expected the number of an event")),
            limit: parameters.take("limit", |text| read_limit(text, EVENT_PAGE)).unwrap_or(PAGE),
        }
    }
}

/// One order event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// Its place in the order's record, from 0 without gaps.
    pub(crate) number: u64,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What happened, in the past tense.
    #[serde(rename = "type")]
    #[schema(example = "TaskSucceeded")]
    pub(crate) kind: &'static str,
    /// The particulars, by type.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

impl From<&OrderEvent> for EventView {
    fn from(event: &OrderEvent) -> Self {
        // A fact is `{ type, data }` on the wire; its variants are the public interface.
        let data = serde_json::to_value(&event.fact).ok();
        let data = data.and_then(|mut fact| fact.get_mut("data").map(serde_json::Value::take));
        Self { number: event.number, at: event.at, kind: event.fact.name(), data: data.unwrap_or_default() }
    }
}

/// A part of an order's record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventPage)]
pub(crate) struct EventPageView {
    /// The events, by number.
    events: Vec<EventView>,
    /// The `after` of the next page; null if there is nothing more for now.
    next: Option<u64>,
}

/// Read what happened to an order
///
/// As a page of JSON; or, with `Accept: text/event-stream`, as a stream of server-sent events that goes on
/// until the order's last event. In the stream, `id` is the event's number, `event` its type and `data` the
/// event as JSON. `Last-Event-ID` goes before `after`, so a reader that lost the connection misses nothing
/// and reads nothing twice. A reader who has seen the last event already is answered with 204, which tells
/// browsers to stop asking.
#[utoipa::path(
    get, path = "/v1/orders/{id}/events", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        EventParameters,
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event seen; for streams"),
    ),
    responses(
        (status = OK, description = "A page of events, or the stream", content(
            (EventPageView = "application/json"),
            (EventView = "text/event-stream"),
        )),
        (status = NO_CONTENT, description = "The order has ended and the reader of the stream has seen its last event"),
        (status = NOT_FOUND, description = "There is no such order"),
        (status = SERVICE_UNAVAILABLE, description = "As many streams as are allowed are open"),
    )
)]
pub(crate) async fn order_events(
    State(app): State<App>,
    OrderPath(id): OrderPath,
    Query(query): Query<EventQuery>,
    LastEventId(seen): LastEventId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if wants_stream(&headers) {
        return stream::open(app, id, seen.or(query.after)).await;
    }
    let mut connection = app.database().await?;
    let events = store::load_events(&mut connection, id, query.after, query.limit).await?;
    if events.is_empty() {
        require_order(&mut connection, id).await?;
    }
    let full = events.len() >= usize::try_from(query.limit).unwrap_or(usize::MAX);
    let next = events.last().filter(|last| full && !ends_order(last)).map(|last| last.number);
    Ok(Json(EventPageView { events: events.iter().map(Into::into).collect(), next }).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        range.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case("text/event-stream"))
    })
}

/// Whether nothing can follow.
pub(crate) fn ends_order(event: &OrderEvent) -> bool {
    event.fact.order_state().is_some_and(model::OrderState::is_final)
}

/// Fails unless the order exists: every order has a first event.
pub(crate) async fn require_order(connection: &mut sqlx::PgConnection, id: OrderId) -> Result<(), ApiError> {
    let first = store::load_events(connection, id, None, 1).await?;
    if first.is_empty() { Err(ApiError::no_order(id)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept, apply, events_to_the_end};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn events_are_read_page_by_page_to_the_last(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        apply(&pool, order, events_to_the_end()).await;

        let first = api.get(&format!("/v1/orders/{order}/events?limit=3")).await.json(200);
        let kinds: Vec<_> = first["events"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
        assert_eq!(kinds, ["OrderAccepted", "OrderStarted", "TaskStarted"]);
        assert_eq!(first["events"][2]["data"]["task"], "reserve[1]");
        assert_eq!(first["next"], 2);
        let rest = api.get(&format!("/v1/orders/{order}/events?after=2")).await.json(200);
        assert_eq!(rest["events"].as_array().unwrap().len(), 5);
        assert!(rest["next"].is_null());
        let end = api.get(&format!("/v1/orders/{order}/events?after=7")).await.json(200);
        assert_eq!(end, serde_json::json!({"events": [], "next": null}));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_unknown_order_has_no_events(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let unknown = "/v1/orders/00000000-0000-0000-0000-000000000001/events";
        api.get(unknown).await.problem(404, "not-found");
        api.get(&format!("{unknown}?after=0&limit=0")).await.problem(400, "invalid-parameters");
    }
}
