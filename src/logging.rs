//! What long-running commands write about themselves, to standard error.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Which lines are written: levels per crate, as in `info,worker=debug`.
const FILTER_VARIABLE: &str = "ORDERWRIGHT_LOG";

/// `json` for one JSON object a line.
const FORMAT_VARIABLE: &str = "ORDERWRIGHT_LOG_FORMAT";

/// Starts logging for this process. A filter that can't be understood counts as none.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Fails only when logging was started before, and then it goes on as it is.
    let _ = if std::env::var(FORMAT_VARIABLE).is_ok_and(|format| format == "json") {
        lines.json().try_init()
    } else {
        lines.with_ansi(io::stderr().is_terminal()).try_init()
    };
}
