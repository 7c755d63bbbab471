//! What an order's workflow begins with, and what it ends with.

use std::collections::{BTreeMap, BTreeSet};

use engine::{ChildId, ChildReport};
use model::{Duration, OperationName, OrderId, OrderState, SystemName};
use plan::{Definition, Plan};
use serde::{Deserialize, Serialize};

use crate::{Acceptance, Resumed};

/// The latest version of the input's format that is read here.
pub const FORMAT: u16 = 2;

/// The format of an order that begins. One that is [`Resumed`] has the latest: who can't read that must not begin it anew.
const FORMAT_OF_NEW: u16 = 1;

/// The input of an order's workflow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderInput {
    /// At most [`FORMAT`].
    pub format: u16,
    /// The order.
    pub order: OrderId,
    /// How its calls are made.
    #[serde(default)]
    pub routes: Routes,
    /// What will be done.
    pub plan: Plan,
    /// The orders that must have ended before it begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<OrderId>,
    /// Which order it is part of, if it is part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<ChildInput>,
    /// The order as it was accepted, for those who make its rows in Postgres again; none of one that a task of another runs, or
    /// that an older version of this program has started. Only the first workflow run has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Box<Acceptance>>,
    /// When it goes on in another workflow run, where that is not to be left to the worker; its child orders as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
    /// Everything so far, if the order goes on here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Box<Resumed>>,
}

/// When an order goes on in another workflow run, and what that asks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// After how many events of its history.
    pub events: u32,
    /// How often an order then asks whether a parent or a child of another workflow run is still there.
    pub ask_every: Duration,
}

/// What a child order knows of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildInput {
    /// The parent.
    pub order: OrderId,
    /// What the child is called there.
    pub child: ChildId,
}

impl OrderInput {
    /// The input for an order.
    #[must_use]
    pub const fn new(order: OrderId, plan: Plan, routes: Routes) -> Self {
        let format = FORMAT_OF_NEW;
        let after = Vec::new();
        Self { format, order, routes, plan, after, part_of: None, accepted: None, pace: None, resumed: None }
    }

    /// The input for an order that goes on.
    #[must_use]
    pub fn resume(self, resumed: Resumed) -> Self {
        Self { format: FORMAT, resumed: Some(Box::new(resumed)), ..self }
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
    /// Systems whose calls have a task queue of their own, and what Temporal calls it. None of their calls is inline.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub queues: BTreeMap<SystemName, String>,
}

/// How one call is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// On the orders' task queue.
    Ordinary,
    /// Inside the workflow task.
    Inline,
    /// On a task queue of its system's own, by the name that Temporal has for it.
    Queue(String),
}

impl Routes {
    /// The routes for a plan, where `route` says what the deployment declares of an operation. They name only calls that the
    /// plan may make, undos and those of its child orders included.
    #[must_use]
    pub fn of(plan: &Plan, route: impl Fn(&SystemName, &OperationName) -> Route) -> Self {
        let of_subs = plan.sub_blueprints().iter().flat_map(|sub| &sub.definitions);
        let mut routes = Self::default();
        for call in plan.definitions().iter().chain(of_subs).flat_map(Definition::calls) {
            match route(&call.system, &call.operation) {
                Route::Ordinary => {}
                Route::Inline => {
                    routes.inline.insert(call.label());
                }
                Route::Queue(queue) => {
                    routes.queues.insert(call.system.clone(), queue);
                }
            }
        }
        routes
    }

    /// Adds the routes of calls that an amendment brings. A system that has a task queue keeps it.
    pub fn extend(&mut self, more: Self) {
        for (system, queue) in more.queues {
            self.queues.entry(system).or_insert(queue);
        }
        self.inline.extend(more.inline);
        self.inline.retain(|call| {
            let system = call.split_once('.').map_or(call.as_str(), |(system, _)| system);
            !self.queues.keys().any(|queued| queued.as_str() == system)
        });
    }
}

/// The result of an order's workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How the order ended.
    pub state: OrderState,
    /// The number of its last order event.
    pub last_event: u64,
    /// What its parent is told, if it is part of another order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ChildReport>,
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
        let route = |system: &SystemName, operation: &OperationName| {
            let is_inline = declared.contains(format!("{system}.{operation}").as_str());
            if is_inline { Route::Inline } else { Route::Ordinary }
        };
        Routes::of(&plan(), route).inline.into_iter().collect()
    }

    #[test]
    fn routes_name_the_queues_of_the_systems_that_the_plan_calls() {
        let route = |system: &SystemName, _: &OperationName| match system.as_str() {
            "warehouse" => Route::Queue("orderwright.stock".to_owned()),
            "courier" => Route::Queue("orderwright.shipping".to_owned()),
            _ => Route::Inline,
        };
        let routes = serde_json::to_value(Routes::of(&plan(), route)).unwrap();
        let expected = serde_json::json!({
            "inline": ["inventory.release", "inventory.reserve"],
            "queues": { "warehouse": "orderwright.stock" },
        });
        assert_eq!(routes, expected);
    }

    #[test]
    fn routes_name_the_inline_calls_of_the_plan() {
        assert_eq!(inline(&["inventory.reserve"]), ["inventory.reserve"]);
        let all = ["inventory.release", "inventory.reserve", "warehouse.reserve"];
        assert_eq!(inline(&all), all, "calls, fallbacks and undos");
    }

    #[test]
    fn an_amendment_adds_routes_and_moves_no_system_to_another_queue() {
        let route = |queue: &'static str| {
            move |system: &SystemName, _: &OperationName| match system.as_str() {
                "warehouse" => Route::Queue(queue.to_owned()),
                _ => Route::Inline,
            }
        };
        let mut routes = Routes::default();
        routes.extend(Routes::of(&plan(), route("orderwright.stock")));
        routes.extend(Routes::of(&plan(), route("orderwright.other")));
        routes.extend(Routes::of(&plan(), |_, _| Route::Inline));
        assert_eq!(routes, Routes::of(&plan(), route("orderwright.stock")));
    }

    #[test]
    fn what_the_plan_never_calls_is_in_no_route() {
        assert_eq!(inline(&["inventory.count", "warehouse.release"]), [""; 0]);
        assert_eq!(Routes::of(&plan(), |_, _| Route::Ordinary), Routes::default());
    }
}
