//! Forms that plans carry: what becomes of them, and which of them the engine does not carry out yet.

use expect_test::expect;
use plan::{Body, PlanDocument};

use super::{compile, order};

const HOUSE: &str = r#"
system net {
  query read(id: text) -> { state: text }
  repeatable operation reserve(site: text) -> { id: text }
  operation move(id: text)
  operation release(id: text)
}
blueprint survey(site: text, floors: int = 1) -> { found: text } {
  task look when floors > 1 { run glance(site: site) }
  task note { let look?.seen ?? "nothing"  ensure result != "" else hold }
  return { found: note }
}
blueprint glance(site: text) -> { seen: text } {
  task ask { call net.read(id: site) }
  return { seen: ask.state }
}
blueprint house version 1 {
  deadline 10d at risk after 7d on timeout hold "late"
  one at a time by ["home {order.site}", order.customer.id, "", order.customer.id]
  order { site: text }
  item room where true { size: int }
  task first { run survey(site: order.site)  within 1h }
  each room on failure isolate {
    task reserve {
      call net.reserve(site: order.site)
      verify net.read(id: order.site) is result.state == "reserved"
      amend net.move(id: before.id)
      undo net.release(id: result.id)
    }
  }
  task rest { sleep 1h }
  task begin { sleep until order.requested_start ?? order.submitted_at }
  task rooms { let sum(room.items.size) }
  task approve after rooms { manual "Approve {rooms}" for office { ok: bool } within 1d }
  task prove { poll net.read(id: order.site) every 1m until result.state == "up" within 1h }
}
"#;

const ORDER: &str = r#"{"blueprint": "house", "category": "home", "customer": {"id": "C-1"}, "attributes": {"site": "A"},
    "items": [{"id": "1", "offering": "ROOM", "action": "add", "attributes": {"size": 3}}]}"#;

fn house() -> plan::Plan {
    let compiled = compile(HOUSE);
    assert_eq!(dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false), "");
    let order = order(ORDER);
    compiled.library.unwrap().select(&order.request).unwrap().plan(&order).unwrap()
}

