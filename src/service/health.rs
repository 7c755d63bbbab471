//! `GET /healthz` of a worker. Whether orders get on is for the API's `/readyz` to say, which sees what workers do.

use anyhow::Context as _;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use crate::failure::Failure;

/// Answers for as long as it is polled.
pub(super) async fn serve(listener: TcpListener) -> Result<(), Failure> {
    let answer = json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") });
    let router = Router::new().route("/healthz", get(async move || Json(answer.clone())));
    axum::serve(listener, router).await.context("the worker's health can't be told").map_err(Failure::no)
}
