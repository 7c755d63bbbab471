//! The work that a run gives to its driver.

use std::fmt;

use model::{
    DeliveryId, Direction, Duration, IdempotencyKey, OperationName, OrderId, SystemName, TaskId, Value,
};
use plan::{Plan, Retry};
use serde::{Deserialize, Serialize};

use crate::ChildReport;

/// Names one call of a run, from 1 in the order they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

/// Names one timer of a run, from 1 in the order they are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimerId(pub u64);

/// Names one child order of a run, from 1 in the order they are begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChildId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}", self.0)
    }
}

impl fmt::Display for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timer {}", self.0)
    }
}

/// Something the driver must do. Effects are carried out in the order they are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Call a system, retry as told, and report once with [`crate::Event::CallSettled`].
    Call(Box<CallEffect>),
    /// Make no further attempt of this call: the one under way may finish, a wait between attempts ends at once.
    /// The call still reports, once.
    Settle(CallId),
    /// Report with [`crate::Event::TimerFired`] when the time is up.
    StartTimer(TimerEffect),
    /// Forget a timer. That it fires all the same does no harm.
    StopTimer(TimerId),
    /// Begin another order, hand its reports to this one as [`crate::Event::ChildReported`], and [`crate::Run::end_report`]
    /// when it has ended.
    StartChild(Box<ChildEffect>),
    /// Tell a child order [`crate::Event::Recalled`].
    RecallChild(RecallEffect),
    /// Tell a child order [`crate::Event::LetPass`].
    LetChildPass(ChildId),
    /// Tell a child order [`crate::Event::Released`].
    ReleaseChild(ChildId),
    /// Hand this amendment on to this child order.
    HandOn(Box<HandOnEffect>),
    /// Hand this to the order that this one is part of.
    Report(ChildReport),
}

/// An order to begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildEffect {
    /// Its name in this run.
    pub id: ChildId,
    /// The task that runs it.
    pub task: TaskId,
    /// Its own id: the same if it is begun again because nobody knows what became of it.
    pub order: OrderId,
    /// What will be done.
    pub plan: Plan,
}

/// An order to take back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecallEffect {
    /// Which.
    pub child: ChildId,
    /// Names the request; the same one again changes nothing.
    pub id: DeliveryId,
    /// Why.
    pub reason: String,
}

/// An order to amend because the one that it is part of has been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOnEffect {
    /// Which.
    pub child: ChildId,
    /// Names the request; the same one again changes nothing.
    pub id: DeliveryId,
    /// How many amendments it has been handed on with this one.
    pub amendment: u32,
    /// What will be done.
    pub plan: Plan,
    /// Why.
    pub reason: String,
}

/// One call, with all its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEffect {
    /// Its name in this run.
    pub id: CallId,
    /// The task it is made for.
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
    /// How long all attempts may take together; no limit of its own, without it.
    pub within: Option<Duration>,
    /// When to try again.
    pub retry: Retry,
}

impl CallEffect {
    /// `system.operation`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}.{}", self.system, self.operation)
    }
}

/// A durable timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerEffect {
    /// Its name in this run.
    pub id: TimerId,
    /// How long from now.
    pub after: Duration,
    /// What it is for, for people: `field_work[1] waits for technician_report`.
    pub summary: String,
}
