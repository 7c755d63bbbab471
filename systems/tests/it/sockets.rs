//! What no answer at all means: nothing was sent, or nobody knows.

use std::time::Duration;

use model::CallOutcome;
use systems::Systems;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::server::{answer, call, crm, listen, outcome_of, read_request, shown};

fn is_unknown(outcome: &CallOutcome) -> bool {
    matches!(outcome, CallOutcome::Unknown { .. })
}

#[tokio::test]
async fn a_port_where_nobody_listens_has_failed() {
    let (listener, url) = listen().await;
    drop(listener);
    let outcome = shown(&crm(&url, "").call(&call("{}")).await);
    assert!(outcome.starts_with("failed: could not connect for crm.check: "), "{outcome}");
    assert!(outcome.contains("refused"), "{outcome}");
}

#[tokio::test]
async fn a_host_that_is_not_there_has_failed() {
    let outcome = shown(&crm("http://nowhere.invalid", "").call(&call("{}")).await);
    assert!(outcome.starts_with("failed: could not connect for crm.check: "), "{outcome}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_has_failed() {
    let (listener, url) = listen().await;
    let systems = crm(&url.replace("http:", "https:"), "");
    let call = call("{}");
    let (outcome, ()) = tokio::join!(systems.call(&call), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let outcome = shown(&outcome);
    assert!(outcome.starts_with("failed: could not connect for crm.check: "), "{outcome}");
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_has_failed() {
    let (listener, url) = listen().await;
    let systems = crm(&url.replace("http:", "https:"), "connect_timeout = \"100ms\"\n");
    let call = call("{}");
    // Accepts, and never says a word of TLS.
    let (outcome, _stream) = tokio::join!(systems.call(&call), listener.accept());
    let outcome = shown(&outcome);
    assert!(outcome.starts_with("failed: could not connect for crm.check: "), "{outcome}");
}

#[tokio::test]
async fn a_connection_that_closes_after_the_request_is_unknown() {
    let outcome = outcome_of(Vec::new(), "").await;
    assert!(outcome.starts_with("unknown: the connection was lost before crm.check answered: "), "{outcome}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_unknown() {
    let outcome = outcome_of(b"220 smtp.example ESMTP\r\n".to_vec(), "").await;
    assert!(outcome.starts_with("unknown: the connection was lost before crm.check answered: "), "{outcome}");
}

#[tokio::test]
async fn a_kept_connection_that_closes_instead_of_answering_is_unknown() {
    let (listener, url) = listen().await;
    let systems = crm(&url, "");
    let call = call("{}");
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(&answer("200 OK", "", "{}")).await.unwrap();
        // The second request comes on the same connection.
        read_request(&mut stream).await;
        stream.shutdown().await.unwrap();
        listener
    };
    let client = async { (systems.call(&call).await, systems.call(&call).await) };
    let ((first, second), listener) = tokio::join!(client, server);
    assert_eq!(shown(&first), "succeeded {}");
    assert!(is_unknown(&second), "{second:?}");
    // It was not sent again behind our back.
    let again = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
    assert!(again.is_err());
}

#[tokio::test]
async fn no_answer_in_time_is_unknown() {
    let (listener, url) = listen().await;
    let mut call = call("{}");
    call.timeout = model::Duration::from_millis(150);
    let systems = crm(&url, "");
    let (outcome, _stream) = tokio::join!(systems.call(&call), hear_and_be_silent(&listener));
    assert_eq!(shown(&outcome), "unknown: crm.check did not answer within 150ms");
}

#[tokio::test]
async fn the_systems_cap_holds_where_a_task_allows_more() {
    let (listener, url) = listen().await;
    let systems = crm(&url, "attempt_timeout = \"120ms\"\n");
    let call = call("{}");
    let (outcome, _stream) = tokio::join!(systems.call(&call), hear_and_be_silent(&listener));
    assert_eq!(shown(&outcome), "unknown: crm.check did not answer within 120ms");
}

#[tokio::test]
async fn an_answer_that_does_not_end_in_time_is_unknown_after_success_and_read_otherwise() {
    for (status, expected) in [
        ("200 OK", "unknown: the answer of crm.check (200 OK) broke off: it did not end within 200ms"),
        ("400 Bad Request", "refused: crm.check answered 400 Bad Request"),
    ] {
        let (listener, url) = listen().await;
        let systems = crm(&url, "attempt_timeout = \"200ms\"\n");
        let call = call("{}");
        let (outcome, _stream) = tokio::join!(systems.call(&call), async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            let begun = format!("HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\n{{");
            stream.write_all(begun.as_bytes()).await.unwrap();
            stream
        });
        assert_eq!(shown(&outcome), expected);
    }
}

#[tokio::test]
async fn no_more_calls_run_at_once_than_the_system_takes() {
    let (listener, url) = listen().await;
    let systems = crm(&url, "max_concurrent_calls = 1\n");
    let patient = call("{}");
    let mut hasty = call("{}");
    hasty.timeout = model::Duration::from_millis(100);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let refused = shown(&systems.call(&hasty).await);
        stream.write_all(&answer("200 OK", "", "{}")).await.unwrap();
        refused
    };
    let (outcome, refused) = tokio::join!(systems.call(&patient), server);
    assert_eq!(shown(&outcome), "succeeded {}");
    assert_eq!(refused, "failed: not sent: all 1 calls to `crm` that may run at once were busy for 100ms");
}

#[tokio::test]
async fn what_is_not_configured_is_not_served_and_said_how_to_mend() {
    let mut call = call("{}");
    call.system = "crn".parse().unwrap();
    assert_eq!(
        shown(&crm("http://127.0.0.1:9", "").call(&call).await),
        "unserved: not sent: this deployment does not say how to reach the system `crn`; did you mean `crm`? If not, say in \
         `systems.toml` how it is reached, as `[systems.crn]` with its `url`, or with `elsewhere = true` if other processes \
         reach it, restart the workers, and retry the task"
    );
    let text = "[systems.crn]\nelsewhere = true";
    let elsewhere = Systems::parse("systems.toml", text, |_| None).unwrap();
    assert_eq!(
        shown(&elsewhere.call(&call).await),
        "unserved: not sent: the `systems.toml` of this worker says that `crn` is reached elsewhere, and the call came here; \
         give `[systems.crn]` its `url`, restart the workers, and retry the task"
    );
}

async fn hear_and_be_silent(listener: &TcpListener) -> tokio::net::TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    read_request(&mut stream).await;
    stream
}
