//! The worker process: connects, works, starts again after what it can't survive, and ends cleanly.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contract::{ConnectError, OrderClient, connect};
use futures::stream::{FuturesUnordered, StreamExt as _};
use sqlx::PgPool;
use store::WorkerId;
use temporalio_client::Client;
use temporalio_common::telemetry::metrics::CoreMeter;
use temporalio_common::telemetry::{
    PrometheusExporterOptions, TelemetryOptions, start_prometheus_metric_exporter,
};
use temporalio_sdk::error::{RuntimeError, WorkerCreateError, WorkerRunError, WorkflowRegistrationError};
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker, WorkerOptions, WorkerOptionsBuilder};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::activity::Calls;
use crate::caller::Caller;
use crate::config::WorkerConfig;
use crate::ending::Endings;
use crate::error::chain;
use crate::measure::{self, Measured};
use crate::mirror::{Mirror, MirrorHandle};
use crate::replan::Planner;
use crate::workflow::{OrderWorkflow, outlet};

/// The rest after a failure, doubled up to the longest.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(10);

/// A worker that ran for so long before it failed starts again with the first rest.
const LONG_ENOUGH: Duration = Duration::from_secs(60);

/// The SDK remembers a token for every call that a worker ever made, some 300 bytes each. After so many calls the worker is
/// put together anew, which frees them: at about 60 MB.
const CALLS_OF_ONE_LIFE: u64 = 200_000;

