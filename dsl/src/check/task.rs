//! A task: its body, and the clauses that go with it.

use model::{Duration, ItemKind, SignalName, Type};
use plan::{Body, CallBody, Definition, Ensure, Expr, Formula, Reaction, ReactionKind, Retry, Undo};

use super::expression::{Checker, OrderView, TaskView, View};
use super::facts::Facts;
use super::types::{difference, fits};
use super::{Env, duplicate_clause};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::Seen;
use crate::syntax::tree::{self, Clause, ClauseKind, Invocation};

/// A task that has been checked.
pub(super) struct CheckedTask {
    /// What it becomes; none if something in it is wrong.
    pub(super) definition: Option<Definition>,
    /// Its condition, if the order alone decides it.
    pub(super) decided_by: Option<Formula>,
    /// What it waits for.
    pub(super) after: Vec<Edge>,
    /// Whether it changes anything out there.
    pub(super) effect: bool,
    /// Where it rejects the order.
    pub(super) rejects: Vec<Reject>,
}

/// A task that another one waits for, and where that is said.
pub(super) struct Edge {
    pub(super) seen: Seen,
    pub(super) at: Span,
}

/// A reaction that rejects the order.
pub(super) struct Reject {
    pub(super) at: Span,
    /// The task itself may have taken effect by then.
    pub(super) after_effect: bool,
}

/// Checks one task of the blueprint.
pub(super) fn check(
    env: &Env<'_>,
    index: usize,
    blocks: &[Facts],
    diagnostics: &mut Vec<Diagnostic>,
) -> CheckedTask {
    let nothing = CheckedTask {
        definition: None,
        decided_by: None,
        after: Vec::new(),
        effect: false,
        rejects: Vec::new(),
    };
    let (Some(tree), Some(outline)) = (env.outline.tree.tasks.get(index), env.outline.tasks.get(index))
    else {
        return nothing;
    };
    let view = View {
        order: OrderView::Full,
        item: tree.block.map(|_| env.item_type(outline.kind)),
        result: None,
        tasks: TaskView::From(tree.block),
        facts: tree.block.and_then(|block| blocks.get(block)).cloned().unwrap_or_default(),
    };
    let mut task = TaskChecker {
        env,
        tree,
        index,
        kind: outline.kind.and_then(|kind| env.outline.kinds.get(kind)?.name.clone()),
        checker: Checker::new(env, view, diagnostics),
        rejects: Vec::new(),
    };
    task.run(outline.name.clone()).unwrap_or(nothing)
}

struct TaskChecker<'a> {
    env: &'a Env<'a>,
    tree: &'a tree::Task,
    index: usize,
    kind: Option<ItemKind>,
    checker: Checker<'a>,
    rejects: Vec<Reject>,
}

