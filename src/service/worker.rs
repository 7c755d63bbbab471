//! The worker, until asked to stop.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::health;
use super::settings::{SharedSettings, WorkerSettings};
use crate::failure::Failure;

/// Works until `stop` is cancelled.
pub(super) async fn run(
    settings: &WorkerSettings,
    shared: &SharedSettings,
    pool: PgPool,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let systems = shared.systems()?.ok_or_else(|| {
        Failure::misuse(anyhow!("a worker must know how the systems are reached"))
            .with_help("name the file with `--systems` or `ORDERWRIGHT_SYSTEMS`")
    })?;
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
    // A worker that finishes its calls is still alive: its health is told to the end.
    tokio::select! {
        result = working => result,
        result = health::serve(listener) => result,
    }
}
