//! Greeting, leaving, and messages that are none.

use std::io::Cursor;

use lsp::{End, serve};
use serde_json::{Value, json};

use crate::editor::{Editor, Memory, uri};

fn framed(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

/// What the server says to a whole conversation, and how it ends.
fn conversation(messages: &[&str]) -> (Vec<Value>, std::io::Result<End>) {
    let input: String = messages.iter().map(|body| framed(body)).collect();
    let mut output = Vec::new();
    let end = serve(Cursor::new(input), &mut output, Box::new(Memory::default()));
    let text = String::from_utf8(output).unwrap();
    let bodies = text.split("Content-Length: ").filter_map(|part| part.split_once("\r\n\r\n"));
    (bodies.map(|(_, body)| serde_json::from_str(body).unwrap()).collect(), end)
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#;
const SHUTDOWN: &str = r#"{"jsonrpc":"2.0","id":"s","method":"shutdown"}"#;
const EXIT: &str = r#"{"jsonrpc":"2.0","method":"exit"}"#;

#[test]
fn an_editor_that_shuts_down_and_exits_leaves_in_order() {
    let (said, end) = conversation(&[INITIALIZE, SHUTDOWN, EXIT]);
    assert_eq!(end.unwrap(), End::Orderly);
    assert_eq!(said[0]["result"]["serverInfo"]["name"], "orderwright");
    assert_eq!(said[0]["result"]["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(said[1], json!({ "jsonrpc": "2.0", "id": "s", "result": null }));
}

#[test]
fn an_editor_that_just_leaves_is_told_from_that() {
    assert_eq!(conversation(&[INITIALIZE, EXIT]).1.unwrap(), End::Abrupt);
    assert_eq!(conversation(&[INITIALIZE]).1.unwrap(), End::Abrupt);
    assert_eq!(conversation(&[EXIT]).1.unwrap(), End::Abrupt);
}

#[test]
fn what_comes_at_the_wrong_time_or_can_not_be_read_is_refused_and_the_server_goes_on() {
    let hover = |params: &str| format!(r#"{{"id":9,"method":"textDocument/hover","params":{params}}}"#);
    let (said, end) = conversation(&[
        &hover("{}"),
        INITIALIZE,
        INITIALIZE,
        "{",
        "[1, 2]",
        "7",
        r#"{"id":{},"method":"x"}"#,
        r#"{"id":3,"method":"no/such"}"#,
        r#"{"method":"no/such"}"#,
        r#"{"method":"textDocument/didOpen","params":[]}"#,
        r#"{"id":4,"result":null}"#,
        &hover(r#"{"textDocument":{"uri":"::"},"position":{"line":-1,"character":0}}"#),
        &hover(
            r#"{"textDocument":{"uri":"file:///nowhere"},"position":{"line":4294967295,"character":4294967295}}"#,
        ),
        SHUTDOWN,
        &hover("{}"),
        EXIT,
    ]);
    assert_eq!(end.unwrap(), End::Orderly);
    let codes: Vec<_> =
        said.iter().map(|message| message["error"]["code"].as_i64().unwrap_or_default()).collect();
    assert_eq!(codes, [-32002, 0, -32600, -32700, -32600, -32600, -32600, -32601, -32602, 0, 0, -32600]);
}

#[test]
fn a_stream_that_is_no_protocol_ends_the_server_with_an_error() {
    for input in
        ["GET / HTTP/1.1\r\n\r\n", "Content-Length: 10\r\n\r\n{}", "Content-Length: 99999999999999\r\n\r\n"]
    {
        assert!(serve(Cursor::new(input), Vec::new(), Box::new(Memory::default())).is_err(), "{input}");
    }
}

#[test]
fn the_editor_is_asked_to_watch_files_if_it_can() {
    let mut editor = Editor::new(&[]);
    let asked = editor.tell("initialized", json!({}));
    assert_eq!(asked[0]["method"], "client/registerCapability");
    let watchers = &asked[0]["params"]["registrations"][0]["registerOptions"]["watchers"];
    assert_eq!(watchers[0]["globPattern"], "**/*.blueprint");
    let mut plain = Editor::with(&[], json!({ "capabilities": {} }));
    assert_eq!(plain.tell("initialized", json!({})), [] as [Value; 0]);
}

#[test]
fn places_beyond_the_end_and_files_nobody_opened_are_answered() {
    let mut editor = Editor::new(&[("a.blueprint", "type A = text")]);
    let far = json!({ "line": 999, "character": 999 });
    for method in ["hover", "completion", "signatureHelp", "definition", "documentHighlight"] {
        for name in ["a.blueprint", "none.blueprint", "untitled:x"] {
            let params = json!({ "textDocument": { "uri": uri(name) }, "position": far });
            editor.ask(&format!("textDocument/{method}"), params).unwrap();
        }
    }
    for method in ["formatting", "documentSymbol", "foldingRange"] {
        let params = json!({ "textDocument": { "uri": uri("none.blueprint") }, "options": { "tabSize": 2, "insertSpaces": true } });
        assert_eq!(editor.ask(&format!("textDocument/{method}"), params).unwrap(), Value::Null);
    }
    // A range that ends before it begins, of a file that is open and one that is not.
    for name in ["a.blueprint", "none.blueprint"] {
        editor.open("a.blueprint", "type A = text");
        editor.tell(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": uri(name), "version": 2 },
                "contentChanges": [{ "range": { "start": far, "end": { "line": 0, "character": 0 } }, "text": " " }],
            }),
        );
    }
    assert_eq!(editor.faults("a.blueprint"), [] as [&str; 0]);
}
