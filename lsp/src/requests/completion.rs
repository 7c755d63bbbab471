//! What may be written here.

use dsl::index::{Candidate, CandidateKind, DeclarationKind};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, InsertTextFormat, InsertTextMode,
    MarkupContent, MarkupKind, Range, TextDocumentPositionParams, TextEdit,
};
use serde_json::Value;

use super::{Answer, library_at};
use crate::capabilities::Abilities;
use crate::libraries::{Libraries, path_of};
use crate::message::to_json;

/// What may be written at a place, the likeliest first.
pub(super) fn complete(
    libraries: &mut Libraries,
    at: &TextDocumentPositionParams,
    abilities: Abilities,
) -> Answer {
    let url = &at.text_document.uri;
    let Some((library, file, byte)) = library_at(libraries, url, at.position) else { return Ok(Value::Null) };
    let snapshot = library.diagnosed();
    let Some(seen) = snapshot.file(&path_of(url)) else { return Ok(Value::Null) };
    let before = snapshot.text_of(seen).get(..byte).unwrap_or_default();
    let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
    let range = snapshot.between(seen, start, byte);
    let candidates = library.complete(file, byte);
    let items: Vec<_> = candidates
        .into_iter()
        .enumerate()
        .map(|(n, candidate)| item(n, candidate, range, abilities))
        .collect();
    Ok(to_json(&items))
}

fn item(n: usize, candidate: Candidate, range: Range, abilities: Abilities) -> CompletionItem {
    let fills_in = candidate.snippet.contains('$');
    let snippet = abilities.snippets && fills_in;
    let new_text = if fills_in && !snippet { candidate.label.clone() } else { candidate.snippet };
    let docs = MarkupContent { kind: MarkupKind::Markdown, value: candidate.docs };
    CompletionItem {
        label: candidate.label,
        kind: Some(kind(candidate.kind)),
        detail: (!candidate.detail.is_empty()).then_some(candidate.detail),
        documentation: (!docs.value.is_empty()).then_some(Documentation::MarkupContent(docs)),
        // Candidates come in the order in which they are likely.
        sort_text: Some(format!("{n:04}")),
        insert_text_format: Some(if snippet {
            InsertTextFormat::SNIPPET
        } else {
            InsertTextFormat::PLAIN_TEXT
        }),
        insert_text_mode: snippet.then_some(InsertTextMode::ADJUST_INDENTATION),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range, new_text })),
        ..CompletionItem::default()
    }
}

const fn kind(kind: CandidateKind) -> CompletionItemKind {
    match kind {
        CandidateKind::Word => CompletionItemKind::KEYWORD,
        CandidateKind::Function => CompletionItemKind::FUNCTION,
        CandidateKind::Choice => CompletionItemKind::ENUM_MEMBER,
        CandidateKind::Subject => CompletionItemKind::VARIABLE,
        CandidateKind::BuiltInType | CandidateKind::Declared(DeclarationKind::Type) => {
            CompletionItemKind::STRUCT
        }
        CandidateKind::Declared(DeclarationKind::Field) => CompletionItemKind::FIELD,
        CandidateKind::Declared(DeclarationKind::System) => CompletionItemKind::INTERFACE,
        CandidateKind::Declared(DeclarationKind::Operation | DeclarationKind::Query) => {
            CompletionItemKind::METHOD
        }
        CandidateKind::Declared(DeclarationKind::Parameter | DeclarationKind::Variable) => {
            CompletionItemKind::VARIABLE
        }
        CandidateKind::Declared(DeclarationKind::Retry) => CompletionItemKind::CONSTANT,
        CandidateKind::Declared(DeclarationKind::Blueprint) => CompletionItemKind::CLASS,
        CandidateKind::Declared(DeclarationKind::ItemKind) => CompletionItemKind::ENUM,
        CandidateKind::Declared(DeclarationKind::Task) => CompletionItemKind::FUNCTION,
        CandidateKind::Declared(DeclarationKind::Milestone) => CompletionItemKind::EVENT,
    }
}
