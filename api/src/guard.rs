//! What no handler has to think of: too many requests at once, requests that never end, and panics.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;

use crate::app::App;
use crate::error::ApiError;

/// How long a request may take, to the head of its answer; streams go on after it. Longer than the longest wait inside
/// (a verdict from Temporal), shorter than the patience of common proxies.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// Wraps the handlers that do work. Health checks are outside: they must be answered when this is at its limit.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let Ok(_permit) = app.requests().try_acquire() else {
        return ApiError::Overloaded { what: "concurrent requests", limit: app.limits().requests }
            .into_response();
    };
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(REQUEST_TIME, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => ApiError::internal(format!("panic: {}", message(&*panic))).into_response(),
        Err(_) => ApiError::TooSlow(REQUEST_TIME).into_response(),
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
