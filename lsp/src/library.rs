//! A library that is open: its files, and what is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dsl::index::{Analyser, Analysis, Candidate, Part, RenameError, Renamed};
use dsl::{FileId, Span};
use lsp_types::{Location, Position, Range, Url};

use crate::document::{Document, Open};
use crate::position::Lines;

/// The files below one folder, or some files of it.
#[derive(Debug)]
pub(crate) struct Library {
    folder: PathBuf,
    /// Whether files in folders of the folder belong to it.
    pub(crate) whole: bool,
    pub(crate) documents: BTreeMap<PathBuf, Document>,
    analyser: Analyser,
    /// None if something has changed since.
    snapshot: Option<Snapshot>,
    /// The files that faults have been shown in.
    pub(crate) faulty: BTreeSet<PathBuf>,
}

/// What is known of a library as it is now.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) analysis: Analysis,
    /// By the place of the file in the library.
    pub(crate) files: Vec<Seen>,
}

/// A file as it was examined.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) id: FileId,
    pub(crate) path: PathBuf,
    pub(crate) url: Url,
    /// Of the editor's text, if it has one.
    pub(crate) version: Option<i32>,
    lines: Lines,
}

impl Library {
    pub(crate) fn new(folder: PathBuf, whole: bool) -> Self {
        Self {
            folder,
            whole,
            documents: BTreeMap::new(),
            analyser: Analyser::new(),
            snapshot: None,
            faulty: BTreeSet::new(),
        }
    }

    /// Whether a file belongs here by where it is.
    pub(crate) fn has_place_for(&self, path: &Path) -> bool {
        if self.whole { path.starts_with(&self.folder) } else { path.parent() == Some(&self.folder) }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes what is on the disk, or that nothing is there any more.
    pub(crate) fn save(&mut self, path: &Path, url: &Url, text: Option<String>) {
        let known = self.documents.get_mut(path);
        match (known, text) {
            (Some(known), text) => known.saved = text,
            (None, Some(text)) => {
                let document = Document { url: url.clone(), saved: Some(text), open: None };
                self.documents.insert(path.to_owned(), document);
            }
            (None, None) => {}
        }
        self.changed();
    }

    pub(crate) fn open(&mut self, path: &Path, url: &Url, open: Open) {
        let new = || Document { url: url.clone(), saved: None, open: None };
        self.documents.entry(path.to_owned()).or_insert_with(new).open = Some(open);
        self.changed();
    }

    /// Takes what the editor closes back to what is on the disk.
    pub(crate) fn close(&mut self, path: &Path) {
        if let Some(document) = self.documents.get_mut(path) {
            document.open = None;
        }
        self.changed();
    }

    pub(crate) fn changed(&mut self) {
        self.documents.retain(|_, document| document.text().is_some());
        self.snapshot = None;
    }

    pub(crate) const fn is_examined(&self) -> bool {
        self.snapshot.is_some()
    }

    /// What is wrong with it; it is examined if it has changed.
    pub(crate) fn diagnosed(&mut self) -> &Snapshot {
        let snapshot = self.known();
        self.snapshot.insert(snapshot)
    }

    /// What is known of it, with the names and types of a part.
    pub(crate) fn learnt(&mut self, part: Part) -> &Snapshot {
        let Snapshot { analysis, files } = self.known();
        let analysis = self.analyser.learn(analysis, part);
        self.snapshot.insert(Snapshot { analysis, files })
    }

    /// The changes that give what stands at a byte of a file another name.
    pub(crate) fn rename(&mut self, file: FileId, byte: usize, name: &str) -> Result<Renamed, RenameError> {
        let Snapshot { analysis, files } = self.known();
        let analysis = self.analyser.learn(analysis, Part::Whole);
        let renamed = self.analyser.rename(&analysis, file, byte, name);
        self.snapshot = Some(Snapshot { analysis, files });
        renamed
    }

    /// What may be written at a byte of a file.
    pub(crate) fn complete(&mut self, file: FileId, byte: usize) -> Vec<Candidate> {
        self.analyser.complete(&self.files(), file, byte)
    }

    /// What is known already, or else what is wrong with it.
    fn known(&mut self) -> Snapshot {
        if let Some(known) = self.snapshot.take() {
            return known;
        }
        let analysis = self.analyser.diagnose(&self.files());
        let ids = analysis.sources.files().zip(&self.documents);
        let files = ids.map(|((id, file), (path, document))| Seen {
            id,
            path: path.clone(),
            url: document.url.clone(),
            version: document.open.as_ref().map(|open| open.version),
            lines: Lines::new(&file.text),
        });
        Snapshot { files: files.collect(), analysis }
    }

    /// Every file with its name below the folder, in the order in which the compiler reads them.
    fn files(&self) -> Vec<(String, String)> {
        let files = self.documents.iter().filter_map(|(path, document)| {
            Some((name_below(&self.folder, path), document.text()?.to_owned()))
        });
        files.collect()
    }
}

fn name_below(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

impl Snapshot {
    /// The file at a path.
    pub(crate) fn file(&self, path: &Path) -> Option<&Seen> {
        self.files.iter().find(|file| file.path == path)
    }

    fn of(&self, id: FileId) -> Option<&Seen> {
        self.files.iter().find(|file| file.id == id)
    }

    fn text(&self, id: FileId) -> &str {
        self.analysis.sources.file(id).map_or("", |file| file.text.as_str())
    }

    /// The text of a file.
    pub(crate) fn text_of(&self, file: &Seen) -> &str {
        self.text(file.id)
    }

    pub(crate) fn byte(&self, file: &Seen, position: Position) -> usize {
        file.lines.byte(self.text(file.id), position)
    }

    pub(crate) fn range(&self, span: Span) -> Range {
        let text = self.text(span.file);
        self.of(span.file).map_or_else(Range::default, |file| file.lines.range(text, span.start, span.end))
    }

    /// The range between two bytes of a file.
    pub(crate) fn between(&self, file: &Seen, start: usize, end: usize) -> Range {
        file.lines.range(self.text(file.id), start, end)
    }

    pub(crate) fn location(&self, span: Span) -> Option<Location> {
        Some(Location { uri: self.of(span.file)?.url.clone(), range: self.range(span) })
    }

    pub(crate) fn url(&self, id: FileId) -> Option<(&Url, Option<i32>)> {
        self.of(id).map(|file| (&file.url, file.version))
    }
}
