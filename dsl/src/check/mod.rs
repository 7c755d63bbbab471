//! Whether blueprints make sense: types of expressions, clauses that belong together, tasks that wait for each
//! other. What passes becomes a [`Blueprint`]; nothing of a library is used that has an error in it.

mod calls;
mod clauses;
mod expression;
mod facts;
mod functions;
mod graph;
mod names;
mod operators;
mod task;
mod types;

use model::{BlueprintRef, HoldFor, Type};
use plan::{DefinitionIndex, Formula, Reaction, ReactionKind};

use crate::Span;
use crate::blueprint::{Block, Blueprint, BlueprintParts, ItemKindRule, Placement};
use crate::diagnostic::{Code, Diagnostic, SourceMap};
use crate::resolve::{Declarations, Kind, Operation, Outline, Seen, System};
use crate::syntax::tree;
use expression::{Checker, OrderView, TaskView, View};
use facts::{Facts, conjuncts};
use types::refine;

/// Checks every blueprint. Those with an error are missing from what comes out.
pub(crate) fn check(
    declarations: &Declarations<'_>,
    outlines: &[Outline<'_>],
    sources: &SourceMap,
) -> (Vec<Blueprint>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let blueprints = outlines
        .iter()
        .filter_map(|outline| {
            let profiles = profiles(outline, declarations, sources, &mut diagnostics);
            let env = Env { declarations, outline, sources, profiles };
            env.blueprint(&mut diagnostics)
        })
        .collect();
    (blueprints, diagnostics)
}

/// What the expressions of one blueprint are checked against.
struct Env<'a> {
    declarations: &'a Declarations<'a>,
    outline: &'a Outline<'a>,
    sources: &'a SourceMap,
    profiles: Vec<Profile<'a>>,
}

/// What others need to know of a task.
struct Profile<'a> {
    /// The operations it calls, the fallbacks after the first; none where there is no such operation.
    calls: Vec<Option<(&'a System, &'a Operation)>>,
    /// Its result, as it comes in.
    raw: Type,
    /// Its result once all it ensures holds.
    result: Type,
    /// Where it says when it is done.
    when: Option<Span>,
    /// The conditions under which it is done, as written.
    conditions: Vec<String>,
    /// A reaction that skips it.
    skip: Option<Span>,
}

/// Why the result of a task may be missing.
enum Missing {
    /// A condition or a reaction, here, may skip it.
    Skipped(Span),
    /// It is in another block, here, which may leave out the item.
    OtherBlock(Span),
}

