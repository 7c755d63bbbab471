//! One or both services in this process, from the first log line to the last. What is wrong with the settings is told before
//! anything is waited for.

use std::future::Future;

use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::settings::{ApiSettings, QueueSettings, SharedSettings, WorkerSettings};
use super::worker::Duty;
use super::{api, database, metrics, worker};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::logging;

/// Runs the API.
pub(crate) fn serve_api(api: &ApiSettings, shared: &SharedSettings) -> Result<(), Failure> {
    let routing = api::routing(shared)?;
    run(shared, |with| api::run(api, shared, routing, with.pool, with.metrics, with.stop))
}

/// Runs a worker.
pub(crate) fn serve_worker(
    worker: &WorkerSettings,
    queues: &QueueSettings,
    shared: &SharedSettings,
) -> Result<(), Failure> {
    let duty = Duty::new(worker, queues, shared)?;
    run(shared, |with| worker::run(worker, duty, with.pool, with.metrics, with.stop))
}

/// Runs both, on every task queue; when one can't go on, both end.
pub(crate) fn serve_all(
    api: &ApiSettings,
    worker: &WorkerSettings,
    shared: &SharedSettings,
) -> Result<(), Failure> {
    let (routing, duty) = (api::routing(shared)?, Duty::new(worker, &QueueSettings::default(), shared)?);
    run(shared, async |Means { pool, metrics, stop }| {
        let serving = async {
            let result = api::run(api, shared, routing, pool.clone(), metrics.clone(), stop.clone()).await;
            stop.cancel();
            result
        };
        let working = async {
            let result = worker::run(worker, duty, pool.clone(), metrics.clone(), stop.clone()).await;
            stop.cancel();
            result
        };
        let (served, worked) = tokio::join!(serving, working);
        served.and(worked)
    })
}

/// What a service works with.
struct Means {
    pool: PgPool,
    /// Renders what this process measures.
    metrics: PrometheusHandle,
    /// Cancelled when the process is asked to stop.
    stop: CancellationToken,
}

/// Opens the database and runs `work` until the process is asked to stop.
fn run<W>(shared: &SharedSettings, work: impl FnOnce(Means) -> W) -> Result<(), Failure>
where
    W: Future<Output = Result<(), Failure>>,
{
    logging::start(&shared.log)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::no)?;
    runtime.block_on(async {
        let mut interrupt = Interrupt::catch()?;
        let pool = tokio::select! {
            opened = database::open(shared) => opened?,
            () = interrupt.wait() => return Ok(()),
        };
        let stop = CancellationToken::new();
        let metrics = metrics::collect(stop.clone())?;
        let working = work(Means { pool: pool.clone(), metrics, stop: stop.clone() });
        tokio::pin!(working);
        let result = tokio::select! {
            result = &mut working => result,
            () = interrupt.wait() => {
                tracing::info!("asked to stop: finishing what is under way");
                stop.cancel();
                working.await
            }
        };
        pool.close().await;
        result
    })
}
