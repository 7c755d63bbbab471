//! The worker, until asked to stop.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use sqlx::PgPool;
use systems::Systems;
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
    let systems = load_systems(&settings.systems)?;
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

fn load_systems(file: &Path) -> Result<Systems, Failure> {
    Systems::load(file, |name| std::env::var(name).ok()).map_err(|error| {
        Failure::misuse(error).with_help("name the file with `--systems` or `ORDERWRIGHT_SYSTEMS`")
    })
}
