//! Orders that ask: a person, a system whether it did what it did not answer, and a system until all is well.

use model::Fact;
use serde_json::json;

use crate::support::{Site, assert_each_once};

const BLUEPRINT: &str = r#"
system network {
  operation activate(ont: text) -> { service_id: text }
  operation deactivate(service_id: text)
  query read(ont: text) -> { state: text }
}
blueprint checked version 1 {
  accepts order where order.category == "checked"
  item line where true { }
  each line {
    task approve {
      manual "Check the contract of {order.customer.id}" for back_office { approved: bool, note: text? } within 2d
      ensure result.approved else rollback "not approved: {result.note ?? "no reason given"}"
    }
    task activate after approve {
      call network.activate(ont: "ONT-{item.id}")
      timeout 1s
      no retry
      verify network.read(ont: "ONT-{item.id}") is result.state == "active"
      undo network.deactivate(service_id: result.service_id)
    }
    task prove after activate {
      poll network.read(ont: "ONT-{item.id}") every 200ms until result.state == "active" within 6m
    }
  }
}
"#;

const ORDER: &str = r#"{"category": "checked", "customer": {"id": "C-1"},
    "items": [{"id": "1", "offering": "LINE", "action": "add"}]}"#;

async fn site() -> Site {
    let site = Site::without_blueprints().await;
    let file = site.file("blueprints/checked.blueprint", BLUEPRINT);
    let published = site.run(&["publish", file.parent().unwrap().to_str().unwrap()]);
    assert_eq!(published.code, 0, "{published:?}");
    site
}

#[tokio::test]
async fn what_people_and_systems_are_asked_is_seen_and_answered() {
    let site = site().await;
    site.upset("network/activate", json!({"timeout_after_effect": 1})).await;
    site.upset("network/read", json!({"delay_ms": 1_500, "answer": {"state": "activating"}})).await;
    let order = site.post_order(ORDER).await;
    let id = order.to_string();

    let waits = site.until_task(order, "approve[1]", "running").await;
    assert_eq!(waits["waiting_for"], "back_office: Check the contract of C-1");
    let fields = "{ approved: bool, note: text? }";
    assert_eq!(waits["expects"], json!({"signal": null, "role": "back_office", "fields": fields}));
    let shown = site.run(&["get", &id]).out;
    assert!(shown.contains("waits for back_office: Check the contract of C-1 until 2"), "{shown}");
    assert!(shown.contains(&format!("asks for {fields}")), "{shown}");

    let complete = |result: &str| {
        site.run(&["complete", &id, "approve[1]", "--result", result, "--note", "signed", "--id", result])
    };
    let wrong = complete(r#"{"approved":"yes"}"#);
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(wrong.err.contains("/result/approved"), "{wrong:?}");
    let early = site.run(&["complete", &id, "activate[1]", "--note", "done by hand"]);
    assert!(
        early.code == 1 && early.err.contains("`activate[1]` is waiting: only a task that is held"),
        "{early:?}"
    );
    assert_eq!(complete(r#"{"approved":true}"#).out, "the task has taken it\n");
    assert!(complete(r#"{"approved":true}"#).out.starts_with("it had come before"), "a repetition");

    let lost = site.until_task(order, "activate[1]", "unknown").await;
    assert_eq!(lost["waiting_for"], "network.read to tell whether it was done");
    assert_eq!(lost["next_action"], "waits for network.read to tell whether it was done");

    let asks = site.until_task(order, "prove[1]", "running").await;
    assert_eq!(asks["waiting_for"], "`result.state == \"active\"` of network.read, asked every 200ms");
    site.upset("network/read", json!({"answer": {"state": "active"}})).await;
    let done = site.until_state(order, "completed").await;
    assert_eq!(done["tasks"][2]["result"], json!({"state": "active"}));

    // Asked for twice under one key, it was done once.
    assert_each_once(&site.effects(order).await);
    let said = site.record(order).await.into_iter().find_map(|event| match event.fact {
        Fact::OperatorActed { action, by, note, result, .. } => {
            Some((action, by.as_str().to_owned(), note, result.to_string()))
        }
        _ => None,
    });
    let (action, by, note) = ("complete".to_owned(), "tester".to_owned(), "signed".to_owned());
    assert_eq!(said, Some((action, by, note, r#"{"approved":true,"note":null}"#.to_owned())));
    site.close().await;
}

#[tokio::test]
async fn a_person_who_says_no_ends_the_order_with_their_reason() {
    let site = site().await;
    let order = site.post_order(ORDER).await;
    site.until_task(order, "approve[1]", "running").await;
    let no = r#"{"approved": false, "note": "unsigned"}"#;
    let file = format!("@{}", site.file("no.json", no).display());
    let id = order.to_string();
    let said = site.run(&["complete", &id, "approve[1]", "--result", &file, "--note", "called the customer"]);
    assert_eq!(said.code, 0, "{said:?}");
    let failed = site.until_state(order, "failed").await;
    assert_eq!(failed["reason"], "not approved: unsigned");
    assert!(site.effects(order).await.is_empty());
    site.close().await;
}
