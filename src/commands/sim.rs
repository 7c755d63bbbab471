//! `orderwright sim`: every external system, simulated.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use systems::sim::{self, Options};
use tokio::net::TcpListener;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::logging::{self, LogArgs};

/// Serve every external system, simulated, with faults that can be set
///
/// Answers `/{system}/{operation}` as a real system would: once per idempotency key, and remembered. `GET /sim/ledger`
/// shows what is held by which order; `PUT /sim/{system}/{operation}` makes the next calls fail, refuse, or take long.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright sim --data-dir sim
  curl -X PUT localhost:8090/sim/olt/activate -d '{\"fail_times\": 2}'")]
pub(crate) struct Args {
    /// Where to listen
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "ORDERWRIGHT_SIM_ADDR",
        hide_env_values = true,
        default_value = "127.0.0.1:8090"
    )]
    listen: String,

    /// Where the ledger is kept; without it, it ends with the process
    #[arg(long, value_name = "DIR", env = "ORDERWRIGHT_SIM_DATA", hide_env_values = true)]
    data_dir: Option<PathBuf>,

    /// Where callbacks are delivered as signals
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_URL", hide_env_values = true)]
    api_url: Option<String>,

    /// Where the dice begin: the same seed and the same calls give the same faults
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,

    /// A TOML table of answers that come in place of those that are built in
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,

    #[command(flatten)]
    log: LogArgs,
}

/// Serves until asked to stop.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let Args { listen, data_dir, api_url, seed, answers, log } = args;
    logging::start(&log)?;
    let answers = answers.as_deref().map(read).transpose()?;
    let options = Options { seed, data_dir, api_url, answers };
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::no)?;
    runtime.block_on(async {
        let mut interrupt = Interrupt::catch()?;
        let listener = TcpListener::bind(&listen)
            .await
            .with_context(|| format!("could not listen on `{listen}`"))
            .map_err(Failure::unavailable)?;
        sim::serve(listener, options, async move { interrupt.wait().await }).await.map_err(Failure::no)
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .with_context(|| format!("could not read `{}`", path.display()))
        .map_err(Failure::no)
}
