//! The clauses of a task, each in its place and none of them twice.

use model::Duration;

use super::duplicate_clause;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::tree::{ClauseKind, Expr, Invocation, Reaction, RetryClause, Task};

/// What a task says, by what it is about.
#[derive(Default)]
pub(super) struct Clauses<'t> {
    /// What it does: a call, a wait, or another body.
    pub(super) body: Option<At<&'t ClauseKind>>,
    pub(super) timeout: Option<At<Option<Duration>>>,
    pub(super) within: Option<At<Option<Duration>>>,
    pub(super) retry: Option<At<&'t RetryClause>>,
    pub(super) ensure: Vec<(&'t Expr, &'t Reaction)>,
    pub(super) verify: Option<At<(&'t Invocation, &'t Expr)>>,
    pub(super) undo: Option<At<&'t Invocation>>,
    pub(super) no_undo: Option<At<&'t str>>,
    pub(super) amend: Option<At<&'t Invocation>>,
    pub(super) on_timeout: Option<At<&'t Reaction>>,
    pub(super) on_failure: Option<At<&'t Reaction>>,
    pub(super) status: Option<&'t Expr>,
    pub(super) point_of_no_return: bool,
}

/// Something with the place of its clause.
#[derive(Clone, Copy)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) at: Span,
}

impl<'t> Clauses<'t> {
    /// Sorts the clauses of a task. Of what is said twice, the first counts.
    pub(super) fn of(task: &'t Task) -> Self {
        let mut clauses = Self::default();
        for clause in task.clauses.iter().rev() {
            let at = clause.span;
            match &clause.kind {
                ClauseKind::Call { .. }
                | ClauseKind::Wait { .. }
                | ClauseKind::Manual { .. }
                | ClauseKind::Poll { .. }
                | ClauseKind::Sleep(_)
                | ClauseKind::Run { .. }
                | ClauseKind::Let(_) => clauses.body = Some(At { value: &clause.kind, at }),
                ClauseKind::Verify { query, condition } => {
                    clauses.verify = Some(At { value: (query, condition), at });
                }
                ClauseKind::Amend(amend) => clauses.amend = Some(At { value: amend, at }),
                ClauseKind::Timeout(duration) => clauses.timeout = Some(At { value: *duration, at }),
                ClauseKind::Within(duration) => clauses.within = Some(At { value: *duration, at }),
                ClauseKind::Retry(retry) => clauses.retry = Some(At { value: retry, at }),
                ClauseKind::Ensure { condition, otherwise } => clauses.ensure.push((condition, otherwise)),
                ClauseKind::Undo(undo) => clauses.undo = Some(At { value: undo, at }),
                ClauseKind::NoUndo(why) => clauses.no_undo = Some(At { value: why, at }),
                ClauseKind::OnTimeout(reaction) => clauses.on_timeout = Some(At { value: reaction, at }),
                ClauseKind::OnFailure(reaction) => clauses.on_failure = Some(At { value: reaction, at }),
                ClauseKind::Status(text) => clauses.status = Some(text),
                ClauseKind::PointOfNoReturn => clauses.point_of_no_return = true,
            }
        }
        clauses.ensure.reverse();
        clauses
    }
}

/// Reports what a task says twice and may say once.
pub(super) fn said_twice(task: &Task, diagnostics: &mut Vec<Diagnostic>) {
    let mut first: Vec<(&str, Span)> = Vec::new();
    let when = task.when.iter().map(|when| ("when", when.span));
    let clauses = task.clauses.iter().filter_map(|clause| Some((word(&clause.kind)?, clause.span)));
    for (word, span) in when.chain(clauses) {
        let Some((_, earlier)) = first.iter().find(|(earlier, _)| *earlier == word) else {
            first.push((word, span));
            continue;
        };
        diagnostics.push(if word == BODY {
            Diagnostic::new(Code::DuplicateClause, span, "a task does one thing, and this is a second")
                .label(*earlier, "this is the first")
                .help("make it a task of its own")
        } else {
            duplicate_clause(word, span, *earlier)
        });
    }
}

/// All bodies are one clause in several forms.
const BODY: &str = "body";

/// Whether a clause says what its task does.
pub(super) fn is_body(clause: &ClauseKind) -> bool {
    word(clause) == Some(BODY)
}

/// The word of a clause that may be said once.
const fn word(clause: &ClauseKind) -> Option<&'static str> {
    Some(match clause {
        ClauseKind::Call { .. }
        | ClauseKind::Wait { .. }
        | ClauseKind::Manual { .. }
        | ClauseKind::Poll { .. }
        | ClauseKind::Sleep(_)
        | ClauseKind::Run { .. }
        | ClauseKind::Let(_) => BODY,
        ClauseKind::Verify { .. } => "verify",
        ClauseKind::Amend(_) => "amend",
        ClauseKind::Timeout(_) => "timeout",
        ClauseKind::Within(_) => "within",
        ClauseKind::Retry(_) => "retry",
        ClauseKind::Undo(_) | ClauseKind::NoUndo(_) => "undo",
        ClauseKind::OnTimeout(_) => "on timeout",
        ClauseKind::OnFailure(_) => "on failure",
        ClauseKind::Status(_) => "status",
        ClauseKind::PointOfNoReturn => "point of no return",
        ClauseKind::Ensure { .. } => return None,
    })
}
