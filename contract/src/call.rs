//! What an activity that calls a system is given, and how it answers.

use model::{Direction, Duration, IdempotencyKey, OperationName, OrderId, SystemName, TaskId, Value};
use serde::{Deserialize, Serialize};

/// One call, as an activity gets it. The activity answers with a [`CallAnswer`], or fails with a [`CallFailure`] as its
/// type and a [`CallFailureDetails`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallInput {
    /// The order it is made for.
    pub order: OrderId,
    /// The task that makes it.
    pub task: TaskId,
    /// How often the task has been begun anew, from 1.
    pub generation: u32,
    /// Whether it does or undoes.
    pub direction: Direction,
    /// The system.
    pub system: SystemName,
    /// Its operation or query.
    pub operation: OperationName,
    /// The arguments: a record.
    pub arguments: Value,
    /// The same on every attempt.
    pub key: IdempotencyKey,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// The length of the history with which the workflow task began that ordered the call. That the activity runs
    /// shows that Temporal took that task.
    pub ordered_at: u32,
    /// What was tried before this activity.
    #[serde(default, skip_serializing_if = "Earlier::is_nothing")]
    pub earlier: Earlier,
}

/// What was tried before, for the same task, direction and generation, by other activities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Earlier {
    /// How many attempts; those of this activity are counted on from there.
    pub attempts: u32,
    /// Whether one of them, under the same key, may have taken effect.
    pub in_doubt: bool,
}

impl Earlier {
    const fn is_nothing(&self) -> bool {
        self.attempts == 0 && !self.in_doubt
    }
}

/// A call was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAnswer {
    /// The system's result; not yet checked against the declared type.
    pub result: Value,
    /// How long the attempt took.
    pub took: Duration,
    /// How many attempts this activity has made; none in histories that are older than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}

/// What is known of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFailureDetails {
    /// How many attempts this activity has made.
    pub attempts: u32,
    /// How long the last one took.
    pub took: Duration,
}

/// How a call ended that was not answered with a result: the type of the activity's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The system will not do it; nothing has happened. Not retried.
    Refused,
    /// Not done, for certain, by this attempt or any before it.
    Failed,
    /// Not done, for certain, because the worker does not know how to reach the system or its operation.
    Unserved,
    /// The last attempt was not sent for that reason, and one before it may have taken effect.
    UnservedInDoubt,
    /// At least one attempt may have taken effect.
    Unknown,
}

impl CallFailure {
    /// The failure type, as it stands in histories.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "Refused",
            Self::Failed => "Failed",
            Self::Unserved => "Unserved",
            Self::UnservedInDoubt => "UnservedInDoubt",
            Self::Unknown => "Unknown",
        }
    }

    /// Reads a failure type. What is not one of ours says nothing about what was done: [`CallFailure::Unknown`].
    #[must_use]
    pub fn read(text: Option<&str>) -> Self {
        match text {
            Some("Refused") => Self::Refused,
            Some("Failed") => Self::Failed,
            Some("Unserved") => Self::Unserved,
            Some("UnservedInDoubt") => Self::UnservedInDoubt,
            _ => Self::Unknown,
        }
    }
}

/// What is known of a call that is to make no further attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inquiry {
    /// An attempt is under way; its end will tell.
    Underway,
    /// No attempt is under way, none will be made, and none has done anything.
    Harmless {
        /// What went wrong last.
        reason: String,
    },
    /// No attempt is under way, and one before may have taken effect.
    InDoubt {
        /// What went wrong last.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_no_known_type_leaves_the_outcome_open() {
        for failure in [
            CallFailure::Refused,
            CallFailure::Failed,
            CallFailure::Unserved,
            CallFailure::UnservedInDoubt,
            CallFailure::Unknown,
        ] {
            assert_eq!(CallFailure::read(Some(failure.as_str())), failure);
        }
        assert_eq!(CallFailure::read(Some("NotFoundError")), CallFailure::Unknown);
        assert_eq!(CallFailure::read(None), CallFailure::Unknown);
    }
}
