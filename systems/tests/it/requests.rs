//! How calls go out.

use crate::server::{ORDER, answer, answer_once, call, crm, listen, shown};

const ARGUMENTS: &str = r#"{"customer": "C/1 ü?", "speed": 100, "note": null,
                            "address": {"street": "Main", "site": "UTR-7"}, "tags": ["a", "b&c"]}"#;

/// What is sent for [`ARGUMENTS`] under a configuration of `crm.check`: the request line and the body.
async fn sent(operation: &str) -> String {
    let request = request(&format!("[systems.crm.operations.check]\n{operation}"), "/api", ARGUMENTS).await;
    let (line, rest) = request.split_once("\r\n").unwrap();
    let (_, body) = rest.split_once("\r\n\r\n").unwrap();
    format!("{} {body}", line.strip_suffix(" HTTP/1.1").unwrap())
}

async fn request(more: &str, path: &str, arguments: &str) -> String {
    let (listener, url) = listen().await;
    let systems = crm(&format!("{url}{path}"), more);
    let call = call(arguments);
    let (outcome, (_stream, request)) =
        tokio::join!(systems.call(&call), answer_once(listener, answer("200 OK", "", "{}")));
    assert_eq!(shown(&outcome), "succeeded {}");
    request
}

/// Why [`ARGUMENTS`] with others over them can't be sent.
async fn not_sent(operation: &str, arguments: &str) -> String {
    let systems = crm("http://127.0.0.1:9", &format!("[systems.crm.operations.check]\n{operation}"));
    shown(&systems.call(&call(arguments)).await)
}

#[tokio::test]
async fn without_a_mapping_the_arguments_are_posted() {
    let all = r#"{"address":{"site":"UTR-7","street":"Main"},"customer":"C/1 ü?","note":null,"speed":100,"tags":["a","b&c"]}"#;
    assert_eq!(sent("").await, format!("POST /api/check {all}"));
    assert_eq!(sent("inline = true").await, format!("POST /api/check {all}"));
}

