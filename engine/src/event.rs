//! The facts that a run takes in, and its answers.

use model::{Actor, DeliveryId, OrderState, TaskId, TaskState, Value};
use serde::{Deserialize, Serialize};

use crate::{CallId, TimerId};

/// A fact. Any of them may come twice, late, or for something that is long over: that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The order begins.
    Start,
    /// A call has been answered, or given up.
    CallSettled {
        /// Which.
        call: CallId,
        /// How.
        settlement: Settlement,
    },
    /// A timer's time is up.
    TimerFired {
        /// Which.
        timer: TimerId,
    },
    /// A signal has come from outside, for a task that waits for it or will.
    Delivered {
        /// Names the delivery; the same one again changes nothing.
        id: DeliveryId,
        /// The signal's name, as it came.
        signal: String,
        /// The task it is for, as it came; without it, the one task that waits for such a signal.
        task: Option<String>,
        /// What it carries, as it came.
        payload: Value,
    },
    /// Somebody wants the order cancelled.
    Cancel {
        /// Names the request; the same one again gets the same answer.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// Something has come from outside that can't be understood.
    Malformed {
        /// Names the delivery; the same one again gets the same answer.
        id: DeliveryId,
        /// The name of what came: `cancel`, `deliver`.
        signal: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A person acts on a task.
    Act {
        /// Names the request; the same one again changes nothing.
        id: DeliveryId,
        /// What they do.
        action: OperatorAction,
        /// On which task.
        task: TaskId,
        /// Who.
        by: Actor,
        /// What they want remembered about it.
        note: String,
    },
}

/// How a call ended, after all its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settlement {
    /// Done, with this answer; not yet checked against the declared type.
    Succeeded(Value),
    /// Refused: nothing has happened, and another attempt is pointless.
    Refused {
        /// What the system said.
        reason: String,
    },
    /// Not done, for certain, and no attempt is left.
    Failed {
        /// What went wrong last.
        reason: String,
    },
    /// Not done, because the deployment does not say how to reach the system or its operation. No blueprint can foresee
    /// that, so the task is held whatever its reactions are.
    Unserved {
        /// What is missing, and where to say it.
        reason: String,
        /// Whether an attempt before may have taken effect.
        in_doubt: bool,
    },
    /// No attempt is left, and at least one of them may have taken effect.
    Unknown {
        /// What went wrong last.
        reason: String,
    },
}

/// What a person can do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorAction {
    /// Try a held task, or an undo that failed, again.
    Retry,
    /// Give up on a held task: undo everything that was done and end the order as failed.
    Rollback,
}

impl OperatorAction {
    /// The word that stands in paths and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Rollback => "rollback",
        }
    }
}

/// What became of an event that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handled {
    /// It was new and has been applied.
    Applied,
    /// The signal is kept for a task that will wait for it.
    Kept,
    /// It had come before, or is for something that is over; nothing has changed.
    Duplicate,
}

/// Why an event was not taken. The run is as it was, except that its record tells of a refused cancel or signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Rejected {
    /// A point of no return has been passed.
    #[error("the order can't be cancelled any more: `{task}` is a point of no return and has begun")]
    PointOfNoReturn {
        /// The task.
        task: TaskId,
    },
    /// The order is being undone already, by a rollback or another cancel.
    #[error("the order is being undone already")]
    BeingUndone,
    /// The order has ended.
    #[error("the order has ended: it is {state}")]
    Ended {
        /// How.
        state: OrderState,
    },
    /// The plan has no such task.
    #[error("the order has no task `{task}`")]
    NoSuchTask {
        /// As it came.
        task: String,
    },
    /// The task does not need what the person wants to do.
    #[error("`{task}` is {state}: only a task that is held, or whose undo failed, can be acted on")]
    NotHeld {
        /// The task.
        task: TaskId,
        /// Its state.
        state: TaskState,
    },
    /// A task past the point of no return can't be rolled back.
    #[error("the order can't be rolled back any more: `{task}` is a point of no return and has begun")]
    PastRollback {
        /// The point of no return.
        task: TaskId,
    },
    /// No task takes this signal, or it can't be understood.
    #[error("{reason}")]
    Signal {
        /// Why not.
        reason: String,
    },
    /// More signals than are remembered.
    #[error("the order has had {limit} deliveries, which is the limit")]
    TooManyDeliveries {
        /// [`model::limits::DELIVERIES`].
        limit: usize,
    },
}
