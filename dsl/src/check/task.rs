//! A task: its body, and the clauses that go with it.

use model::{Duration, ItemKind, SignalName, TaskName, Type};
use plan::{Body, CallBody, Definition, Ensure, Formula, Reaction, ReactionKind, Retry, Undo};

use super::clauses::{At, Clauses, said_twice};
use super::expression::{Checker, OrderView, TaskView, View};
use super::facts::Facts;
use super::types::{difference, fits};
use super::{Env, Profile};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::{Kind, Seen};
use crate::syntax::tree::{self, Invocation};

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
    let (Some(tree), Some(outline), Some(profile)) =
        (env.outline.tree.tasks.get(index), env.outline.tasks.get(index), env.profiles.get(index))
    else {
        return nothing;
    };
    let kind = outline.kind.and_then(|kind| env.outline.kinds.get(kind));
    if tree.block.is_some() && kind.is_none() {
        // Nothing is known of the items of a kind that does not exist.
        return nothing;
    }
    let view = View {
        order: OrderView::Full,
        item: kind.map(Kind::item_type),
        result: None,
        tasks: TaskView::From(tree.block),
        facts: tree.block.and_then(|block| blocks.get(block)).cloned().unwrap_or_default(),
    };
    let checker = Checker::new(env, view, diagnostics);
    said_twice(tree, checker.diagnostics);
    let mut task = TaskChecker {
        env,
        tree,
        profile,
        clauses: Clauses::of(tree),
        effect: profile.calls.iter().flatten().any(|(_, operation)| operation.effect),
        checker,
        rejects: Vec::new(),
    };
    task.run(outline.name.clone(), kind.and_then(|kind| kind.name.clone()))
}

struct TaskChecker<'a> {
    env: &'a Env<'a>,
    tree: &'a tree::Task,
    profile: &'a Profile<'a>,
    clauses: Clauses<'a>,
    effect: bool,
    checker: Checker<'a>,
    rejects: Vec<Reject>,
}

