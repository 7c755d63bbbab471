//! Diagnostics for programs: one form, wherever they are shown as data.

use serde::{Deserialize, Serialize};

use super::{Diagnostic, Severity, SourceMap, Span};

/// Everything that a compiler run found, as one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosticsDocument {
    /// What was found, in the order of the files.
    pub diagnostics: Vec<DiagnosticDocument>,
    /// How many of them are errors.
    pub errors: usize,
    /// How many of them are warnings.
    pub warnings: usize,
}

/// One thing that the compiler says about blueprint files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Diagnostic))]
pub struct DiagnosticDocument {
    /// The number of the rule, which docs/language.md explains.
    #[cfg_attr(feature = "openapi", schema(example = "BP0201"))]
    pub code: String,
    /// The name of the rule.
    #[cfg_attr(feature = "openapi", schema(example = "unknown-type"))]
    pub name: String,
    /// `error` or `warning`.
    pub severity: String,
    /// What is wrong, on one line.
    #[cfg_attr(feature = "openapi", schema(example = "there is no type `txt`"))]
    pub title: String,
    /// Where.
    #[serde(flatten)]
    pub at: PlaceDocument,
    /// Every place that it is about; the first is that of the diagnostic itself.
    pub labels: Vec<LabelDocument>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// How to put it right, where there is a way.
    #[cfg_attr(feature = "openapi", schema(example = "did you mean `text`?"))]
    pub help: Option<String>,
    /// The change that puts it right, where it is certain enough to be made by a program.
    pub fix: Option<EditDocument>,
}

/// A place, and what it has to do with the diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DiagnosticLabel))]
pub struct LabelDocument {
    /// Where.
    #[serde(flatten)]
    pub at: PlaceDocument,
    /// A few words; empty where the title says it all.
    pub text: String,
}

/// A change of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DiagnosticEdit))]
pub struct EditDocument {
    /// What is replaced.
    #[serde(flatten)]
    pub at: PlaceDocument,
    /// By what.
    pub replacement: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SourcePlace))]
pub struct PlaceDocument {
    /// The file, as it was named to the compiler.
    #[cfg_attr(feature = "openapi", schema(example = "home_fiber.blueprint"))]
    pub file: String,
    /// The line it begins on, from 1.
    pub line: u32,
    /// The column it begins in, in characters from 1.
    pub column: u32,
    /// The same for programs.
    pub span: ByteSpan,
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SourceSpan))]
pub struct ByteSpan {
    /// The first byte, from 0.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl DiagnosticsDocument {
    /// Shows what a compiler run found.
    #[must_use]
    pub fn new(diagnostics: &[Diagnostic], sources: &SourceMap) -> Self {
        let count = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        Self {
            diagnostics: diagnostics.iter().map(|d| DiagnosticDocument::new(d, sources)).collect(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
        }
    }
}

impl DiagnosticDocument {
    fn new(diagnostic: &Diagnostic, sources: &SourceMap) -> Self {
        let at = |span| PlaceDocument::new(span, sources);
        Self {
            code: diagnostic.code.as_str().to_owned(),
            name: diagnostic.code.name().to_owned(),
            severity: diagnostic.severity.as_str().to_owned(),
            title: diagnostic.title.clone(),
            at: at(diagnostic.span()),
            labels: diagnostic
                .labels
                .iter()
                .map(|label| LabelDocument { at: at(label.span), text: label.text.clone() })
                .collect(),
            notes: diagnostic.notes.clone(),
            help: diagnostic.help.clone(),
            fix: diagnostic
                .fix
                .as_ref()
                .map(|fix| EditDocument { at: at(fix.span), replacement: fix.replacement.clone() }),
        }
    }
}

impl PlaceDocument {
    fn new(span: Span, sources: &SourceMap) -> Self {
        let (line, column) = sources.position(span.file, span.start);
        let file = sources.file(span.file).map_or_else(String::new, |file| file.name.clone());
        Self { file, line, column, span: ByteSpan { start: span.start, end: span.end } }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::{Code, FileId};

    #[test]
    fn a_program_finds_place_text_and_fix() {
        let sources = SourceMap::new(&[("a.blueprint".to_owned(), "type É = txt\n".to_owned())]);
        let span = |start, end| Span { file: FileId::FIRST, start, end };
        let diagnostic = Diagnostic::new(Code::UnknownType, span(10, 13), "there is no type `txt`")
            .label(span(5, 7), "for this")
            .did_you_mean(Some("text"));
        let document = DiagnosticsDocument::new(&[diagnostic], &sources);
        let json = serde_json::to_string_pretty(&document).unwrap();
        expect![[r#"
            {
              "diagnostics": [
                {
                  "code": "BP0201",
                  "name": "unknown-type",
                  "severity": "error",
                  "title": "there is no type `txt`",
                  "file": "a.blueprint",
                  "line": 1,
                  "column": 10,
                  "span": {
                    "start": 10,
                    "end": 13
                  },
                  "labels": [
                    {
                      "file": "a.blueprint",
                      "line": 1,
                      "column": 10,
                      "span": {
                        "start": 10,
                        "end": 13
                      },
                      "text": ""
                    },
                    {
                      "file": "a.blueprint",
                      "line": 1,
                      "column": 6,
                      "span": {
                        "start": 5,
                        "end": 7
                      },
                      "text": "for this"
                    }
                  ],
                  "notes": [],
                  "help": "did you mean `text`?",
                  "fix": {
                    "file": "a.blueprint",
                    "line": 1,
                    "column": 10,
                    "span": {
                      "start": 10,
                      "end": 13
                    },
                    "replacement": "text"
                  }
                }
              ],
              "errors": 1,
              "warnings": 0
            }"#]]
        .assert_eq(&json);
        assert_eq!(serde_json::from_str::<DiagnosticsDocument>(&json).unwrap(), document);
    }
}
