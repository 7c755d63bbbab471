//! Giving something another name.

use std::collections::HashMap;

use dsl::index::{Part, RenameError};
use lsp_types::{
    DocumentChanges, OneOf, OptionalVersionedTextDocumentIdentifier, PrepareRenameResponse, RenameParams,
    TextDocumentEdit, TextDocumentPositionParams, TextEdit, Url, WorkspaceEdit,
};

use super::{Answer, library_at};
use crate::capabilities::Abilities;
use crate::libraries::Libraries;
use crate::library::Snapshot;
use crate::message::{Fault, to_json};

/// What would be renamed, or why nothing can be.
pub(super) fn prepare(libraries: &mut Libraries, params: &TextDocumentPositionParams) -> Answer {
    let found = library_at(libraries, &params.text_document.uri, params.position);
    let (library, file, byte) = found.ok_or_else(|| refused(&RenameError::NoName))?;
    let snapshot = library.learnt(Part::Whole);
    let (span, _) = snapshot.analysis.renameable(file, byte).map_err(|wrong| refused(&wrong))?;
    let placeholder = snapshot.analysis.sources.text(span).to_owned();
    Ok(to_json(&PrepareRenameResponse::RangeWithPlaceholder { range: snapshot.range(span), placeholder }))
}

/// The changes that rename it, or why it can't have that name.
pub(super) fn rename(libraries: &mut Libraries, params: &RenameParams, abilities: Abilities) -> Answer {
    let at = &params.text_document_position;
    let found = library_at(libraries, &at.text_document.uri, at.position);
    let (library, file, byte) = found.ok_or_else(|| refused(&RenameError::NoName))?;
    let edits = library.rename(file, byte, &params.new_name).map_err(|wrong| refused(&wrong))?;
    Ok(to_json(&changes(library.diagnosed(), &edits, abilities)))
}

fn refused(wrong: &RenameError) -> (Fault, String) {
    (Fault::Refused, wrong.to_string())
}

/// Changes of files as the editor takes them.
pub(super) fn changes(snapshot: &Snapshot, edits: &[dsl::Edit], abilities: Abilities) -> WorkspaceEdit {
    let mut by_file: Vec<(Url, Option<i32>, Vec<TextEdit>)> = Vec::new();
    for edit in edits {
        let Some((url, version)) = snapshot.url(edit.span.file) else { continue };
        let change = TextEdit { range: snapshot.range(edit.span), new_text: edit.replacement.clone() };
        match by_file.iter_mut().find(|(known, ..)| known == url) {
            Some((_, _, changes)) => changes.push(change),
            None => by_file.push((url.clone(), version, vec![change])),
        }
    }
    if abilities.versioned_changes {
        let document = |(uri, version, edits): (Url, Option<i32>, Vec<TextEdit>)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        };
        let edits = by_file.into_iter().map(document).collect();
        return WorkspaceEdit {
            document_changes: Some(DocumentChanges::Edits(edits)),
            ..WorkspaceEdit::default()
        };
    }
    let changes: HashMap<Url, Vec<TextEdit>> =
        by_file.into_iter().map(|(url, _, edits)| (url, edits)).collect();
    WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }
}
