//! `orderwright lsp` as an editor meets it: a process, and messages through its standard input and output.
//!
//! What it answers to everything is tested in the crate `lsp`; this is one session with real files.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

/// An editor that has started the server.
struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: i64,
}

impl Editor {
    fn start() -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_orderwright"))
            .args(["lsp", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (server.stdin.take(), BufReader::new(server.stdout.take().unwrap()));
        Self { server, input, output, next: 0 }
    }

    fn write(&mut self, body: &str) {
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        input.flush().unwrap();
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers write the document in place")]
    fn tell(&mut self, method: &str, params: Value) {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server has left");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(bytes) => length = bytes.parse().unwrap(),
                None if line == "\r\n" => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// Asks something; what it answers, whatever it says meanwhile.
    #[expect(clippy::needless_pass_by_value, reason = "callers write the document in place")]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
        loop {
            let message = self.read();
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// The faults of a file, when they are told next.
    fn faults(&mut self, uri: &str) -> Vec<String> {
        loop {
            let message = self.read();
            if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri {
                let faults = message["params"]["diagnostics"].as_array().unwrap().clone();
                return faults.iter().map(|fault| fault["code"].as_str().unwrap().to_owned()).collect();
            }
        }
    }

    /// Ends what it says; how the server ends.
    fn leave(mut self) -> (ExitStatus, String) {
        drop(self.input.take());
        let mut said = String::new();
        self.server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.server.wait().unwrap(), said)
    }
}

const SYSTEMS: &str =
    "system net { operation reserve(site: text) -> { id: text }  operation free(id: text) }\r\n";
const FIBRE: &str = "// 😀 é\r\nblueprint fibre version 1 {\r\n  order { site: text }\r\n  item line where item.offering == \"L\" { }\r\n  \
                     task port {\r\n    call net.reserve(site: order.site)\r\n    undo net.free(id: result.id)\r\n  }\r\n}\r\n";

#[test]
fn a_session_with_real_files_from_the_greeting_to_the_exit() {
    let folder = tempfile::tempdir().unwrap();
    let blueprints = folder.path().join("blueprints");
    fs::create_dir(&blueprints).unwrap();
    fs::write(blueprints.join("systems.blueprint"), SYSTEMS).unwrap();
    fs::write(blueprints.join("fibre.blueprint"), FIBRE).unwrap();
    let root = format!("file://{}", folder.path().display());
    let fibre = format!("{root}/blueprints/fibre.blueprint");
    let document = json!({ "uri": fibre });
    let at = |line: u32, character: u32| json!({ "textDocument": document, "position": { "line": line, "character": character } });

    let mut editor = Editor::start();
    let greeting = editor.ask("initialize", json!({ "capabilities": {}, "rootUri": root }));
    assert_eq!(greeting["serverInfo"]["name"], "orderwright");
    editor.tell("initialized", json!({}));
    editor.write("{ this is no JSON");
    assert_eq!(editor.read()["error"]["code"], -32700);

    let open = json!({ "uri": fibre, "languageId": "blueprint", "version": 1, "text": FIBRE });
    editor.tell("textDocument/didOpen", json!({ "textDocument": open }));
    assert_eq!(editor.faults(&fibre), [] as [&str; 0]);
    let wrong = json!({
        "range": { "start": { "line": 5, "character": 13 }, "end": { "line": 5, "character": 20 } }, "text": "reserv",
    });
    let version = |version: i32| json!({ "uri": fibre, "version": version });
    editor.tell("textDocument/didChange", json!({ "textDocument": version(2), "contentChanges": [wrong] }));
    assert_eq!(editor.faults(&fibre), ["BP0203"]);
    let mut place = at(5, 15);
    place["range"] = json!({ "start": place["position"], "end": place["position"] });
    place["context"] = json!({ "diagnostics": [] });
    let actions = editor.ask("textDocument/codeAction", place);
    assert_eq!(actions[0]["title"], "Replace `reserv` by `reserve`");
    editor.tell(
        "textDocument/didChange",
        json!({ "textDocument": version(3), "contentChanges": [{ "text": FIBRE }] }),
    );
    assert_eq!(editor.faults(&fibre), [] as [&str; 0]);

    let hover = editor.ask("textDocument/hover", at(5, 15));
    assert!(
        hover["contents"]["value"].as_str().unwrap().contains("reserve(site: text) -> { id: text }"),
        "{hover}"
    );
    let completions = editor.ask("textDocument/completion", at(6, 29));
    assert_eq!(completions[0]["label"], "id");
    let definition = editor.ask("textDocument/definition", at(5, 15));
    assert_eq!(definition["uri"], format!("{root}/blueprints/systems.blueprint"));
    let mut place = at(5, 15);
    place["context"] = json!({ "includeDeclaration": true });
    assert_eq!(editor.ask("textDocument/references", place).as_array().unwrap().len(), 2);
    let mut place = at(5, 15);
    place["newName"] = json!("set_aside");
    let changes = editor.ask("textDocument/rename", place)["changes"].clone();
    assert_eq!(changes.as_object().unwrap().len(), 2, "in both files: {changes}");
    let formatting = json!({ "textDocument": document, "options": { "tabSize": 2, "insertSpaces": true } });
    let edits = editor.ask("textDocument/formatting", formatting);
    assert!(!edits[0]["newText"].as_str().unwrap().contains('\r'), "{edits}");
    let symbols = editor.ask("textDocument/documentSymbol", json!({ "textDocument": document }));
    assert_eq!(symbols[0]["children"][1]["name"], "port");
    assert_eq!(editor.ask("textDocument/hover", at(999, 999)), Value::Null);

    // What another program does to a file is noticed when the editor tells.
    fs::remove_file(blueprints.join("systems.blueprint")).unwrap();
    let gone = json!({ "uri": format!("{root}/blueprints/systems.blueprint"), "type": 3 });
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [gone] }));
    assert_eq!(editor.faults(&fibre), ["BP0202", "BP0202"]);

    editor.ask("shutdown", Value::Null);
    editor.tell("exit", Value::Null);
    let (status, said) = editor.leave();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn an_editor_that_leaves_without_a_word_is_an_error() {
    let mut editor = Editor::start();
    editor.ask("initialize", json!({ "capabilities": {} }));
    let (status, said) = editor.leave();
    assert_eq!(status.code(), Some(1));
    assert_eq!(said, "error: the editor left without shutting the server down\n");
}

#[test]
fn what_is_no_protocol_ends_it_with_an_error() {
    let mut editor = Editor::start();
    editor.input.as_mut().unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let (status, said) = editor.leave();
    assert_eq!(status.code(), Some(1));
    assert!(said.starts_with("error: the editor can't be understood any more"), "{said}");
}
