//! An editor, as far as a server can tell.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use lsp::{Disk, Incoming, Server};
use serde_json::{Value, json};

/// Files that are only remembered.
#[derive(Clone, Default)]
pub(crate) struct Memory(pub(crate) Rc<RefCell<BTreeMap<PathBuf, String>>>);

impl Disk for Memory {
    fn files_below(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        Ok(self.0.borrow().keys().filter(|path| path.starts_with(folder)).cloned().collect())
    }

    fn files_in(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        Ok(self.0.borrow().keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn read(&self, path: &Path) -> Result<Option<String>, String> {
        Ok(self.0.borrow().get(path).cloned())
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.0.borrow().keys().any(|file| file.starts_with(path) && file != path)
    }
}

/// An editor that has opened `/w`.
pub(crate) struct Editor {
    pub(crate) server: Server,
    pub(crate) disk: Memory,
    /// What was published last, by file.
    pub(crate) published: BTreeMap<String, Value>,
    next: i32,
}

impl Editor {
    /// One that fills in snippets, watches files and takes versioned changes, with files below `/w`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let capabilities = json!({
            "workspace": {
                "workspaceEdit": { "documentChanges": true },
                "didChangeWatchedFiles": { "dynamicRegistration": true },
            },
            "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } },
        });
        Self::with(files, json!({ "capabilities": capabilities, "rootUri": "file:///w" }))
    }

    pub(crate) fn with(files: &[(&str, &str)], greeting: Value) -> Self {
        let disk = Memory::default();
        for (name, text) in files {
            disk.0.borrow_mut().insert(Path::new("/w").join(name), (*text).to_owned());
        }
        let server = Server::new(Box::new(disk.clone()));
        let mut editor = Self { server, disk, published: BTreeMap::new(), next: 0 };
        editor.ask("initialize", greeting).unwrap();
        editor.tell("initialized", json!({}));
        editor
    }

    /// Sends a message and takes what comes: the answers and requests; what is published is kept.
    pub(crate) fn send(&mut self, message: Value) -> Vec<Value> {
        let outgoing = self.server.handle(Incoming::read(message).unwrap());
        let (published, others): (Vec<Value>, Vec<Value>) = outgoing
            .iter()
            .map(|message| message.as_json().clone())
            .partition(|message| message["method"] == "textDocument/publishDiagnostics");
        for message in published {
            let params = message["params"].clone();
            self.published.insert(params["uri"].as_str().unwrap().to_owned(), params);
        }
        others
    }

    /// Asks something; its result, or the error.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.next += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params });
        let answers = self.send(request);
        let answer = answers.iter().find(|message| message["id"] == self.next).unwrap();
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].clone()),
        }
    }

    pub(crate) fn tell(&mut self, method: &str, params: Value) -> Vec<Value> {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    pub(crate) fn open(&mut self, name: &str, text: &str) {
        let document = json!({ "uri": uri(name), "languageId": "blueprint", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Opens a file in which `^` stands for the place that is asked about.
    pub(crate) fn open_at(&mut self, name: &str, marked: &str) -> Value {
        let byte = marked.find('^').unwrap();
        let before = &marked[..byte];
        self.open(name, &marked.replacen('^', "", 1));
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap().encode_utf16().count();
        json!({ "textDocument": { "uri": uri(name) }, "position": { "line": line, "character": column } })
    }

    /// Replaces all of a file.
    pub(crate) fn change(&mut self, name: &str, version: i32, text: &str) {
        self.tell(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": uri(name), "version": version },
                "contentChanges": [{ "text": text }],
            }),
        );
    }

    /// What is wrong in a file, as it was published last: `code line:column-line:column message`.
    pub(crate) fn faults(&self, name: &str) -> Vec<String> {
        let Some(published) = self.published.get(&uri(name)) else { return Vec::new() };
        let faults = published["diagnostics"].as_array().unwrap();
        let fault = |fault: &Value| {
            let (range, code) = (range(&fault["range"]), fault["code"].as_str().unwrap());
            format!("{code} {range} {}", fault["message"].as_str().unwrap().replace('\n', " | "))
        };
        faults.iter().map(fault).collect()
    }
}

pub(crate) fn uri(name: &str) -> String {
    if name.contains(':') { name.to_owned() } else { format!("file:///w/{name}") }
}

/// `line:column-line:column`, from 0.
pub(crate) fn range(range: &Value) -> String {
    let at = |end: &str| format!("{}:{}", range[end]["line"], range[end]["character"]);
    format!("{}-{}", at("start"), at("end"))
}