impl TaskChecker<'_> {
    fn run(&mut self, name: Option<TaskName>, each: Option<ItemKind>) -> CheckedTask {
        let mut after = self.after();
        let (when, decided_by) = self.when();
        let body = if self.tree.milestone { Some(Body::Milestone) } else { self.body() };
        let ensure = self.ensures();
        let on_failure = self.clauses.on_failure.and_then(|reaction| self.reaction(reaction, false));
        let on_timeout = self.clauses.on_timeout.and_then(|reaction| self.reaction(reaction, self.effect));
        let status = self.clauses.status.map(|text| self.checker.formula(text, &Type::Text));
        let sources = self.env.sources;
        let file = sources.file(self.tree.name.span.file).map_or("", |file| file.name.as_str());
        let definition = name.zip(body).map(|(name, body)| Definition {
            name,
            each,
            file: file.to_owned(),
            line: sources.line(self.tree.name.span),
            when,
            body,
            ensure,
            on_failure,
            on_timeout,
            status,
            point_of_no_return: self.clauses.point_of_no_return,
        });
        let uses = std::mem::take(&mut self.checker.uses);
        after.extend(uses.into_iter().map(|(seen, at)| Edge { seen, at }));
        let rejects = std::mem::take(&mut self.rejects);
        CheckedTask { definition, decided_by, after, effect: self.effect, rejects }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.checker.report(diagnostic);
    }

    fn after(&mut self) -> Vec<Edge> {
        let (outline, usage) = (self.env.outline, self.env.declarations.usage());
        let mut edges = Vec::new();
        for reference in &self.tree.after {
            let seen = outline.reference(self.tree.block, reference, usage, self.checker.diagnostics);
            edges.extend(seen.map(|seen| Edge { seen, at: reference.task.span }));
        }
        edges
    }

    /// The condition: for when the task is due, or for when the plan is made.
    fn when(&mut self) -> (Option<Formula>, Option<Formula>) {
        let Some(when) = self.tree.when.first() else { return (None, None) };
        let formula = self.checker.formula(&when.condition, &Type::Bool);
        self.checker.view.facts.learn(&when.condition, true, self.env.sources);
        let reads_tasks = !formula.expr.tasks().is_empty();
        if reads_tasks { (Some(formula), None) } else { (None, Some(formula)) }
    }

    // ---- bodies --------------------------------------------------------------------------------------------

    fn body(&mut self) -> Option<Body> {
        if let Some((first, fallbacks)) = self.clauses.call {
            return self.call(first, fallbacks);
        }
        if let Some(wait) = self.clauses.wait {
            return self.wait(wait.value.0, wait.at);
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

    fn call(&mut self, first: &Invocation, fallbacks: &[Invocation]) -> Option<Body> {
        let mut calls = Vec::new();
        for (written, known) in std::iter::once(first).chain(fallbacks).zip(&self.profile.calls) {
            let Some((system, operation)) = known else {
                self.checker.infer_arguments(written);
                continue;
            };
            if !fits(&operation.result, &self.profile.raw) {
                let title =
                    format!("`{}` answers something else than what it stands in for", written.label());
                let mut diagnostic = Diagnostic::new(Code::TypeMismatch, written.span, title);
                if let Some(note) = difference(&operation.result, &self.profile.raw) {
                    diagnostic = diagnostic.note(note);
                }
                self.report(diagnostic);
            }
            calls.push(self.checker.invoke(written, system, operation));
        }
        let timeout = self.duration(self.clauses.timeout).unwrap_or(CallBody::DEFAULT_TIMEOUT);
        let within = self.duration(self.clauses.within);
        let retry = self.clauses.retry.map_or(Retry::DEFAULT, |retry| {
            self.env.declarations.retry(retry.value, self.checker.diagnostics)
        });
        if let Some((within, clause)) = within.zip(self.clauses.within) {
            self.tight(within, clause.at, timeout, retry);
        }
        let undo = self.undo(first);
        if calls.len() != self.profile.calls.len() {
            return None;
        }
        let mut calls = calls.into_iter();
        Some(Body::Call(Box::new(CallBody {
            call: calls.next()?,
            fallbacks: calls.collect(),
            timeout,
            within,
            retry,
            undo: undo?,
        })))
    }

    fn wait(&mut self, signal: &tree::Name, at: Span) -> Option<Body> {
        let clauses = &self.clauses;
        let misplaced = [
            (clauses.timeout.map(|c| c.at), "timeout", "`within` says how long to wait"),
            (clauses.retry.map(|c| c.at), "retry", "a wait is not attempted, it lasts: see `within`"),
            (clauses.undo.map(|c| c.at), "undo", "a wait changes nothing out there"),
            (clauses.no_undo.map(|c| c.at), "no undo", "a wait changes nothing out there"),
        ];
        for (at, word, help) in misplaced {
            let Some(at) = at else { continue };
            let title = format!("`{word}` means nothing for a `wait`");
            self.report(Diagnostic::new(Code::MisplacedClause, at, title).help(help));
        }
        if self.clauses.within.is_none() && !self.tree.broken {
            let title = format!("the wait for `{}` has no limit", signal.text);
            self.report(
                Diagnostic::new(Code::MissingLimit, at, title)
                    .help("say how long it may last: `within 10d`, and `on timeout` what happens then"),
            );
        }
        let within = self.duration(self.clauses.within);
        let name = SignalName::new(&signal.text);
        if let Err(wrong) = &name {
            self.report(Diagnostic::new(Code::InvalidName, signal.span, wrong.to_string()));
        }
        Some(Body::Wait { signal: name.ok()?, fields: self.profile.raw.clone(), within: within? })
    }

    // ---- clauses -------------------------------------------------------------------------------------------

    fn undo(&mut self, call: &Invocation) -> Option<Undo> {
        let nothing = Some(Undo::Nothing { why: String::new() });
        let known = self.profile.calls.iter().all(Option::is_some);
        if known && !self.effect {
            let superfluous = self.clauses.undo.map(|c| c.at).or(self.clauses.no_undo.map(|c| c.at));
            if let Some(at) = superfluous {
                let title = "a query changes nothing, so there is nothing to undo";
                self.report(Diagnostic::new(Code::MisplacedClause, at, title).help("leave it out"));
            }
            return nothing;
        }
        if let Some(undo) = self.clauses.undo {
            return self.undo_call(undo.value);
        }
        if let Some(no_undo) = self.clauses.no_undo {
            return Some(Undo::Nothing { why: no_undo.value.to_owned() });
        }
        if known && !self.clauses.point_of_no_return && !self.tree.broken {
            let title = format!(
                "`{}` changes something, and the task does not say how to take it back",
                call.label()
            );
            self.report(
                Diagnostic::new(Code::MissingUndo, call.span, title)
                    .help("add `undo system.operation(…)`, `no undo \"why\"` or `point of no return`"),
            );
        }
        nothing
    }

    fn undo_call(&mut self, undo: &Invocation) -> Option<Undo> {
        let found = self.env.declarations.operation(&undo.system, &undo.operation, self.checker.diagnostics);
        self.checker.view.result = Some(self.profile.raw.clone());
        let call = match found {
            Some((system, operation)) => {
                if !operation.effect {
                    let title = format!("`{}` is a query, and takes nothing back", undo.label());
                    self.report(
                        Diagnostic::new(Code::QueryUndo, undo.span, title)
                            .label(operation.span, "declared here"),
                    );
                }
                Some(self.checker.invoke(undo, system, operation))
            }
            None => {
                self.checker.infer_arguments(undo);
                None
            }
        };
        self.checker.view.result = None;
        call.map(Undo::Call)
    }

    fn ensures(&mut self) -> Vec<Ensure> {
        let outer = self.checker.view.facts.clone();
        self.checker.view.result = Some(self.profile.raw.clone());
        let mut ensures = Vec::new();
        for (condition, otherwise) in std::mem::take(&mut self.clauses.ensure) {
            let (expr, (holds, fails)) = self.checker.condition(condition);
            let condition = self.checker.formula_of(expr, condition);
            self.checker.view.facts = fails;
            let reaction = self.reaction(otherwise, self.effect);
            self.checker.view.facts = holds;
            ensures.extend(reaction.map(|otherwise| Ensure { condition, otherwise }));
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

    /// The length of time of a clause, unless it is none at all.
    fn duration(&mut self, clause: Option<At<Option<Duration>>>) -> Option<Duration> {
        let At { value, at } = clause?;
        if value == Some(Duration::ZERO) {
            self.report(Diagnostic::new(Code::UnusableLimit, at, "nothing can be done in no time at all"));
            return None;
        }
        value
    }

    /// Warns of a limit that ends attempts which `retry` asks for.
    fn tight(&mut self, within: Duration, at: Span, timeout: Duration, retry: Retry) {
        let mut longest = timeout.saturating_mul(u64::from(retry.attempts));
        let mut pause = retry.every;
        for _ in 1..retry.attempts {
            longest = longest.saturating_add(pause);
            if retry.doubling {
                pause =
                    retry.up_to.map_or(pause.saturating_mul(2), |up_to| up_to.min(pause.saturating_mul(2)));
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
