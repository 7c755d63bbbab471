//! What can go wrong while servers are found, set up, started and stopped.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// Why a local server could not be set up or started.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// No folder holds both `initdb` and `postgres`.
    #[error("PostgreSQL's programs `initdb` and `postgres` are not on this machine")]
    PostgresMissing,
    /// The cluster on disk belongs to a PostgreSQL version that is not installed.
    #[error("`{}` was made by PostgreSQL {needed}, which is not installed", folder.display())]
    PostgresVersion {
        /// The cluster's folder.
        folder: PathBuf,
        /// The major version that made it.
        needed: String,
    },
    /// PostgreSQL refuses to run as root, and there is no other user to run it as.
    #[error("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")]
    NoOwner,
    /// No `temporal` program was found.
    #[error("Temporal's program `temporal` is not on this machine")]
    TemporalMissing,
    /// A program that sets something up ended with an error.
    #[error("`{program}` failed ({status}): {said}")]
    Tool {
        /// The program's name.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// The last line it printed.
        said: String,
    },
    /// A file or folder could not be read, written or given to another user.
    #[error("could not {action} `{}`", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The operating system did not start the process.
    #[error("could not start {service}")]
    Start {
        /// The service's name.
        service: String,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The process ended while others waited for it to become ready.
    #[error("{service} ended before it was ready ({status})")]
    EndedEarly {
        /// The service's name.
        service: String,
        /// How it ended.
        status: ExitStatus,
        /// Where it wrote why.
        log: PathBuf,
    },
    /// The process runs and does not become ready.
    #[error("{service} is not ready after {} s", limit.as_secs())]
    NotReady {
        /// The service's name.
        service: String,
        /// How long it was given.
        limit: Duration,
        /// Where it may have written why.
        log: PathBuf,
    },
    /// The client for readiness checks over HTTP could not be made.
    #[error("could not make an HTTP client")]
    Client(#[source] reqwest::Error),
    /// A port that was asked for is in use.
    #[error("port {0} of 127.0.0.1 is taken")]
    PortTaken(u16),
    /// The operating system has no free port.
    #[error("found no free port on 127.0.0.1")]
    NoPort(#[source] io::Error),
}

impl LocalError {
    /// What the reader can do about it, where there is something to say.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::PostgresMissing => Some(
                "install PostgreSQL's server (Debian: `apt-get install postgresql`), or name a running one with `--database-url`"
                    .to_owned(),
            ),
            Self::PostgresVersion { folder, needed } => Some(format!(
                "install PostgreSQL {needed} again, or start anew by removing `{}`",
                folder.display()
            )),
            Self::NoOwner => Some("run as an ordinary user, or name a running server with `--database-url`".to_owned()),
            Self::TemporalMissing => Some(
                "put `temporal` on the PATH (`./dev up` fetches it), or name a running server with `--temporal-address`"
                    .to_owned(),
            ),
            Self::EndedEarly { log, .. } | Self::NotReady { log, .. } => Some(format!("see `{}`", log.display())),
            Self::PortTaken(_) => Some("name another port, or none to get a free one".to_owned()),
            Self::Tool { .. } | Self::File { .. } | Self::Start { .. } | Self::Client(_) | Self::NoPort(_) => None,
        }
    }

    /// For `map_err`: an operating system error while doing `action` on `path`.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::File { action, path, cause }
    }
}
