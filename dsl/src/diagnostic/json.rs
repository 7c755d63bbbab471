//! Diagnostics for programs.

use serde::Serialize;

use super::{Diagnostic, SourceMap, Span};

#[derive(Serialize)]
struct Report<'a> {
    diagnostics: Vec<Entry<'a>>,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'static str,
    name: &'static str,
    severity: &'static str,
    title: &'a str,
    #[serde(flatten)]
    at: Place<'a>,
    labels: Vec<Labelled<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
struct Labelled<'a> {
    #[serde(flatten)]
    at: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Fix<'a> {
    #[serde(flatten)]
    at: Place<'a>,
    replacement: &'a str,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    start: Position,
    end: Position,
}

/// Line and column from 1, the column in characters; `byte` from 0.
#[derive(Serialize)]
struct Position {
    line: u32,
    column: u32,
    byte: usize,
}

/// One JSON document: `{ "diagnostics": [{ "code", "name", "severity", "title", "file", "start": { "line",
/// "column", "byte" }, "end", "labels", "notes", "help", "fix" }], "errors", "warnings" }`.
#[must_use]
pub fn render_json(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let place = |span: Span| {
        let position = |byte| {
            let (line, column) = sources.position(span.file, byte);
            Position { line, column, byte }
        };
        let file = sources.file(span.file).map_or("", |file| file.name.as_str());
        Place { file, start: position(span.start), end: position(span.end) }
    };
    let entries: Vec<_> = diagnostics
        .iter()
        .map(|d| Entry {
            code: d.code.as_str(),
            name: d.code.name(),
            severity: d.severity.as_str(),
            title: &d.title,
            at: place(d.span()),
            labels: d.labels.iter().map(|l| Labelled { at: place(l.span), text: &l.text }).collect(),
            notes: &d.notes,
            help: d.help.as_deref(),
            fix: d.fix.as_ref().map(|f| Fix { at: place(f.span), replacement: &f.replacement }),
        })
        .collect();
    let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
    let report = Report {
        diagnostics: entries,
        errors: count(super::Severity::Error),
        warnings: count(super::Severity::Warning),
    };
    // Serialising our own data to memory fails for no input.
    serde_json::to_string_pretty(&report).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::{Code, FileId};

    #[test]
    fn a_program_finds_place_text_and_fix() {
        let sources = SourceMap::new(&[("a.blueprint".to_owned(), "type A = txt\n".to_owned())]);
        let span = Span { file: FileId::FIRST, start: 9, end: 12 };
        let diagnostic =
            Diagnostic::new(Code::UnknownType, span, "there is no type `txt`").did_you_mean(Some("text"));
        expect![[r#"
            {
              "diagnostics": [
                {
                  "code": "BP0201",
                  "name": "unknown-type",
                  "severity": "error",
                  "title": "there is no type `txt`",
                  "file": "a.blueprint",
                  "start": {
                    "line": 1,
                    "column": 10,
                    "byte": 9
                  },
                  "end": {
                    "line": 1,
                    "column": 13,
                    "byte": 12
                  },
                  "labels": [
                    {
                      "file": "a.blueprint",
                      "start": {
                        "line": 1,
                        "column": 10,
                        "byte": 9
                      },
                      "end": {
                        "line": 1,
                        "column": 13,
                        "byte": 12
                      },
                      "text": ""
                    }
                  ],
                  "notes": [],
                  "help": "did you mean `text`?",
                  "fix": {
                    "file": "a.blueprint",
                    "start": {
                      "line": 1,
                      "column": 10,
                      "byte": 9
                    },
                    "end": {
                      "line": 1,
                      "column": 13,
                      "byte": 12
                    },
                    "replacement": "text"
                  }
                }
              ],
              "errors": 1,
              "warnings": 0
            }"#]]
        .assert_eq(&render_json(&[diagnostic], &sources));
    }
}