#[test]
fn a_plan_carries_every_form() {
    let document = PlanDocument::from(&house());
    let tasks: String = document
        .tasks
        .iter()
        .map(|task| format!("{}: {}\n", task.id, serde_json::to_string(&task.body).unwrap()))
        .collect();
    expect![[r#"
        10d, at risk after 7d
        first: {"kind":"run","blueprint":"survey","within":"1h"}
        reserve[1]: {"kind":"call","calls":["net.reserve"],"timeout":"30s","within":null,"attempts":6,"undo":"net.release","no_undo":null,"amend":"net.move","verify":"net.read"}
        rest: {"kind":"sleep","length":"1h","until":null}
        begin: {"kind":"sleep","length":null,"until":"order.requested_start ?? order.submitted_at"}
        rooms: {"kind":"let","value":"sum(room.items.size)"}
        approve: {"kind":"manual","title":"\"Approve {rooms}\"","role":"office","fields":"{ ok: bool }","within":"1d"}
        prove: {"kind":"poll","call":"net.read","every":"1m","until":"result.state == \"up\"","within":"1h"}
    "#]]
    .assert_eq(&format!(
        "{}, at risk after {}\n{tasks}",
        document.deadline.unwrap(),
        document.at_risk_after.unwrap()
    ));
}

#[test]
fn a_plan_carries_the_keys_of_its_order_each_once_and_none_that_is_empty() {
    let keys: Vec<_> = house().sequence().iter().map(ToString::to_string).collect();
    assert_eq!(keys, ["C-1", "home A"]);
    assert_eq!(PlanDocument::from(&house()).sequence, keys);
}

#[test]
fn a_key_that_can_be_none_is_a_fault_of_the_order() {
    let compiled = compile(&HOUSE.replace("\"home {order.site}\", ", "order.site, "));
    let long = ORDER.replace("\"site\": \"A\"", &format!("\"site\": \"{}\"", "x".repeat(256)));
    let order = order(&long);
    let faults = compiled.library.unwrap().select(&order.request).unwrap().plan(&order).unwrap_err();
    let told = faults[0].to_string();
    assert!(told.contains("is not a key (a text of at most 255 bytes"), "{told}");
}

#[test]
fn what_is_isolated_is_rolled_back_if_nothing_else_is_said() {
    let plan = house();
    let reserve = plan.definitions().iter().find(|definition| definition.name.as_str() == "reserve").unwrap();
    assert!(reserve.isolate);
    assert_eq!(reserve.on_failure.as_ref().unwrap().kind, plan::ReactionKind::Rollback);
    let Body::Call(body) = &reserve.body else { panic!("it calls") };
    assert!(body.call.repeatable);
    // The query of the verify answers something else, and `move` answers nothing.
    assert!(!body.verify.as_ref().unwrap().answers && !body.amend.as_ref().unwrap().answers);
}

#[test]
fn a_plan_carries_the_blueprints_that_its_tasks_run() {
    let plan = house();
    let names: Vec<_> = plan.sub_blueprints().iter().map(|sub| sub.name.as_str()).collect();
    assert_eq!(names, ["glance", "survey"]);
    let parameters = serde_json::from_str(r#"{"site": "A", "floors": 2}"#).unwrap();
    let child = plan.child(&"survey".parse().unwrap(), parameters).unwrap();
    assert_eq!(child.blueprint().to_string(), "survey@1");
    let tasks: Vec<_> = child.indices().map(|task| child.id(task).to_string()).collect();
    assert_eq!(tasks, ["look", "note"]);
    // Its own conditions are decided when they are due: nothing was known of what it is given.
    assert!(child.definition(plan::TaskIndex(0)).when.is_some());
    assert!(plan.child(&"other".parse().unwrap(), model::Value::Null).is_err());
    let again: plan::Plan = serde_json::from_slice(&plan.canonical_bytes()).unwrap();
    assert_eq!(again.hash(), plan.hash());
}

/// Two isolated tasks for each line, and what waits for the first of them.
fn isolated(more: &str) -> String {
    format!(
        "system net {{ query look(id: text) }}\nblueprint lines version 1 {{\n  item line where true {{ }}\n  each line on \
         failure isolate {{\n    task one {{ call net.look(id: item.id) }}\n    task two after one {{ call net.look(id: \
         item.id) }}\n    milestone there after two\n  }}\n{more}}}\n"
    )
}

#[test]
fn what_needs_a_task_of_an_isolated_item_waits_for_the_whole_item() {
    let compiled = compile(&isolated("  task bill after line.one { call net.look(id: order.id) }\n"));
    let order = order(
        &ORDER
            .replace("house", "lines")
            .replace(r#", "attributes": {"site": "A"}"#, "")
            .replace(r#"{"size": 3}"#, "{}"),
    );
    let plan = compiled.library.unwrap().select(&order.request).unwrap().plan(&order).unwrap();
    let bill = plan.find(&"bill".parse().unwrap()).unwrap();
    let waits: Vec<_> = plan.task(bill).after.iter().map(|task| plan.id(*task).to_string()).collect();
    assert_eq!(waits, ["one[1]", "two[1]", "there[1]"]);
    let alone = plan.indices().filter(|task| plan.definition(*task).isolate).count();
    assert_eq!(alone, 3, "the milestone goes with its item as well");
}

#[test]
fn a_task_between_two_of_an_isolated_item_is_a_circle() {
    let between = "  task between after line.one { call net.look(id: order.id) }\n  each line on failure isolate {\n    task last after between { call net.look(id: item.id) }\n  }\n";
    assert!(compile(&isolated(between)).library.is_some(), "another block of the kind is another matter");
    let text = isolated("  task between after line.one { call net.look(id: order.id) }\n")
        .replace("two after one", "two after between");
    let compiled = compile(&text);
    let shown = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
    assert!(shown.contains("BP0401") && shown.contains("as for the whole isolated item"), "{shown}");
}

#[test]
fn a_blueprint_means_what_it_runs() {
    let hash = |text: &str| compile(text).library.unwrap().blueprints()[0].hash().clone();
    let changed = HOUSE.replace("ensure result != \"\" else hold", "ensure result != \"x\" else hold");
    assert_ne!(hash(&changed), hash(HOUSE));
    let moved = HOUSE.replacen("blueprint glance", "\n\n/// Said anew.\nblueprint glance", 1);
    assert_eq!(hash(&moved), hash(HOUSE));
}
