//! What is wrong, for the editor to show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use dsl::{Code, Diagnostic, Severity};
use lsp_types::notification::{Notification as _, PublishDiagnostics};
use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, NumberOrString, PublishDiagnosticsParams,
};

use crate::library::{Library, Snapshot};
use crate::message::Outgoing;

/// The name that diagnostics are marked with.
const SOURCE: &str = "orderwright";

/// The faults of every file of a library that has some, or had some when they were shown last. Nothing if nothing has changed.
pub(crate) fn publish(library: &mut Library) -> Vec<Outgoing> {
    if library.is_examined() {
        return Vec::new();
    }
    let snapshot = library.diagnosed();
    let mut by_file: BTreeMap<PathBuf, Vec<lsp_types::Diagnostic>> = BTreeMap::new();
    for diagnostic in &snapshot.analysis.diagnostics {
        let file = snapshot.files.iter().find(|file| file.id == diagnostic.span().file);
        if let Some(file) = file {
            by_file.entry(file.path.clone()).or_default().push(shown(diagnostic, snapshot));
        }
    }
    let mut messages = Vec::new();
    let faulty: BTreeSet<PathBuf> = by_file.keys().cloned().collect();
    let open = |path: &PathBuf| snapshot.file(path).is_some_and(|file| file.version.is_some());
    let shown: BTreeSet<PathBuf> = snapshot.files.iter().map(|file| file.path.clone()).filter(open).collect();
    let mut told: Vec<PublishDiagnosticsParams> = Vec::new();
    for file in &snapshot.files {
        if faulty.contains(&file.path) || shown.contains(&file.path) {
            told.push(PublishDiagnosticsParams {
                uri: file.url.clone(),
                diagnostics: by_file.remove(&file.path).unwrap_or_default(),
                version: file.version,
            });
        }
    }
    // What was shown before and has nothing to be shown now, or is gone.
    let before = std::mem::replace(&mut library.faulty, faulty.clone());
    for path in before.difference(&faulty).filter(|path| !shown.contains(*path)) {
        if let Ok(uri) = lsp_types::Url::from_file_path(path) {
            told.push(PublishDiagnosticsParams { uri, diagnostics: Vec::new(), version: None });
        }
    }
    messages.extend(told.iter().map(|params| Outgoing::notification(PublishDiagnostics::METHOD, params)));
    messages
}

/// A fault as the editor shows it.
pub(crate) fn shown(diagnostic: &Diagnostic, snapshot: &Snapshot) -> lsp_types::Diagnostic {
    let (first, others) = match diagnostic.labels.split_first() {
        Some((first, others)) => (first.text.as_str(), others),
        None => ("", [].as_slice()),
    };
    let mut message = diagnostic.title.clone();
    if !first.is_empty() {
        message.push_str(": ");
        message.push_str(first);
    }
    let notes = diagnostic.notes.iter().map(|note| ("note", note));
    for (word, text) in notes.chain(diagnostic.help.iter().map(|help| ("help", help))) {
        message.push_str(&format!("\n{word}: {text}"));
    }
    let related: Vec<_> = others
        .iter()
        .filter_map(|label| {
            let location = snapshot.location(label.span)?;
            Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
        })
        .collect();
    lsp_types::Diagnostic {
        range: snapshot.range(diagnostic.span()),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(diagnostic.code.as_str().to_owned())),
        code_description: None,
        source: Some(SOURCE.to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: is_unused(diagnostic.code).then(|| vec![DiagnosticTag::UNNECESSARY]),
        data: None,
    }
}

fn is_unused(code: Code) -> bool {
    code.name().starts_with("unused-")
}
