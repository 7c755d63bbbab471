//! Orders of many items with ten tasks each: calls that use one another's results, a poll, waits, undos.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use dsl::{Blueprint, Library};
use model::{Order, OrderRequest, Timestamp};
use plan::{Plan, PlanParts, TaskIndex};

const BLUEPRINT: &str = r#"
system crm { query check(customer: text, site: text) -> { eligible: bool } }
system inventory {
  operation reserve(kind: text, site: text) -> { id: text, unit: text }
  operation release(id: text)
}
system network {
  operation activate(unit: text, profile: text) -> { service: text }
  operation deactivate(service: text)
  query read(unit: text) -> { state: text }
}
blueprint lines version 1 {
  accepts order where order.category == "consumer"
  order { site: text }
  item line where item.offering == "LINE" { mbps: int }
  each line where item.action == add {
    task check {
      call crm.check(customer: order.customer.id, site: order.site)
      ensure result.eligible else rollback "not served: {order.site}"
    }
    task reserve_port after check {
      call inventory.reserve(kind: "port", site: order.site)
      undo inventory.release(id: result.id)
    }
    task reserve_unit after check {
      call inventory.reserve(kind: "unit", site: order.site)
      undo inventory.release(id: result.id)
    }
    task visit after reserve_unit { wait report { outcome: text } within 10d }
    task profile { let "LINE_{item.mbps}" }
    task activate after reserve_port, visit {
      call network.activate(unit: reserve_unit.unit, profile: profile)
      undo network.deactivate(service: result.service)
    }
    task look { call network.read(unit: activate.service) }
    task prove after look {
      poll network.read(unit: activate.service) every 10s until result.state == "active" within 15m
    }
    task keys after prove {
      call inventory.reserve(kind: "keys", site: order.site)
      undo inventory.release(id: result.id)
    }
    milestone active after keys status "Active"
  }
  task sign after line.active { wait signed { outcome: text } within 10d }
}
"#;

pub(crate) fn blueprint() -> anyhow::Result<Blueprint> {
    let compiled = Library::compile(&[("lines.blueprint".to_owned(), BLUEPRINT.to_owned())]);
    let shown = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
    let library = compiled.library.ok_or_else(|| anyhow!("the blueprint is not sound: {shown}"))?;
    library.blueprints().first().cloned().context("there is no blueprint")
}

/// An order of so many items, at a site.
pub(crate) fn of_items(items: usize, site: &str) -> anyhow::Result<Order> {
    let item = |n: usize| {
        serde_json::json!({
            "id": n.to_string(), "offering": "LINE", "action": "add", "attributes": { "mbps": if n.is_multiple_of(2) { 500 } else { 1_000 } },
        })
    };
    let document = serde_json::json!({
        "category": "consumer", "customer": { "id": "C-1" }, "attributes": { "site": site },
        "items": (1..=items).map(item).collect::<Vec<_>>(),
    });
    let request = OrderRequest::parse(serde_json::from_value(document)?)
        .map_err(|faults| anyhow!("the order is not one: {faults:?}"))?;
    let id = "00000000-0000-0000-0000-000000000001".parse().context("the id is not one")?;
    Ok(Order { id, submitted_at: Timestamp::EPOCH, request })
}

/// The same plan, but that the tasks for an item wait until everything is done for the one before it.
pub(crate) fn one_by_one(plan: Plan) -> anyhow::Result<Plan> {
    let mut parts = PlanParts::from(plan);
    let of_items = parts.tasks.iter().enumerate().filter_map(|(n, task)| Some((task.item?, TaskIndex(n))));
    // Each comes after what it waits for, and its milestone waits for everything else.
    let last: BTreeMap<usize, TaskIndex> = of_items.collect();
    for task in parts.tasks.iter_mut().filter(|task| task.after.is_empty()) {
        let before = task.item.and_then(|item| last.get(&item.checked_sub(1)?));
        task.after.extend(before);
    }
    Ok(Plan::new(parts)?)
}