/// A worker can't work at all.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The Temporal SDK can't be set up.
    #[error("could not set up the Temporal SDK")]
    Runtime(#[from] RuntimeError),
    /// The SDK's metrics can't be shown where they were to be.
    #[error("could not show the metrics of the Temporal SDK at `{listen}`")]
    SdkMetrics {
        /// Where.
        listen: SocketAddr,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The workflow can't be registered.
    #[error("could not register the order workflow")]
    Registration(#[from] WorkflowRegistrationError),
    /// No thread could be started.
    #[error("could not start a thread for workflows")]
    Thread(#[source] std::io::Error),
    /// The thread that runs workflows ended without a word.
    #[error("the thread for workflows ended")]
    Gone,
}

/// Why one life of a worker ended.
#[derive(Debug, thiserror::Error)]
enum LifeError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("could not put the worker together")]
    Create(#[from] WorkerCreateError),
    #[error("the worker broke off")]
    Run(#[from] WorkerRunError),
}

/// Works until `shutdown` completes: carries orders out, calls systems through `caller`, both as far as `config` says, has orders
/// that are amended by a signal planned by `planner`, and mirrors what happens to the database behind `pool`. Waits for Temporal and for Postgres if they are away.
///
/// Must be called within a Tokio runtime with several threads: calls run on it, workflows on a thread of their own.
///
/// # Errors
/// The worker can't be set up. What can go wrong later is survived.
pub async fn run(
    config: WorkerConfig,
    caller: Arc<dyn Caller>,
    planner: Arc<dyn Planner>,
    pool: PgPool,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), WorkerError> {
    measure::describe();
    let caller: Arc<dyn Caller> = Arc::new(Measured(caller));
    let client = OrderClient::new(config.temporal.clone());
    let mirror = if config.orders {
        Mirror::start(WorkerId::new(Uuid::now_v7()), config.name.clone(), pool, client)
    } else {
        Mirror::of_calls(pool, client)
    };
    let (stop, stopped) = watch::channel(false);
    let mut lives = Lives { config, caller, planner, mirror: mirror.handle(), stopped };

    let (ended, end) = tokio::sync::oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("orders".to_owned())
        .spawn(move || {
            // Nobody waits for it any more if this fails.
            let _ = ended.send(runtime.block_on(lives.run()));
        })
        .map_err(WorkerError::Thread)?;

    tokio::pin!(end);
    let result = tokio::select! {
        result = &mut end => result,
        () = shutdown => {
            let _ = stop.send(true);
            end.await
        }
    };
    mirror.stop().await;
    result.unwrap_or(Err(WorkerError::Gone))
}

/// One worker after the other, until it is enough.
struct Lives {
    config: WorkerConfig,
    caller: Arc<dyn Caller>,
    planner: Arc<dyn Planner>,
    mirror: MirrorHandle,
    stopped: watch::Receiver<bool>,
}

impl Lives {
    async fn run(&mut self) -> Result<(), WorkerError> {
        let runtime = Runtime::from_current_tokio(runtime_options(&self.config)?)?;
        let mut rest = FIRST_REST;
        while !*self.stopped.borrow() {
            let began = Instant::now();
            match self.live(&runtime).await? {
                Ok(()) => rest = FIRST_REST,
                Err(cause) => {
                    if began.elapsed() > LONG_ENOUGH {
                        rest = FIRST_REST;
                    }
                    tracing::warn!(cause = %chain(&cause), "the worker starts again in {rest:?}");
                    let _ = tokio::time::timeout(rest, self.stopped.wait_for(|stop| *stop)).await;
                    rest = (rest * 2).min(LONGEST_REST);
                }
            }
        }
        Ok(())
    }

    /// Works until it is asked to stop, has lived long enough, or can't go on.
    async fn live(&mut self, runtime: &Runtime) -> Result<Result<(), LifeError>, WorkerError> {
        let client = tokio::select! {
            client = connect(&self.config.temporal) => match client {
                Ok(client) => client,
                Err(cause) => return Ok(Err(cause.into())),
            },
            _ = self.stopped.wait_for(|stop| *stop) => return Ok(Ok(())),
        };
        register_search_attributes(&client, self.config.temporal.task_queue()).await;
        let stopping = Arc::new(AtomicBool::new(false));
        let spent = Arc::new(Notify::new());
        let calls = Calls {
            caller: self.caller.clone(),
            planner: self.planner.clone(),
            mirror: self.mirror.clone(),
            stopping: stopping.clone(),
            left: Arc::new(CALLS_OF_ONE_LIFE.into()),
            spent: spent.clone(),
        };
        let mut crew = Vec::new();
        for options in self.crew(&calls)? {
            match Worker::new(runtime, client.clone(), options) {
                Ok(worker) => crew.push(worker),
                Err(cause) => return Ok(Err(cause.into())),
            }
        }
        let queues: Vec<_> = crew.iter().map(Worker::task_queue).collect();
        tracing::info!(worker.name = %self.config.name, orders = self.config.orders, "the worker serves `{}`", queues.join("`, `"));
        let ends: Vec<_> = crew.iter().map(Worker::shutdown_handle).collect();
        let mut running: FuturesUnordered<_> = crew.iter_mut().map(Worker::run).collect();
        // When one can't go on, all of them start again.
        let mut result = Ok(());
        tokio::select! {
            Some(end) = running.next() => result = end,
            _ = self.stopped.wait_for(|stop| *stop) => tracing::info!("the worker ends"),
            () = spent.notified() => tracing::info!("the worker is put together anew"),
        }
        stopping.store(true, Ordering::Relaxed);
        ends.iter().for_each(|end| end());
        while let Some(end) = running.next().await {
            result = result.and(end);
        }
        Ok(result.map_err(LifeError::from))
    }

    /// What the SDK is told of each of its workers: it has one for each task queue.
    fn crew(&self, calls: &Calls) -> Result<Vec<WorkerOptions>, WorkerError> {
        let Lives { config, mirror, .. } = self;
        let mut crew = Vec::new();
        if config.orders {
            let options = WorkerOptions::new(config.temporal.task_queue())
                .register_workflow::<OrderWorkflow>()?
                .worker_interceptor(Endings(mirror.clone()))
                .workflow_interceptor(outlet(Arc::new(mirror.clone())));
            crew.push(self.options(options, calls));
        }
        for queue in &config.queues {
            crew.push(self.options(WorkerOptions::new(config.temporal.task_queue_of(queue)), calls));
        }
        Ok(crew)
    }

    /// Adds what all of them are told. Each has slots of its own, so that a slow system takes none of the others'.
    fn options(&self, options: WorkerOptionsBuilder, calls: &Calls) -> WorkerOptions {
        let config = &self.config;
        let slots = TunerHolder::builder()
            .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(config.workflow_tasks))
            .activity_task_slot_supplier(FixedSizeSlotSupplier::new(config.calls))
            .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(config.inline_calls))
            .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1))
            .build();
        options
            .register_activities(calls.clone())
            .client_identity_override(config.name.clone())
            .max_cached_workflows(config.cached_orders)
            .tuner(slots)
            .graceful_shutdown_period(config.shutdown_grace)
            .build()
    }
}

/// What the SDK's runtime is told: where to show its own metrics, if anywhere.
fn runtime_options(config: &WorkerConfig) -> Result<RuntimeOptions, WorkerError> {
    let Some(listen) = config.sdk_metrics else { return Ok(RuntimeOptions::default()) };
    let options = PrometheusExporterOptions::builder()
        .socket_addr(listen)
        .use_seconds_for_durations(true)
        .unit_suffix(true)
        .counters_total_suffix(true)
        .build();
    let cannot = |cause: Box<dyn std::error::Error + Send + Sync>| WorkerError::SdkMetrics { listen, cause };
    let server = start_prometheus_metric_exporter(options).map_err(|cause| cannot(cause.into()))?;
    tracing::info!("the SDK shows its metrics at `http://{}/metrics`", server.bound_addr);
    let telemetry = TelemetryOptions::builder().metrics(server.meter as Arc<dyn CoreMeter>).build();
    RuntimeOptions::builder().telemetry_options(telemetry).build().map_err(|cause| cannot(cause.into()))
}

/// Makes the server know our search attributes. A person may have to, where we are not allowed to.
async fn register_search_attributes(client: &Client, task_queue: &str) {
    let client = OrderClient::with_client(client.clone(), task_queue);
    if let Err(cause) = client.register_search_attributes().await {
        tracing::warn!(cause = %chain(&cause), "the search attributes of orders can't be registered");
    }
}
