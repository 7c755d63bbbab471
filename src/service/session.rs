//! One or both services in this process, from the first log line to the last.

use std::future::Future;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::settings::{ApiSettings, SharedSettings, WorkerSettings};
use super::{api, database, worker};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::logging;

/// Runs the API.
pub(crate) fn serve_api(api: &ApiSettings, shared: &SharedSettings) -> Result<(), Failure> {
    run(shared, |pool, stop| api::run(api, shared, pool, stop))
}

/// Runs a worker.
pub(crate) fn serve_worker(worker: &WorkerSettings, shared: &SharedSettings) -> Result<(), Failure> {
    run(shared, |pool, stop| worker::run(worker, shared, pool, stop))
}

/// Runs both; when one can't go on, both end.
pub(crate) fn serve_all(
    api: &ApiSettings,
    worker: &WorkerSettings,
    shared: &SharedSettings,
) -> Result<(), Failure> {
    run(shared, async |pool: PgPool, stop: CancellationToken| {
        let serving = async {
            let result = api::run(api, shared, pool.clone(), stop.clone()).await;
            stop.cancel();
            result
        };
        let working = async {
            let result = worker::run(worker, shared, pool.clone(), stop.clone()).await;
            stop.cancel();
            result
        };
        let (served, worked) = tokio::join!(serving, working);
        served.and(worked)
    })
}

/// Opens the database and runs `work` until the process is asked to stop.
fn run<W>(shared: &SharedSettings, work: impl FnOnce(PgPool, CancellationToken) -> W) -> Result<(), Failure>
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
        let working = work(pool.clone(), stop.clone());
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
