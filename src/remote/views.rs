//! The API's documents as far as the commands show them. What is not read here is still printed with `--json`.

use model::{HoldFor, OrderId, OrderState, TaskId, TaskState, Timestamp};
use serde::Deserialize;

/// An order; in a list without its tasks.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) external_id: Option<String>,
    pub(crate) blueprint: Blueprint,
    pub(crate) customer: Customer,
    pub(crate) author: String,
    pub(crate) state: OrderState,
    pub(crate) customer_status: Option<String>,
    pub(crate) blocked: Option<Blocked>,
    pub(crate) reason: Option<String>,
    pub(crate) submitted_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) links: Links,
    #[serde(default)]
    pub(crate) next_action: Option<String>,
    #[serde(default)]
    pub(crate) tasks: Vec<Task>,
}

/// Which version of a blueprint an order runs by.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) version: u32,
}

/// Who ordered.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

/// What an order needs a person for.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Blocked {
    pub(crate) task: TaskId,
    pub(crate) reason: String,
    pub(crate) hold_for: HoldFor,
}

/// Where to read on.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Links {
    pub(crate) temporal: Option<String>,
}

/// A task of an order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) state: TaskState,
    pub(crate) reason: Option<String>,
    pub(crate) waiting_for: Option<String>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) call: Option<String>,
    pub(crate) undo_call: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) undo_attempts: u32,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct OrderPage {
    pub(crate) orders: Vec<Order>,
    pub(crate) next: Option<String>,
}

/// What became of a request that steers an order.
#[derive(Debug, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) id: String,
    pub(crate) result: String,
}

/// What came of publishing blueprints.
#[derive(Debug, Deserialize)]
pub(crate) struct Published {
    pub(crate) new: Vec<String>,
    pub(crate) known: Vec<String>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// What the compiler says about a blueprint file.
#[derive(Debug, Deserialize)]
pub(crate) struct Diagnostic {
    code: String,
    severity: String,
    file: String,
    line: u64,
    column: u64,
    message: String,
    help: Option<String>,
}

impl Diagnostic {
    /// What it says, and below it how to put it right.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Self { code, severity, file, line, column, message, help } = self;
        let mut lines = vec![format!("{file}:{line}:{column}: {severity}[{code}]: {message}")];
        lines.extend(help.iter().map(|help| format!("  help: {help}")));
        lines
    }
}
