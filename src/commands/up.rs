//! `orderwright up`: everything on this machine.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::up::{self, Options};

/// Run everything on this machine: databases, workflow engine, worker and API
///
/// Starts a private PostgreSQL cluster and a Temporal dev server, prints where everything is once it can be used, and
/// stops it all in order on Ctrl-C. Data, logs and the chosen ports stay in the data folder: run again, it goes on
/// where it stopped, open orders included. What dies is started again.
///
/// Ports are those of the last run, else the usual ones, else free ones. Nothing listens beyond 127.0.0.1.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where databases, logs and state are kept
    #[arg(long, value_name = "DIR", default_value = ".orderwright")]
    data_dir: PathBuf,

    /// Use this Temporal server and leave it alone, instead of starting one
    #[arg(long, value_name = "HOST:PORT")]
    temporal_address: Option<String>,

    /// Use this PostgreSQL database and leave the server alone, instead of starting one
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// Runs until stopped.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let Args { data_dir, temporal_address, database_url } = args;
    // Single-threaded: servers end with the thread that started them, and this one lives to the end.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::no)?;
    runtime.block_on(up::run(Options { data_dir, temporal_address, database_url }))
}
