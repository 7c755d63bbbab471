//! Callbacks: signals that effects send.

use serde_json::{Value, json};
use systems::sim::Options;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::server::{ORDER, answer, listen, read_request};
use crate::simulator::{Simulator, options};

/// Takes one request, answers it, and gives its path and body.
async fn take(listener: &TcpListener, status: &str) -> (String, Value) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read_request(&mut stream).await;
    stream.write_all(&answer(status, "connection: close\r\n", "")).await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let line = head.lines().next().unwrap().strip_suffix(" HTTP/1.1").unwrap();
    (line.to_owned(), serde_json::from_str(body).unwrap())
}

async fn with_api() -> (TcpListener, Simulator) {
    let (api, url) = listen().await;
    let simulator = Simulator::with(Options { api_url: Some(format!("{url}/base/")), ..options() }).await;
    (api, simulator)
}

#[tokio::test]
async fn an_effect_sends_its_signal_to_the_order() {
    let (api, simulator) = with_api().await;
    let callback = json!({"signal": "technician_report", "after_ms": 1, "task": "field_work[{item}]",
                          "payload": {"outcome": "done", "ont": "ONT-{n}", "visit": "{booking_id}", "work": "{work}"}});
    simulator.set("/sim/workforce/book", json!({"callback": callback})).await;
    let work = r#"{"work": "INSTALL"}"#;
    let ((path, body), _) =
        tokio::join!(take(&api, "202 Accepted"), simulator.call("workforce", "book", "book_visit[1]", work));
    assert_eq!(path, format!("POST /base/v1/orders/{ORDER}/signals/technician_report"));
    let visit = body["payload"]["visit"].as_str().unwrap();
    assert!(visit.starts_with("VISIT-1-"), "{body}");
    assert_eq!(body["task"], "field_work[1]");
    assert_eq!(body["payload"]["outcome"], "done");
    assert_eq!(body["payload"]["ont"], "ONT-1");
    assert_eq!(body["payload"]["work"], "INSTALL");
    assert!(body["id"].as_str().unwrap().starts_with("sim-"), "{body}");
}

#[tokio::test]
async fn a_duplicate_has_the_same_id_and_a_repeated_call_sends_nothing() {
    let (api, simulator) = with_api().await;
    let settings = json!({"callback": {"signal": "report", "payload": {}}, "duplicate_callback": true});
    simulator.set("/sim/workforce/book", settings).await;
    for _ in 0..2 {
        simulator.call("workforce", "book", "a", "{}").await;
    }
    simulator.call("workforce", "book", "b", "{}").await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        let (_, body) = take(&api, "202 Accepted").await;
        assert!(body.get("task").is_none());
        ids.push(body["id"].as_str().unwrap().to_owned());
    }
    ids.sort();
    assert!(ids[0] == ids[1] && ids[1] != ids[2] && ids[2] == ids[3], "{ids:?}");
}

#[tokio::test]
async fn a_receiver_that_is_not_well_is_asked_again() {
    let (receiver, url) = listen().await;
    let simulator = Simulator::start().await;
    let callback = json!({"signal": "report", "payload": null, "url": format!("{url}/hooks/{{task}}")});
    simulator.set("/sim/workforce/book", json!({"callback": callback})).await;
    simulator.call("workforce", "book", "a", "{}").await;
    let (path, first) = take(&receiver, "503 Service Unavailable").await;
    let (_, second) = take(&receiver, "200 OK").await;
    assert_eq!(path, "POST /hooks/a");
    assert_eq!(first, second);
}
