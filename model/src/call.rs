//! One call to an external system, and what became of it.

use serde::{Deserialize, Serialize};

use crate::{Duration, IdempotencyKey, OperationName, OrderId, SystemName, TaskId, Value};

/// Why a task calls a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To do what the task is for.
    Forward,
    /// To take it back.
    Undo,
}

impl Direction {
    /// The word that stands in idempotency keys, records and headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Undo => "undo",
        }
    }
}

/// One attempt of one call, complete with what has to travel along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRequest {
    /// The order it is made for; also the correlation id.
    pub order: OrderId,
    /// The task that makes it.
    pub task: TaskId,
    /// Whether it does or undoes.
    pub direction: Direction,
    /// The system called.
    pub system: SystemName,
    /// Its operation or query.
    pub operation: OperationName,
    /// The arguments by name: a record.
    pub arguments: Value,
    /// The same on every attempt.
    pub key: IdempotencyKey,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How long this attempt may take.
    pub timeout: Duration,
}

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The system did it and answered.
    Succeeded(Value),
    /// The system will not do it, now or later: nothing has happened, and another attempt is pointless.
    Refused {
        /// What it said.
        reason: String,
    },
    /// It has not been done, and another attempt may help.
    Failed {
        /// What went wrong.
        reason: String,
        /// The system asked to be left alone for so long.
        retry_after: Option<Duration>,
    },
    /// It has not been sent, because nobody says how to reach the system or its operation: an operator's to mend.
    Unserved {
        /// What is missing, and where to say it.
        reason: String,
    },
    /// Nobody knows whether it has been done: no answer came, or the connection broke after sending.
    Unknown {
        /// What went wrong.
        reason: String,
    },
}
