//! Servers on this machine: a private PostgreSQL cluster, a Temporal dev server, and any other child process.
//!
//! Every server lives under one data folder: what it stores in `postgres/` and `temporal/`, what it prints in
//! `logs/<name>.log`, who it is in `run/<name>.pid`. Nothing here touches a process that it did not start.
//!
//! A [`Service`] says how a process is started, asked to stop, and known to be ready; [`Service::start`] gives a
//! [`Running`] one. Keeping services alive is the work of `up::supervisor`.

mod error;
mod owner;
mod pid_file;
mod ports;
mod postgres;
mod programs;
mod random;
mod readiness;
mod service;
mod sockets;
mod temporal;

pub use error::LocalError;
pub use owner::Owner;
pub use pid_file::{kill_server, stop_leftovers};
pub use ports::{Moved, Ports};
pub use postgres::PostgresCluster;
pub use readiness::Readiness;
pub use service::{Running, Service, StopSignal};
pub use temporal::{TemporalPorts, TemporalServer};
