//! What people and calling systems see of an order while it is under way: calls that are tried again, signals that wait,
//! requests that come again, and the effect of what was just asked.

use serde_json::json;

use crate::support::{Site, eventually, temporal_address};

const REPORT: &str = r#"{"outcome": "done", "ont": "ONT-1"}"#;

#[tokio::test]
async fn a_call_that_is_tried_again_says_why_how_often_and_when() {
    let site = Site::start().await;
    site.upset("network/activate", json!({"fail_times": 2})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    assert_eq!(site.report(order).code, 0);
    let task = eventually("the first attempt has failed", async || {
        let task = site.until_task(order, "activate[1]", "running").await;
        task["next_attempt_at"].is_string().then_some(task)
    })
    .await;
    let attempts = task["attempts"].as_u64().unwrap();
    assert_eq!((&task["max_attempts"], &task["last_error"]["attempt"]), (&5.into(), &attempts.into()));
    assert_eq!(task["last_error"]["kind"], "failed");
    assert!(task["last_error"]["at"].as_str() < task["next_attempt_at"].as_str(), "{task}");
    let shown = site.run(&["get", &order.to_string()]).out;
    assert!(shown.contains("activate[1]: calls network.activate again at 20"), "{shown}");
    assert!(shown.contains(" of 5 failed: network.activate answered 500"), "{shown}");

    let watched = site.run(&["watch", &order.to_string()]);
    assert_eq!(watched.code, 0, "{watched:?}");
    assert!(watched.out.contains("(another attempt)       activate[1]: attempt "), "{watched:?}");
    let task = site.until_task(order, "activate[1]", "succeeded").await;
    assert_eq!((&task["attempts"], &task["last_error"]), (&3.into(), &json!(null)));
    assert_eq!(task["next_attempt_at"], json!(null));
    site.close().await;
}

#[tokio::test]
async fn a_signal_that_comes_early_is_seen_until_it_is_taken() {
    let site = Site::start().await;
    site.upset("crm/check", json!({"delay_ms": 1_500})).await;
    let order = site.submit("home_fiber");
    let signal = |payload: &str| {
        let order = order.to_string();
        site.run(&["signal", &order, "technician_report", "--payload", payload, "--id", "WFM-1"])
    };
    site.until_task(order, "check_customer", "running").await;
    assert_eq!(signal(REPORT).out, "no task waits for it yet: it is kept for the one that will\n");
    // The command has waited until it shows.
    let kept = site.order(order).await["kept_signals"].clone();
    let since = kept[0]["since"].clone();
    assert_eq!(kept, json!([{"id": "WFM-1", "signal": "technician_report", "task": null, "since": since}]));
    let shown = site.run(&["get", &order.to_string()]).out;
    assert!(shown.contains("technician_report (WFM-1) since 20"), "{shown}");

    let before = "it had come before as `WFM-1`: nothing has changed\n";
    assert_eq!(signal(REPORT).out, before);
    let other = r#"{"outcome": "done", "ont": "ONT-2"}"#;
    let differs = format!("{before}what was sent now differs from it in /payload/ont\n");
    assert_eq!(signal(other).out, differs);
    let ended = site.until_state(order, "completed").await;
    assert_eq!(ended["kept_signals"], json!([]));
    assert_eq!(signal(REPORT).out, before, "the order has ended, and still knows");
    site.close().await;
}

#[tokio::test]
async fn whoever_steers_an_order_sees_the_effect_at_once() {
    let site = Site::start().await;
    site.upset("network/activate", json!({"refuse": "olt down"})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    assert_eq!(site.report(order).code, 0);
    site.until_state(order, "held").await;
    let id = order.to_string();
    let rolled_back = site.run(&["rollback", &id, "activate[1]", "--note", "no fibre", "--json"]).json();
    let shown = site.order(order).await;
    assert_ne!(shown["state"], "held", "{rolled_back}");
    assert!(shown["reason"].as_str().unwrap().contains("olt down"), "{shown}");
    let link = format!("{}{}", site.api, rolled_back["links"]["order"].as_str().unwrap());
    assert_eq!(site.get(&link).await["id"], id);
    let dropped = site.until_task(order, "activate[1]", "dropped").await;
    assert_eq!(dropped["last_error"]["kind"], "refused");
    assert!(dropped["reason"].as_str().unwrap().contains("olt down"), "{dropped}");
    site.until_state(order, "failed").await;
    let listed = site.run(&["list", "--state", "completed,held", "--state", "failed"]).out;
    assert!(listed.contains(&id), "{listed}");
    site.close().await;
}

#[tokio::test]
async fn an_order_that_is_sent_again_with_other_words_says_where_they_differ() {
    let site = Site::start().await;
    let sample = std::fs::read_to_string(crate::support::sample("provision_subscriber")).unwrap();
    let mut order: serde_json::Value = serde_json::from_str(&sample).unwrap();
    order["external_id"] = "CRM-4711".into();
    let first = site.submit_file(&site.file("order.json", &order.to_string()));
    order["items"][0]["quantity"] = 7.into();
    let file = site.file("order.json", &order.to_string());
    let again = site.run(&["submit", file.to_str().unwrap()]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.out.starts_with(&format!("order {first} · ")), "{again:?}");
    let notes: Vec<&str> = again.out.lines().skip(1).collect();
    assert_eq!(
        notes,
        ["this order was there already", "what was sent now differs from it in /items/0/quantity"]
    );
    site.close().await;
}

#[tokio::test]
async fn an_order_whose_workflow_was_ended_from_outside_says_so() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let id = order.to_string();
    let terminated = std::process::Command::new("temporal")
        .args(["workflow", "terminate", "--address", &temporal_address(), "--workflow-id", &id])
        .output()
        .unwrap();
    assert!(terminated.status.success(), "{terminated:?}");
    // The order's answer does not wait until a worker has noticed.
    let refused = site.run(&["cancel", &id, "--reason", "no longer wanted"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("was ended in Temporal from outside while the order was inProgress"),
        "{refused:?}"
    );
    let shown = eventually("a worker has noticed", async || {
        let shown = site.order(order).await;
        shown["attention"].is_string().then_some(shown)
    })
    .await;
    assert_eq!(shown["state"], "inProgress");
    let listed = site.run(&["list", "--state", "inProgress"]).out;
    assert!(listed.contains("its workflow was ended in Temporal from outside at 20"), "{listed}");
    let watched = site.run(&["watch", &id]);
    assert_eq!(watched.code, 1, "it does not wait for what never comes: {watched:?}");
    site.close().await;
}

#[tokio::test]
async fn a_list_says_what_orders_wait_for_and_who_cancelled_them() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let next = site.order(order).await["next_action"].as_str().unwrap().to_owned();
    assert!(next.starts_with("field_work[1]: waits for "), "{next}");
    let listed = site.run(&["list"]).out;
    assert!(listed.contains(&next), "{listed}");
    let id = order.to_string();
    assert_eq!(site.run(&["cancel", &id, "--reason", "moved house", "--actor", "ada"]).code, 0);
    let ended = site.until_state(order, "cancelled").await;
    assert_eq!((&ended["cancel"]["by"], &ended["cancel"]["reason"]), (&"ada".into(), &"moved house".into()));
    for shown in [site.run(&["list"]).out, site.run(&["get", &id]).out] {
        assert!(shown.contains("by ada: moved house"), "{shown}");
    }
    site.close().await;
}
