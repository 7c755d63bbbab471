//! The API, until asked to stop.

use std::time::Duration;

use anyhow::Context as _;
use api::{App, Config, Routing};
use contract::{OrderClient, Routes};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::settings::{ApiSettings, SharedSettings};
use crate::failure::Failure;

/// How often collected measurements are summed up, so that they don't pile up while nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Serves until `stop` is cancelled.
pub(super) async fn run(
    settings: &ApiSettings,
    shared: &SharedSettings,
    pool: PgPool,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let listen = &settings.api_listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("could not listen on `{listen}`"))
        .map_err(Failure::unavailable)?;
    let config = Config {
        routing: routing(shared)?,
        temporal_ui: settings.temporal_ui.clone(),
        metrics: Some(collect_metrics(stop.clone())?),
        steering: !settings.no_sweeper,
        limits: settings.limits(),
    };
    let client = OrderClient::new(shared.temporal());
    tracing::info!("the API listens on `{listen}`");
    let app = App::new(config, pool, client);
    api::serve(listener, app, stop.cancelled_owned()).await.map_err(Failure::no)
}

/// How the calls of orders are made: inline where the deployment declares them so.
fn routing(shared: &SharedSettings) -> Result<Routing, Failure> {
    Ok(match shared.systems()? {
        Some(systems) => Routing::new(move |plan| {
            Routes::of(plan, |system, operation| systems.is_inline(system, operation))
        }),
        None => Routing::default(),
    })
}

fn collect_metrics(stop: CancellationToken) -> Result<PrometheusHandle, Failure> {
    let handle = PrometheusBuilder::new()
        .install_recorder()
        .context("could not collect metrics")
        .map_err(Failure::no)?;
    let upkept = handle.clone();
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
            upkept.run_upkeep();
        }
    });
    Ok(handle)
}
