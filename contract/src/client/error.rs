//! What can go wrong between us and Temporal.

use std::error::Error as _;
use std::time::Duration;

use engine::Rejected;
use temporalio_client::envconfig::ConfigError;
use temporalio_client::errors::{
    ClientConnectError, ClientError as ListError, ClientNewError, WorkflowInteractionError,
    WorkflowQueryError, WorkflowStartError, WorkflowUpdateError,
};
use temporalio_client::tonic::{Code, Status};

use crate::payload::PayloadError;

/// Temporal can't be reached, or its configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The configuration from the environment or its file is wrong.
    #[error("the configuration of the Temporal client can't be used")]
    Config(#[from] ConfigError),
    /// The server does not answer, or does not want us.
    #[error("could not connect to Temporal")]
    Server(#[from] ClientConnectError),
    /// It has not answered in time.
    #[error("could not connect to Temporal within {} s", within.as_secs())]
    TimeOut {
        /// How long was waited.
        within: Duration,
    },
    /// A client could not be put together.
    #[error("could not set up the Temporal client")]
    Client(#[from] ClientNewError),
}

/// A request to Temporal has not been met.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Temporal is not there or not ready. The request may be made again later as it is.
    #[error("could not reach Temporal: {why}")]
    Unreachable {
        /// What was seen of it.
        why: String,
    },
    /// Temporal is there, but no worker has answered in time. What was asked may still happen; asked again under
    /// the same id, it happens once.
    #[error("no worker answered within {} s", within.as_secs())]
    NoWorker {
        /// How long was waited.
        within: Duration,
    },
    /// Temporal knows no such order, or has forgotten it.
    #[error("Temporal has no such order")]
    NotFound,
    /// The order does not meet the request.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The answer is not one we understand: another version wrote it.
    #[error("the answer can't be read")]
    Unreadable(#[from] PayloadError),
    /// Temporal refuses the request.
    #[error("Temporal refuses the request: {why}")]
    Refused {
        /// Its words.
        why: String,
    },
}

impl ClientError {
    /// What a status of the server means.
    pub(crate) fn from_status(status: &Status) -> Self {
        let why = describe(status);
        match status.code() {
            Code::NotFound => Self::NotFound,
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Internal
            | Code::Unknown
            | Code::DataLoss => Self::Unreachable { why },
            Code::Ok
            | Code::InvalidArgument
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Unauthenticated => Self::Refused { why },
        }
    }
}

/// The status and what caused it, in one line.
fn describe(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = status.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    if text.is_empty() { status.code().description().to_owned() } else { text }
}

impl From<ConnectError> for ClientError {
    fn from(error: ConnectError) -> Self {
        let mut why = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            why = format!("{why}: {error}");
            cause = error.source();
        }
        Self::Unreachable { why }
    }
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        Self::from_status(&status)
    }
}

macro_rules! from_sdk_error {
    ($error:ident: $($known:ident),+) => {
        impl From<$error> for ClientError {
            fn from(error: $error) -> Self {
                match error {
                    $($error::$known(status) => Self::from_status(&status),)+
                    // Payloads of ours can't fail to convert; what else is added later is the server's refusal.
                    other => Self::Refused { why: other.to_string() },
                }
            }
        }
    };
}

from_sdk_error!(ListError: Rpc);
from_sdk_error!(WorkflowStartError: Rpc);
from_sdk_error!(WorkflowInteractionError: NotFound, Rpc);
from_sdk_error!(WorkflowQueryError: NotFound, Rpc);
from_sdk_error!(WorkflowUpdateError: NotFound, Rpc);
