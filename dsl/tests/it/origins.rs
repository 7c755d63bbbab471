//! Why tasks are in a plan as they are, or are not.

use dsl::{Outcome, TaskOrigin, UnknownTask};

use super::{compile, order};

const BLUEPRINT: &str = r#"
system net {
  operation reserve(site: text, note: text) -> { id: text }
  operation release(id: text)
}
blueprint lines version 1 {
  accepts order where order.category == "x"
  order { address: { site: text } }
  item fast where item.offering == "FAST" { own: bool = false }
  item slow where true {}
  each fast where item.action == add {
    task hold after check when not item.own {
      call net.reserve(site: order.address.site, note: "{item.offering}")
      undo net.release(id: result.id)
    }
    task use when check.id != "none" {
      call net.reserve(site: hold?.id ?? "none", note: "x")
      undo net.release(id: result.id)
    }
  }
  each slow { milestone idle }
  task check {
    call net.reserve(site: first(order.items.offering) ?? "", note: "check")
    no undo "it lapses"
  }
}
"#;

fn origins(asked: &str) -> Result<Vec<TaskOrigin>, UnknownTask> {
    let order = order(
        r#"{ "category": "x", "customer": { "id": "C" }, "attributes": { "address": { "site": "S" } },
             "items": [ { "id": "a", "offering": "FAST", "action": "add", "attributes": { "own": true } },
                        { "id": "b", "offering": "FAST", "action": "delete" },
                        { "id": "c", "offering": "FAST", "action": "add" } ] }"#,
    );
    let compiled = compile(BLUEPRINT);
    let library = compiled.library.expect("it has errors");
    let blueprint = library.select(&order.request).unwrap();
    blueprint.origins(&blueprint.plan(&order).unwrap(), &asked.parse().unwrap())
}

/// What came of it, and each rule with whether it holds and where in the order it looked.
fn told(origin: &TaskOrigin) -> Vec<String> {
    let rules = origin.rules.iter().map(|rule| {
        let at: Vec<_> =
            rule.reads.iter().map(|read| read.pointer.as_deref().unwrap_or(&read.reads)).collect();
        format!("{:?} {} [{}]", rule.holds, rule.rule, at.join(" "))
    });
    std::iter::once(format!("{} {:?}", origin.id, origin.outcome)).chain(rules).collect()
}

#[test]
fn every_item_of_the_kind_is_answered_for() {
    let kind = |n| format!("Some(true) item fast where item.offering == \"FAST\" [/items/{n}/offering]");
    let origins = origins("hold").unwrap();
    assert_eq!(
        origins.iter().flat_map(told).collect::<Vec<_>>(),
        [
            "hold[a] LeftOut",
            &kind(0),
            "Some(true) each fast where item.action == add [/items/0/action]",
            "Some(false) when not item.own [/items/0/attributes/own]",
            "hold[b] Absent",
            &kind(1),
            "Some(false) each fast where item.action == add [/items/1/action]",
            "hold[c] Planned",
            &kind(2),
            "Some(true) each fast where item.action == add [/items/2/action]",
            "Some(true) when not item.own [/items/2/attributes/own]",
        ]
    );
}

#[test]
fn arguments_lead_to_the_order_or_to_the_tasks_that_bring_them() {
    let hold = origins("hold[c]").unwrap().remove(0);
    let aspect = |origin: &TaskOrigin, what: &str| {
        let aspect = origin.aspects.iter().find(|aspect| aspect.what == what).unwrap().clone();
        let from =
            aspect.reads.into_iter().map(|read| read.pointer.unwrap_or(read.reads)).collect::<Vec<_>>();
        (aspect.value.map(|value| value.to_string()), from)
    };
    assert_eq!(
        aspect(&hold, "argument site"),
        (Some("\"S\"".to_owned()), vec!["/attributes/address/site".to_owned()])
    );
    assert_eq!(
        aspect(&hold, "argument note"),
        (Some("\"FAST\"".to_owned()), vec!["/items/2/offering".to_owned()])
    );
    let used = origins("use[c]").unwrap().remove(0);
    assert_eq!(aspect(&used, "argument site"), (None, vec!["hold.id".to_owned()]));
    let waits: Vec<_> =
        used.waits_for.iter().map(|wait| format!("{}: {}", wait.task, wait.reads.join(" "))).collect();
    assert_eq!(waits, ["check: check.id", "hold[c]: hold.id"]);
    assert_eq!(told(&used)[3], "None when check.id != \"none\" [check.id]", "decided when it is due");
    let check = origins("check").unwrap().remove(0);
    assert_eq!(aspect(&check, "argument site"), (Some("\"FAST\"".to_owned()), vec!["/items".to_owned()]));
}

#[test]
fn a_kind_without_items_and_an_item_of_another_kind_are_told() {
    let idle = origins("idle").unwrap();
    assert_eq!(
        idle.iter().flat_map(told).collect::<Vec<_>>(),
        ["idle Absent", "Some(false) the order has no item of the kind `slow` []"]
    );
    let other = &origins("idle[a]").unwrap()[0];
    assert_eq!(other.outcome, Outcome::Absent);
    assert_eq!(
        told(other)[2],
        "Some(false) the item `a` is of the kind `fast`, and the task is in `each slow` []"
    );
}

#[test]
fn what_there_is_not_is_told_with_what_there_is() {
    let wrong = |asked: &str| origins(asked).unwrap_err().to_string();
    assert_eq!(wrong("hodl"), "`lines@1` has no task `hodl`, did you mean `hold`?");
    assert_eq!(wrong("zzz"), "`lines@1` has no task `zzz`, it has `hold`, `use`, `idle` and `check`");
    assert_eq!(wrong("hold[z]"), "the order has no item `z`, it has `a`, `b` and `c`");
    assert_eq!(wrong("check[a]"), "the task `check` is not in an `each`: there is one for the whole order");
}
