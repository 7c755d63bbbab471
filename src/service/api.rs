//! The API, until asked to stop.

use anyhow::Context as _;
use api::{App, Config, Routing};
use contract::{OrderClient, Routes};
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::settings::{ApiSettings, SharedSettings};
use crate::deployment;
use crate::failure::Failure;

/// Serves until `stop` is cancelled.
pub(super) async fn run(
    settings: &ApiSettings,
    shared: &SharedSettings,
    routing: Routing,
    pool: PgPool,
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let listen = &settings.api_listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("could not listen on `{listen}`"))
        .map_err(Failure::unavailable)?;
    let config = Config {
        routing,
        temporal_ui: settings.temporal_ui.clone(),
        metrics: Some(metrics),
        steering: !settings.no_sweeper,
        limits: settings.limits(),
    };
    let client = OrderClient::new(shared.temporal());
    tracing::info!("the API listens on `{listen}`");
    let app = App::new(config, pool, client);
    api::serve(listener, app, stop.cancelled_owned()).await.map_err(Failure::no)
}

/// How the calls of orders are made: inline where the deployment declares them so. Without its file, any call is taken to
/// be possible: only workers make them.
pub(super) fn routing(shared: &SharedSettings) -> Result<Routing, Failure> {
    let Some(inline) = shared.directory()? else { return Ok(Routing::default()) };
    let served = inline.clone();
    Ok(Routing::new(
        move |plan| Routes::of(plan, |system, operation| inline.is_inline(system, operation)),
        move |system, operation| deployment::gap(&served, system, operation),
    ))
}
