//! What a file declares, and what the libraries declare.

use dsl::index::{DeclarationKind, OutlineKind, OutlineNode, Part};
use lsp_types::{DocumentSymbol, OneOf, SymbolKind, WorkspaceSymbol};

use crate::libraries::Libraries;
use crate::library::{Seen, Snapshot};

/// Most symbols of all libraries that are given at once. Who looks for one types a letter more.
const SYMBOLS: usize = 500;

/// The outline of a file.
pub(super) fn of_file(snapshot: &Snapshot, file: &Seen) -> Option<Vec<DocumentSymbol>> {
    Some(snapshot.analysis.index.outline(file.id).iter().map(|node| symbol(node, snapshot)).collect())
}

#[expect(deprecated, reason = "the type has a field that is not used any more, and no other way to be made")]
fn symbol(node: &OutlineNode, snapshot: &Snapshot) -> DocumentSymbol {
    let children: Vec<_> = node.children.iter().map(|child| symbol(child, snapshot)).collect();
    DocumentSymbol {
        name: node.name.clone(),
        detail: None,
        kind: match node.kind {
            OutlineKind::Type => SymbolKind::STRUCT,
            OutlineKind::System => SymbolKind::INTERFACE,
            OutlineKind::Operation | OutlineKind::Query => SymbolKind::METHOD,
            OutlineKind::Retry => SymbolKind::CONSTANT,
            OutlineKind::Blueprint => SymbolKind::CLASS,
            OutlineKind::ItemKind => SymbolKind::ENUM,
            OutlineKind::Each => SymbolKind::NAMESPACE,
            OutlineKind::Task => SymbolKind::FUNCTION,
            OutlineKind::Milestone => SymbolKind::EVENT,
            OutlineKind::Test => SymbolKind::STRING,
        },
        tags: None,
        deprecated: None,
        range: snapshot.range(node.extent),
        selection_range: snapshot.range(node.span),
        children: (!children.is_empty()).then_some(children),
    }
}

/// What the libraries declare whose names have the letters of `query`, in their order.
pub(super) fn of_all(libraries: &mut Libraries, query: &str) -> Vec<WorkspaceSymbol> {
    let mut found = Vec::new();
    for library in libraries.iter_mut() {
        let snapshot = library.learnt(Part::Names);
        let index = &snapshot.analysis.index;
        for (_, declaration) in index.declarations() {
            let Some(kind) = kind(declaration.kind).filter(|_| fits(&declaration.name, query)) else {
                continue;
            };
            let Some(location) = snapshot.location(declaration.span) else { continue };
            let parent = declaration.parent.and_then(|parent| index.declaration(parent));
            found.push(WorkspaceSymbol {
                name: declaration.name.clone(),
                kind,
                tags: None,
                container_name: parent.map(|parent| parent.name.clone()),
                location: OneOf::Left(location),
                data: None,
            });
            if found.len() == SYMBOLS {
                return found;
            }
        }
    }
    found
}

/// As what it is shown; fields and the like are too many to be looked for.
const fn kind(kind: DeclarationKind) -> Option<SymbolKind> {
    Some(match kind {
        DeclarationKind::Type => SymbolKind::STRUCT,
        DeclarationKind::System => SymbolKind::INTERFACE,
        DeclarationKind::Operation | DeclarationKind::Query => SymbolKind::METHOD,
        DeclarationKind::Retry => SymbolKind::CONSTANT,
        DeclarationKind::Blueprint => SymbolKind::CLASS,
        DeclarationKind::ItemKind => SymbolKind::ENUM,
        DeclarationKind::Task => SymbolKind::FUNCTION,
        DeclarationKind::Milestone => SymbolKind::EVENT,
        DeclarationKind::Field | DeclarationKind::Parameter | DeclarationKind::Variable => return None,
    })
}

fn fits(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|letter| letter == wanted))
}
