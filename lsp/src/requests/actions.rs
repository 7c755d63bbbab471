//! What mends a fault, for the editor to do.

use dsl::{Diagnostic, Edit, Span};
use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, Range};

use super::rename::changes;
use crate::capabilities::Abilities;
use crate::library::{Seen, Snapshot};
use crate::publish::shown;

/// The changes that mend the faults in a range.
pub(super) fn actions(
    snapshot: &Snapshot,
    file: &Seen,
    range: Range,
    abilities: Abilities,
) -> Option<Vec<CodeActionOrCommand>> {
    let (start, end) = (snapshot.byte(file, range.start), snapshot.byte(file, range.end));
    let touches = |span: Span| span.file == file.id && span.start <= end && start <= span.end;
    let faults = snapshot.analysis.diagnostics.iter().filter(|diagnostic| touches(diagnostic.span()));
    let action = |(diagnostic, fix): (&Diagnostic, &Edit)| {
        CodeActionOrCommand::CodeAction(CodeAction {
            title: title(snapshot, fix),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![shown(diagnostic, snapshot)]),
            edit: Some(changes(snapshot, std::slice::from_ref(fix), abilities)),
            is_preferred: Some(true),
            ..CodeAction::default()
        })
    };
    Some(faults.filter_map(|diagnostic| Some((diagnostic, diagnostic.fix.as_ref()?))).map(action).collect())
}

fn title(snapshot: &Snapshot, fix: &Edit) -> String {
    let (old, new) = (snapshot.analysis.sources.text(fix.span), &fix.replacement);
    match (old.is_empty(), new.is_empty()) {
        (true, _) => format!("Insert `{new}`"),
        (false, true) => format!("Remove `{old}`"),
        (false, false) => format!("Replace `{old}` by `{new}`"),
    }
}
