//! What editors ask, one question a file.

mod actions;
mod completion;
mod folding;
mod format;
mod hover;
mod navigation;
mod rename;
mod signature;
mod symbols;

use dsl::FileId;
use dsl::index::Part;
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentHighlightRequest, DocumentSymbolRequest, FoldingRangeRequest,
    Formatting, GotoDefinition, HoverRequest, PrepareRenameRequest, References, Rename, Request,
    SignatureHelpRequest, WorkspaceSymbolRequest,
};
use lsp_types::{Position, TextDocumentPositionParams, Url};
use serde_json::Value;

use crate::capabilities::Abilities;
use crate::libraries::{Libraries, path_of};
use crate::library::{Library, Seen, Snapshot};
use crate::message::{Fault, to_json};
use crate::server::read;

/// An answer, or why there is none.
type Answer = Result<Value, (Fault, String)>;

/// Answers a request.
pub(crate) fn answer(libraries: &mut Libraries, abilities: Abilities, method: &str, params: Value) -> Answer {
    match method {
        HoverRequest::METHOD => {
            let params: <HoverRequest as Request>::Params = read(params)?;
            at(libraries, &params.text_document_position_params, Part::File, hover::hover)
        }
        Completion::METHOD => {
            let params: <Completion as Request>::Params = read(params)?;
            completion::complete(libraries, &params.text_document_position, abilities)
        }
        SignatureHelpRequest::METHOD => {
            let params: <SignatureHelpRequest as Request>::Params = read(params)?;
            at(libraries, &params.text_document_position_params, |_| Part::Names, signature::help)
        }
        GotoDefinition::METHOD => {
            let params: <GotoDefinition as Request>::Params = read(params)?;
            at(libraries, &params.text_document_position_params, Part::File, navigation::definition)
        }
        References::METHOD => {
            let params: <References as Request>::Params = read(params)?;
            at(
                libraries,
                &params.text_document_position,
                |_| Part::Whole,
                |place| navigation::references(place, params.context.include_declaration),
            )
        }
        DocumentHighlightRequest::METHOD => {
            let params: <DocumentHighlightRequest as Request>::Params = read(params)?;
            at(libraries, &params.text_document_position_params, Part::File, navigation::highlights)
        }
        PrepareRenameRequest::METHOD => {
            let params: TextDocumentPositionParams = read(params)?;
            rename::prepare(libraries, &params)
        }
        Rename::METHOD => rename::rename(libraries, &read(params)?, abilities),
        Formatting::METHOD => {
            let params: <Formatting as Request>::Params = read(params)?;
            in_file(libraries, &params.text_document.uri, |_| Part::Names, format::format)
        }
        DocumentSymbolRequest::METHOD => {
            let params: <DocumentSymbolRequest as Request>::Params = read(params)?;
            in_file(libraries, &params.text_document.uri, |_| Part::Names, symbols::of_file)
        }
        FoldingRangeRequest::METHOD => {
            let params: <FoldingRangeRequest as Request>::Params = read(params)?;
            in_file(libraries, &params.text_document.uri, |_| Part::Names, folding::fold)
        }
        CodeActionRequest::METHOD => {
            let params: <CodeActionRequest as Request>::Params = read(params)?;
            in_file(
                libraries,
                &params.text_document.uri,
                |_| Part::Names,
                |snapshot, file| actions::actions(snapshot, file, params.range, abilities),
            )
        }
        WorkspaceSymbolRequest::METHOD => {
            let params: <WorkspaceSymbolRequest as Request>::Params = read(params)?;
            Ok(to_json(&symbols::of_all(libraries, &params.query)))
        }
        _ => Err((Fault::MethodNotFound, format!("there is no method `{method}`"))),
    }
}

/// A place in a file that is asked about.
struct Place<'a> {
    snapshot: &'a Snapshot,
    file: &'a Seen,
    byte: usize,
}

/// Asks about a place, for which part of the library `about` says has to be known. Nothing is known of files that are not open and
/// in no library.
fn at<T: serde::Serialize>(
    libraries: &mut Libraries,
    params: &TextDocumentPositionParams,
    about: impl FnOnce(FileId) -> Part,
    ask: impl FnOnce(&Place<'_>) -> Option<T>,
) -> Answer {
    let position = params.position;
    in_file(libraries, &params.text_document.uri, about, |snapshot, file| {
        ask(&Place { snapshot, file, byte: snapshot.byte(file, position) })
    })
}

fn in_file<T: serde::Serialize>(
    libraries: &mut Libraries,
    url: &Url,
    about: impl FnOnce(FileId) -> Part,
    ask: impl FnOnce(&Snapshot, &Seen) -> Option<T>,
) -> Answer {
    let path = path_of(url);
    let Some(library) = libraries.of(&path) else { return Ok(Value::Null) };
    let Some(id) = library.diagnosed().file(&path).map(|file| file.id) else { return Ok(Value::Null) };
    let snapshot = library.learnt(about(id));
    let Some(file) = snapshot.file(&path) else { return Ok(Value::Null) };
    Ok(to_json(&ask(snapshot, file)))
}

/// The library of a place, with the byte that is asked about.
fn library_at<'a>(
    libraries: &'a mut Libraries,
    url: &Url,
    position: Position,
) -> Option<(&'a mut Library, FileId, usize)> {
    let path = path_of(url);
    let library = libraries.of(&path)?;
    let snapshot = library.diagnosed();
    let file = snapshot.file(&path)?;
    let (id, byte) = (file.id, snapshot.byte(file, position));
    Some((library, id, byte))
}
