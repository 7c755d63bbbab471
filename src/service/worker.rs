//! The worker, until asked to stop.

use std::sync::Arc;

use ::api::{Replanner, Routing};
use anyhow::{Context as _, anyhow};
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use systems::Systems;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use worker::WorkerConfig;

use super::planner::Plans;
use super::settings::{QueueSettings, SharedSettings, WorkerSettings};
use super::{api, monitor};
use crate::failure::Failure;

/// What a worker does and with what, once all that it is told is known to be right.
pub(super) struct Duty {
    config: WorkerConfig,
    systems: Systems,
    /// How the calls of amended orders are made.
    routing: Routing,
}

impl Duty {
    /// Reads the file of systems, and finds out which task queues are to be served.
    pub(super) fn new(
        settings: &WorkerSettings,
        queues: &QueueSettings,
        shared: &SharedSettings,
    ) -> Result<Self, Failure> {
        let systems = shared.systems()?.ok_or_else(|| {
            Failure::misuse(anyhow!("a worker must know how the systems are reached"))
                .with_help("name the file with `--systems` or `ORDERWRIGHT_SYSTEMS`")
        })?;
        let service = queues.service(systems.directory())?;
        Ok(Self {
            config: settings.config(shared.temporal(), service),
            systems,
            routing: api::routing(shared)?,
        })
    }
}

/// Works until `stop` is cancelled.
pub(super) async fn run(
    settings: &WorkerSettings,
    duty: Duty,
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
        let plans = Plans(Replanner::new(pool.clone(), duty.routing));
        worker::run(duty.config, Arc::new(duty.systems), Arc::new(plans), pool, stop)
            .await
            .map_err(Failure::no)
    };
    // A worker that finishes its calls is still alive, and says so to the end.
    tokio::select! {
        result = working => result,
        result = monitor::serve(listener, metrics) => result,
    }
}
