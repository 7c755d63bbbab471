//! The worker, until asked to stop.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use systems::Systems;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::monitor;
use super::settings::{SharedSettings, WorkerSettings};
use crate::failure::Failure;

/// The systems that it calls.
pub(super) fn systems(shared: &SharedSettings) -> Result<Systems, Failure> {
    shared.systems()?.ok_or_else(|| {
        Failure::misuse(anyhow!("a worker must know how the systems are reached"))
            .with_help("name the file with `--systems` or `ORDERWRIGHT_SYSTEMS`")
    })
}

/// Works until `stop` is cancelled.
pub(super) async fn run(
    settings: &WorkerSettings,
    shared: &SharedSettings,
    systems: Systems,
    pool: PgPool,
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let listen = &settings.worker_listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("could not listen on `{listen}`"))
        .map_err(Failure::unavailable)?;
    let working = async {
        let stop = stop.clone().cancelled_owned();
        worker::run(settings.config(shared.temporal()), Arc::new(systems), pool, stop)
            .await
            .map_err(Failure::no)
    };
    // A worker that finishes its calls is still alive, and says so to the end.
    tokio::select! {
        result = working => result,
        result = monitor::serve(listener, metrics) => result,
    }
}
