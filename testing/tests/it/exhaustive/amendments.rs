//! What can be amended of an order, and whether it comes to the same as ordering that from the beginning.

use std::sync::Arc;

use dsl::Library;
use model::{Timestamp, Value};
use plan::Plan;
use serde_json::{Value as Json, json};

use super::judge::Known;
use super::trial::{Trial, runs};
use crate::support::{Sample, plan_of};

/// Another version of an order.
#[derive(Clone, Debug)]
pub(crate) struct Amendment {
    /// What is different, for people.
    pub(crate) name: String,
    pub(crate) plan: Arc<Plan>,
}

/// Each attribute of an order changed, each of its items left out, and each of them ordered once more; as far as its blueprint
/// allows.
pub(crate) fn amendments(library: &Library, sample: &Sample) -> Vec<Amendment> {
    let Sample { document, plan, .. } = sample;
    let items = document["items"].as_array().unwrap();
    let mut versions: Vec<(String, Json)> = Vec::new();
    let owners = std::iter::once(String::new()).chain((0..items.len()).map(|n| format!("/items/{n}")));
    for attributes in owners.map(|owner| format!("{owner}/attributes")) {
        let fields = document.pointer(&attributes).and_then(Json::as_object);
        for attribute in fields.into_iter().flatten().map(|(name, _)| format!("{attributes}/{name}")) {
            let mut version = document.clone();
            let value = version.pointer_mut(&attribute).unwrap();
            *value = another(value);
            versions.push((format!("another {attribute}"), version));
        }
    }
    for (n, item) in items.iter().enumerate() {
        let mut without = document.clone();
        without["items"].as_array_mut().unwrap().remove(n);
        versions.push((format!("without item {n}"), without));
        let mut more = document.clone();
        let mut item = item.clone();
        item["id"] = json!("more");
        more["items"].as_array_mut().unwrap().push(item);
        versions.push((format!("with item {n} once more"), more));
    }
    let planned = versions.into_iter().filter_map(|(name, version)| {
        let amended = plan_of(library, &version).ok()?;
        (amended.blueprint() == plan.blueprint()).then(|| Amendment { name, plan: Arc::new(amended) })
    });
    planned.collect()
}

/// A value that is not this one, and of the same type.
fn another(value: &Json) -> Json {
    match value {
        Json::Bool(yes) => json!(!yes),
        Json::Number(number) if *number == 7.into() => json!(8),
        Json::Number(_) => json!(7),
        Json::String(text) if text.parse::<Timestamp>().is_ok() => json!("2031-05-05T10:00:00Z"),
        Json::String(text) => json!(format!("other {text}")),
        Json::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), another(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Json::Array(values) => values.iter().map(another).collect(),
        Json::Null => Json::Null,
    }
}

/// What the systems hold for an amended order that they would not hold, or would hold in another way, had it been ordered so
/// from the beginning; nothing, if it is the same. What can't be undone may be left over, and is never lacking.
pub(crate) fn differs(scratch: &Trial, amended: &Trial) -> Option<String> {
    let (wanted, found) = (scratch.simulation.order().state(), amended.simulation.order().state());
    if wanted != found {
        return Some(format!("it is {found}, and from the beginning it would be {wanted}"));
    }
    let (wanted, found) = (effects(scratch, true), effects(amended, true));
    if wanted != found {
        return Some(format!("there is {found:#?}, and from the beginning there would be {wanted:#?}"));
    }
    let left_over = effects(amended, false);
    let lacking = effects(scratch, false).into_iter().find(|effect| !left_over.contains(effect));
    lacking.map(|effect| format!("{effect} is lacking"))
}

/// What the systems hold for an order: what can be undone, with its arguments, or what can't be.
fn effects(trial: &Trial, undoable: bool) -> Vec<String> {
    let mut effects = Vec::new();
    let ledger = &trial.simulation.world().ledger;
    for run in runs(&trial.simulation) {
        let plan = run.plan();
        let items = plan.items().iter().map(|item| &item.value);
        let order: String = std::iter::once(plan.order()).chain(items).map(ToString::to_string).collect();
        for deed in ledger.deeds().filter(|deed| deed.order == run.order_id() && deed.undone.is_none()) {
            let has_undo = Known(run).has_undo(&deed.task);
            if has_undo != undoable {
                continue;
            }
            let name = format!("{}.{} {}", plan.blueprint(), deed.task, deed.call);
            effects.push(match undoable {
                true => format!("{name} {}", as_ordered(&deed.arguments, &order)),
                false => name,
            });
        }
    }
    effects.sort();
    effects
}

/// A value without what systems have made up, and without times that the order does not say: they are other ones each time.
fn as_ordered(value: &Value, order: &str) -> Value {
    match value {
        Value::Text(text) if !order.contains(text.as_str()) && is_made_up(text) => Value::text("made up"),
        Value::List(values) => Value::List(values.iter().map(|value| as_ordered(value, order)).collect()),
        Value::Record(fields) => {
            Value::record(fields.iter().map(|(name, value)| (name.clone(), as_ordered(value, order))))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => value.clone(),
    }
}

fn is_made_up(text: &str) -> bool {
    let numbered = text.rsplit_once('-').is_some_and(|(_, number)| number.parse::<u32>().is_ok());
    numbered || text.parse::<Timestamp>().is_ok()
}
