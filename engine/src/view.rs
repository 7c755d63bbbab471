//! A run as its readers see it.

use model::{
    BlueprintRef, HoldFor, ItemId, ItemState, OperatorAction, OrderId, OrderState, TaskId, TaskState,
    Timestamp, Value,
};
use serde::{Deserialize, Serialize};

/// An order's state of execution. The answer to the workflow's query `state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// The order.
    pub order: OrderId,
    /// What its plan was made by.
    pub blueprint: BlueprintRef,
    /// Which version of the order it carries out, from 1: every amendment makes the next.
    #[serde(default = "first_version")]
    pub version: u32,
    /// Its state.
    pub state: OrderState,
    /// What the customer sees.
    pub customer_status: Option<String>,
    /// What the order waits for a person to look at, if it is held.
    pub blocked: Option<Blocked>,
    /// The start date that it waits for.
    #[serde(default)]
    pub pending_until: Option<Timestamp>,
    /// The orders that must end before it begins.
    #[serde(default)]
    pub pending_after: Vec<OrderId>,
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
    /// The items that something is done for, in the order they were sent.
    #[serde(default)]
    pub items: Vec<ItemRunView>,
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

/// One item of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRunView {
    /// The item.
    pub id: ItemId,
    /// Its state, by the rule of [`ItemState::of`].
    pub state: ItemState,
    /// What the customer sees of it.
    pub customer_status: Option<String>,
    /// Why it has failed or is cancelled, alone.
    pub reason: Option<String>,
}

/// Who wrote a view without a version knew of no amendments.
const fn first_version() -> u32 {
    1
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
    /// What a person can do with it now, if it needs one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<OperatorAction>,
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
