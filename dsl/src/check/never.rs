//! Conditions that can't hold, kinds that no item is of, and orders that two blueprints take.

use std::collections::BTreeMap;

use plan::{Expr, Formula};

use super::Env;
use super::region::{Region, all, overlap, within};
use super::task::CheckedTask;
use crate::Span;
use crate::blueprint::{Block, ItemKindRule};
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::Outline;
use crate::suggest::listing;

/// Warns of what never happens in a blueprint.
pub(super) fn check(
    env: &Env<'_>,
    accepts: Option<&Formula>,
    kinds: &[ItemKindRule],
    blocks: &[Block],
    tasks: &[CheckedTask],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let tree = env.outline.tree;
    if let Some((accepts, declared)) = accepts.zip(tree.accepts.first())
        && all([&accepts.expr]).is_empty()
    {
        let title = format!("`{}` never accepts an order", tree.name.text);
        diagnostics.push(never(declared.condition.span, title));
    }
    let dead_kinds = dead_kinds(env, kinds, diagnostics);
    let mut dead_blocks = Vec::new();
    for (block, declared) in blocks.iter().zip(&tree.blocks) {
        let kind = kinds.iter().position(|kind| kind.name == block.kind);
        let mut dead = kind.is_some_and(|kind| dead_kinds.get(kind) == Some(&true));
        let conditions = kind.and_then(|kind| kinds.get(kind)).map(|kind| &kind.condition.expr);
        let own = block.condition.as_ref().map(|condition| &condition.expr);
        if !dead
            && let Some(condition) = &declared.condition
            && all(conditions.into_iter().chain(own)).is_empty()
        {
            dead = true;
            let title = format!("no item of the kind `{}` is ever in this `each`", block.kind);
            diagnostics.push(never(condition.span, title));
        }
        dead_blocks.push(dead);
    }
    for (task, declared) in tasks.iter().zip(&tree.tasks) {
        let Some((when, written)) = task.when().zip(declared.when.first()) else { continue };
        // What can't happen around it has been said.
        if declared.block.is_some_and(|block| dead_blocks.get(block) == Some(&true)) {
            continue;
        }
        let block = declared.block.and_then(|block| Some((blocks.get(block)?, tree.blocks.get(block)?)));
        let kind = block.and_then(|(block, _)| kinds.iter().find(|kind| kind.name == block.kind));
        let around: Vec<&Expr> = kind
            .map(|kind| &kind.condition.expr)
            .into_iter()
            .chain(block.and_then(|(block, _)| block.condition.as_ref()).map(|condition| &condition.expr))
            .collect();
        if !all(around.iter().copied().chain([&when.expr])).is_empty() {
            continue;
        }
        let title = format!("the task `{}` is never done: its condition can't hold", declared.name.text);
        let diagnostic = never(written.condition.span, title);
        // Where it could hold by itself, what is around it rules it out.
        let outer = block
            .filter(|_| !all([&when.expr]).is_empty())
            .map(|(_, each)| each.condition.as_ref().map_or(each.kind.span, |condition| condition.span));
        diagnostics.push(match outer {
            Some(outer) => diagnostic.label(outer, "not for the items of this `each`"),
            None => diagnostic,
        });
    }
}

fn never(at: Span, title: String) -> Diagnostic {
    Diagnostic::new(Code::NeverHolds, at, title).help("mend the condition, or leave out what depends on it")
}

/// Which kinds no item is of.
fn dead_kinds(env: &Env<'_>, kinds: &[ItemKindRule], diagnostics: &mut Vec<Diagnostic>) -> Vec<bool> {
    let declared =
        |kind: &ItemKindRule| env.outline.tree.items.iter().find(|item| item.name.text == kind.name.as_str());
    let mut dead = Vec::new();
    let mut earlier: Vec<(&ItemKindRule, Vec<Region>)> = Vec::new();
    for kind in kinds {
        let regions = all([&kind.condition.expr]);
        let at = declared(kind).map_or_else(Span::nowhere, |item| item.condition.span);
        let taken: Vec<Region> = earlier.iter().flat_map(|(_, regions)| regions).cloned().collect();
        let shadowed = !regions.is_empty() && within(&regions, &taken);
        if regions.is_empty() {
            diagnostics.push(never(at, format!("no item is ever of the kind `{}`", kind.name)));
        } else if shadowed {
            // Those without which it would not be.
            let touching =
                earlier.iter().filter(|(_, others)| regions.iter().any(|own| within_one(own, others)));
            let touching: Vec<&ItemKindRule> = touching.map(|(kind, _)| *kind).collect();
            let names = listing(touching.iter().map(|kind| kind.name.as_str()), 4);
            let title = format!("every item of the kind `{}` is of the kind {names} already", kind.name);
            let diagnostic = Diagnostic::new(Code::ShadowedKind, at, title)
                .help("kinds are tried in the order they are written: put the narrower one first");
            diagnostics.push(
                touching.iter().filter_map(|kind| declared(kind)).fold(diagnostic, |d, item| {
                    d.label(item.condition.span, format!("`{}` is tried before", item.name.text))
                }),
            );
        }
        dead.push(regions.is_empty() || shadowed);
        earlier.push((kind, regions));
    }
    dead
}

fn within_one(region: &Region, others: &[Region]) -> bool {
    within(std::slice::from_ref(region), others)
}

/// Warns of blueprints that accept the same orders. Of several versions, the newest is asked.
pub(super) fn overlaps(accepts: &[(&Outline<'_>, u32, Span, Formula)], diagnostics: &mut Vec<Diagnostic>) {
    let mut newest: BTreeMap<&str, (u32, Span, &Formula)> = BTreeMap::new();
    for (outline, version, at, formula) in accepts {
        let known = newest.entry(outline.tree.name.text.as_str()).or_insert((*version, *at, formula));
        if known.0 < *version {
            *known = (*version, *at, formula);
        }
    }
    let mut asked: Vec<(&str, Span, Vec<Region>)> =
        newest.into_iter().map(|(name, (_, at, formula))| (name, at, all([&formula.expr]))).collect();
    asked.sort_by_key(|(_, at, _)| *at);
    for (n, (name, at, regions)) in asked.iter().enumerate() {
        let rival = asked.iter().take(n).find(|(_, _, others)| overlap(regions, others));
        if let Some((other, earlier, _)) = rival {
            let title = format!("`{name}` and `{other}` accept the same orders");
            diagnostics.push(
                Diagnostic::new(Code::OverlappingAccepts, *at, title)
                    .label(*earlier, format!("`{other}` accepts some of them as well"))
                    .note("an order that several blueprints accept has to name one of them")
                    .help("add what tells them apart to one of the conditions"),
            );
        }
    }
}
