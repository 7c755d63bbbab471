//! What every kind of answer means.

use crate::server::{answer, outcome_of};

/// Bytes of a result that is just within the limit, or one beyond.
const RESULT_BYTES: usize = model::limits::RESULT_BYTES;

async fn check(status: &str, headers: &str, body: &str, expected: &str) {
    let outcome = outcome_of(answer(status, headers, body), "").await;
    assert_eq!(outcome, expected, "{status} {headers} {body}");
}

#[tokio::test]
async fn a_success_is_its_body() {
    check("200 OK", "", r#"{"eligible": true, "score": 0.10}"#, r#"succeeded {"eligible":true,"score":0.1}"#)
        .await;
    check("201 Created", "", r#"["a"]"#, r#"succeeded ["a"]"#).await;
    check("202 Accepted", "", "{}", "succeeded {}").await;
    check("204 No Content", "", "", "succeeded {}").await;
    check("200 OK", "", " \n", "succeeded {}").await;
    check("200 OK", "", "null", "succeeded {}").await;
}

#[tokio::test]
async fn a_success_that_can_not_be_read_is_not_forgotten() {
    check("200 OK", "content-type: text/html\r\n", "<p>done", r#"succeeded "<p>done""#).await;
    check("200 OK", "", "{\"a\": 1", r#"succeeded "{\"a\": 1""#).await;
    check("200 OK", "", r#"{"pi": 1e400}"#, r#"succeeded "{\"pi\": 1e400}""#).await;
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    check("200 OK", "", &deep, &format!("succeeded \"{deep}\"")).await;
}

#[tokio::test]
async fn a_success_is_kept_up_to_the_limit() {
    let quoted = format!("\"{}\"", "x".repeat(RESULT_BYTES - 2));
    check("200 OK", "", &quoted, &format!("succeeded {quoted}")).await;
    let longer = format!("\"{}\"", "x".repeat(RESULT_BYTES - 1));
    let not_kept = "succeeded \"the answer has more than 256000 bytes and was not kept\"";
    check("200 OK", "", &longer, not_kept).await;
    // The same when the length is not announced.
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{longer}\r\n0\r\n\r\n",
        longer.len()
    );
    assert_eq!(outcome_of(chunked.into_bytes(), "").await, not_kept);
}

#[tokio::test]
async fn a_long_answer_may_hold_a_short_result() {
    let body = format!(r#"{{"data": {{"id": "x"}}, "log": "{}"}}"#, "x".repeat(RESULT_BYTES));
    let more = "max_answer_bytes = 1_000_000\n";
    let mapped = format!("{more}[systems.crm.operations.check]\nresult = {{ id = \"/data/id\" }}\n");
    assert_eq!(outcome_of(answer("200 OK", "", &body), &mapped).await, r#"succeeded {"id":"x"}"#);
    let unmapped = outcome_of(answer("200 OK", "", &body), more).await;
    assert_eq!(unmapped, "succeeded \"the answer has more than 256000 bytes and was not kept\"");
}

#[tokio::test]
async fn a_success_that_broke_off_is_unknown() {
    let broken = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":".to_vec();
    let outcome = outcome_of(broken, "").await;
    assert!(outcome.starts_with("unknown: the answer of crm.check (200 OK) broke off: "), "{outcome}");
}

#[tokio::test]
async fn what_the_system_will_not_do_is_refused_with_its_reason() {
    let json = "content-type: application/problem+json\r\n";
    let detail = r#"{"title": "Conflict", "detail": "the customer is barred"}"#;
    check("409 Conflict", json, detail, "refused: crm.check answered 409 Conflict: the customer is barred")
        .await;
    check(
        "400 Bad Request",
        "",
        r#"{"title": "no site"}"#,
        "refused: crm.check answered 400 Bad Request: no site",
    )
    .await;
    check("404 Not Found", "", r#"{"message": "who?"}"#, "refused: crm.check answered 404 Not Found: who?")
        .await;
    let unprocessable = "refused: crm.check answered 422 Unprocessable Entity";
    check("422 Unprocessable Entity", "", r#"{"detail": 7}"#, unprocessable).await;
    check(
        "410 Gone",
        "content-type: text/plain\r\n",
        "long gone\n",
        "refused: crm.check answered 410 Gone: long gone",
    )
    .await;
    check(
        "405 Method Not Allowed",
        "content-type: text/html\r\n",
        "<p>",
        "refused: crm.check answered 405 Method Not Allowed",
    )
    .await;
    let lines = r#"{"detail": "two\nlines"}"#;
    check("400 Bad Request", "", lines, "refused: crm.check answered 400 Bad Request: two lines").await;
}

#[tokio::test]
async fn a_reason_is_cut_where_it_is_too_long() {
    let body = format!(r#"{{"detail": "{}"}}"#, "ü".repeat(3_000));
    let outcome = outcome_of(answer("400 Bad Request", "", &body), "").await;
    let reason = outcome.strip_prefix("refused: ").unwrap();
    assert!((1_999..=model::limits::REASON_BYTES).contains(&reason.len()), "{}", reason.len());
}

#[tokio::test]
async fn what_may_go_better_later_has_failed() {
    check("500 Internal Server Error", "", "", "failed: crm.check answered 500 Internal Server Error").await;
    check(
        "503 Service Unavailable",
        "retry-after: 30\r\n",
        "",
        "failed: crm.check answered 503 Service Unavailable [30s]",
    )
    .await;
    check(
        "429 Too Many Requests",
        "retry-after: 86400\r\n",
        "",
        "failed: crm.check answered 429 Too Many Requests [1h]",
    )
    .await;
    let past = "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    check("429 Too Many Requests", past, "", "failed: crm.check answered 429 Too Many Requests [0s]").await;
    check("503 Service Unavailable", "", "", "failed: crm.check answered 503 Service Unavailable").await;
    check(
        "500 Internal Server Error",
        "retry-after: 30\r\n",
        "",
        "failed: crm.check answered 500 Internal Server Error",
    )
    .await;
    check("408 Request Timeout", "", "", "failed: crm.check answered 408 Request Timeout").await;
    check("425 Too Early", "", "", "failed: crm.check answered 425 Too Early").await;
}

#[tokio::test]
async fn what_an_operator_must_mend_has_failed_and_says_so() {
    let credentials = "(check the credentials in systems.toml)";
    check("401 Unauthorized", "", "", &format!("failed: crm.check answered 401 Unauthorized {credentials}"))
        .await;
    check("403 Forbidden", "", "", &format!("failed: crm.check answered 403 Forbidden {credentials}")).await;
    let moved = "failed: crm.check answered 301 Moved Permanently to `https://crm.example/`, and redirects are not followed";
    check("301 Moved Permanently", "location: https://crm.example/\r\n", "", moved).await;
}

#[tokio::test]
async fn what_nobody_knows_is_unknown() {
    check("502 Bad Gateway", "", "", "unknown: crm.check answered 502 Bad Gateway").await;
    check("504 Gateway Timeout", "", "", "unknown: crm.check answered 504 Gateway Timeout").await;
    let elsewhere = "unknown: crm.check answered 303 See Other to `/jobs/1`, and redirects are not followed";
    check("303 See Other", "location: /jobs/1\r\n", "", elsewhere).await;
}
