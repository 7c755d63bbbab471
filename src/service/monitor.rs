//! What a worker answers to those who watch over it: `GET /healthz` and `GET /metrics`. Whether orders get on is for the
//! API's `/readyz` to say, which sees what workers do.

use anyhow::Context as _;
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::net::TcpListener;

use crate::failure::Failure;

/// Prometheus' text form.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers for as long as it is polled.
pub(super) async fn serve(listener: TcpListener, metrics: PrometheusHandle) -> Result<(), Failure> {
    let health = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    let router = Router::new()
        .route("/healthz", get(async move || Json(health.clone())))
        .route("/metrics", get(async move || ([("content-type", MEDIA_TYPE)], metrics.render())));
    axum::serve(listener, router).await.context("the worker can't be watched over").map_err(Failure::no)
}
