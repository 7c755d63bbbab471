//! What others need to know of a task before it is checked itself: what it calls, what it brings back, when it may be
//! left out.

use std::collections::BTreeSet;

use model::Type;
use plan::ReactionKind;

use super::clauses::is_body;
use super::expression::{Checker, OrderView, TaskView, View};
use super::facts::{Facts, conjuncts};
use super::runs::Subs;
use super::types::refine;
use super::{Env, block_facts};
use crate::Span;
use crate::diagnostic::{Diagnostic, SourceMap};
use crate::resolve::{Declarations, Kind, Operation, Outline, System};
use crate::syntax::tree::{self, ClauseKind, ExprKind, TextPart};

/// What others need to know of a task.
pub(super) struct Profile<'a> {
    /// The operations it calls, the fallbacks after the first; none where there is no such operation.
    pub(super) calls: Vec<Option<(&'a System, &'a Operation)>>,
    /// Whether it changes anything out there, itself or through a blueprint that it runs.
    pub(super) effect: bool,
    /// Whether it is a point of no return, or runs a blueprint that has one.
    pub(super) point_of_no_return: bool,
    /// Its result, as it comes in.
    pub(super) raw: Type,
    /// Its result once all it ensures holds.
    pub(super) result: Type,
    /// Where it says when it is done.
    pub(super) when: Option<Span>,
    /// The conditions under which it is done, as written.
    pub(super) conditions: Vec<String>,
    /// A reaction that skips it.
    pub(super) skip: Option<Span>,
    /// Where its `each` says that a failing item is rolled back alone.
    pub(super) isolated: Option<Span>,
}

/// The profiles of a blueprint's tasks. The type of what a `let` computes is not known yet, see [`infer_values`].
pub(super) fn collect<'a>(
    outline: &Outline<'a>,
    subs: &Subs<'a>,
    declarations: &'a Declarations<'a>,
    sources: &SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Profile<'a>> {
    let default_skips = outline.tree.on_failure.first().filter(|r| skips(&r.reaction)).map(|r| r.span);
    let tasks = outline.tree.tasks.iter();
    tasks
        .map(|task| {
            let block = task.block.and_then(|block| outline.tree.blocks.get(block));
            let mut profile = Profile {
                calls: Vec::new(),
                effect: false,
                point_of_no_return: false,
                raw: Type::Any,
                result: Type::Any,
                when: task.when.first().map(|when| when.span),
                conditions: Vec::new(),
                skip: None,
                isolated: block.and_then(|block| block.isolate),
            };
            if let Some(when) = task.when.first() {
                profile.conditions = conjuncts(&when.condition, sources);
            }
            if task.milestone {
                profile.raw = Type::Record(Vec::new());
            }
            profile.read(task, subs, declarations, diagnostics);
            let own_reaction = task.milestone
                || profile.isolated.is_some()
                || task.clauses.iter().any(|clause| matches!(clause.kind, ClauseKind::OnFailure(_)));
            if !own_reaction {
                profile.skip = profile.skip.or(default_skips);
            }
            profile.result = ensured(profile.raw.clone(), task, sources);
            profile
        })
        .collect()
}

impl<'a> Profile<'a> {
    fn read(
        &mut self,
        task: &'a tree::Task,
        subs: &Subs<'a>,
        declarations: &'a Declarations<'a>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        // Of several bodies, the first counts.
        let mut has_body = false;
        for clause in &task.clauses {
            match &clause.kind {
                ClauseKind::Ensure { otherwise: reaction, .. }
                | ClauseKind::OnTimeout(reaction)
                | ClauseKind::OnFailure(reaction)
                    if skips(reaction) =>
                {
                    self.skip = self.skip.or(Some(reaction.span));
                }
                ClauseKind::PointOfNoReturn => self.point_of_no_return = true,
                _ => {}
            }
            if is_body(&clause.kind) && !std::mem::replace(&mut has_body, true) {
                self.body(&clause.kind, subs, declarations, diagnostics);
            }
        }
    }

    fn body(
        &mut self,
        body: &'a ClauseKind,
        subs: &Subs<'a>,
        declarations: &'a Declarations<'a>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let (types, usage) = (&declarations.types, declarations.usage());
        match body {
            ClauseKind::Call { first, fallbacks } => {
                self.calls = std::iter::once(first)
                    .chain(fallbacks)
                    .map(|call| declarations.operation(&call.system, &call.operation, diagnostics))
                    .collect();
                self.effect = self.calls.iter().flatten().any(|(_, operation)| operation.effect);
            }
            ClauseKind::Poll { query, .. } => {
                self.calls = vec![declarations.operation(&query.system, &query.operation, diagnostics)];
            }
            ClauseKind::Wait { fields, .. } | ClauseKind::Manual { fields, .. } => {
                self.raw = Type::Record(types.fields(fields, usage, diagnostics));
            }
            ClauseKind::Sleep(_) => self.raw = Type::Record(Vec::new()),
            ClauseKind::Run { blueprint, .. } => {
                if let Some(sub) = subs.get(&blueprint.text) {
                    self.raw = sub.signature.result.clone();
                    self.effect = sub.effect;
                    self.point_of_no_return |= sub.point_of_no_return;
                }
            }
            _ => {}
        }
        if let Some(Some((_, operation))) = self.calls.first() {
            self.raw = operation.result.clone();
        }
    }
}

