//! Live streams of order events (server-sent events).
//!
//! A stream reads from Postgres from where its reader is and is woken by `news`, so it can neither miss an
//! event nor say one twice; how many there are at a time is limited.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::Stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use model::{OrderEvent, OrderId};
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;
use crate::error::{ApiError, chain};
use crate::orders::events::{EventView, ends_order, require_order};

/// How many events a stream reads at a time. Results are up to a quarter of a megabyte each, and a stream
/// holds what it has read until its reader has taken it.
const PAGE: u32 = 50;

/// How long a stream waits for news before it looks for itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often a silent stream says that it lives. Proxies cut connections that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long a reader should wait before it connects again.
const RECONNECT: Duration = Duration::from_secs(2);

/// Opens a stream of the events of an order after `seen`.
///
/// # Errors
/// There is no such order, too many streams are open, or Postgres is away.
pub(crate) async fn open(app: App, order: OrderId, seen: Option<u64>) -> Result<Response, ApiError> {
    let permit = Arc::clone(app.streams())
        .try_acquire_owned()
        .map_err(|_| ApiError::Overloaded { what: "live streams", limit: app.limits().streams })?;
    let mut connection = app.database().await?;
    require_order(&mut connection, order).await?;
    if let Some(seen) = seen
        && has_seen_everything(&mut connection, order, seen).await?
    {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    drop(connection);
    let events = Sse::new(events(app, order, seen, permit));
    let mut response = events.keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies of the nginx kind would hold events back until a buffer is full.
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Whether the event `seen` is the order's last, or lies beyond it.
async fn has_seen_everything(
    connection: &mut sqlx::PgConnection,
    order: OrderId,
    seen: u64,
) -> Result<bool, ApiError> {
    let from_seen = store::load_events(connection, order, seen.checked_sub(1), 1).await?;
    match from_seen.first() {
        Some(event) => Ok(event.number == seen && ends_order(event)),
        // A number that the order has not reached: if it has ended, it never will.
        None => {
            let state = store::load_state(connection, order).await?;
            Ok(state.is_some_and(model::OrderState::is_final))
        }
    }
}

/// The events, until the order's last one, the end of the process or an outage of Postgres. After the last
/// two the reader connects again and goes on where it was.
fn events(
    app: App,
    order: OrderId,
    mut seen: Option<u64>,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    // Subscribed before the first read: what comes after the read wakes the stream.
    let mut news = app.news().subscribe(order);
    async_stream::stream! {
        let _permit = permit;
        yield Ok(Event::default().retry(RECONNECT));
        loop {
            let page = match read(&app, order, seen).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(order.id = %order, error = chain(&error), "a live stream broke off");
                    return;
                }
            };
            let behind = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            for event in page {
                seen = Some(event.number);
                yield Ok(render(&event));
                if ends_order(&event) {
                    return;
                }
            }
            if !behind && app.ending().run_until_cancelled(news.wait(PATIENCE)).await.is_none() {
                return;
            }
        }
    }
}

async fn read(app: &App, order: OrderId, seen: Option<u64>) -> Result<Vec<OrderEvent>, ApiError> {
    // The connection is given back before anything is sent: a slow reader must not hold it.
    Ok(store::load_events(&mut *app.database().await?, order, seen, PAGE).await?)
}

fn render(event: &OrderEvent) -> Event {
    let view = EventView::from(event);
    let data = serde_json::to_string(&view).unwrap_or_default();
    // JSON on one line has no line break that could end the field early.
    Event::default().id(view.number.to_string()).event(view.kind).data(data)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use futures::StreamExt as _;
    use sqlx::PgPool;

    use crate::testing::{Answer, PATIENCE, TestApp, accept, apply, config, events_to_the_end, no_temporal};

    /// A reader of a stream, as a browser is one.
    struct Reader {
        chunks: futures::stream::BoxStream<'static, String>,
        blocks: VecDeque<String>,
        rest: String,
    }

    impl Reader {
        async fn open(api: &TestApp, order: model::OrderId, seen: Option<u64>) -> Self {
            let mut request = api.request("GET", &format!("/v1/orders/{order}/events"));
            request = request.header("accept", "text/event-stream");
            if let Some(seen) = seen {
                request = request.header("last-event-id", seen.to_string());
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            let chunks = response.bytes_stream().map(|c| String::from_utf8(c.unwrap().to_vec()).unwrap());
            Self { chunks: chunks.boxed(), blocks: VecDeque::new(), rest: String::new() }
        }

        /// The next event as `id type`; none at the end of the stream.
        async fn next(&mut self) -> Option<String> {
            loop {
                while let Some(block) = self.blocks.pop_front() {
                    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                    if let (Some(id), Some(kind)) = (field("id: "), field("event: ")) {
                        let data: serde_json::Value = serde_json::from_str(field("data: ").unwrap()).unwrap();
                        assert_eq!(
                            (data["number"].to_string().as_str(), data["type"].as_str().unwrap()),
                            (id, kind)
                        );
                        return Some(format!("{id} {kind}"));
                    }
                }
                let chunk = tokio::time::timeout(PATIENCE, self.chunks.next()).await.unwrap()?;
                self.rest.push_str(&chunk);
                while let Some((block, rest)) = self.rest.split_once("\n\n") {
                    self.blocks.push_back(block.to_owned());
                    self.rest = rest.to_owned();
                }
            }
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_stream_follows_an_order_to_its_end(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let mut reader = Reader::open(&api, order, None).await;
        assert_eq!(reader.next().await.unwrap(), "0 OrderAccepted");
        for (number, fact) in (1..).zip(events_to_the_end()) {
            let expected = format!("{number} {}", fact.name());
            apply(&pool, order, vec![fact]).await;
            assert_eq!(reader.next().await.unwrap(), expected);
        }
        assert_eq!(reader.next().await, None);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_reader_who_comes_back_goes_on_where_they_were(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        apply(&pool, order, events_to_the_end()).await;
        let mut reader = Reader::open(&api, order, Some(5)).await;
        assert_eq!(reader.next().await.unwrap(), "6 TaskSucceeded");
        assert_eq!(reader.next().await.unwrap(), "7 OrderCompleted");
        assert_eq!(reader.next().await, None);

        let again = api.request("GET", &format!("/v1/orders/{order}/events")).header("last-event-id", "7");
        let again = Answer::to(again.header("accept", "text/event-stream")).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (204, ""));
        let beyond = api.request("GET", &format!("/v1/orders/{order}/events")).header("last-event-id", "999");
        let beyond = Answer::to(beyond.header("accept", "text/event-stream")).await;
        assert_eq!(beyond.status.as_u16(), 204);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn streams_are_limited_in_number_and_end_with_the_process(pool: PgPool) {
        let mut config = config();
        config.limits.streams = 1;
        let api = TestApp::with(config, pool.clone(), no_temporal()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let mut reader = Reader::open(&api, order, None).await;
        reader.next().await.unwrap();

        let second = api.request("GET", &format!("/v1/orders/{order}/events"));
        let second = Answer::to(second.header("accept", "text/event-stream")).await;
        assert_eq!(second.problem(503, "overloaded")["detail"], "live streams are at their limit of 1");
        assert_eq!(second.header("retry-after"), "2");

        api.app.ending().cancel();
        assert_eq!(reader.next().await, None);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn there_is_no_stream_of_an_unknown_order(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let unknown = api.request("GET", "/v1/orders/00000000-0000-0000-0000-000000000001/events");
        let unknown = Answer::to(unknown.header("accept", "text/event-stream")).await;
        unknown.problem(404, "not-found");
    }
}
