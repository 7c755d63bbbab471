//! `orderwright up`: everything on this machine.

use std::path::PathBuf;

use super::block_on;
use crate::failure::Failure;
use crate::up::{self, Options};

/// Run everything on this machine: databases, workflow engine, worker, API and simulated systems
///
/// Starts a private PostgreSQL cluster, a Temporal dev server and all services, publishes the blueprints, prints where everything is
/// once it can be used, and stops it all in order on Ctrl-C. Data, logs and the chosen ports stay in the data folder: run again,
/// it goes on where it stopped, open orders included. What dies is started again.
///
/// Ports are those of the last run, else the usual ones, else free ones. Nothing listens beyond 127.0.0.1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright up
  orderwright up --data-dir /var/lib/orderwright --api-port 9000
  orderwright up --blueprints ~/blueprints")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) site: SiteArgs,
}

/// What `up` and `demo` both take.
#[derive(Debug, clap::Args)]
pub(super) struct SiteArgs {
    /// Where databases, logs and state are kept
    #[arg(long, value_name = "DIR", default_value = up::DATA_DIR)]
    data_dir: PathBuf,

    /// The port of the API, no other [default: that of the last run, else 8080, else a free one]
    #[arg(long, value_name = "PORT")]
    api_port: Option<u16>,

    /// The folder of blueprints to publish [default: `blueprints` if it is there]
    #[arg(long, value_name = "DIR", env = "ORDERWRIGHT_BLUEPRINTS", hide_env_values = true)]
    pub(super) blueprints: Option<PathBuf>,

    /// Use this Temporal server and leave it alone, instead of starting one
    #[arg(long, value_name = "HOST:PORT")]
    temporal_address: Option<String>,

    /// Use this PostgreSQL database and leave the server alone, instead of starting one
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

impl SiteArgs {
    pub(super) fn into_options(self) -> Options {
        let Self { data_dir, api_port, blueprints, temporal_address, database_url } = self;
        Options { data_dir, api_port, blueprints, temporal_address, database_url }
    }
}

/// Runs until stopped.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    // Single-threaded: servers end with the thread that started them, and this one lives to the end.
    block_on(up::run(args.site.into_options()))
}
