//! What is said about diagnostics beside drawing them over the text, which `dsl` does.

use dsl::{Code, Diagnostic, DiagnosticDocument, PlaceDocument};

/// A diagnostic of the API, without the text that it is about: what it says, and below it how to put it right.
pub(crate) fn diagnostic_lines(diagnostic: &DiagnosticDocument) -> Vec<String> {
    let DiagnosticDocument { code, severity, title, at, help, .. } = diagnostic;
    let PlaceDocument { file, line, column, .. } = at;
    let mut lines = vec![format!("{file}:{line}:{column}: {severity}[{code}]: {title}")];
    lines.extend(help.iter().map(|help| format!("  help: {help}")));
    lines
}

/// Where more is said about the codes of these diagnostics; none if there are none.
pub(crate) fn where_explained(diagnostics: &[Diagnostic]) -> Option<String> {
    let mut codes: Vec<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let (first, others) = codes.split_first()?;
    let more = "says what that means and how to mend it";
    Some(match others.split_last() {
        None => format!("`orderwright explain {first}` {more}"),
        Some((last, [])) => format!("`orderwright explain {first}` {more}, and so for {last}"),
        Some((last, between)) => {
            let between = between.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(", ");
            format!("`orderwright explain {first}` {more}, and so for {between} and {last}")
        }
    })
}

#[cfg(test)]
mod tests {
    use dsl::Library;

    use super::*;

    fn said(text: &str) -> Option<String> {
        where_explained(&Library::compile(&[("a".to_owned(), text.to_owned())]).diagnostics)
    }

    #[test]
    fn every_code_is_named_once() {
        let explained = "`orderwright explain BP0201` says what that means and how to mend it";
        assert_eq!(said("type A = text"), None);
        assert_eq!(said("type A = txt  type B = txt"), Some(explained.to_owned()));
        let two = "type A = txt  type B = { b: B }";
        assert_eq!(said(two), Some(format!("{explained}, and so for BP0501")));
        let three = format!("{two}  retry R = 0 times");
        assert_eq!(said(&three), Some(format!("{explained}, and so for BP0409 and BP0501")));
    }
}
