//! What waits for people and what was left behind, as far as the commands show it.

use model::{OperatorAction, OrderId, TaskId, Timestamp};
use serde::Deserialize;

/// A page of what waits for people.
#[derive(Debug, Deserialize)]
pub(crate) struct WorkPage {
    pub(crate) work_items: Vec<WorkItem>,
    pub(crate) next: Option<String>,
}

/// A task of an order that waits for a person.
#[derive(Debug, Deserialize)]
pub(crate) struct WorkItem {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
    #[serde(flatten)]
    pub(crate) sort: WorkSort,
    pub(crate) reason: String,
    pub(crate) attempts: u32,
    pub(crate) age_seconds: u64,
    pub(crate) at_risk_since: Option<Timestamp>,
    pub(crate) overdue_since: Option<Timestamp>,
}

/// What work items have in common.
#[derive(Debug, Deserialize)]
pub(crate) struct WorkSort {
    pub(crate) kind: String,
    pub(crate) r#for: String,
    pub(crate) role: Option<String>,
    pub(crate) system: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) actions: Vec<String>,
}

/// What waits for people, alike work items as one.
#[derive(Debug, Deserialize)]
pub(crate) struct WorkGroups {
    pub(crate) groups: Vec<WorkGroup>,
}

/// Work items that are alike.
#[derive(Debug, Deserialize)]
pub(crate) struct WorkGroup {
    #[serde(flatten)]
    pub(crate) sort: WorkSort,
    pub(crate) pattern: String,
    pub(crate) count: u64,
    pub(crate) orders: u64,
    pub(crate) at_risk: u64,
    pub(crate) oldest: WorkExample,
}

/// The work item of a group that has waited longest.
#[derive(Debug, Deserialize)]
pub(crate) struct WorkExample {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
    pub(crate) age_seconds: u64,
}

/// What became of an action on many tasks.
#[derive(Debug, Deserialize)]
pub(crate) struct Bulk {
    pub(crate) action: OperatorAction,
    pub(crate) dry_run: bool,
    pub(crate) more: bool,
    pub(crate) tasks: Vec<BulkTask>,
}

/// What became of one of them.
#[derive(Debug, Deserialize)]
pub(crate) struct BulkTask {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
    pub(crate) result: String,
    pub(crate) reason: Option<String>,
}

/// A page of what was left behind.
#[derive(Debug, Deserialize)]
pub(crate) struct ResiduePage {
    pub(crate) residue: Vec<Residue>,
    pub(crate) next: Option<String>,
}

/// An effect that was left behind.
#[derive(Debug, Deserialize)]
pub(crate) struct Residue {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
    pub(crate) system: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) arguments: serde_json::Value,
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
}
