//! Servers that do exactly what a test asks for, and the calls that are made to them.

use model::{CallOutcome, CallRequest, Direction, Duration};
use systems::Systems;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const ORDER: &str = "019376a0-0000-7000-8000-000000000001";

/// The first attempt of a call of `crm.check`.
pub(crate) fn call(arguments: &str) -> CallRequest {
    call_of("crm", "check", "check_customer", arguments)
}

/// The first attempt of a call by a task.
pub(crate) fn call_of(system: &str, operation: &str, task: &str, arguments: &str) -> CallRequest {
    CallRequest {
        order: ORDER.parse().unwrap(),
        task: task.parse().unwrap(),
        direction: Direction::Forward,
        system: system.parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments: serde_json::from_str(arguments).unwrap(),
        key: format!("{ORDER}/{task}/0/forward").parse().unwrap(),
        attempt: 1,
        timeout: Duration::from_secs(20),
    }
}

/// One system, `crm`, at an address, with more of its configuration.
pub(crate) fn crm(url: &str, more: &str) -> Systems {
    let text = format!("[systems.crm]\nurl = \"{url}\"\n{more}");
    let environment = |name: &str| match name {
        "CRM_TOKEN" => Some("s3cret".to_owned()),
        "CRM_USER" => Some("ada".to_owned()),
        "CRM_PASSWORD" => Some("pa:ss".to_owned()),
        _ => None,
    };
    Systems::parse("systems.toml", &text, environment).unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// An outcome on one line.
pub(crate) fn shown(outcome: &CallOutcome) -> String {
    match outcome {
        CallOutcome::Succeeded(value) => format!("succeeded {value}"),
        CallOutcome::Refused { reason } => format!("refused: {reason}"),
        CallOutcome::Failed { reason, retry_after: None } => format!("failed: {reason}"),
        CallOutcome::Failed { reason, retry_after: Some(wait) } => format!("failed: {reason} [{wait}]"),
        CallOutcome::Unserved { reason } => format!("unserved: {reason}"),
        CallOutcome::Unknown { reason } => format!("unknown: {reason}"),
    }
}

/// A listener on a free port, and its address.
pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// Reads a request to the end of its body.
pub(crate) async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await.unwrap();
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// Serves one connection: reads a request and answers with these bytes.
pub(crate) async fn answer_once(listener: TcpListener, answer: Vec<u8>) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read_request(&mut stream).await;
    stream.write_all(&answer).await.unwrap();
    (stream, request)
}

/// An answer with a body of known length.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

/// Makes a call of `crm.check` that is answered with these bytes, and the connection closed after them.
pub(crate) async fn outcome_of(answer: Vec<u8>, more: &str) -> String {
    let (listener, url) = listen().await;
    let systems = crm(&url, more);
    let call = call("{}");
    let (outcome, _) = tokio::join!(systems.call(&call), async {
        let (mut stream, _) = answer_once(listener, answer).await;
        stream.shutdown().await.unwrap();
    });
    shown(&outcome)
}
