//! Around every request: its id, its span, its line in the log and the metrics, and the completion of problem
//! documents with what only the request knows. Bodies, keys and customers' data are never logged.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use metrics::histogram;
use tracing::{Instrument as _, field};
use uuid::Uuid;

use crate::gauges::REQUEST_DURATION;
use crate::problem::{MEDIA_TYPE, Problem};

/// Names a request in answers and logs.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id taken over from a caller, in bytes. It goes into every line of the log.
const REQUEST_ID_BYTES: usize = 128;

/// Wraps the whole router.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!("request", request.id = %id, %method, path, order.id = field::Empty);

    let mut response = next.run(request).instrument(span.clone()).await;

    if let Some(problem) = response.extensions_mut().remove::<Box<Problem>>() {
        response = complete(response, *problem, path, &id);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), id);
    }
    let status = response.status().as_u16();
    let route = route.unwrap_or_else(|| "none".to_owned());
    let labels = [("method", known(&method)), ("route", &route), ("status", class(response.status()))]
        .map(|(name, value)| (name, value.to_owned()));
    histogram!(REQUEST_DURATION, &labels).record(started.elapsed());
    span.in_scope(|| {
        tracing::info!(status, duration_ms = started.elapsed().as_millis(), "{method} answered {status}");
    });
    response
}

/// The method as a label. Callers can make methods up, and a label must not grow without end.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "other",
    }
}

/// The class of a status as a label.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

/// The caller's id, if it can stand in a log as it is; else one of ours.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    given
        .filter(|id| {
            !id.is_empty() && id.len() <= REQUEST_ID_BYTES && id.chars().all(|c| c.is_ascii_graphic())
        })
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

fn complete(mut response: Response, mut problem: Problem, instance: String, id: &str) -> Response {
    problem.instance = instance;
    problem.request_id = id.to_owned();
    // Serialising our own data to memory fails for no input.
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut complete = (response.status(), body).into_response();
    std::mem::swap(complete.headers_mut(), response.headers_mut());
    complete.headers_mut().remove(header::CONTENT_LENGTH);
    complete.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    complete
}
