//! What the server knows, and what it does with a message.

use std::path::{Path, PathBuf};

use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument,
    DidOpenTextDocument, DidSaveTextDocument, Exit, Initialized, Notification, PublishDiagnostics,
    ShowMessage,
};
use lsp_types::request::{Initialize, RegisterCapability, Request, Shutdown};
use lsp_types::{
    DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher, GlobPattern, InitializeParams, MessageType,
    PublishDiagnosticsParams, Registration, RegistrationParams, ShowMessageParams, Url,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::capabilities::{Abilities, greeting};
use crate::disk::Disk;
use crate::document::Open;
use crate::libraries::{Libraries, path_of};
use crate::message::{Fault, Id, Incoming, Outgoing, to_json};
use crate::publish::publish;
use crate::requests;
use crate::serve::End;

/// Which files the editor is asked to watch. Folders come and go without their files being told of.
const WATCHED: [&str; 2] = ["**/*.blueprint", "**/"];

/// A language server. It does nothing by itself: it takes messages and gives messages.
pub struct Server {
    phase: Phase,
    libraries: Libraries,
    abilities: Abilities,
    options: Options,
}

/// How far the editor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has not said what it wants.
    Starting,
    Running,
    /// It wants nothing more.
    ShutDown,
    Ended(End),
}

/// What the editor can be told to say at the start (`initializationOptions`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Options {
    /// The folders of libraries, below each folder that is open. Without any: `blueprints`, or else the folder itself.
    folders: Vec<String>,
}

/// What a request comes to: an answer, or why there is none.
type Answer = Result<Value, (Fault, String)>;

impl Server {
    /// A server that has heard nothing yet.
    #[must_use]
    pub fn new(disk: Box<dyn Disk>) -> Self {
        Self {
            phase: Phase::Starting,
            libraries: Libraries::new(disk),
            abilities: Abilities::default(),
            options: Options::default(),
        }
    }

