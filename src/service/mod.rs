//! The processes of a deployment: the API and the worker, each run until asked to stop.
//!
//! `settings` is all that they can be told, `database` waits for Postgres and brings its schema up to date, `metrics`
//! collects measurements, `api` and `worker` run, `monitor` answers whoever watches over a worker, `session` runs one or
//! both in this process.

mod api;
mod database;
mod metrics;
mod monitor;
mod planner;
mod session;
mod settings;
mod worker;

pub(crate) use session::{serve_all, serve_api, serve_worker};
pub(crate) use settings::{ApiSettings, QueueSettings, SharedSettings, WorkerSettings};
