//! Where a name is declared, and where it is used.

use dsl::Span;
use dsl::index::DeclarationId;
use lsp_types::{DocumentHighlight, DocumentHighlightKind, Location};

use super::Place;

fn meant(place: &Place<'_>) -> Option<DeclarationId> {
    place.snapshot.analysis.index.name_at(place.file.id, place.byte).map(|(_, id)| id)
}

/// Where a name is declared.
pub(super) fn definition(place: &Place<'_>) -> Option<Location> {
    let declaration = place.snapshot.analysis.index.declaration(meant(place)?)?;
    place.snapshot.location(declaration.span)
}

/// Where a name is used, and where it is declared if that is wanted, by file and place.
pub(super) fn references(place: &Place<'_>, with_declaration: bool) -> Option<Vec<Location>> {
    let spans = spans(place, with_declaration)?;
    Some(spans.into_iter().filter_map(|span| place.snapshot.location(span)).collect())
}

/// The same in one file.
pub(super) fn highlights(place: &Place<'_>) -> Option<Vec<DocumentHighlight>> {
    let declared = place.snapshot.analysis.index.declaration(meant(place)?)?.span;
    let here = spans(place, true)?.into_iter().filter(|span| span.file == place.file.id);
    let highlight = |span: Span| DocumentHighlight {
        range: place.snapshot.range(span),
        kind: Some(if span == declared { DocumentHighlightKind::WRITE } else { DocumentHighlightKind::READ }),
    };
    Some(here.map(highlight).collect())
}

fn spans(place: &Place<'_>, with_declaration: bool) -> Option<Vec<Span>> {
    let (index, id) = (&place.snapshot.analysis.index, meant(place)?);
    let declared = index.declaration(id).map(|declaration| declaration.span).filter(|_| with_declaration);
    let mut spans: Vec<_> = index.uses(id).chain(declared).collect();
    spans.sort();
    Some(spans)
}
