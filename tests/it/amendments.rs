//! Amendments of orders that are under way: what is touched and what is not, what is refused, and what nobody loses.

use contract::{Amend, Wanted};
use model::{Actor, DeliveryId, Fact, OrderId, Value};
use serde_json::json;

use crate::support::{Backends, Effect, Said, Site, assert_each_once, eventually};

/// What nobody reads but people.
const NAME: &str = r#"{"customer": {"name": "Ada van Dijk"}, "notes": ["ring twice"]}"#;
/// Where messages go that are not sent yet; what was sent is not sent again.
const CONTACT: &str = r#"{"attributes": {"contact": "+31 30 555 0101"}}"#;
pub(crate) const SLOWER: &str = r#"{"items": {"1": {"attributes": {"speed_mbps": 500}}}}"#;
const SLOWEST: &str = r#"{"items": {"1": {"attributes": {"speed_mbps": 100}}}}"#;

pub(crate) fn amend(site: &Site, order: OrderId, patch: &str, more: &[&str]) -> Said {
    let file = site.file("patch.json", patch);
    let order = order.to_string();
    let amend = ["amend", order.as_str(), file.to_str().unwrap(), "--patch"];
    site.run(&[&amend[..], more].concat())
}

pub(crate) fn amended(site: &Site, order: OrderId, patch: &str) -> Said {
    let said = amend(site, order, patch, &["--reason", "as they wish", "--yes"]);
    assert_eq!(said.code, 0, "{said:?}");
    said
}

/// The tasks that an amendment does something to, with what.
pub(crate) fn touched(said: &Said) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let tasks = said.json()["tasks"].as_array().unwrap().clone();
    let tasks = tasks.iter().map(|change| (text(&change["task"]), text(&change["verdict"])));
    tasks.filter(|(_, verdict)| verdict != "kept").collect()
}

pub(crate) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(task, verdict)| ((*task).to_owned(), (*verdict).to_owned())).collect()
}

pub(crate) fn calls(effects: &[Effect]) -> Vec<String> {
    let mut calls: Vec<String> =
        effects.iter().map(|effect| format!("{} {}", effect.task, effect.call)).collect();
    calls.sort();
    calls
}

async fn until_version(site: &Site, order: OrderId, version: u32) {
    eventually(&format!("{order} is at version {version}"), async || {
        (site.order(order).await["version"] == version).then_some(())
    })
    .await;
}

