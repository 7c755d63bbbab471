//! What an order's workflow begins with, and what it ends with.

use std::collections::{BTreeMap, BTreeSet};

use model::{OperationName, OrderId, OrderState, SystemName};
use plan::{Definition, Plan};
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

impl Routes {
    /// The routes for a plan, where `is_inline` says what the deployment declares of an operation. They name only calls
    /// that the plan may make, undos included.
    #[must_use]
    pub fn of(plan: &Plan, is_inline: impl Fn(&SystemName, &OperationName) -> bool) -> Self {
        let calls = plan.definitions().iter().flat_map(Definition::calls);
        let inline = calls.filter(|call| is_inline(&call.system, &call.operation)).map(plan::Call::label);
        Self { inline: inline.collect(), queues: BTreeMap::new() }
    }
}

/// The result of an order's workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How the order ended.
    pub state: OrderState,
    /// The number of its last order event.
    pub last_event: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let call = |label: &str| {
            let (system, operation) = label.split_once('.').unwrap();
            format!(
                r#"{{"system": "{system}", "operation": "{operation}", "arguments": [], "result": {{"record": []}}, "effect": true}}"#
            )
        };
        let definition = |name: &str, body: &str| {
            format!(
                r#"{{"name": "{name}", "each": null, "file": "a.blueprint", "line": 1, "when": null, "body": {body}, "ensure": [],
                    "on_failure": null, "on_timeout": null, "status": null, "point_of_no_return": false}}"#
            )
        };
        let reserve = format!(
            r#"{{"call": {{"call": {}, "fallbacks": [{}], "timeout": "30s", "within": null, "undo": {{"call": {}}},
                "retry": {{"attempts": 6, "every": "1s", "doubling": true, "up_to": "30s"}}}}}}"#,
            call("inventory.reserve"),
            call("warehouse.reserve"),
            call("inventory.release"),
        );
        let parts = format!(
            r#"{{"format": 1, "blueprint": {{"name": "fiber", "version": 1}}, "blueprint_hash": "{}", "order": {{}}, "items": [],
                "on_failure": {{"kind": "rollback", "reason": null}}, "definitions": [{}, {}], "tasks": [{{"d": 0}}, {{"d": 1, "a": [0]}}]}}"#,
            "b".repeat(64),
            definition("reserve", &reserve),
            definition("active", r#""milestone""#),
        );
        serde_json::from_str(&parts).unwrap()
    }

    fn inline(declared: &[&str]) -> Vec<String> {
        let declared: BTreeSet<&str> = declared.iter().copied().collect();
        let is_inline = |system: &SystemName, operation: &OperationName| {
            declared.contains(format!("{system}.{operation}").as_str())
        };
        Routes::of(&plan(), is_inline).inline.into_iter().collect()
    }

    #[test]
    fn routes_name_the_inline_calls_of_the_plan() {
        assert_eq!(inline(&["inventory.reserve"]), ["inventory.reserve"]);
        let all = ["inventory.release", "inventory.reserve", "warehouse.reserve"];
        assert_eq!(inline(&all), all, "calls, fallbacks and undos");
    }

    #[test]
    fn what_the_plan_never_calls_is_in_no_route() {
        assert_eq!(inline(&["inventory.count", "warehouse.release"]), [""; 0]);
        assert_eq!(Routes::of(&plan(), |_, _| false), Routes::default());
    }
}
