//! The API's documents as far as the commands show them. What is not read here is still printed with `--json`.

use std::collections::BTreeMap;

use dsl::DiagnosticDocument;
use model::{
    DeliveryId, Difference, HoldFor, ItemId, ItemState, OrderId, OrderState, SignalName, TaskId, TaskState,
    Timestamp, Value,
};
use serde::Deserialize;

/// An order; in a list without its tasks.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) external_id: Option<String>,
    pub(crate) blueprint: Blueprint,
    #[serde(default)]
    pub(crate) version: u32,
    pub(crate) customer: Customer,
    pub(crate) author: String,
    pub(crate) state: OrderState,
    pub(crate) customer_status: Option<String>,
    pub(crate) blocked: Option<Blocked>,
    #[serde(default)]
    pub(crate) pause: Option<Pause>,
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) cancel: Option<Cancel>,
    #[serde(default)]
    pub(crate) attention: Option<String>,
    #[serde(default)]
    pub(crate) deadline: Option<Timestamp>,
    #[serde(default)]
    pub(crate) at_risk_since: Option<Timestamp>,
    #[serde(default)]
    pub(crate) at_risk_reason: Option<String>,
    #[serde(default)]
    pub(crate) overdue_since: Option<Timestamp>,
    #[serde(default)]
    pub(crate) predecessors: Vec<Predecessor>,
    #[serde(default)]
    pub(crate) parent: Option<Parent>,
    #[serde(default)]
    pub(crate) children: Vec<Child>,
    #[serde(default)]
    pub(crate) item_states: BTreeMap<ItemState, u64>,
    #[serde(default)]
    pub(crate) items: Vec<Item>,
    pub(crate) submitted_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) links: Links,
    #[serde(default)]
    pub(crate) next_action: Option<String>,
    #[serde(default)]
    pub(crate) tasks: Vec<Task>,
    #[serde(default)]
    pub(crate) kept_signals: Vec<KeptSignal>,
}

/// An order that was submitted, now or before.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Submitted {
    #[serde(flatten)]
    pub(crate) order: Order,
    pub(crate) replayed: bool,
    pub(crate) differences: Vec<String>,
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

/// Why nothing more of an order is begun.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pause {
    pub(crate) by: Option<String>,
    pub(crate) reason: String,
    pub(crate) task: TaskId,
    pub(crate) since: Timestamp,
}

/// An order that comes before another one.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Predecessor {
    pub(crate) id: OrderId,
    pub(crate) external_id: Option<String>,
    pub(crate) state: OrderState,
    pub(crate) key: Option<String>,
}

/// The order that another one is part of.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Parent {
    pub(crate) id: OrderId,
    pub(crate) task: TaskId,
}

/// An item of an order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: ItemId,
    pub(crate) offering: String,
    pub(crate) state: ItemState,
    pub(crate) reason: Option<String>,
    pub(crate) customer_status: Option<String>,
}

/// An order that a task of another one runs.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Child {
    pub(crate) id: OrderId,
    pub(crate) task: TaskId,
    pub(crate) blueprint: String,
    pub(crate) state: OrderState,
    pub(crate) blocked: Option<Blocked>,
    pub(crate) reason: Option<String>,
    pub(crate) cancel: Option<Cancel>,
    pub(crate) attention: Option<String>,
}

/// Who wants, or wanted, an order cancelled.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Cancel {
    pub(crate) by: String,
    pub(crate) reason: String,
}

impl Order {
    /// Why it is as it is, what is most to be minded first: something wrong with it, its cancel, or the reason of its state.
    pub(crate) fn why(&self) -> Option<String> {
        why(self.attention.as_ref(), self.cancel.as_ref(), self.reason.as_ref())
    }
}

impl Child {
    /// The same of one that a task runs, or what it needs a person for.
    pub(crate) fn why(&self) -> Option<String> {
        let why = why(self.attention.as_ref(), self.cancel.as_ref(), self.reason.as_ref());
        why.or_else(|| self.blocked.as_ref().map(Blocked::said))
    }
}

impl Blocked {
    /// In words.
    pub(crate) fn said(&self) -> String {
        format!("{}, for {}: {}", self.task, self.hold_for.as_str(), self.reason)
    }
}

fn why(attention: Option<&String>, cancel: Option<&Cancel>, reason: Option<&String>) -> Option<String> {
    attention.cloned().or_else(|| cancel.map(Cancel::said)).or_else(|| reason.cloned())
}

impl Cancel {
    /// In words.
    pub(crate) fn said(&self) -> String {
        format!("by {}: {}", self.by, self.reason)
    }
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
    #[serde(default)]
    pub(crate) next_action: Option<String>,
    pub(crate) waiting_for: Option<String>,
    pub(crate) until: Option<Timestamp>,
    #[serde(default)]
    pub(crate) expects: Option<Expects>,
    #[serde(default)]
    pub(crate) actions: Vec<String>,
    pub(crate) call: Option<String>,
    pub(crate) undo_call: Option<String>,
    #[serde(default)]
    pub(crate) arguments: Value,
    pub(crate) attempts: u32,
    pub(crate) undo_attempts: u32,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) last_error: Option<CallError>,
    pub(crate) next_attempt_at: Option<Timestamp>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    /// What a person did that brought it to where it is.
    #[serde(default)]
    pub(crate) acted: Option<Acted>,
}

/// What a person did with a task. The reason of the task says it in words.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Acted {}

/// What a task asks of the signal or the person that it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Expects {
    pub(crate) fields: String,
}

/// An attempt of a call that did no good.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct CallError {
    pub(crate) attempt: u32,
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) at: Timestamp,
}

/// A signal that came before its task waited for it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct KeptSignal {
    pub(crate) id: DeliveryId,
    pub(crate) signal: SignalName,
    pub(crate) task: Option<TaskId>,
    pub(crate) since: Timestamp,
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
    pub(crate) order: OrderId,
    pub(crate) id: DeliveryId,
    pub(crate) result: String,
    pub(crate) differences: Vec<String>,
}

/// What an amendment does.
#[derive(Debug, Deserialize)]
pub(crate) struct Amendment {
    pub(crate) result: String,
    pub(crate) accepted: bool,
    pub(crate) version: u32,
    pub(crate) blueprint: String,
    pub(crate) token: Option<String>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) tasks: Vec<TaskChange>,
}

/// What an amendment does to a task.
#[derive(Debug, Deserialize)]
pub(crate) struct TaskChange {
    pub(crate) task: TaskId,
    pub(crate) verdict: model::Verdict,
    pub(crate) otherwise: Option<model::Verdict>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) reason: String,
    /// The order that it runs, if that is amended and has said how.
    pub(crate) order: Option<OrderId>,
    /// What is done to the tasks of that order.
    #[serde(default)]
    pub(crate) tasks: Vec<TaskChange>,
}

/// Versions of an order, the oldest first.
#[derive(Debug, Deserialize)]
pub(crate) struct Versions {
    pub(crate) versions: Vec<Version>,
    pub(crate) next: Option<String>,
}

/// A version of an order.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    pub(crate) version: u32,
    pub(crate) state: String,
    pub(crate) by: String,
    pub(crate) reason: String,
    pub(crate) at: Option<Timestamp>,
    pub(crate) blueprint: String,
    pub(crate) refusal: Option<String>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) tasks: Vec<TaskChange>,
}

/// What came of publishing blueprints.
#[derive(Debug, Deserialize)]
pub(crate) struct Published {
    pub(crate) new: Vec<String>,
    pub(crate) known: Vec<String>,
    pub(crate) warnings: Vec<DiagnosticDocument>,
}
