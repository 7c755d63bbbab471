//! Whether blueprints make sense: types of expressions, clauses that belong together, tasks that wait for each
//! other. What passes becomes a [`Blueprint`]; nothing of a library is used that has an error in it.

mod body;
mod calls;
mod clauses;
mod expression;
mod facts;
mod functions;
mod graph;
mod members;
mod names;
mod never;
mod operators;
mod profile;
mod region;
mod runs;
mod task;
mod types;
mod whole;

use std::collections::BTreeMap;

use model::{BlueprintRef, Type};
use plan::{DefinitionIndex, Formula, SubBlueprint};

use crate::Span;
use crate::blueprint::{Block, Blueprint, BlueprintParts, ItemKindRule, Placement};
use crate::diagnostic::{Code, Diagnostic, SourceMap};
use crate::index::Part;
use crate::resolve::{Declarations, Kind, Outline, Seen};
use crate::syntax::tree;
use expression::{Checker, OrderView, TaskView, View};
use facts::Facts;
use profile::Profile;
use runs::Subs;

/// What came of checking a library.
#[derive(Default)]
pub(crate) struct Checked {
    /// The blueprints that take orders; those with an error are missing.
    pub(crate) blueprints: Vec<Blueprint>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What seems not to be meant, if nothing is wrong in the library.
    pub(crate) advice: Vec<Diagnostic>,
}

/// Checks the blueprints of a part of the library. Of the others it looks only at what those need to know of them.
pub(crate) fn check<'a>(
    declarations: &'a Declarations<'a>,
    outlines: &'a [Outline<'a>],
    sources: &'a SourceMap,
    part: Part,
) -> Checked {
    let mut checked = Checked::default();
    let mut subs = Subs::collect(outlines);
    subs.check(&mut checked.diagnostics);
    // What a blueprint does out there is known before those are looked at that run it.
    let mut profiles = BTreeMap::new();
    let place = |name: &str| outlines.iter().position(|o| o.signature.is_some() && o.tree.name.text == name);
    let inside_out: Vec<usize> = subs.inside_out().into_iter().filter_map(place).collect();
    let is_asked = |outline: &Outline<'_>| part.has(outline.tree.name.span.file);
    let is_for_orders = |n: &usize| outlines.get(*n).is_some_and(|o| o.signature.is_none() && is_asked(o));
    let for_orders = (0..outlines.len()).filter(is_for_orders);
    for (n, outline) in inside_out.into_iter().chain(for_orders).filter_map(|n| Some((n, outlines.get(n)?))) {
        let found = profile::collect(outline, &subs, declarations, sources, &mut checked.diagnostics);
        subs.learn(&outline.tree.name.text, &found);
        profiles.insert(n, found);
    }
    let others: Vec<tree::Name> =
        outlines.iter().filter(|o| o.signature.is_none()).map(|o| o.tree.name.clone()).collect();
    let (mut parts, mut runnable, mut accepts) = (Vec::new(), Vec::new(), Vec::new());
    for (n, outline) in outlines.iter().enumerate().filter(|(_, outline)| is_asked(outline)) {
        let profiles = profiles.remove(&n).unwrap_or_default();
        let mut env = Env { declarations, outline, sources, profiles, subs: &subs, others: &others };
        profile::infer_values(&mut env);
        match env.blueprint(&mut checked) {
            Some(Made::ForOrders(blueprint)) => {
                let declared = outline.tree.accepts.first().zip(blueprint.accepts.clone());
                let version = blueprint.reference.version;
                accepts.extend(declared.map(|(at, formula)| (outline, version, at.span, formula)));
                parts.push(*blueprint);
            }
            Some(Made::ToBeRun(sub)) => runnable.push(*sub),
            None => {}
        }
    }
    never::overlaps(&accepts, &mut checked.advice);
    checked.blueprints = parts
        .into_iter()
        .map(|parts| {
            let sub_blueprints = runs::needed(&parts.definitions, &runnable);
            Blueprint::new(BlueprintParts { sub_blueprints, ..parts })
        })
        .collect();
    checked
}

/// A blueprint that has been checked.
enum Made {
    /// It takes orders. What it runs is added when all are known.
    ForOrders(Box<BlueprintParts>),
    /// Tasks run it.
    ToBeRun(Box<SubBlueprint>),
}

/// What the expressions of one blueprint are checked against.
struct Env<'a> {
    declarations: &'a Declarations<'a>,
    outline: &'a Outline<'a>,
    sources: &'a SourceMap,
    profiles: Vec<Profile<'a>>,
    subs: &'a Subs<'a>,
    /// The names of the blueprints that take orders.
    others: &'a [tree::Name],
}

/// Why the result of a task may be missing.
enum Missing {
    /// A condition or a reaction, here, may skip it.
    Skipped(Span),
    /// It is in another block, here, which may leave out the item.
    OtherBlock(Span),
    /// It is in a block, here, of which a failing item is rolled back alone.
    Isolated(Span),
}

