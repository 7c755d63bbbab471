//! What the API says when it did not do what was asked (RFC 9457), for people.

use anyhow::anyhow;
use dsl::DiagnosticDocument;
use serde::Deserialize;
use serde_json::Value;

use super::harmless::harmless;
use crate::failure::{Exit, Failure};
use crate::show::diagnostic_lines;

/// A problem document, as far as it is shown.
#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    title: String,
    status: u16,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    errors: Vec<ProblemError>,
    #[serde(default)]
    diagnostics: Vec<DiagnosticDocument>,
    #[serde(default)]
    incident: Option<String>,
}

/// One fault: its place is in the body, a parameter, or a blueprint.
#[derive(Debug, Deserialize)]
struct ProblemError {
    #[serde(alias = "parameter", alias = "blueprint")]
    pointer: Option<String>,
    detail: String,
}

impl Problem {
    /// Reads a problem document; none if it is not one.
    pub(super) fn read(document: &Value) -> Option<Self> {
        Self::deserialize(harmless(document.clone())).ok()
    }

    /// A no is the caller's to deal with; anything else may go away by itself.
    pub(super) fn exit(&self) -> Exit {
        match self.status {
            408 | 500.. => Exit::Unavailable,
            _ => Exit::No,
        }
    }

    pub(super) fn into_failure(self) -> Failure {
        let exit = self.exit();
        let mut details: Vec<String> = self.errors.iter().map(ProblemError::line).collect();
        details.extend(self.diagnostics.iter().flat_map(diagnostic_lines));
        // The detail sums up what is listed: it is only worth reading where nothing is.
        let said = match (self.detail.is_empty(), details.is_empty()) {
            // What is not there is all there is to say.
            (false, true) if self.status == 404 => self.detail,
            (false, true) => format!("{}: {}", self.title, self.detail),
            (false, false) | (true, _) => self.title,
        };
        let failure = match exit {
            Exit::No => Failure::no(anyhow!(said)),
            Exit::Misuse => Failure::misuse(anyhow!(said)),
            Exit::Unavailable => Failure::unavailable(anyhow!(said)),
        }
        .with_details(details);
        match self.incident {
            Some(incident) => {
                failure.with_help(format!("the log of the API has the cause under `{incident}`"))
            }
            None => failure,
        }
    }
}

impl ProblemError {
    fn line(&self) -> String {
        match self.pointer.as_deref() {
            Some(place) if !place.is_empty() => format!("{place}: {}", self.detail),
            Some(_) | None => self.detail.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(document: &Value, exit: Exit, shown: &Expect) {
        let failure = Problem::read(document).unwrap().into_failure();
        assert_eq!(failure.exit, exit);
        shown.assert_eq(&failure.to_string());
    }

    #[test]
    fn every_fault_is_a_line() {
        check(
            &json!({
                "type": "/problems/invalid-document", "title": "the document is not valid", "status": 422,
                "detail": "2 faults", "errors": [
                    {"pointer": "/items/0/quantity", "detail": "expected 1 to 1000000, found 0"},
                    {"pointer": "", "detail": "expected a record, found null"},
                ],
            }),
            Exit::No,
            &expect![[r#"
                error: the document is not valid
                  /items/0/quantity: expected 1 to 1000000, found 0
                  expected a record, found null"#]],
        );
    }

    #[test]
    fn a_refusal_says_why() {
        check(
            &json!({
                "title": "the order refused what was asked", "status": 409, "code": "point_of_no_return",
                "detail": "`start_billing` is past its point of no return", "task": "start_billing",
            }),
            Exit::No,
            &expect![
                "error: the order refused what was asked: `start_billing` is past its point of no return"
            ],
        );
    }

    #[test]
    fn a_blueprint_error_has_its_place() {
        check(
            &json!({
                "title": "the blueprints have errors", "status": 422, "detail": "1 error", "diagnostics": [{
                    "code": "BP0201", "name": "unknown-type", "severity": "error", "title": "there is no type `txt`",
                    "file": "a.blueprint", "line": 3, "column": 7, "span": {"start": 30, "end": 33},
                    "labels": [], "notes": [], "help": "did you mean `text`?", "fix": null,
                }],
            }),
            Exit::No,
            &expect![[r#"
                error: the blueprints have errors
                  a.blueprint:3:7: error[BP0201]: there is no type `txt`
                    help: did you mean `text`?"#]],
        );
    }

    #[test]
    fn what_may_go_away_by_itself_has_another_exit_code() {
        check(
            &json!({"title": "something went wrong on our side", "status": 500, "incident": "i-1"}),
            Exit::Unavailable,
            &expect![[r#"
                error: something went wrong on our side
                  help: the log of the API has the cause under `i-1`"#]],
        );
    }

    #[test]
    fn another_document_is_not_a_problem() {
        assert!(Problem::read(&json!({"error": "nope"})).is_none());
    }
}
