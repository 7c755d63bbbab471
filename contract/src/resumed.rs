//! What an order takes along into its next workflow run.
//!
//! Temporal keeps 51,200 events of a workflow run, and an order may need more. It then goes on in another run, which begins
//! with everything the one before knew: the engine's snapshot, and what the driver had under way. The order events of before
//! stay with the run that told them.

use engine::{CallEffect, ChildId, Snapshot, TimerId};
use model::{Direction, OrderId, TaskId, Timestamp};
use plan::Plan;
use serde::{Deserialize, Serialize};

/// An order at the moment it goes on in another workflow run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Resumed {
    /// Which run of the order's workflow this is: the second is 2.
    pub run: u32,
    /// All of the engine's run but its plan; of its order events, the last.
    pub snapshot: Snapshot,
    /// The versions of the plan that came after the first, which is the input's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later_plans: Vec<Plan>,
    /// What the driver had under way.
    pub underway: Underway,
}

/// What the driver of an order remembers beside the engine's run. No call is out: an order goes on elsewhere only then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Underway {
    /// The calls that tasks have made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<CallsMade>,
    /// Calls that wait for their turn, the first one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<CallEffect>,
    /// Timers that run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timers: Vec<RunningTimer>,
    /// Child orders that have not ended. They were hailed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<OpenChild>,
    /// How many things the parent was told.
    pub reports: u64,
    /// How many requests came without an id.
    pub unnamed: u64,
    /// Whether the parent goes on in another run than the one that began this order.
    pub parent_moved: bool,
}

/// The calls that a task has made in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsMade {
    /// The task.
    pub task: TaskId,
    /// The direction.
    pub direction: Direction,
    /// How many.
    pub calls: u32,
    /// Of which generation of the task.
    pub generation: u32,
    /// How many attempts of that generation.
    pub attempts: u32,
}

/// A timer that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningTimer {
    /// What the engine calls it.
    pub id: TimerId,
    /// When its time is up.
    pub at: Timestamp,
    /// What it is for, for people.
    pub summary: String,
}

/// A child order that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChild {
    /// What the engine calls it.
    pub id: ChildId,
    /// The order.
    pub order: OrderId,
}