pub(crate) async fn versions(site: &Site, order: OrderId) -> Vec<serde_json::Value> {
    let document = site.get(&format!("{}/v1/orders/{order}/versions", site.api)).await;
    document["versions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn another_contact_makes_no_call_at_any_stage() {
    let site = Site::start().await;
    for slow in [
        "crm/check",
        "inventory/reserve",
        "workforce/book",
        "network/activate",
        "inventory/assign",
        "billing/start",
    ] {
        site.upset(slow, json!({"delay_ms": 1_500})).await;
    }
    let order = site.submit("home_fiber");
    let mut version = 1;
    for stage in [
        "check_customer",
        "reserve_port[1]",
        "book_visit[1]",
        "field_work[1]",
        "activate[1]",
        "record_port[1]",
        "start_billing",
    ] {
        site.until_task(order, stage, "running").await;
        let contact = CONTACT.replace("0101", &format!("020{version}"));
        let shown = amend(&site, order, &contact, &["--dry-run", "--json"]);
        assert_eq!(touched(&shown), [], "at {stage}");
        amended(&site, order, &contact);
        version += 1;
        until_version(&site, order, version).await;
        if stage == "field_work[1]" {
            assert_eq!(site.report(order).code, 0);
        }
    }
    let last = site.until_state(order, "completed").await;
    assert_eq!(last["attributes"]["contact"], "+31 30 555 0207");
    assert_eq!(versions(&site, order).await.len(), 8);
    let effects = site.effects(order).await;
    assert_each_once(&effects);
    let untouched = site.submit("home_fiber");
    site.until_visit(untouched).await;
    assert_eq!(site.report(untouched).code, 0);
    site.until_state(untouched, "completed").await;
    assert_eq!(calls(&effects), calls(&site.effects(untouched).await));
    site.close().await;
}

#[tokio::test]
async fn another_speed_concerns_what_reads_the_speed_and_nothing_else() {
    let site = Site::start().await;
    site.upset("inventory/assign", json!({"delay_ms": 3_000})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let shown = amend(&site, order, SLOWER, &["--dry-run", "--json"]);
    assert_eq!(touched(&shown), pairs(&[("activate[1]", "replaced")]));
    amended(&site, order, SLOWER);
    assert_eq!(site.report(order).code, 0);
    let activate = site.until_task(order, "activate[1]", "succeeded").await;
    assert_eq!(activate["arguments"]["profile"], "FTTH_500");

    let shown = amend(&site, order, SLOWEST, &["--dry-run", "--json"]);
    assert_eq!(touched(&shown), pairs(&[("activate[1]", "amended")]));
    let why = &shown.json()["tasks"].as_array().unwrap().clone();
    let why = why.iter().find(|change| change["task"] == "activate[1]").unwrap();
    assert_eq!(
        (&why["differences"][0]["from"], &why["differences"][0]["to"]),
        (&json!("FTTH_500"), &json!("FTTH_100"))
    );
    amended(&site, order, SLOWEST);
    let last = site.until_state(order, "completed").await;
    assert_eq!(last["items"][0]["attributes"]["speed_mbps"], 100);
    let effects = site.effects(order).await;
    assert_each_once(&effects);
    let reprofiled = effects.iter().filter(|effect| effect.call == "network.reprofile").count();
    assert_eq!(reprofiled, 1, "{effects:?}");
    let all = versions(&site, order).await;
    assert_eq!(all.len(), 3);
    assert_eq!((&all[2]["by"], &all[2]["reason"]), (&json!("tester"), &json!("as they wish")));
    assert_eq!(all[2]["differences"], json!([{"what": "items[1].speed_mbps", "from": 500, "to": 100}]));
    site.close().await;
}

#[tokio::test]
async fn what_was_previewed_is_what_is_done_or_nothing_is() {
    let site = Site::start().await;
    site.upset("inventory/assign", json!({"delay_ms": 4_000})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let token =
        amend(&site, order, SLOWER, &["--dry-run", "--json"]).json()["token"].as_str().unwrap().to_owned();
    assert_eq!(site.report(order).code, 0);
    site.until_task(order, "activate[1]", "succeeded").await;
    let with_token = |token: &str| {
        amend(&site, order, SLOWER, &["--reason", "less speed", "--token", token, "--id", "A-1"])
    };
    let moved = with_token(&token);
    assert_eq!(moved.code, 1, "{moved:?}");
    assert!(moved.out.contains("~   activate[1]"), "the fresh preview: {moved:?}");
    assert_eq!(site.order(order).await["version"], 1);
    let shown = amend(&site, order, SLOWER, &["--dry-run"]).out;
    let page = std::fs::read_to_string(crate::support::project().join("docs/amendments.md")).unwrap();
    assert!(page.contains(&shown), "docs/amendments.md shows another preview than\n{shown}");
    let fresh =
        amend(&site, order, SLOWER, &["--dry-run", "--json"]).json()["token"].as_str().unwrap().to_owned();
    let done = with_token(&fresh);
    assert_eq!((done.code, done.out.as_str()), (0, "the order is at version 2 now\n"));
    until_version(&site, order, 2).await;
    let again = with_token(&fresh);
    assert_eq!(
        (again.code, again.out.as_str()),
        (0, "it had come before: the order has been at version 2 since\n")
    );
    site.until_state(order, "completed").await;
    assert_eq!(versions(&site, order).await.len(), 2);
    site.close().await;
}

#[tokio::test]
async fn a_signal_amends_as_the_api_does() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let signal = |id: &str, patch: &str| {
        let id = DeliveryId::new(id).unwrap();
        let wanted = Wanted::Patch(serde_json::from_str::<Value>(patch).unwrap());
        Amend { id, by: Actor::new("shop"), reason: "less speed".to_owned(), wanted, token: None }
    };
    let temporal = site.temporal();
    temporal
        .signal_amend(order, &signal("S-1", r#"{"items": {"1": {"attributes": {"speed_mbps": "slow"}}}}"#))
        .await
        .unwrap();
    // Both at once: the second is planned for what the first has made of the order.
    temporal.signal_amend(order, &signal("S-2", SLOWER)).await.unwrap();
    temporal.signal_amend(order, &signal("S-3", NAME)).await.unwrap();
    temporal.signal_amend(order, &signal("S-2", SLOWER)).await.unwrap();
    until_version(&site, order, 3).await;
    let now = site.order(order).await;
    assert_eq!(
        (&now["items"][0]["attributes"]["speed_mbps"], &now["customer"]["name"]),
        (&json!(500), &json!("Ada van Dijk"))
    );
    let refusals = site.record(order).await.into_iter().filter_map(|event| match event.fact {
        Fact::SignalRefused { id, reason, .. } => Some(format!("{id}: {reason}")),
        _ => None,
    });
    let refusals: Vec<String> = refusals.collect();
    assert_eq!(refusals, ["S-1: /items/0/attributes/speed_mbps: expected a whole number, found a text"]);
    assert_eq!(site.report(order).code, 0);
    site.until_state(order, "completed").await;
    site.close().await;
}

#[tokio::test]
async fn a_worker_that_dies_while_an_order_is_amended_loses_nothing_of_it() {
    let backends = Backends::shared().await;
    let services: [(&str, &[&str]); 3] =
        [("sim", &["sim"]), ("api", &["serve", "api"]), ("worker", &["serve", "worker"])];
    let mut site = Site::on(backends, &services).await;
    site.publish();
    site.upset("inventory/assign", json!({"delay_ms": 5_000})).await;
    site.upset("network/reprofile", json!({"delay_ms": 2_000})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    assert_eq!(site.report(order).code, 0);
    site.until_task(order, "activate[1]", "succeeded").await;
    amended(&site, order, SLOWER);
    let worker = site.services.get_mut("worker").unwrap();
    worker.crash().await;
    worker.restart().await;
    let last = site.until_state(order, "completed").await;
    assert_eq!((&last["version"], &last["items"][0]["attributes"]["speed_mbps"]), (&json!(2), &json!(500)));
    let effects = site.effects(order).await;
    assert_each_once(&effects);
    assert!(effects.iter().any(|effect| effect.call == "network.reprofile"), "{effects:?}");
    site.close().await;
}

/// Publishes another version of `home_fiber`, made from the one there is.
fn publish(site: &Site, version: u32, change: impl Fn(String) -> String) {
    let folder = site.folder.path().join(version.to_string());
    std::fs::create_dir(&folder).unwrap();
    for file in std::fs::read_dir(crate::support::project().join("blueprints")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        // The tests send orders that another version may not take.
        if file.path().is_file() && !name.ends_with("_tests.blueprint") {
            std::fs::copy(file.path(), folder.join(name)).unwrap();
        }
    }
    let blueprint = folder.join("home_fiber.blueprint");
    let text = std::fs::read_to_string(&blueprint).unwrap();
    let text = text.replace("home_fiber version 1", &format!("home_fiber version {version}"));
    std::fs::write(&blueprint, change(text)).unwrap();
    let published = site.run(&["publish", folder.to_str().unwrap()]);
    assert_eq!(published.code, 0, "{published:?}");
}

#[tokio::test]
async fn an_order_moves_to_another_version_of_its_blueprint() {
    let site = Site::start().await;
    let document = std::fs::read_to_string(crate::support::sample("home_fiber")).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&document).unwrap();
    document["blueprint"] = json!("home_fiber@1");
    let order = site.submit_file(&site.file("pinned.json", &document.to_string()));
    site.until_visit(order).await;
    publish(&site, 2, |text| text.replace("FTTH_{item", "FIBRE_{item"));
    publish(&site, 3, |text| {
        let text = text.replace("    speed_mbps: int\n", "    speed_mbps: int\n    vlan: int\n");
        text.replace("FTTH_{item", "FIBRE_{item.vlan}_{item").replace("  deadline 60d", "  deadline 90d")
    });
    let id = order.to_string();
    let shown = site.run(&["move", &id, "2", "--dry-run", "--json"]);
    assert_eq!(touched(&shown), pairs(&[("activate[1]", "replaced")]));
    let moved = site.run(&["move", &id, "2", "--reason", "new profiles", "--yes"]);
    assert_eq!(moved.code, 0, "{moved:?}");
    until_version(&site, order, 2).await;

    // It was sent for version 1, and can be amended all the same.
    amended(&site, order, NAME);
    until_version(&site, order, 3).await;
    let unfit = site.run(&["move", &id, "3", "--dry-run"]);
    let asks = "/version: the order does not fit this version: /items/0/attributes/vlan: missing";
    assert!(unfit.code == 1 && unfit.err.contains(asks), "{unfit:?}");
    let no_patch = site.file("none.json", "null");
    let misused = site.run(&["move", &id, "3", "--dry-run", "--patch", no_patch.to_str().unwrap()]);
    assert!(misused.code == 2 && misused.err.contains("is no merge patch of an order"), "{misused:?}");
    let patch = site.file("vlan.json", r#"{"items": {"1": {"attributes": {"vlan": 7}}}}"#);
    let to = ["move", &id, "3", "--patch", patch.to_str().unwrap()];
    let shown = site.run(&[&to[..], &["--dry-run", "--json"]].concat());
    assert_eq!(touched(&shown), pairs(&[("activate[1]", "replaced")]));
    let deadline = shown.json()["differences"][0].clone();
    assert_eq!(deadline["what"], "blueprint.deadline");
    assert!(deadline["to"].as_str().unwrap().starts_with("90d at risk after 14d, so until "), "{deadline}");
    let moved = site.run(&[&to[..], &["--reason", "it asks for the VLAN", "--yes"]].concat());
    assert_eq!(moved.code, 0, "{moved:?}");
    until_version(&site, order, 4).await;
    assert_eq!(site.report(order).code, 0);
    let last = site.until_state(order, "completed").await;
    assert_eq!(last["blueprint"]["version"], 3);
    assert!(deadline["to"].as_str().unwrap().ends_with(last["deadline"].as_str().unwrap()), "{last}");
    let activate = site.until_task(order, "activate[1]", "succeeded").await;
    assert_eq!(activate["arguments"]["profile"], "FIBRE_7_1000");
    let nowhere = site.run(&["move", &id, "9", "--dry-run"]);
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
    site.close().await;
}

#[tokio::test]
async fn an_item_that_is_not_kept_apart_is_cancelled_by_an_amendment() {
    let site = Site::start().await;
    let order = site.submit("home_fiber_bundle");
    site.until_visit(order).await;
    site.until_task(order, "bill_mobile[2]", "succeeded").await;
    let cancelled =
        site.run(&["cancel", &order.to_string(), "--item", "1", "--reason", "mobile only", "--id", "X-1"]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    let last = eventually("the visit is cancelled", async || {
        let order = site.order(order).await;
        let tasks = order["tasks"].as_array().unwrap().clone();
        let undone = |id: &str| tasks.iter().any(|task| task["id"] == id && task["state"] == "undone");
        (undone("book_visit[1]") && undone("reserve_port[1]")).then_some(order)
    })
    .await;
    let item = last["items"].as_array().unwrap().iter().find(|item| item["id"] == "1").unwrap().clone();
    assert_eq!((&item["removed"], &item["state"]), (&json!(true), &json!("cancelled")));
    let mobile = last["items"].as_array().unwrap().iter().find(|item| item["id"] == "2").unwrap().clone();
    assert_eq!(mobile["removed"], json!(false));
    let again = site.run(&["cancel", &order.to_string(), "--item", "1", "--reason", "mobile only"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("the item `1` has ended: it is cancelled"), "{again:?}");
    site.close().await;
}

#[test]
fn the_picture_in_the_documentation_is_what_graph_draws() {
    let folder = crate::support::project().join("blueprints");
    let drawn = crate::support::run(&["graph", "home_fiber", "--blueprints", folder.to_str().unwrap()]);
    assert_eq!(drawn.code, 0, "{drawn:?}");
    let path = crate::support::project().join("docs/home_fiber.svg");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &drawn.out).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == drawn.out, "docs/home_fiber.svg differs: `UPDATE_EXPECT=1` draws it anew");
}

const DELIVERY: &str = r#"
system courier {
  operation label(street: text) -> { label_id: text }
  operation void(label_id: text)
  operation plan_van(weight: int) -> { van: text }
  operation collect(street: text) -> { parcel: text }
}

blueprint delivery version 1 {
  accepts order where order.category == "delivery"
  order { street: text  weight: int }
  item box where true { }
  task deliver { run carry(street: order.street, weight: order.weight) }
}

blueprint carry(street: text, weight: int) {
  on failure rollback
  task label {
    call courier.label(street: street)
    undo courier.void(label_id: result.label_id)
  }
  task plan_van after label {
    call courier.plan_van(weight: weight)
    no undo "the van drives anyway"
  }
  task packed after plan_van { wait packed { by: text } within 5d }
  task collect after packed {
    call courier.collect(street: street)
    no undo "it is on its way"
  }
  task arrived after collect { wait arrived { at: text } within 5d }
}
"#;

#[tokio::test]
async fn a_preview_says_what_becomes_of_the_tasks_of_child_orders_and_whether_they_refuse() {
    let site = Site::without_blueprints().await;
    let file = site.file("blueprints/delivery.blueprint", DELIVERY);
    let published = site.run(&["publish", file.parent().unwrap().to_str().unwrap()]);
    assert_eq!(published.code, 0, "{published:?}");
    let document = r#"{"category": "delivery", "customer": {"id": "C-1"}, "attributes": {"street": "Long Street 1", "weight": 3},
        "items": [{"id": "1", "offering": "BOX", "action": "add"}]}"#;
    let order = site.submit_file(&site.file("order.json", document));
    let child: OrderId = eventually("it is carried", async || {
        site.order(order).await["children"][0]["id"].as_str()?.parse().ok()
    })
    .await;
    site.until_task(child, "packed", "running").await;
    let street = r#"{"attributes": {"street": "Short Street 2"}}"#;
    let heavier = r#"{"attributes": {"weight": 30}}"#;

    // What a child order refuses, is refused before anything is done, and on the record.
    let shown = amend(&site, order, heavier, &["--dry-run"]);
    assert_eq!(shown.code, 1, "{shown:?}");
    let why = format!("the order {child} can't be amended: `plan_van`: it can be neither changed nor undone");
    assert!(shown.out.contains(&why) && shown.out.contains("!   plan_van"), "{shown:?}");
    let refused = amend(&site, order, heavier, &["--reason", "a big one", "--yes"]);
    assert!(refused.code == 1 && refused.err.contains(&why), "{refused:?}");
    let by_signal = Amend {
        id: DeliveryId::new("S-1").unwrap(),
        by: Actor::new("crm"),
        reason: "a bigger one".to_owned(),
        wanted: Wanted::Patch(serde_json::from_str::<Value>(heavier).unwrap()),
        token: None,
    };
    site.temporal().signal_amend(order, &by_signal).await.unwrap();
    let refusals = eventually("both are on the record", async || {
        let versions = versions(&site, order).await;
        let refusals: Vec<String> =
            versions.iter().filter_map(|version| version["refusal"].as_str().map(str::to_owned)).collect();
        (refusals.len() == 2).then_some(refusals)
    })
    .await;
    assert!(refusals.iter().all(|refusal| refusal.contains(&why)), "{refusals:?}");

    // What it would do, it says for each of its tasks; when that changes, the preview is out of date.
    let inside = |said: &Said| {
        let tasks = said.json()["tasks"][0]["tasks"].as_array().unwrap().clone();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        tasks.iter().map(|change| (text(&change["task"]), text(&change["verdict"]))).collect::<Vec<_>>()
    };
    let first = amend(&site, order, street, &["--dry-run", "--json"]);
    let expected = ["label redone", "plan_van kept", "packed kept", "collect replaced", "arrived kept"];
    let told: Vec<String> =
        inside(&first).iter().map(|(task, verdict)| format!("{task} {verdict}")).collect();
    assert_eq!(told, expected);
    let token = first.json()["token"].as_str().unwrap().to_owned();
    let second = amend(&site, order, street, &["--reason", "they moved", "--token", &token]);
    assert_eq!(second.code, 0, "{second:?}");
    until_version(&site, child, 2).await;
    let done = versions(&site, child).await[1]["tasks"].as_array().unwrap().clone();
    let done: Vec<_> =
        done.iter().map(|change| format!("{} {}", change["task"], change["verdict"])).collect();
    assert_eq!(done, [r#""label" "redone""#, r#""collect" "replaced""#]);
    let back = r#"{"attributes": {"street": "Long Street 1"}}"#;
    let stale =
        amend(&site, order, back, &["--dry-run", "--json"]).json()["token"].as_str().unwrap().to_owned();
    let packed = ["signal", &child.to_string(), "packed", "--payload", r#"{"by": "ann"}"#];
    assert_eq!(site.run(&packed).code, 0);
    site.until_task(child, "arrived", "running").await;
    let moved = amend(&site, order, back, &["--reason", "they stay", "--token", &stale]);
    assert!(moved.code == 1 && moved.err.contains("moved on"), "{moved:?}");
    assert_eq!(site.order(order).await["state"], "inProgress");
    site.close().await;
}
