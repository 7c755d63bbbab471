//! The API, until asked to stop.

use anyhow::Context as _;
use api::{App, Config, Routing};
use contract::{ClientConfig, OrderClient, Route, Routes};
use metrics_exporter_prometheus::PrometheusHandle;
use model::{OperationName, QueueName, SystemName};
use sqlx::PgPool;
use systems::Directory;
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

/// How the calls of orders are made: inline or on a queue of their system's where the deployment says so. Without its file, any
/// call is taken to be possible: only workers make them.
pub(super) fn routing(shared: &SharedSettings) -> Result<Routing, Failure> {
    let Some(directory) = shared.directory()? else { return Ok(Routing::default()) };
    let (served, temporal) = (directory.clone(), shared.temporal());
    let queues: Vec<QueueName> = directory.queues().into_iter().cloned().collect();
    let routing = Routing::new(
        move |plan| Routes::of(plan, |system, operation| route(&directory, &temporal, system, operation)),
        move |system, operation| deployment::gap(&served, system, operation),
    );
    Ok(routing.with_queues(queues))
}

fn route(
    directory: &Directory,
    temporal: &ClientConfig,
    system: &SystemName,
    operation: &OperationName,
) -> Route {
    match directory.queue(system) {
        Some(queue) => Route::Queue(temporal.task_queue_of(queue)),
        None if directory.is_inline(system, operation) => Route::Inline,
        None => Route::Ordinary,
    }
}
