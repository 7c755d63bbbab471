//! Diagnostics for GitHub: workflow commands, which it shows beside the lines of a change.

use std::fmt::Write as _;

use super::{Diagnostic, Severity, SourceMap, Span};

/// The diagnostics as workflow commands, a line each; empty if there are none. What files contain can't make commands of
/// its own.
#[must_use]
pub fn render_github(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic, sources)).collect()
}

fn command(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let span = diagnostic.span();
    let file = sources.file(span.file).map_or("", |file| file.name.as_str());
    let (line, column) = sources.position(span.file, span.start);
    let (end_line, end_column) = sources.position(span.file, span.end);
    let mut command = format!("::{level} file={},line={line},endLine={end_line}", property(file));
    // GitHub knows columns only within one line.
    if line == end_line {
        let _ = write!(command, ",col={column},endColumn={end_column}");
    }
    let title = property(&format!("{} {}", diagnostic.code, diagnostic.code.name()));
    let _ = writeln!(command, ",title={title}::{}", data(&message(diagnostic, sources)));
    command
}

/// What is wrong, and below it all that helps to mend it. Begins with the place: the log of a run shows nothing else.
fn message(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut lines = vec![format!("{}: {}", place(diagnostic.span(), sources), diagnostic.title)];
    for (n, label) in diagnostic.labels.iter().enumerate().filter(|(_, label)| !label.text.is_empty()) {
        lines.push(match n {
            0 => label.text.clone(),
            _ => format!("{}: {}", place(label.span, sources), label.text),
        });
    }
    lines.extend(diagnostic.notes.iter().map(|note| format!("note: {note}")));
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    lines.join("\n")
}

fn place(span: Span, sources: &SourceMap) -> String {
    let (line, column) = sources.position(span.file, span.start);
    format!("{}:{line}:{column}", sources.file(span.file).map_or("", |file| file.name.as_str()))
}

/// Text after `::`, in which only these would end the command or be taken for an escape.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which ends at a comma or a colon, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::diagnostic::{Code, FileId};

    fn span(start: usize, end: usize) -> Span {
        Span { file: FileId::FIRST, start, end }
    }

    fn sources() -> SourceMap {
        SourceMap::new(&[("a, b: 50%.blueprint".to_owned(), "type é = txt\n::error::x\n".to_owned())])
    }

    #[test]
    fn a_diagnostic_is_one_line_whatever_it_contains() {
        let diagnostic =
            Diagnostic::new(Code::UnknownType, span(10, 13), "there is no type `t%t`\n::error::x")
                .here("here\r")
                .label(span(5, 7), "for this")
                .note("so it is")
                .did_you_mean(Some("text"));
        expect![[r#"
            ::error file=a%2C b%3A 50%25.blueprint,line=1,endLine=1,col=10,endColumn=13,title=BP0201 unknown-type::a, b: 50%25.blueprint:1:10: there is no type `t%25t`%0A::error::x%0Ahere%0D%0Aa, b: 50%25.blueprint:1:6: for this%0Anote: so it is%0Ahelp: did you mean `text`?
        "#]]
        .assert_eq(&render_github(&[diagnostic], &sources()));
    }

    #[test]
    fn a_place_of_several_lines_has_no_columns() {
        let diagnostic = Diagnostic::new(Code::UnusedType, span(5, 20), "unused");
        expect![[r#"
            ::warning file=a%2C b%3A 50%25.blueprint,line=1,endLine=2,title=BP0901 unused-type::a, b: 50%25.blueprint:1:6: unused
        "#]]
        .assert_eq(&render_github(&[diagnostic], &sources()));
    }
}
