//! The facts that a run takes in, and its answers.

use model::{Actor, DeliveryId, Fault, ItemId, OrderState, TaskId, TaskState, Value};
use serde::{Deserialize, Serialize};

use crate::{CallId, ChildId, TimerId};

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
    /// A child order has something to say.
    ChildReported {
        /// Which.
        child: ChildId,
        /// What.
        report: ChildReport,
    },
    /// The order that this one is part of takes it back.
    Recalled {
        /// Names the request; the same one again changes nothing.
        id: DeliveryId,
        /// Who: the parent.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// The order that this one is part of lets it pass points of no return, as [it asked](ChildReport::AtPoint).
    LetPass,
    /// The order that this one is part of lets it end.
    Released,
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
    /// A person says what came of a task that is theirs to do.
    Complete {
        /// Names the request; the same one again changes nothing.
        id: DeliveryId,
        /// The task.
        task: TaskId,
        /// What came of it, as it came.
        result: Value,
        /// Who.
        by: Actor,
        /// What they want remembered about it.
        note: String,
    },
}

/// What a child order says to its parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildReport {
    /// It is to pass a point of no return, and asks whether it may: it could not be taken back any more.
    AtPoint {
        /// Whether it can do nothing else before.
        idle: bool,
    },
    /// Everything is done, and can be taken back; it waits to be released or recalled.
    Answered {
        /// Its answer, not yet checked against the declared type; or why there is none.
        result: Result<Value, String>,
    },
    /// It can't be taken back.
    Refused {
        /// Why.
        reason: String,
    },
    /// It has ended.
    Ended {
        /// How.
        state: OrderState,
        /// Why, if it failed.
        reason: String,
        /// Its answer, if everything was done.
        answer: Option<Result<Value, String>>,
        /// Whether it has ever done anything out there.
        touched: bool,
        /// Whether it has passed a point of no return.
        #[serde(default)]
        beyond: bool,
    },
    /// It is gone, and nobody knows what it has done.
    Lost {
        /// How that came.
        reason: String,
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
    /// The item is being undone already.
    #[error("the item `{item}` is being undone already")]
    ItemBeingUndone {
        /// The item.
        item: ItemId,
    },
    /// The order is done, as part of another.
    #[error("the order is done and part of another one, which would have to be cancelled")]
    PartOfAnother,
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
    /// The task is not one that a person does.
    #[error("`{task}` is not done by a person: only a `manual` task can be completed")]
    NotManual {
        /// The task.
        task: TaskId,
    },
    /// The task does not wait for its person.
    #[error("`{task}` is {state}: only a task that waits for a person can be completed")]
    NotWaiting {
        /// The task.
        task: TaskId,
        /// Its state.
        state: TaskState,
    },
    /// What a person says came of a task is not of the shape that the task asks for.
    #[error("what came of `{task}` is not of the shape that was declared: {}", told(.faults))]
    Result {
        /// The task.
        task: TaskId,
        /// What is wrong with it; the pointers go into the result.
        faults: Vec<Fault>,
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

fn told(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