    /// How it ended, once it has.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        if let Phase::Ended(end) = self.phase { Some(end) } else { None }
    }

    /// Takes a message, and gives what is to be sent in this order.
    pub fn handle(&mut self, message: Incoming) -> Vec<Outgoing> {
        let mut messages = match message {
            Incoming::Request { id, method, params } => vec![self.request(id, &method, params)],
            Incoming::Notification { method, params } => self.notification(&method, params),
            Incoming::Response => Vec::new(),
        };
        if self.phase == Phase::Running {
            messages.extend(self.libraries.iter_mut().flat_map(publish));
        }
        for trouble in std::mem::take(&mut self.libraries.troubles) {
            let params = ShowMessageParams { typ: MessageType::WARNING, message: trouble };
            messages.push(Outgoing::notification(ShowMessage::METHOD, &params));
        }
        messages
    }

    // ---- requests ------------------------------------------------------------------------------------------

    fn request(&mut self, id: Id, method: &str, params: Value) -> Outgoing {
        let answer = match (self.phase, method) {
            (Phase::Starting, Initialize::METHOD) => self.initialize(params),
            (Phase::Starting, _) => {
                Err((Fault::NotInitialized, "the server has not been initialized".to_owned()))
            }
            (_, Initialize::METHOD) => {
                Err((Fault::InvalidRequest, "the server has been initialized".to_owned()))
            }
            (Phase::Running, Shutdown::METHOD) => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null)
            }
            (Phase::Running, _) => requests::answer(&mut self.libraries, self.abilities, method, params),
            (Phase::ShutDown | Phase::Ended(_), _) => {
                Err((Fault::InvalidRequest, "the server has been shut down".to_owned()))
            }
        };
        match answer {
            Ok(result) => Outgoing::answer(id, result),
            Err((fault, message)) => Outgoing::refusal(Some(id), fault, &message),
        }
    }

    fn initialize(&mut self, params: Value) -> Answer {
        let mut params: InitializeParams = read(params)?;
        self.abilities = Abilities::of(&params.capabilities);
        self.options = match params.initialization_options.take() {
            None | Some(Value::Null) => Options::default(),
            Some(options) => read(options)?,
        };
        for root in roots(&params) {
            self.libraries.add_folder(&root, &self.options.folders);
        }
        self.phase = Phase::Running;
        Ok(to_json(&greeting()))
    }

    // ---- notifications -------------------------------------------------------------------------------------

    /// What can't be read is passed over: nobody waits for an answer.
    fn notification(&mut self, method: &str, params: Value) -> Vec<Outgoing> {
        if method == Exit::METHOD {
            let end = if self.phase == Phase::ShutDown { End::Orderly } else { End::Abrupt };
            self.phase = Phase::Ended(end);
        }
        if self.phase != Phase::Running {
            return Vec::new();
        }
        match method {
            Initialized::METHOD => return self.watch(),
            DidOpenTextDocument::METHOD => take::<DidOpenTextDocument>(params, |params| {
                let document = params.text_document;
                let open = Open { text: document.text, version: document.version };
                self.libraries.open(&path_of(&document.uri), &document.uri, open);
            }),
            DidChangeTextDocument::METHOD => take::<DidChangeTextDocument>(params, |params| {
                let path = path_of(&params.text_document.uri);
                self.libraries.change(&path, |open| {
                    open.version = params.text_document.version;
                    open.change(params.content_changes);
                });
            }),
            DidSaveTextDocument::METHOD => take::<DidSaveTextDocument>(params, |params| {
                self.libraries.reread(&path_of(&params.text_document.uri));
            }),
            DidCloseTextDocument::METHOD => {
                let mut cleared = Vec::new();
                take::<DidCloseTextDocument>(params, |params| {
                    cleared = self.close(&params.text_document.uri);
                });
                return cleared;
            }
            DidChangeWatchedFiles::METHOD => take::<DidChangeWatchedFiles>(params, |params| {
                for change in params.changes {
                    self.libraries.reread(&path_of(&change.uri));
                }
            }),
            DidChangeWorkspaceFolders::METHOD => take::<DidChangeWorkspaceFolders>(params, |params| {
                for gone in params.event.removed {
                    self.libraries.remove_folder(&path_of(&gone.uri));
                }
                for new in params.event.added {
                    self.libraries.add_folder(&path_of(&new.uri), &self.options.folders);
                }
            }),
            _ => {}
        }
        Vec::new()
    }

    /// A file that is not on the disk is gone with its faults.
    fn close(&mut self, url: &Url) -> Vec<Outgoing> {
        let path = path_of(url);
        self.libraries.close(&path);
        if self.libraries.of(&path).is_some() {
            return Vec::new();
        }
        let params = PublishDiagnosticsParams { uri: url.clone(), diagnostics: Vec::new(), version: None };
        vec![Outgoing::notification(PublishDiagnostics::METHOD, &params)]
    }

    /// Asks the editor to tell of changes on the disk.
    fn watch(&self) -> Vec<Outgoing> {
        if !self.abilities.watches_files {
            return Vec::new();
        }
        let watchers = WATCHED
            .map(|glob| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.to_owned()), kind: None });
        let options = DidChangeWatchedFilesRegistrationOptions { watchers: watchers.to_vec() };
        let registration = Registration {
            id: "blueprints".to_owned(),
            method: DidChangeWatchedFiles::METHOD.to_owned(),
            register_options: Some(to_json(&options)),
        };
        let params = RegistrationParams { registrations: vec![registration] };
        vec![Outgoing::request("watch", RegisterCapability::METHOD, &params)]
    }
}

/// Reads what a message is about.
pub(crate) fn read<T: DeserializeOwned>(params: Value) -> Result<T, (Fault, String)> {
    serde_json::from_value(params).map_err(|wrong| (Fault::InvalidParams, wrong.to_string()))
}

fn take<N: Notification>(params: Value, take: impl FnOnce(N::Params)) {
    if let Ok(params) = read(params) {
        take(params);
    }
}

/// The folders that the editor has open.
#[expect(deprecated, reason = "editors that know no folders of a workspace name one root in the older ways")]
fn roots(params: &InitializeParams) -> Vec<PathBuf> {
    if let Some(folders) = params.workspace_folders.as_ref().filter(|folders| !folders.is_empty()) {
        return folders.iter().map(|folder| path_of(&folder.uri)).collect();
    }
    let root = params.root_uri.as_ref().map(path_of);
    root.or_else(|| params.root_path.as_ref().map(|path| Path::new(path).to_owned())).into_iter().collect()
}