/// A result once everything holds that its task waits for and ensures.
fn ensured(raw: Type, task: &tree::Task, sources: &SourceMap) -> Type {
    let mut facts = Facts::default();
    for clause in &task.clauses {
        if let ClauseKind::Ensure { condition, .. } | ClauseKind::Poll { until: condition, .. } = &clause.kind
        {
            facts.learn(condition, true, sources);
        }
    }
    facts.present.iter().fold(raw, |of, path| match path.split_first() {
        Some((root, fields)) if root == "result" => refine(of, fields),
        _ => of,
    })
}

fn skips(reaction: &tree::Reaction) -> bool {
    reaction.kind == Some(ReactionKind::Skip)
}

/// Finds the types of what every `let` computes, each after those that it reads. Those that read each other in a circle
/// stay unknown: the circle is reported elsewhere.
pub(super) fn infer_values(env: &mut Env<'_>) {
    let tasks = &env.outline.tree.tasks;
    let values: Vec<Option<&tree::Expr>> = tasks.iter().map(value).collect();
    if values.iter().all(Option::is_none) {
        return;
    }
    let reads: Vec<BTreeSet<usize>> = tasks
        .iter()
        .zip(&values)
        .map(|(task, value)| {
            let mut reads = BTreeSet::new();
            if let Some(value) = value {
                tasks_read(env.outline, task.block, value, &mut reads);
                reads.retain(|task| values.get(*task).is_some_and(Option::is_some));
            }
            reads
        })
        .collect();
    let facts = block_facts(env.outline, env.sources);
    let mut missing: Vec<usize> = reads.iter().map(BTreeSet::len).collect();
    let mut readers = vec![Vec::new(); tasks.len()];
    for (reader, reads) in reads.iter().enumerate() {
        for read in reads {
            readers.get_mut(*read).into_iter().for_each(|readers: &mut Vec<usize>| readers.push(reader));
        }
    }
    let mut ready: Vec<usize> = (0..tasks.len()).filter(|task| missing.get(*task) == Some(&0)).collect();
    while let Some(task) = ready.pop() {
        for reader in readers.get(task).into_iter().flatten() {
            if let Some(missing) = missing.get_mut(*reader) {
                *missing = missing.saturating_sub(1);
                if *missing == 0 {
                    ready.push(*reader);
                }
            }
        }
        let (Some(tree), Some(Some(value))) = (tasks.get(task), values.get(task)) else { continue };
        let of = type_of(env, task, tree, value, &facts);
        if let Some(profile) = env.profiles.get_mut(task) {
            profile.result = ensured(of.clone(), tree, env.sources);
            profile.raw = of;
        }
    }
}

fn value(task: &tree::Task) -> Option<&tree::Expr> {
    let mut bodies = task.clauses.iter();
    bodies.find_map(|clause| if let ClauseKind::Let(value) = &clause.kind { Some(value) } else { None })
}

/// The type of what a task computes. What is wrong with it is reported when the task is checked.
fn type_of(env: &Env<'_>, index: usize, task: &tree::Task, value: &tree::Expr, blocks: &[Facts]) -> Type {
    let kind = env.outline.tasks.get(index).and_then(|task| env.outline.kinds.get(task.kind?));
    if task.block.is_some() && kind.is_none() {
        return Type::Any;
    }
    let mut facts = task.block.and_then(|block| blocks.get(block)).cloned().unwrap_or_default();
    if let Some(when) = task.when.first() {
        facts.learn(&when.condition, true, env.sources);
    }
    let view = View {
        order: OrderView::Full,
        item: kind.map(Kind::item_type),
        result: None,
        before: None,
        tasks: TaskView::From(task.block),
        facts,
    };
    let mut unheard = Vec::new();
    Checker::new(env, view, &mut unheard).infer(value).of
}

/// The tasks whose names stand in an expression.
fn tasks_read(outline: &Outline<'_>, block: Option<usize>, expr: &tree::Expr, found: &mut BTreeSet<usize>) {
    let mut read = |expr: &tree::Expr| tasks_read(outline, block, expr, found);
    match &expr.kind {
        ExprKind::Name(name) => found.extend(outline.bare(block, name).map(|seen| seen.task)),
        ExprKind::Field { of, name, .. } => {
            read(of);
            if let ExprKind::Name(kind) = &of.kind
                && let Some(kind) = outline.kind(kind)
            {
                found.extend(outline.dotted(block, kind, &name.text).map(|seen| seen.task));
            }
        }
        ExprKind::Unreadable
        | ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::Duration(_) => {}
        ExprKind::Text(parts) => parts.iter().for_each(|part| {
            if let TextPart::Value(value) = part {
                read(value);
            }
        }),
        ExprKind::List(elements) | ExprKind::Call { arguments: elements, .. } => {
            elements.iter().for_each(read)
        }
        ExprKind::Record(fields) => fields.iter().for_each(|(_, value)| read(value)),
        ExprKind::Foreign(of) | ExprKind::Not(of) | ExprKind::Negate(of) => read(of),
        ExprKind::Binary { left, right, .. } => {
            read(left);
            read(right);
        }
        ExprKind::If { condition, then, otherwise } => {
            read(condition);
            read(then);
            read(otherwise);
        }
        ExprKind::Comprehension { each, of, keep, .. } => {
            read(of);
            keep.iter().for_each(|keep| read(keep));
            read(each);
        }
    }
}
