//! What a worker process is told.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use contract::ClientConfig;
use model::QueueName;

/// How a worker runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Where Temporal is, and the task queue of orders.
    pub temporal: ClientConfig,
    /// Whether it carries out orders, and makes those of their calls that have no other queue.
    pub orders: bool,
    /// Whose calls it makes besides: the task queues that systems have to themselves.
    pub queues: BTreeSet<QueueName>,
    /// What people know the worker by, in the Web UI and in the list of workers.
    pub name: String,
    /// Most orders kept in memory between their workflow tasks; the others are replayed when something happens to them.
    /// About 60 kB each.
    pub cached_orders: usize,
    /// Most workflow tasks at a time.
    pub workflow_tasks: usize,
    /// Most calls to systems at a time, of each task queue.
    pub calls: usize,
    /// Most calls at a time that run inside workflow tasks.
    pub inline_calls: usize,
    /// How long calls may go on when the worker is asked to stop. What is not done then is left to another worker.
    pub shutdown_grace: Duration,
    /// Where the Temporal SDK shows its own metrics in Prometheus' text form; nowhere if not said.
    pub sdk_metrics: Option<SocketAddr>,
}

impl WorkerConfig {
    /// What a worker does that is told nothing but where Temporal is: it serves the orders' queue and no other.
    #[must_use]
    pub fn new(temporal: ClientConfig) -> Self {
        Self {
            temporal,
            orders: true,
            queues: BTreeSet::new(),
            name: format!("worker-{}", std::process::id()),
            cached_orders: 1_000,
            workflow_tasks: 100,
            calls: 200,
            inline_calls: 100,
            shutdown_grace: Duration::from_secs(30),
            sdk_metrics: None,
        }
    }
}
