//! What an order's workflow begins with, and what it ends with.

use std::collections::{BTreeMap, BTreeSet};

use model::{OrderId, OrderState, SystemName};
use plan::Plan;
use serde::{Deserialize, Serialize};

/// The version of the input's format that is written here.
pub const FORMAT: u16 = 1;

/// The input of an order's workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderInput {
    /// [`FORMAT`].
    pub format: u16,
    /// The order.
    pub order: OrderId,
    /// How its calls are made.
    #[serde(default)]
    pub routes: Routes,
    /// What will be done.
    pub plan: Plan,
}

impl OrderInput {
    /// The input for an order.
    #[must_use]
    pub const fn new(order: OrderId, plan: Plan, routes: Routes) -> Self {
        Self { format: FORMAT, order, routes, plan }
    }
}

/// How the calls of one order are made. It is part of the order's input, because a history that depended on what a
/// deployment says today could not be replayed tomorrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routes {
    /// Calls (`system.operation`) that run inside the workflow task: short and idempotent by key.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub inline: BTreeSet<String>,
    /// Systems whose calls have a task queue of their own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub queues: BTreeMap<SystemName, String>,
}

/// The result of an order's workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How the order ended.
    pub state: OrderState,
    /// The number of its last order event.
    pub last_event: u64,
}
