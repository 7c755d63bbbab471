//! An editor with a library open, as far as the language server can tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use lsp::{Disk, Incoming, Server};
use serde_json::{Value, json};

use crate::library::Sources;

/// What is asked about a place. The last two are about every file of the library.
pub(crate) const QUESTIONS: [&str; 9] = [
    "completion",
    "hover",
    "definition",
    "documentHighlight",
    "signatureHelp",
    "documentSymbol",
    "foldingRange",
    "references",
    "prepareRename",
];

/// The folder that the files seem to be in.
const FOLDER: &str = "/library";

/// Files that are only remembered.
struct Memory(BTreeMap<PathBuf, String>);

impl Disk for Memory {
    fn files_below(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        Ok(self.0.keys().filter(|path| path.starts_with(folder)).cloned().collect())
    }

    fn files_in(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        Ok(self.0.keys().filter(|path| path.parent() == Some(folder)).cloned().collect())
    }

    fn read(&self, path: &Path) -> Result<Option<String>, String> {
        Ok(self.0.get(path).cloned())
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.0.keys().any(|file| file.starts_with(path) && file != path)
    }
}

/// An editor that shows one file of a library.
pub(crate) struct Editor {
    server: Server,
    uri: String,
    /// The place that is asked about.
    place: Value,
    version: i32,
}

impl Editor {
    /// One that has opened the last file.
    pub(crate) fn open(sources: &Sources) -> anyhow::Result<Self> {
        let path = |name: &str| Path::new(FOLDER).join(name);
        let files = sources.files().iter().map(|(name, text)| (path(name), text.clone()));
        let (name, text) = sources.files().last().context("there is no file")?;
        let mut editor = Self {
            server: Server::new(Box::new(Memory(files.collect()))),
            uri: format!("file://{FOLDER}/{name}"),
            place: place(text)?,
            version: 1,
        };
        let capabilities = json!({
            "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } },
        });
        let greeting = json!({ "capabilities": capabilities, "rootUri": format!("file://{FOLDER}") });
        editor.ask("initialize", &greeting)?;
        editor.tell("initialized", &json!({}))?;
        let document = json!({ "uri": editor.uri, "languageId": "blueprint", "version": 1, "text": text });
        editor.tell("textDocument/didOpen", &json!({ "textDocument": document }))?;
        Ok(editor)
    }

    /// Types a letter at the end of the file: how long until the faults of the library are known.
    pub(crate) fn keystroke(&mut self) -> anyhow::Result<Duration> {
        self.version += 1;
        let end = json!({ "line": u32::MAX >> 1, "character": 0 });
        let change = json!({ "range": { "start": end, "end": end }, "text": "\n" });
        let document = json!({ "uri": self.uri, "version": self.version });
        let change = json!({ "textDocument": document, "contentChanges": [change] });
        let started = Instant::now();
        self.tell("textDocument/didChange", &change)?;
        Ok(started.elapsed())
    }

    /// How long the answer takes.
    pub(crate) fn question(&mut self, question: &str) -> anyhow::Result<Duration> {
        let asked = json!({
            "textDocument": { "uri": self.uri },
            "position": self.place,
            "context": { "includeDeclaration": true },
        });
        let started = Instant::now();
        self.ask(&format!("textDocument/{question}"), &asked)?;
        Ok(started.elapsed())
    }

    fn tell(&mut self, method: &str, params: &Value) -> anyhow::Result<Vec<Value>> {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn ask(&mut self, method: &str, params: &Value) -> anyhow::Result<()> {
        let said = self.send(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))?;
        let answer = said.iter().find(|message| message.get("id").is_some_and(|id| *id == 1));
        let answer = answer.with_context(|| format!("`{method}` is not answered"))?;
        ensure!(answer.get("error").is_none(), "`{method}` fails: {answer}");
        Ok(())
    }

    fn send(&mut self, message: Value) -> anyhow::Result<Vec<Value>> {
        let message = Incoming::read(message).context("the message is none")?;
        Ok(self.server.handle(message).iter().map(|message| message.as_json().clone()).collect())
    }
}

/// In the name of an operation that is called, which all questions can be asked about.
fn place(text: &str) -> anyhow::Result<Value> {
    let called = |line: &str| {
        let (before, call) = line.split_once("call ")?;
        let (system, _) = call.split_once('.')?;
        Some(before.len() + "call ".len() + system.len() + ".".len())
    };
    let found = text.lines().enumerate().find_map(|(n, line)| Some((n, called(line)?)));
    let (line, character) = found.context("nothing is called in the file")?;
    Ok(json!({ "line": line, "character": character }))
}
