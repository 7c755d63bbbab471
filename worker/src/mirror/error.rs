//! What can stand between the mirror and what it mirrors.

use contract::ClientError;
use store::DatabaseError;

/// The mirror can't go on for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum MirrorError {
    /// No connection to Postgres.
    #[error("could not get a connection to Postgres")]
    Connection(#[from] sqlx::Error),
    /// Postgres can't do what was asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Temporal, or an order's workflow, does not answer.
    #[error(transparent)]
    Workflow(#[from] ClientError),
}

impl MirrorError {
    /// Whether the same will fail again, however often it is tried.
    pub(super) fn is_permanent(&self) -> bool {
        match self {
            Self::Connection(_) => false,
            Self::Database(cause) => cause.is_permanent(),
            Self::Workflow(cause) => match cause {
                ClientError::Refused { .. } | ClientError::Unreadable(_) | ClientError::Rejected(_) => true,
                ClientError::Unreachable { .. } | ClientError::NoWorker { .. } | ClientError::NotFound => {
                    false
                }
            },
        }
    }
}
