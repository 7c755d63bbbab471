//! A task: the clauses that go with any body. Bodies are in `body`.

use model::{Duration, ItemKind, TaskName, Type};
use plan::{Body, Definition, Ensure, Formula, Reaction, ReactionKind, Retry, Undo};

use super::Env;
use super::clauses::{At, Clauses, said_twice};
use super::expression::{Checker, OrderView, TaskView, View};
use super::facts::Facts;
use super::profile::Profile;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::{Kind, Seen};
use crate::syntax::tree::{self, ClauseKind, Invocation};

/// What an isolated item does when nothing else is said.
const ROLLBACK: Reaction = Reaction { kind: ReactionKind::Rollback, reason: None };

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
    /// Whether the order can't go back once it has begun.
    pub(super) point_of_no_return: bool,
    /// Where it rejects the order.
    pub(super) rejects: Vec<Reject>,
    /// Where it says that the order is rolled back.
    pub(super) rollbacks: Vec<Span>,
}

impl CheckedTask {
    /// Its condition, whenever it is decided.
    pub(super) fn when(&self) -> Option<&Formula> {
        self.decided_by.as_ref().or_else(|| self.definition.as_ref()?.when.as_ref())
    }
}

/// A task that another one waits for, and where that is said.
pub(super) struct Edge {
    pub(super) seen: Seen,
    pub(super) at: Span,
    /// What is named there is another task of the same isolated item.
    pub(super) as_whole: bool,
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
        point_of_no_return: false,
        rejects: Vec::new(),
        rollbacks: Vec::new(),
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
        before: None,
        tasks: TaskView::From(tree.block),
        facts: tree.block.and_then(|block| blocks.get(block)).cloned().unwrap_or_default(),
    };
    env.declarations.notes.note(tree.name.span, &profile.result);
    let checker = Checker::new(env, view, diagnostics);
    said_twice(tree, checker.diagnostics);
    let mut task = TaskChecker {
        env,
        tree,
        profile,
        clauses: Clauses::of(tree),
        effect: profile.effect,
        checker,
        rejects: Vec::new(),
        rollbacks: Vec::new(),
    };
    task.run(outline.name.clone(), kind.and_then(|kind| kind.name.clone()))
}

/// Checks one task. What is about its body is in `body`.
pub(super) struct TaskChecker<'a> {
    pub(super) env: &'a Env<'a>,
    pub(super) tree: &'a tree::Task,
    pub(super) profile: &'a Profile<'a>,
    pub(super) clauses: Clauses<'a>,
    pub(super) effect: bool,
    pub(super) checker: Checker<'a>,
    rejects: Vec<Reject>,
    rollbacks: Vec<Span>,
}

impl TaskChecker<'_> {
    fn run(&mut self, name: Option<TaskName>, each: Option<ItemKind>) -> CheckedTask {
        let mut after = self.after();
        let (when, decided_by) = self.when();
        let body = if self.tree.milestone { Some(Body::Milestone) } else { self.body() };
        let ensure = self.ensures();
        let on_failure = self.clauses.on_failure.and_then(|clause| self.reaction(clause.value, false));
        let on_timeout = self.clauses.on_timeout.and_then(|clause| self.reaction(clause.value, self.effect));
        let isolate = self.profile.isolated.is_some();
        // In an `each` that isolates its items, a failure that nothing else is said of ends the item.
        let on_failure = on_failure.or_else(|| (isolate && !self.tree.milestone).then_some(ROLLBACK));
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
            isolate,
        });
        let uses = std::mem::take(&mut self.checker.uses);
        after.extend(uses.into_iter().map(|(seen, at)| Edge { seen, at, as_whole: false }));
        CheckedTask {
            definition,
            decided_by,
            after,
            effect: self.effect,
            point_of_no_return: self.profile.point_of_no_return,
            rejects: std::mem::take(&mut self.rejects),
            rollbacks: std::mem::take(&mut self.rollbacks),
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.checker.report(diagnostic);
    }

    fn after(&mut self) -> Vec<Edge> {
        let (outline, usage) = (self.env.outline, self.env.declarations.usage());
        let mut edges = Vec::new();
        for reference in &self.tree.after {
            let seen = outline.reference(self.tree.block, reference, usage, self.checker.diagnostics);
            edges.extend(seen.map(|seen| Edge { seen, at: reference.task.span, as_whole: false }));
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

    // ---- clauses -------------------------------------------------------------------------------------------

    pub(super) fn undo(&mut self, call: &Invocation) -> Option<Undo> {
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
            // Of several, the first that does.
            let fallbacks: &[Invocation] = match self.clauses.body.map(|body| body.value) {
                Some(ClauseKind::Call { fallbacks, .. }) => fallbacks,
                _ => &[],
            };
            let mut calls = std::iter::once(call).chain(fallbacks).zip(&self.profile.calls);
            let effect = calls.find(|(_, called)| called.is_some_and(|(_, operation)| operation.effect));
            let call = effect.map_or(call, |(call, _)| call);
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
                self.checker.infer_arguments(&undo.arguments);
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
        if reaction.kind == Some(ReactionKind::Reject) && self.env.outline.signature.is_some() {
            let title = "a blueprint that is run by others can't reject the order: it has begun by then";
            self.report(
                Diagnostic::new(Code::LateReject, reaction.span, title)
                    .help("use `fail` or `rollback`: the task that runs it says what follows"),
            );
        } else if reaction.kind == Some(ReactionKind::Reject) {
            self.rejects.push(Reject { at: reaction.span, after_effect });
        }
        if reaction.kind == Some(ReactionKind::Rollback) {
            self.rollbacks.push(reaction.span);
        }
        self.checker.reaction(reaction)
    }

    /// The length of time of a clause, unless it is none at all.
    pub(super) fn duration(&mut self, clause: Option<At<Option<Duration>>>) -> Option<Duration> {
        let At { value, at } = clause?;
        if value == Some(Duration::ZERO) {
            self.report(Diagnostic::new(Code::UnusableLimit, at, "nothing can be done in no time at all"));
            return None;
        }
        value
    }

    /// Warns of a limit that ends attempts which `retry` asks for.
    pub(super) fn tight(&mut self, within: Duration, at: Span, timeout: Duration, retry: Retry) {
        let longest = retry.longest(timeout);
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
