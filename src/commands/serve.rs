//! `orderwright serve`: the processes of a deployment.

use clap::Subcommand;

use crate::failure::Failure;
use crate::service::{self, ApiSettings, QueueSettings, SharedSettings, WorkerSettings};

/// Run the services of a deployment: API, worker, or both
///
/// Every option can be given as an environment variable, too. A service brings the database's schema up to date when it starts, and
/// waits for Postgres and Temporal while they are away. Asked to stop, it finishes what is under way.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  export DATABASE_URL=postgres://orderwright:secret@db/orderwright TEMPORAL_ADDRESS=temporal:7233
  orderwright serve api --api-listen 0.0.0.0:8080
  orderwright serve worker --systems /etc/orderwright/systems.toml
  orderwright serve worker --systems /etc/orderwright/systems.toml --queues shipping")]
pub(crate) struct Args {
    #[command(subcommand)]
    service: Service,
}

#[derive(Debug, Subcommand)]
enum Service {
    /// The HTTP API: takes, shows and steers orders
    ///
    /// Any number may run side by side. Each also starts what was accepted while Temporal was away, unless told otherwise.
    Api {
        #[command(flatten)]
        api: ApiSettings,
        #[command(flatten)]
        shared: SharedSettings,
    },
    /// A worker: carries orders out and calls the systems
    ///
    /// Any number may run side by side. It registers the search attributes of orders with Temporal, where it is allowed to. With
    /// `--queues`, it only makes the calls of systems that have a task queue of their own.
    Worker {
        #[command(flatten)]
        queues: QueueSettings,
        #[command(flatten)]
        worker: WorkerSettings,
        #[command(flatten)]
        shared: SharedSettings,
    },
    /// Both in one process
    All {
        #[command(flatten)]
        api: Box<ApiSettings>,
        #[command(flatten)]
        worker: Box<WorkerSettings>,
        #[command(flatten)]
        shared: SharedSettings,
    },
}

/// Serves until asked to stop.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.service {
        Service::Api { api, shared } => service::serve_api(api, shared),
        Service::Worker { queues, worker, shared } => service::serve_worker(worker, queues, shared),
        Service::All { api, worker, shared } => service::serve_all(api, worker, shared),
    }
}