impl Env<'_> {
    /// Why a task may not have been done, where it may not.
    fn missing(&self, seen: Seen, facts: &Facts) -> Option<Missing> {
        let profile = self.profiles.get(seen.task)?;
        if seen.other_block {
            let block = self.outline.tree.tasks.get(seen.task)?.block?;
            let block = self.outline.tree.blocks.get(block)?;
            let holds = |condition: &String| facts.conditions.contains(condition);
            let takes_item = block
                .condition
                .as_ref()
                .is_none_or(|condition| facts::conjuncts(condition, self.sources).iter().all(holds));
            if !takes_item || block.isolate.is_some() {
                return Some(Missing::OtherBlock(block.kind.span));
            }
        }
        if let Some(span) = profile.skip {
            return Some(Missing::Skipped(span));
        }
        if let Some(span) = profile.isolated.filter(|_| seen.many) {
            return Some(Missing::Isolated(span));
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

    fn blueprint(&self, into: &mut Checked) -> Option<Made> {
        let tree = self.outline.tree;
        let Checked { diagnostics, advice, .. } = into;
        let before = diagnostics.len();
        members::check(self, diagnostics);
        let on_failure = members::default_reaction(self, diagnostics);
        let deadline = members::deadline(self, diagnostics);
        let one_at_a_time = members::one_at_a_time(self, diagnostics);
        let returns = members::returns(self, diagnostics);
        let accepts = tree.accepts.first().filter(|_| self.outline.signature.is_none()).map(|accepts| {
            let view = View::of_order(OrderView::Request);
            Checker::new(self, view, diagnostics).formula(&accepts.condition, &Type::Bool)
        });
        let kinds = self.kinds(diagnostics);
        let (blocks, facts) = self.blocks(diagnostics);
        let mut checked: Vec<_> =
            (0..tree.tasks.len()).map(|task| task::check(self, task, &facts, diagnostics)).collect();
        whole::wait_for_whole_items(self, &mut checked);
        graph::check(self, &checked, diagnostics);
        let sound = diagnostics.iter().skip(before).all(|d| d.severity != crate::Severity::Error);
        if !sound {
            return None;
        }
        let (kinds, blocks) = (kinds?, blocks?);
        never::check(self, accepts.as_ref(), &kinds, &blocks, &checked, advice);
        let (mut definitions, mut placements) = (Vec::new(), Vec::new());
        for (task, outline) in checked.into_iter().zip(&tree.tasks) {
            definitions.push(task.definition?);
            placements.push(Placement {
                block: outline.block,
                when: task.decided_by,
                after: task.after.iter().map(|edge| DefinitionIndex(edge.seen.task)).collect(),
            });
        }
        let name = self.outline.name.clone()?;
        if let Some(signature) = &self.outline.signature {
            // Nothing is decided when a plan is made: what it is given comes later.
            for (definition, placement) in definitions.iter_mut().zip(&mut placements) {
                definition.when = definition.when.take().or(placement.when.take());
            }
            return Some(Made::ToBeRun(Box::new(SubBlueprint {
                name,
                parameters: signature.parameters.clone(),
                returns,
                result: signature.result.clone(),
                on_failure,
                deadline,
                definitions,
                after: placements.into_iter().map(|placement| placement.after).collect(),
            })));
        }
        Some(Made::ForOrders(Box::new(BlueprintParts {
            reference: BlueprintRef { name, version: tree.version? },
            docs: tree.docs.clone(),
            accepts,
            order: self.outline.order.clone(),
            kinds,
            blocks,
            on_failure,
            deadline,
            one_at_a_time,
            definitions,
            placements,
            sub_blueprints: Vec::new(),
        })))
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
        for (block, kind) in self.outline.tree.blocks.iter().zip(&self.outline.block_kinds) {
            let kind = kind.and_then(|kind| self.outline.kinds.get(kind));
            let mut view = View::of_order(OrderView::Full);
            view.item = kind.map(Kind::item_type);
            // Nothing is known of the items of a kind that does not exist.
            let condition = block.condition.as_ref().filter(|_| kind.is_some());
            let condition = condition.map(|condition| {
                Checker::new(self, view.clone(), diagnostics).formula(condition, &Type::Bool)
            });
            let name = kind.and_then(|kind| kind.name.clone());
            blocks = blocks.zip(name).map(|(mut blocks, kind)| {
                blocks.push(Block { kind, condition });
                blocks
            });
        }
        (blocks, block_facts(self.outline, self.sources))
    }
}

impl View {
    fn of_order(order: OrderView) -> Self {
        Self { order, item: None, result: None, before: None, tasks: TaskView::None, facts: Facts::default() }
    }
}

/// What is known inside each block.
fn block_facts(outline: &Outline<'_>, sources: &SourceMap) -> Vec<Facts> {
    let facts = |block: &tree::Each| {
        let mut facts = Facts::default();
        if let Some(condition) = &block.condition {
            facts.learn(condition, true, sources);
        }
        facts
    };
    outline.tree.blocks.iter().map(facts).collect()
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