#[tokio::test]
async fn arguments_in_the_path_are_encoded_and_leave_the_rest_for_the_body() {
    assert_eq!(
        sent(r#"path = "/v2/customers/{customer}/{speed}Mbps/check""#).await,
        "POST /api/v2/customers/C%2F1%20%C3%BC%3F/100Mbps/check \
         {\"address\":{\"site\":\"UTR-7\",\"street\":\"Main\"},\"note\":null,\"tags\":[\"a\",\"b&c\"]}"
    );
}

#[tokio::test]
async fn methods_without_a_body_send_the_rest_as_query() {
    assert_eq!(
        sent("method = \"GET\"\npath = \"/sites/{address.site}\"\nquery = { n = \"{speed}\", t = \"{tags}\", x = \"{note}\" }").await,
        "GET /api/sites/UTR-7?n=100&t=a&t=b%26c "
    );
    let request = request(
        "[systems.crm.operations.check]\nmethod = \"DELETE\"\npath = \"/customers/{id}\"\n",
        "",
        r#"{"id": "C-1", "reason": "moved out", "force": true, "by": null}"#,
    )
    .await;
    assert!(
        request.starts_with("DELETE /customers/C-1?force=true&reason=moved+out HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(!request.to_lowercase().contains("content-type"), "{request}");
}

#[tokio::test]
async fn a_body_may_be_mapped() {
    assert_eq!(
        sent(r#"body = { party = { id = "{customer}", labels = "{tags}" }, rate = "{speed}M", ratio = 0.5, source = "orders" }"#)
            .await,
        "POST /api/check {\"party\":{\"id\":\"C/1 ü?\",\"labels\":[\"a\",\"b&c\"]},\"rate\":\"100M\",\"ratio\":0.5,\"source\":\"orders\"}"
    );
}

#[tokio::test]
async fn a_result_may_be_mapped() {
    let outcome = |result: &str, body: &str| {
        let more = format!("[systems.crm.operations.check]\nresult = {result}\n");
        let answer = answer("200 OK", "", body);
        async move { crate::server::outcome_of(answer, &more).await }
    };
    let body = r#"{"data": [{"id": 1, "x": null}], "ok": true}"#;
    let fields = r#"{ id = "/data/0/id", x = "/data/0/x", gone = "/data/1/id" }"#;
    assert_eq!(outcome(fields, body).await, r#"succeeded {"id":1,"x":null}"#);
    assert_eq!(outcome(r#""/data/0""#, body).await, r#"succeeded {"id":1,"x":null}"#);
    assert_eq!(outcome(r#""/none""#, body).await, "succeeded null");
}

#[tokio::test]
async fn an_argument_can_not_make_another_address() {
    let by_id = r#"path = "/customers/{customer}""#;
    for (value, shown) in [(r#"""#, ""), (".", "."), ("..", "..")] {
        let arguments = format!("{{\"customer\": \"{}\"}}", value.trim_matches('"'));
        assert_eq!(
            not_sent(by_id, &arguments).await,
            format!("refused: crm.check was not sent: `{shown}` can't stand for `{{customer}}` in a path")
        );
    }
    let (_, line) = (
        "",
        request(&format!("[systems.crm.operations.check]\n{by_id}\n"), "", r#"{"customer": "../x"}"#).await,
    );
    assert!(line.starts_with("POST /customers/..%2Fx HTTP/1.1"), "{line}");
}

#[tokio::test]
async fn what_does_not_fit_into_a_request_is_refused_and_what_is_misconfigured_is_not_served() {
    assert_eq!(
        not_sent(r#"path = "/{address}""#, ARGUMENTS).await,
        "refused: crm.check was not sent: argument `address` is a record, expected a text, a number or a bool"
    );
    assert_eq!(
        not_sent(r#"method = "GET""#, ARGUMENTS).await,
        "refused: crm.check was not sent: `address` is a record, which can't be a query parameter"
    );
    assert_eq!(
        not_sent("", "[1]").await,
        "refused: crm.check was not sent: its arguments are a list, expected a record"
    );
    assert_eq!(
        not_sent(r#"path = "/{who}""#, ARGUMENTS).await,
        "unserved: not sent: there is no argument `who`, which `systems.toml` asks for in `[systems.crm.operations.check]`: \
         mend it, restart the workers, and retry the task"
    );
}

#[tokio::test]
async fn every_call_says_who_makes_it() {
    let request = request("", "", "{}").await;
    let mut lines: Vec<_> = request.lines().skip(1).filter(|line| !line.starts_with("host: ")).collect();
    lines.sort_unstable();
    let key = format!("idempotency-key: {ORDER}/check_customer/0/forward");
    let correlation = format!("x-correlation-id: {ORDER}");
    let agent = concat!("user-agent: orderwright/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        lines,
        [
            "",
            "accept: application/json",
            "content-length: 2",
            "content-type: application/json",
            key.as_str(),
            "traceparent: 00-019376a0000070008000000000000001-8ca0703a4b08523a-01",
            agent,
            "x-attempt: 1",
            "x-causation-id: check_customer/0/forward",
            correlation.as_str(),
            "x-order-task: check_customer",
            "{}",
        ]
    );
}

#[tokio::test]
async fn credentials_come_from_the_environment() {
    let bearer = request("bearer_env = \"CRM_TOKEN\"\n", "", "{}").await;
    assert!(bearer.contains("\r\nauthorization: Bearer s3cret\r\n"), "{bearer}");
    let basic = request("basic_env = { user = \"CRM_USER\", password = \"CRM_PASSWORD\" }\n", "", "{}").await;
    // `ada:pa:ss`
    assert!(basic.contains("\r\nauthorization: Basic YWRhOnBhOnNz\r\n"), "{basic}");
}

#[tokio::test]
async fn a_proxy_that_is_configured_is_used() {
    let (listener, proxy) = listen().await;
    let systems = crm("http://crm.invalid/api", &format!("proxy = \"{proxy}\"\n"));
    let call = call("{}");
    let (outcome, (_stream, request)) =
        tokio::join!(systems.call(&call), answer_once(listener, answer("200 OK", "", "{}")));
    assert_eq!(shown(&outcome), "succeeded {}");
    assert!(request.starts_with("POST http://crm.invalid/api/check HTTP/1.1\r\n"), "{request}");
}
