//! What long-running commands write about themselves, to standard error.

use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// What is logged, and how.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Log options")]
pub(crate) struct LogArgs {
    /// Which lines are written: a level, or levels per crate as in `info,worker=debug`
    #[arg(
        long = "log",
        value_name = "FILTER",
        env = "ORDERWRIGHT_LOG",
        hide_env_values = true,
        default_value = "info,sqlx=warn"
    )]
    filter: String,

    /// How a line looks
    #[arg(long = "log-format", value_enum, env = "ORDERWRIGHT_LOG_FORMAT", hide_env_values = true, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON object a line
    Json,
}

/// Starts logging for this process.
pub(crate) fn start(args: &LogArgs) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&args.filter).map_err(|error| {
        Failure::misuse(
            anyhow::Error::new(error).context(format!("`{}` is not a filter of log lines", args.filter)),
        )
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Fails only when logging was started before, and then it goes on as it is.
    let _ = match args.format {
        Format::Json => lines.json().try_init(),
        Format::Human => lines.with_ansi(io::stderr().is_terminal()).try_init(),
    };
    Ok(())
}
