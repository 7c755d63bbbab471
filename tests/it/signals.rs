//! Signals that come twice, that nobody waits for, and that carry the wrong thing.

use model::{Fact, OrderId};

use serde_json::{Value, json};

use crate::support::{Said, Site};

const REPORT: &str = r#"{"outcome": "done", "ont": "ONT-1"}"#;

fn signal(site: &Site, order: OrderId, arguments: &[&str]) -> Said {
    let order = order.to_string();
    site.run(&[&["signal", order.as_str()], arguments].concat())
}

#[tokio::test]
async fn only_the_right_signal_is_taken_and_only_once() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;

    let nobody = signal(&site, order, &["door_bell", "--payload", "{}"]);
    assert_eq!(nobody.code, 1);
    assert!(nobody.err.contains("door_bell"), "{nobody:?}");

    let shape = signal(&site, order, &["technician_report", "--payload", r#"{"outcome": 7}"#]);
    assert_eq!(shape.code, 1);
    assert!(shape.err.contains("outcome"), "{shape:?}");

    let task = signal(&site, order, &["technician_report", "--payload", REPORT, "--task", "field_work[9]"]);
    assert_eq!(task.code, 1, "{task:?}");

    // None of these has moved the order.
    site.until_visit(order).await;
    let file = site.file("report.json", REPORT);
    let from_file = format!("@{}", file.display());
    let deliver =
        || signal(&site, order, &["technician_report", "--payload", &from_file, "--id", "WFM-2207"]);
    // The second delivery gets the answer of the first.
    assert_eq!(deliver().out, "a task has taken it\n");
    assert_eq!(deliver().code, 0);
    site.until_state(order, "completed").await;
    let after = signal(&site, order, &["technician_report", "--payload", REPORT, "--id", "WFM-2208"]);
    assert_eq!(after.code, 1, "an order that has ended takes nothing: {after:?}");

    let record = site.record(order).await;
    let received = record.iter().filter(|event| matches!(event.fact, Fact::SignalReceived { .. })).count();
    let refused = record.iter().filter(|event| matches!(event.fact, Fact::SignalRefused { .. })).count();
    assert_eq!((received, refused), (1, 3));
    site.close().await;
}

#[tokio::test]
async fn what_is_no_signal_does_not_reach_the_order() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    let json = signal(&site, order, &["technician_report", "--payload", "{outcome: done}"]);
    assert_eq!(json.code, 2);
    assert!(json.err.starts_with("error: what `--payload` says is not JSON"), "{json:?}");
    let file = signal(&site, order, &["technician_report", "--payload", "@nowhere.json"]);
    assert_eq!(file.code, 2, "{file:?}");
    let name = signal(&site, order, &["no-name", "--payload", "{}"]);
    assert_eq!(name.code, 2, "{name:?}");
    let unknown = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    let nobody = signal(&site, unknown, &["technician_report", "--payload", REPORT]);
    assert_eq!(nobody.code, 1, "{nobody:?}");
    site.close().await;
}

/// What the API answers to a request under a key: the status, and what it says.
async fn ask(site: &Site, order: OrderId, what: &str, key: &str, body: Value) -> (u16, Value) {
    let address = format!("{}/v1/orders/{order}/{what}", site.api);
    let request = site.http.post(address).header("idempotency-key", key).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn what_comes_under_a_key_that_is_taken_is_told_apart_at_once() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let (status, first) = ask(&site, order, "pause", "k-1", json!({"note": "night work"})).await;
    assert_eq!((status, &first["result"]), (200, &json!("applied")));
    let (status, other) = ask(&site, order, "resume", "k-1", json!({"note": "night work"})).await;
    assert_eq!((status, &other["type"]), (422, &json!("/problems/key-reused")), "{other}");
    let (status, again) = ask(&site, order, "pause", "k-1", json!({"note": "day work"})).await;
    assert_eq!(
        (status, &again["result"], &again["differences"]),
        (200, &json!("duplicate"), &json!(["/note"]))
    );
    let report = |outcome: &str| json!({"payload": {"outcome": outcome, "ont": "ONT-1"}});
    let (status, first) = ask(&site, order, "signals/technician_report", "k-2", report("done")).await;
    assert_eq!((status, &first["result"]), (200, &json!("applied")));
    let (status, other) = ask(&site, order, "signals/technician_report", "k-2", report("nobody home")).await;
    assert_eq!((status, &other["differences"]), (200, &json!(["/payload/outcome"])), "{other}");
    let (status, other) = ask(&site, order, "cancel", "k-2", json!({"reason": "too late"})).await;
    assert_eq!((status, &other["type"]), (422, &json!("/problems/key-reused")), "{other}");
    site.close().await;
}