impl Env<'_> {
    /// Why a task may not have been done, where it may not.
    fn missing(&self, seen: Seen, facts: &Facts) -> Option<Missing> {
        let profile = self.profiles.get(seen.task)?;
        if seen.other_block {
            let block = self.outline.tree.tasks.get(seen.task)?.block?;
            return Some(Missing::OtherBlock(self.outline.tree.blocks.get(block)?.kind.span));
        }
        if let Some(span) = profile.skip {
            return Some(Missing::Skipped(span));
        }
        let same_condition =
            !seen.many && profile.conditions.iter().all(|condition| facts.conditions.contains(condition));
        profile.when.filter(|_| !same_condition).map(Missing::Skipped)
    }

    /// The result of a task as it is seen from somewhere.
    fn result(&self, seen: Seen, facts: &Facts) -> Type {
        let Some(profile) = self.profiles.get(seen.task) else { return Type::Any };
        let mut of = profile.result.clone();
        if self.missing(seen, facts).is_some() {
            of = of.optional();
        }
        if seen.many { Type::List(Box::new(of)) } else { of }
    }

    fn blueprint(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Blueprint> {
        let tree = self.outline.tree;
        let before = diagnostics.len();
        self.members(diagnostics);
        let on_failure = self.default_reaction(diagnostics);
        let accepts = tree.accepts.first().map(|accepts| {
            let view = View::of_order(OrderView::Request);
            Checker::new(self, view, diagnostics).formula(&accepts.condition, &Type::Bool)
        });
        let kinds = self.kinds(diagnostics);
        let (blocks, facts) = self.blocks(diagnostics);
        let checked: Vec<_> =
            (0..tree.tasks.len()).map(|task| task::check(self, task, &facts, diagnostics)).collect();
        graph::check(self, &checked, diagnostics);
        let sound = diagnostics.iter().skip(before).all(|d| d.severity != crate::Severity::Error);
        if !sound {
            return None;
        }
        let (mut definitions, mut placements) = (Vec::new(), Vec::new());
        for (task, outline) in checked.into_iter().zip(&tree.tasks) {
            definitions.push(task.definition?);
            placements.push(Placement {
                block: outline.block,
                when: task.decided_by,
                after: task.after.iter().map(|edge| DefinitionIndex(edge.seen.task)).collect(),
            });
        }
        Some(Blueprint::new(BlueprintParts {
            reference: BlueprintRef { name: self.outline.name.clone()?, version: tree.version? },
            docs: tree.docs.clone(),
            accepts,
            order: self.outline.order.clone(),
            kinds: kinds?,
            blocks: blocks?,
            on_failure,
            definitions,
            placements,
        }))
    }

    fn members(&self, diagnostics: &mut Vec<Diagnostic>) {
        let tree = self.outline.tree;
        let spans = |what: &str, spans: Vec<Span>, diagnostics: &mut Vec<Diagnostic>| {
            if let [first, others @ ..] = spans.as_slice() {
                diagnostics.extend(others.iter().map(|again| duplicate_clause(what, *again, *first)));
            }
        };
        spans("accepts", tree.accepts.iter().map(|a| a.span).collect(), diagnostics);
        spans("order", tree.order.iter().map(|o| o.span).collect(), diagnostics);
        spans("on failure", tree.on_failure.iter().map(|r| r.span).collect(), diagnostics);
        let lost_something = self.declarations.usage().lost_anything();
        if tree.items.is_empty() && !lost_something {
            let title = format!("the blueprint `{}` takes no items", tree.name.text);
            diagnostics.push(
                Diagnostic::new(Code::MissingItems, tree.name.span, title)
                    .help("declare what may be ordered: `item KIND where item.offering == \"…\" { }`"),
            );
        }
        if tree.tasks.is_empty() && !lost_something {
            let title = format!("the blueprint `{}` has no tasks", tree.name.text);
            diagnostics.push(Diagnostic::new(Code::MissingTasks, tree.name.span, title));
        }
    }

    /// What happens when a task that does not say fails for good: a person looks at it.
    fn default_reaction(&self, diagnostics: &mut Vec<Diagnostic>) -> Reaction {
        let hold = Reaction { kind: ReactionKind::Hold(HoldFor::Operations), reason: None };
        let Some(declared) = self.outline.tree.on_failure.first() else { return hold };
        if declared.reaction.kind == Some(ReactionKind::Reject) {
            let title = "a blueprint as a whole can't react with `reject`";
            diagnostics.push(
                Diagnostic::new(Code::LateReject, declared.reaction.span, title)
                    .help("say it in the tasks that look at the order before anything is done"),
            );
            return hold;
        }
        let view = View::of_order(OrderView::Full);
        Checker::new(self, view, diagnostics).reaction(&declared.reaction).unwrap_or(hold)
    }

    fn kinds(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<ItemKindRule>> {
        let mut view = View::of_order(OrderView::Standard);
        view.item = Some(Type::Record(model::Item::standard_type()));
        let mut rules = Some(Vec::new());
        for (item, kind) in self
            .outline
            .tree
            .items
            .iter()
            .filter_map(|item| Some((item, self.outline.kinds.get(self.outline.kind(&item.name.text)?)?)))
        {
            let condition =
                Checker::new(self, view.clone(), diagnostics).formula(&item.condition, &Type::Bool);
            rules = rules.zip(kind.name.clone()).map(|(mut rules, name)| {
                rules.push(ItemKindRule { name, condition, fields: kind.fields.clone() });
                rules
            });
        }
        rules
    }

    /// The blocks, and what is known inside each.
    fn blocks(&self, diagnostics: &mut Vec<Diagnostic>) -> (Option<Vec<Block>>, Vec<Facts>) {
        let mut blocks = Some(Vec::new());
        let mut known = Vec::new();
        for (block, kind) in self.outline.tree.blocks.iter().zip(&self.outline.block_kinds) {
            let kind = kind.and_then(|kind| self.outline.kinds.get(kind));
            let mut view = View::of_order(OrderView::Full);
            view.item = kind.map(Kind::item_type);
            // Nothing is known of the items of a kind that does not exist.
            let condition = block.condition.as_ref().filter(|_| kind.is_some());
            let condition = condition.map(|condition| {
                Checker::new(self, view.clone(), diagnostics).formula(condition, &Type::Bool)
            });
            let mut facts = Facts::default();
            if let Some(condition) = &block.condition {
                facts.learn(condition, true, self.sources);
            }
            known.push(facts);
            let name = kind.and_then(|kind| kind.name.clone());
            blocks = blocks.zip(name).map(|(mut blocks, kind)| {
                blocks.push(Block { kind, condition });
                blocks
            });
        }
        (blocks, known)
    }
}

impl View {
    fn of_order(order: OrderView) -> Self {
        Self { order, item: None, result: None, tasks: TaskView::None, facts: Facts::default() }
    }
}

fn profiles<'a>(
    outline: &Outline<'a>,
    declarations: &'a Declarations<'a>,
    sources: &SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Profile<'a>> {
    let default_skips = outline.tree.on_failure.first().filter(|r| skips(&r.reaction)).map(|r| r.span);
    outline
        .tree
        .tasks
        .iter()
        .map(|task| {
            let mut profile = Profile {
                calls: Vec::new(),
                raw: Type::Any,
                result: Type::Any,
                when: task.when.first().map(|when| when.span),
                conditions: Vec::new(),
                skip: None,
            };
            if let Some(when) = task.when.first() {
                profile.conditions = conjuncts(&when.condition, sources);
            }
            if task.milestone {
                profile.raw = Type::Record(Vec::new());
            }
            let mut own_reaction = task.milestone;
            // Of several bodies, the first counts.
            let mut has_body = false;
            for clause in &task.clauses {
                match &clause.kind {
                    tree::ClauseKind::Call { first, fallbacks } if !has_body => {
                        has_body = true;
                        profile.calls = std::iter::once(first)
                            .chain(fallbacks)
                            .map(|call| declarations.operation(&call.system, &call.operation, diagnostics))
                            .collect();
                        if let Some(Some((_, operation))) = profile.calls.first() {
                            profile.raw = operation.result.clone();
                        }
                    }
                    tree::ClauseKind::Wait { fields, .. } if !has_body => {
                        has_body = true;
                        let (types, usage) = (&declarations.types, declarations.usage());
                        profile.raw = Type::Record(types.fields(fields, usage, diagnostics));
                    }
                    tree::ClauseKind::Ensure { otherwise, .. } | tree::ClauseKind::OnTimeout(otherwise)
                        if skips(otherwise) =>
                    {
                        profile.skip = profile.skip.or(Some(otherwise.span));
                    }
                    tree::ClauseKind::OnFailure(reaction) => {
                        own_reaction = true;
                        if skips(reaction) {
                            profile.skip = profile.skip.or(Some(reaction.span));
                        }
                    }
                    _ => {}
                }
            }
            if !own_reaction {
                profile.skip = profile.skip.or(default_skips);
            }
            profile.result = ensured(profile.raw.clone(), task, sources);
            profile
        })
        .collect()
}

/// A result once everything holds that its task ensures.
fn ensured(raw: Type, task: &tree::Task, sources: &SourceMap) -> Type {
    let mut facts = Facts::default();
    for clause in &task.clauses {
        if let tree::ClauseKind::Ensure { condition, .. } = &clause.kind {
            facts.learn(condition, true, sources);
        }
    }
    facts.present.iter().fold(raw, |of, path| match path.split_first() {
        Some((root, fields)) if root == "result" && !fields.is_empty() => refine(of, fields),
        _ => of,
    })
}

fn skips(reaction: &tree::Reaction) -> bool {
    reaction.kind == Some(ReactionKind::Skip)
}

fn duplicate_clause(what: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateClause, again, format!("`{what}` is said twice"))
        .label(first, "said first here")
}

/// A formula for what the author left out.
fn implied(value: model::Value) -> Formula {
    let text = value.to_string();
    Formula { expr: plan::Expr::Value(value), text, line: 0 }
}
