//! A run as its readers see it.

use model::{BlueprintRef, HoldFor, OrderId, OrderState, TaskId, TaskState, Timestamp, Value};
use serde::{Deserialize, Serialize};

/// An order's state of execution. The answer to the workflow's query `state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// The order.
    pub order: OrderId,
    /// What its plan was made by.
    pub blueprint: BlueprintRef,
    /// Its state.
    pub state: OrderState,
    /// What the customer sees.
    pub customer_status: Option<String>,
    /// What the order waits for a person to look at, if it is held.
    pub blocked: Option<Blocked>,
    /// Since when it may not be done in time.
    #[serde(default)]
    pub at_risk_since: Option<Timestamp>,
    /// Since when its time is up.
    #[serde(default)]
    pub overdue_since: Option<Timestamp>,
    /// What it waits for when everything of it is done, for people.
    #[serde(default)]
    pub waits_to_end: Option<String>,
    /// Every task, in the plan's order.
    pub tasks: Vec<TaskRunView>,
    /// How many order events there are; the next has this number.
    pub events: u64,
}

/// What holds an order up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The task.
    pub task: TaskId,
    /// Why.
    pub reason: String,
    /// Who is needed.
    pub hold_for: HoldFor,
}

/// One task of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRunView {
    /// The task.
    pub id: TaskId,
    /// Its state.
    pub state: TaskState,
    /// How often it has been begun, from 1; 0 before that.
    pub generation: u32,
    /// What it waits for, for people.
    pub waiting_for: Option<String>,
    /// When it stops waiting.
    pub until: Option<Timestamp>,
    /// Why it is in its state, where there is something to say.
    pub reason: Option<String>,
    /// What it calls or called: `system.operation`.
    pub call: Option<String>,
    /// The order that it runs, until that has ended.
    #[serde(default)]
    pub child: Option<OrderId>,
    /// When it was begun last.
    pub started_at: Option<Timestamp>,
    /// When it was done, skipped or undone.
    pub ended_at: Option<Timestamp>,
    /// Its result.
    pub result: Value,
}
