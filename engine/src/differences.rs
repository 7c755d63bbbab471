//! What is different in the data of two versions of an order.

use std::collections::BTreeMap;

use model::{Difference, ItemId, Value};
use plan::{Plan, PlanItem};

/// Most differences that are told: more than a person reads.
const TOLD: usize = 200;

/// What is different in the order and its items, the first [`TOLD`] of it. A list is different as a whole.
pub(crate) fn differences(before: &Plan, after: &Plan) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(String::new(), before.order(), after.order(), &mut found);
    let items = |plan: &Plan| -> Vec<(ItemId, Value)> {
        plan.items().iter().map(|PlanItem { id, kind: _, value }| (id.clone(), value.clone())).collect()
    };
    let mut gone: BTreeMap<ItemId, Value> = items(before).into_iter().collect();
    for (id, to) in items(after) {
        let from = gone.remove(&id).unwrap_or(Value::Null);
        compare(format!("items[{id}]"), &from, &to, &mut found);
    }
    for (id, from) in gone {
        compare(format!("items[{id}]"), &from, &Value::Null, &mut found);
    }
    found.truncate(TOLD);
    found
}

fn compare(what: String, from: &Value, to: &Value, found: &mut Vec<Difference>) {
    if from == to || found.len() >= TOLD {
        return;
    }
    let (Value::Record(before), Value::Record(after)) = (from, to) else {
        found.push(Difference { what, from: from.clone(), to: to.clone() });
        return;
    };
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        // The items stand for themselves.
        if what.is_empty() && name == "items" {
            continue;
        }
        let inner = if what.is_empty() { name.clone() } else { format!("{what}.{name}") };
        let null = Value::Null;
        let (from, to) = (before.get(name).unwrap_or(&null), after.get(name).unwrap_or(&null));
        compare(inner, from, to, found);
    }
}
