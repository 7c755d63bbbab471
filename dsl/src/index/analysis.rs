//! Examining a library again and again while it changes.

use std::collections::BTreeMap;

use super::declaration::Index;
use super::notes::Notes;
use super::part::Part;
use super::uses;
use crate::check::check;
use crate::diagnostic::{self, Diagnostic, FileId, SourceMap};
use crate::library;
use crate::resolve;
use crate::syntax::{self, tree};

/// Examines libraries, and reads again only the files whose text has changed since the last time. That is all it remembers.
#[derive(Debug, Default)]
pub struct Analyser {
    /// By the place of the file in its library.
    texts: Vec<String>,
    trees: Vec<tree::File>,
    faults: Vec<Vec<Diagnostic>>,
}

/// What there is to know of a library.
#[derive(Debug)]
pub struct Analysis {
    /// Its files.
    pub sources: SourceMap,
    /// Everything that was found, in the order of the files; of each file, as many as are shown of a library otherwise.
    pub diagnostics: Vec<Diagnostic>,
    /// Its names and types, as far as they were asked for.
    pub index: Index,
}

impl Analyser {
    /// One that has read nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Examines files of a name and a text each, which form a library.
    ///
    /// ```
    /// let text = "type Site = { name: text }\nsystem s { query q(at: Site) }";
    /// let analysis = dsl::index::Analyser::new().analyse(&[("a.blueprint".to_owned(), text.to_owned())]);
    /// let (file, _) = analysis.sources.files().next().unwrap();
    /// let (_, site) = analysis.index.name_at(file, text.rfind("Site").unwrap()).unwrap();
    /// assert_eq!(analysis.index.declaration(site).unwrap().signature, "type Site = { name: text }");
    /// ```
    pub fn analyse(&mut self, files: &[(String, String)]) -> Analysis {
        let analysis = self.diagnose(files);
        self.learn(analysis, Part::Whole)
    }

    /// The same, but for names and types: what is wrong has to be known with every keystroke, and those only when somebody asks.
    pub fn diagnose(&mut self, files: &[(String, String)]) -> Analysis {
        let sources = SourceMap::new(files);
        if let Some(too_large) = library::too_large(&sources) {
            return Analysis { sources, diagnostics: vec![too_large], index: Index::default() };
        }
        self.read(&sources);
        let (declarations, outlines, resolved) = resolve::resolve(&self.trees);
        let found = self.faults.iter().flatten().cloned().chain(resolved).collect();
        let (_, diagnostics) = library::examine(&declarations, &outlines, &sources, found);
        Analysis { diagnostics: settled(diagnostics), sources, index: Index::default() }
    }

    /// Has names and types of a part of the library known, if they are not, to what [`Analyser::diagnose`] found.
    pub fn learn(&mut self, analysis: Analysis, part: Part) -> Analysis {
        if analysis.index.covers(part) || library::too_large(&analysis.sources).is_some() {
            return analysis;
        }
        let Analysis { sources, diagnostics, .. } = analysis;
        self.read(&sources);
        let (mut declarations, outlines, _) = resolve::resolve(&self.trees);
        declarations.notes = Notes::kept();
        check(&declarations, &outlines, &sources, part);
        let uses = uses::walk(&self.trees, &sources, &declarations, &outlines, part, None);
        // What comes of a task is asked about where a test names it, and that may be another file.
        for file in uses.tested.iter().filter(|file| !part.has(**file)) {
            check(&declarations, &outlines, &sources, Part::File(*file));
        }
        let index = Index::build(&self.trees, &sources, part, uses, declarations.notes.take());
        Analysis { sources, diagnostics, index }
    }

    /// What can be seen from the place of a name that means nothing, in one of the files, handed to somebody who asks.
    pub(super) fn look<T>(
        &mut self,
        files: &[(String, String)],
        file: FileId,
        marker: &str,
        ask: impl FnOnce(&resolve::Declarations<'_>, &[resolve::Outline<'_>], Option<uses::Sight<'_>>) -> T,
    ) -> T {
        let sources = SourceMap::new(files);
        self.read(&sources);
        let (mut declarations, outlines, _) = resolve::resolve(&self.trees);
        declarations.notes = Notes::kept();
        check(&declarations, &outlines, &sources, Part::File(file));
        let uses =
            uses::walk(&self.trees, &sources, &declarations, &outlines, Part::File(file), Some(marker));
        ask(&declarations, &outlines, uses.sight)
    }

    /// Reads what is not read yet.
    fn read(&mut self, sources: &SourceMap) {
        let mut count = 0;
        for (n, (id, file)) in sources.files().enumerate() {
            count = n + 1;
            if self.texts.get(n) == Some(&file.text) {
                continue;
            }
            let (tree, faults) = syntax::parse(id, &file.text);
            put(&mut self.texts, n, file.text.clone());
            put(&mut self.trees, n, tree);
            put(&mut self.faults, n, faults);
        }
        self.texts.truncate(count);
        self.trees.truncate(count);
        self.faults.truncate(count);
    }
}

/// Puts something in its place, which is there or the next.
fn put<T>(into: &mut Vec<T>, n: usize, value: T) {
    match into.get_mut(n) {
        Some(place) => *place = value,
        None => into.push(value),
    }
}

/// In an editor, the faults of one file must not crowd out those of another.
fn settled(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut by_file: BTreeMap<FileId, Vec<Diagnostic>> = BTreeMap::new();
    for diagnostic in diagnostics {
        by_file.entry(diagnostic.span().file).or_default().push(diagnostic);
    }
    by_file.into_values().flat_map(diagnostic::settle).collect()
}