impl TaskChecker<'_> {
    fn run(&mut self, name: Option<model::TaskName>) -> Option<CheckedTask> {
        self.given_twice();
        let after = self.after();
        let (when, decided_by) = self.when();
        let effect = self.has_effect();
        let body = if self.tree.milestone { Some(Body::Milestone) } else { self.body(effect) };
        let ensure = self.ensures(effect);
        let on_failure = self.find(|kind| match kind {
            ClauseKind::OnFailure(reaction) => Some(reaction),
            _ => None,
        });
        let on_failure = on_failure.and_then(|(reaction, _)| self.reaction(reaction, false));
        let on_timeout = self.find(|kind| match kind {
            ClauseKind::OnTimeout(reaction) => Some(reaction),
            _ => None,
        });
        let on_timeout = on_timeout.and_then(|(reaction, _)| self.reaction(reaction, effect));
        let status = self.find(|kind| match kind {
            ClauseKind::Status(text) => Some(text),
            _ => None,
        });
        let status = status.map(|(text, _)| self.checker.formula(text, &Type::Text));
        let file = self.env.sources.file(self.tree.name.span.file).map_or("", |file| file.name.as_str());
        let definition = name.zip(body).map(|(name, body)| Definition {
            name,
            each: self.kind.clone(),
            file: file.to_owned(),
            line: self.env.sources.line(self.tree.name.span),
            when,
            body,
            ensure,
            on_failure,
            on_timeout,
            status,
            point_of_no_return: self.is_point_of_no_return(),
        });
        let mut edges = after;
        let uses = std::mem::take(&mut self.checker.uses);
        edges.extend(uses.into_iter().map(|(seen, at)| Edge { seen, at }));
        let rejects = std::mem::take(&mut self.rejects);
        Some(CheckedTask { definition, decided_by, after: edges, effect, rejects })
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.checker.report(diagnostic);
    }

    /// The first clause of a kind.
    fn find<T>(&self, read: impl Fn(&'_ ClauseKind) -> Option<&'_ T>) -> Option<(&'_ T, Span)>
    where
        T: ?Sized,
    {
        self.tree.clauses.iter().find_map(|clause| Some((read(&clause.kind)?, clause.span)))
    }

    fn given_twice(&mut self) {
        let mut seen: Vec<(&str, Span)> = Vec::new();
        let when = self.tree.when.iter().map(|when| ("when", when.span));
        let clauses = self.tree.clauses.iter().filter_map(|clause| Some((once(clause)?, clause.span)));
        let diagnostics: Vec<_> = when
            .chain(clauses)
            .filter_map(|(word, span)| {
                let first = seen.iter().find(|(earlier, _)| *earlier == word).copied();
                seen.push((word, span));
                let (_, first) = first?;
                Some(if word == "body" {
                    Diagnostic::new(Code::DuplicateClause, span, "a task does one thing, and this is a second")
                        .label(first, "this is the first")
                        .help("make it a task of its own")
                } else {
                    duplicate_clause(word, span, first)
                })
            })
            .collect();
        diagnostics.into_iter().for_each(|diagnostic| self.report(diagnostic));
    }

    fn after(&mut self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for reference in &self.tree.after {
            let usage = self.env.declarations.usage();
            match self.env.outline.reference(self.tree.block, reference, usage) {
                Ok(seen) => edges.push(Edge { seen, at: reference.task.span }),
                Err(wrong) => wrong.into_iter().for_each(|wrong| self.report(wrong)),
            }
        }
        edges
    }

    /// The condition: for when the task is due, or for when the plan is made.
    fn when(&mut self) -> (Option<Formula>, Option<Formula>) {
        let Some(when) = self.tree.when.first() else { return (None, None) };
        let formula = self.checker.formula(&when.condition, &Type::Bool);
        self.checker.view.facts.learn(&when.condition, true, self.env.sources);
        if reads_tasks(&formula.expr) { (Some(formula), None) } else { (None, Some(formula)) }
    }

    fn has_effect(&self) -> bool {
        let calls = self.env.profiles.get(self.index).map(|profile| &profile.calls);
        calls.into_iter().flatten().flatten().any(|(_, operation)| operation.effect)
    }

    fn is_point_of_no_return(&self) -> bool {
        self.tree.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::PointOfNoReturn))
    }

    // ---- bodies --------------------------------------------------------------------------------------------

    fn body(&mut self, effect: bool) -> Option<Body> {
        for clause in &self.tree.clauses {
            match &clause.kind {
                ClauseKind::Call { first, fallbacks } => return self.call(first, fallbacks, effect),
                ClauseKind::Wait { signal, .. } => return self.wait(signal, clause.span),
                _ => {}
            }
        }
        if !self.tree.broken {
            let title = format!("the task `{}` does nothing", self.tree.name.text);
            self.report(
                Diagnostic::new(Code::MissingBody, self.tree.name.span, title)
                    .help("give it a `call` or a `wait`, or make it a `milestone`"),
            );
        }
        None
    }

    fn call(&mut self, first: &Invocation, fallbacks: &[Invocation], effect: bool) -> Option<Body> {
        let profile = self.env.profiles.get(self.index)?;
        let mut calls = Vec::new();
        for (written, known) in std::iter::once(first).chain(fallbacks).zip(&profile.calls) {
            let Some((system, operation)) = known else {
                // Nothing is known of the operation, and the arguments may be wrong in themselves.
                for (_, value) in &written.arguments {
                    self.checker.infer(value);
                }
                continue;
            };
            if !fits(&operation.result, &profile.raw) {
                let label = format!("{}.{}", written.system.text, written.operation.text);
                let title = format!("`{label}` answers something else than the call it stands in for");
                let mut diagnostic = Diagnostic::new(Code::TypeMismatch, written.span, title);
                if let Some(note) = difference(&operation.result, &profile.raw) {
                    diagnostic = diagnostic.note(note);
                }
                self.report(diagnostic);
            }
            calls.push(self.checker.invoke(written, system, operation));
        }
        let timeout = self.duration(|kind| match kind {
            ClauseKind::Timeout(duration) => Some(duration),
            _ => None,
        });
        let within = self.duration(|kind| match kind {
            ClauseKind::Within(duration) => Some(duration),
            _ => None,
        });
        let retry = self.find(|kind| match kind {
            ClauseKind::Retry(retry) => Some(retry),
            _ => None,
        });
        let retry = retry.map(|(retry, _)| self.env.declarations.retry(retry, self.checker.diagnostics));
        let retry = retry.unwrap_or(Retry::DEFAULT);
        let undo = self.undo(first, effect);
        let timeout = timeout.map_or(CallBody::DEFAULT_TIMEOUT, |(timeout, _)| timeout);
        if let Some((within, at)) = within {
            self.tight(within, at, timeout, retry);
        }
        if calls.len() != profile.calls.len() {
            return None;
        }
        let mut calls = calls.into_iter();
        Some(Body::Call(Box::new(CallBody {
            call: calls.next()?,
            fallbacks: calls.collect(),
            timeout,
            within: within.map(|(within, _)| within),
            retry,
            undo: undo?,
        })))
    }

    fn wait(&mut self, signal: &tree::Name, at: Span) -> Option<Body> {
        for clause in &self.tree.clauses {
            let (word, help) = match &clause.kind {
                ClauseKind::Timeout(_) => ("timeout", "`within` says how long to wait"),
                ClauseKind::Retry(_) => ("retry", "a wait is not attempted, it lasts: see `within`"),
                ClauseKind::Undo(_) => ("undo", "a wait changes nothing out there"),
                ClauseKind::NoUndo(_) => ("no undo", "a wait changes nothing out there"),
                _ => continue,
            };
            let title = format!("`{word}` means nothing for a `wait`");
            self.report(Diagnostic::new(Code::MisplacedClause, clause.span, title).help(help));
        }
        let within = self.duration(|kind| match kind {
            ClauseKind::Within(duration) => Some(duration),
            _ => None,
        });
        let limited = self.tree.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::Within(_)));
        if !limited && !self.tree.broken {
            let title = format!("the wait for `{}` has no limit", signal.text);
            self.report(
                Diagnostic::new(Code::MissingLimit, at, title)
                    .help("say how long it may last: `within 10d`, and `on timeout` what happens then"),
            );
        }
        let name = SignalName::new(&signal.text);
        if let Err(wrong) = &name {
            self.report(Diagnostic::new(Code::InvalidName, signal.span, wrong.to_string()));
        }
        let fields = self.env.profiles.get(self.index)?.raw.clone();
        Some(Body::Wait { signal: name.ok()?, fields, within: within?.0 })
    }

    // ---- clauses -------------------------------------------------------------------------------------------

    fn undo(&mut self, call: &Invocation, effect: bool) -> Option<Undo> {
        let undo = self.find(|kind| match kind {
            ClauseKind::Undo(undo) => Some(undo),
            _ => None,
        });
        let no_undo = self.find(|kind| match kind {
            ClauseKind::NoUndo(why) => Some(why),
            _ => None,
        });
        let known = self.env.profiles.get(self.index)?.calls.iter().all(Option::is_some);
        let nothing = Some(Undo::Nothing { why: String::new() });
        if known && !effect {
            if let Some(at) = undo.map(|(_, at)| at).or(no_undo.map(|(_, at)| at)) {
                let title = "a query changes nothing, so there is nothing to undo";
                self.report(Diagnostic::new(Code::MisplacedClause, at, title).help("leave it out"));
            }
            return nothing;
        }
        if let Some((undo, _)) = undo {
            let found = self.env.declarations.operation(&undo.system, &undo.operation, self.checker.diagnostics);
            let raw = self.env.profiles.get(self.index)?.raw.clone();
            let Some((system, operation)) = found else {
                self.with_result(raw, |checker| {
                    undo.arguments.iter().for_each(|(_, value)| drop(checker.infer(value)));
                });
                return None;
            };
            if !operation.effect {
                let title =
                    format!("`{}.{}` is a query, and takes nothing back", undo.system.text, undo.operation.text);
                self.report(
                    Diagnostic::new(Code::QueryUndo, undo.span, title).label(operation.span, "declared here"),
                );
            }
            return self.with_result(raw, |checker| Some(Undo::Call(checker.invoke(undo, system, operation))));
        }
        if let Some((why, _)) = no_undo {
            return Some(Undo::Nothing { why: why.clone() });
        }
        if known && !self.is_point_of_no_return() && !self.tree.broken {
            let label = format!("{}.{}", call.system.text, call.operation.text);
            let title = format!("`{label}` changes something, and the task does not say how to take it back");
            self.report(
                Diagnostic::new(Code::MissingUndo, call.span, title)
                    .help("add `undo system.operation(…)`, `no undo \"why\"` or `point of no return`"),
            );
        }
        nothing
    }

    fn ensures(&mut self, effect: bool) -> Vec<Ensure> {
        let Some(raw) = self.env.profiles.get(self.index).map(|profile| profile.raw.clone()) else {
            return Vec::new();
        };
        let outer = self.checker.view.facts.clone();
        let mut ensures = Vec::new();
        for clause in &self.tree.clauses {
            let ClauseKind::Ensure { condition, otherwise } = &clause.kind else { continue };
            self.checker.view.result = Some(raw.clone());
            let formula = self.checker.formula(condition, &Type::Bool);
            let before = self.checker.view.facts.clone();
            self.checker.view.facts.learn(condition, false, self.env.sources);
            let reaction = self.reaction(otherwise, effect);
            self.checker.view.facts = before;
            self.checker.view.facts.learn(condition, true, self.env.sources);
            ensures.extend(reaction.map(|otherwise| Ensure { condition: formula, otherwise }));
        }
        self.checker.view.result = None;
        self.checker.view.facts = outer;
        ensures
    }

    fn reaction(&mut self, reaction: &tree::Reaction, after_effect: bool) -> Option<Reaction> {
        if reaction.kind == Some(ReactionKind::Reject) {
            self.rejects.push(Reject { at: reaction.span, after_effect });
        }
        self.checker.reaction(reaction)
    }

    fn with_result<T>(&mut self, result: Type, check: impl FnOnce(&mut Checker<'_>) -> T) -> T {
        self.checker.view.result = Some(result);
        let found = check(&mut self.checker);
        self.checker.view.result = None;
        found
    }

    /// The length of time of a clause, unless it is none at all.
    fn duration(
        &mut self,
        read: impl Fn(&ClauseKind) -> Option<&Option<Duration>>,
    ) -> Option<(Duration, Span)> {
        let (duration, at) = self.find(read)?;
        let duration = (*duration)?;
        if duration == Duration::ZERO {
            self.report(Diagnostic::new(Code::UnusableLimit, at, "nothing can be done in no time at all"));
            return None;
        }
        Some((duration, at))
    }

    /// Warns of a limit that ends attempts which `retry` asks for.
    fn tight(&mut self, within: Duration, at: Span, timeout: Duration, retry: Retry) {
        let mut longest = timeout.saturating_mul(u64::from(retry.attempts));
        let mut pause = retry.every;
        for _ in 1..retry.attempts {
            longest = longest.saturating_add(pause);
            if retry.doubling {
                pause = retry.up_to.map_or(pause.saturating_mul(2), |up_to| up_to.min(pause.saturating_mul(2)));
            }
        }
        if within < longest {
            let title = format!("all attempts together may take {longest}, and are ended after {within}");
            let attempts = format!("{} of up to {timeout} each, and the time between them", retry.attempts);
            self.report(
                Diagnostic::new(Code::TightLimit, at, title)
                    .note(format!("attempts: {attempts}"))
                    .help("allow more time, or fewer or shorter attempts"),
            );
        }
    }
}

/// The word of a clause that can be given once.
const fn once(clause: &Clause) -> Option<&'static str> {
    Some(match &clause.kind {
        ClauseKind::Call { .. } | ClauseKind::Wait { .. } => "body",
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

fn reads_tasks(expr: &Expr) -> bool {
    !expr.tasks().is_empty()
}
