//! What no handler has to think of: too many requests at once, requests that never end, and panics.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;

use crate::app::App;
use crate::error::ApiError;

/// How long a request may take, to the head of its answer; streams go on after it. Longer than the longest
/// wait inside (a verdict from Temporal), shorter than the patience of common proxies.
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::{from_fn, from_fn_with_state};
    use axum::routing::get;
    use sqlx::PgPool;
    use tokio::net::TcpListener;

    use super::*;
    use crate::observe::observe;
    use crate::testing::{Answer, config, no_temporal};

    async fn broken() -> &'static str {
        panic!("the password is swordfish")
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_panic_is_an_incident_that_gives_nothing_away(pool: PgPool) {
        let app = App::new(config(), pool, no_temporal());
        let router = Router::new()
            .route("/broken", get(broken))
            .layer(from_fn_with_state(app.clone(), guard))
            .layer(from_fn(observe))
            .with_state(app);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/broken", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let answer = Answer::to(reqwest::Client::new().get(address)).await;
        let problem = answer.problem(500, "internal");
        assert_eq!(problem["detail"], "something unexpected happened");
        assert!(problem["incident"].as_str().unwrap().parse::<uuid::Uuid>().is_ok());
        assert!(!answer.text.contains("swordfish"));
    }
}
