//! Giving something another name, everywhere.
//!
//! What comes of it is examined before anybody gets it: every name must still mean what it meant, and nothing may be wrong that
//! was not wrong before.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::analysis::{Analyser, Analysis};
use super::declaration::{DeclarationId, DeclarationKind};
use super::token::tokens;
use crate::Severity;
use crate::diagnostic::{Code, Edit, FileId, Span};

/// Words that are no names, whatever they would name.
const RESERVED: [&str; 11] =
    ["and", "or", "not", "in", "matches", "if", "then", "else", "true", "false", "null"];

/// The changes that give something another name, by file and place.
pub type Renamed = Vec<Edit>;

/// Why something can't be given a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenameError {
    /// There is no name of the library at the place.
    NoName,
    /// The new name is none.
    Invalid(String),
    /// The old name also stands in text that can't be read.
    Unreadable(String),
    /// Something would be wrong: what the compiler would say.
    Wrong(String),
    /// A name would mean something else, on this line of this file.
    OtherMeaning {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u32,
    },
}

impl fmt::Display for RenameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("there is no name here that the library declares"),
            Self::Invalid(name) => {
                write!(
                    f,
                    "`{name}` is not a name: a name is letters, digits and `_`, and no word of expressions"
                )
            }
            Self::Unreadable(name) => {
                write!(f, "`{name}` also stands in text that can't be read: mend that first")
            }
            Self::Wrong(title) => write!(f, "then something would be wrong: {title}"),
            Self::OtherMeaning { file, line } => {
                write!(f, "then a name in line {line} of `{file}` would mean something else")
            }
        }
    }
}

impl std::error::Error for RenameError {}

impl Analysis {
    /// What can be renamed at a byte of a file: where its name stands there.
    ///
    /// # Errors
    /// There is no such name, or not all of its uses can be known.
    pub fn renameable(&self, file: FileId, byte: usize) -> Result<(Span, DeclarationId), RenameError> {
        let (at, id) = self.index.name_at(file, byte).ok_or(RenameError::NoName)?;
        let name = self.sources.text(at);
        if self.stands_unread(name) {
            return Err(RenameError::Unreadable(name.to_owned()));
        }
        Ok((at, id))
    }

    /// Whether a name stands where nobody knows what it means, in a file that can't be read whole.
    fn stands_unread(&self, name: &str) -> bool {
        let broken: BTreeSet<FileId> = self
            .diagnostics
            .iter()
            .filter(|d| d.code.subject() == Code::UnexpectedText.subject() && d.severity == Severity::Error)
            .map(|d| d.span().file)
            .collect();
        let words = |file: FileId| {
            let text = self.sources.file(file).map_or("", |file| file.text.as_str());
            let words = tokens(text).tokens.into_iter().filter(|token| token.text == name);
            words.map(move |word| Span { file, start: word.start, end: word.start + name.len() })
        };
        broken.into_iter().flat_map(words).any(|at| !self.index.is_known(at))
    }
}

impl Analyser {
    /// Gives what stands at a byte of a file another name, everywhere. `analysis` is that of the files.
    ///
    /// # Errors
    /// It can't have that name, or nothing there has one.
    pub fn rename(
        &mut self,
        analysis: &Analysis,
        file: FileId,
        byte: usize,
        name: &str,
    ) -> Result<Renamed, RenameError> {
        let (_, id) = analysis.renameable(file, byte)?;
        let declaration = analysis.index.declaration(id).ok_or(RenameError::NoName)?;
        if declaration.name == name {
            return Ok(Vec::new());
        }
        if !is_name(name, declaration.kind) {
            return Err(RenameError::Invalid(name.to_owned()));
        }
        let mut places: BTreeMap<FileId, BTreeSet<usize>> = BTreeMap::new();
        for at in analysis.index.uses(id).chain([declaration.span]) {
            places.entry(at.file).or_default().insert(at.start);
        }
        let shift = Shift { places: &places, old: declaration.name.len(), new: name.len() };
        let files: Vec<(String, String)> = analysis
            .sources
            .files()
            .map(|(id, file)| (file.name.clone(), shift.apply(id, &file.text, name)))
            .collect();
        let after = self.analyse(&files);
        same(analysis, &after, &shift)?;
        let edit = |file: &FileId, start: &usize| Edit {
            span: Span { file: *file, start: *start, end: start + declaration.name.len() },
            replacement: name.to_owned(),
        };
        Ok(places.iter().flat_map(|(file, at)| at.iter().map(move |start| edit(file, start))).collect())
    }
}

fn is_name(name: &str, kind: DeclarationKind) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let goes_on = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // Fields stand behind a dot or before a colon, and may be called anything.
    let is_field = matches!(kind, DeclarationKind::Field | DeclarationKind::Parameter);
    starts && goes_on && (is_field || !RESERVED.contains(&name))
}

/// Where things are after the change.
struct Shift<'a> {
    places: &'a BTreeMap<FileId, BTreeSet<usize>>,
    old: usize,
    new: usize,
}

impl Shift<'_> {
    fn apply(&self, file: FileId, text: &str, name: &str) -> String {
        let mut changed = String::with_capacity(text.len());
        let mut from = 0;
        for start in self.places.get(&file).into_iter().flatten() {
            changed.push_str(text.get(from..*start).unwrap_or_default());
            changed.push_str(name);
            from = start + self.old;
        }
        changed.push_str(text.get(from..).unwrap_or_default());
        changed
    }

    fn at(&self, file: FileId, byte: usize) -> usize {
        let before = self.places.get(&file).map_or(0, |places| places.range(..byte).count());
        byte + before * self.new - before * self.old
    }

    fn span(&self, span: Span) -> Span {
        Span { file: span.file, start: self.at(span.file, span.start), end: self.at(span.file, span.end) }
    }
}

/// Whether everything means what it meant, and nothing is wrong that was not.
fn same(before: &Analysis, after: &Analysis, shift: &Shift<'_>) -> Result<(), RenameError> {
    let errors = |analysis: &Analysis| -> Vec<(Span, Code, String)> {
        let errors = analysis.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        errors.map(|d| (d.span(), d.code, d.title.clone())).collect()
    };
    let known: BTreeSet<(Span, Code)> =
        errors(before).into_iter().map(|(at, code, _)| (shift.span(at), code)).collect();
    if let Some((_, _, title)) =
        errors(after).into_iter().find(|(at, code, _)| !known.contains(&(*at, *code)))
    {
        return Err(RenameError::Wrong(title));
    }
    let expected: BTreeSet<(Span, Span)> =
        before.index.meanings().map(|(at, declared)| (shift.span(at), shift.span(declared))).collect();
    let found: BTreeSet<(Span, Span)> = after.index.meanings().collect();
    match expected.symmetric_difference(&found).next() {
        None => Ok(()),
        Some((at, _)) => Err(RenameError::OtherMeaning {
            file: after.sources.file(at.file).map_or_else(String::new, |file| file.name.clone()),
            line: after.sources.line(*at),
        }),
    }
}
