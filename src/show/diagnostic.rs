//! A diagnostic of the API in a few lines: without the text that it is about, which only `check` has.

use dsl::{DiagnosticDocument, PlaceDocument};

/// What it says, and below it how to put it right.
pub(crate) fn diagnostic_lines(diagnostic: &DiagnosticDocument) -> Vec<String> {
    let DiagnosticDocument { code, severity, title, at, help, .. } = diagnostic;
    let PlaceDocument { file, line, column, .. } = at;
    let mut lines = vec![format!("{file}:{line}:{column}: {severity}[{code}]: {title}")];
    lines.extend(help.iter().map(|help| format!("  help: {help}")));
    lines
}
