//! Blueprints with parameters, and who runs whom.

use std::collections::{BTreeMap, BTreeSet};

use model::limits;
use plan::SubBlueprint;

use super::profile::Profile;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::{Outline, Signature};
use crate::syntax::tree::{self, ClauseKind, Name};

/// The blueprints of a library that tasks can run, by name.
pub(super) struct Subs<'a>(BTreeMap<&'a str, Sub<'a>>);

/// What a task that runs a blueprint needs to know of it.
pub(super) struct Sub<'a> {
    pub(super) signature: &'a Signature,
    /// Where it is declared.
    pub(super) declared: Span,
    /// Whether it changes anything out there.
    pub(super) effect: bool,
    /// Whether it has a point of no return.
    pub(super) point_of_no_return: bool,
    /// What it runs in turn.
    runs: Vec<&'a Name>,
}

impl<'a> Subs<'a> {
    pub(super) fn collect(outlines: &'a [Outline<'a>]) -> Self {
        let sub = |outline: &'a Outline<'a>| {
            let sub = Sub {
                signature: outline.signature.as_ref()?,
                declared: outline.tree.name.span,
                effect: false,
                point_of_no_return: false,
                runs: runs(outline.tree).collect(),
            };
            Some((outline.tree.name.text.as_str(), sub))
        };
        Self(outlines.iter().filter_map(sub).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Sub<'a>> {
        self.0.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.0.keys().copied()
    }

    /// Takes over what the tasks of a blueprint do out there.
    pub(super) fn learn(&mut self, name: &str, profiles: &[Profile<'_>]) {
        if let Some(sub) = self.0.get_mut(name) {
            sub.effect = profiles.iter().any(|profile| profile.effect);
            sub.point_of_no_return = profiles.iter().any(|profile| profile.point_of_no_return);
        }
    }

    /// Their names, each after those that it runs, as far as there is no circle; then those in circles.
    pub(super) fn inside_out(&self) -> Vec<&'a str> {
        let mut callers: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        let mut missing: BTreeMap<&'a str, usize> = BTreeMap::new();
        for (name, sub) in &self.0 {
            let known: BTreeSet<&str> =
                sub.runs.iter().map(|run| run.text.as_str()).filter(|run| self.0.contains_key(run)).collect();
            missing.insert(name, known.len());
            known.into_iter().for_each(|run| callers.entry(run).or_default().push(name));
        }
        let mut ready: Vec<&'a str> =
            missing.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
        let mut sorted = Vec::new();
        while let Some(name) = ready.pop() {
            sorted.push(name);
            missing.remove(name);
            for caller in callers.get(name).into_iter().flatten() {
                if let Some(n) = missing.get_mut(caller) {
                    *n = n.saturating_sub(1);
                    if *n == 0 {
                        ready.push(caller);
                    }
                }
            }
        }
        sorted.extend(missing.into_keys());
        sorted
    }

    /// Reports blueprints that run each other in a circle, or too deep inside one another.
    pub(super) fn check(&self, diagnostics: &mut Vec<Diagnostic>) {
        let mut depth: BTreeMap<&str, usize> = BTreeMap::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for name in self.inside_out() {
            let Some(sub) = self.0.get(name) else { continue };
            let below: Option<Vec<usize>> = sub
                .runs
                .iter()
                .filter(|run| self.0.contains_key(run.text.as_str()))
                .map(|run| depth.get(run.text.as_str()).copied())
                .collect();
            if let Some(below) = below {
                let levels = below.into_iter().max().unwrap_or(0) + 1;
                depth.insert(name, levels);
                if levels == limits::RUN_DEPTH + 1 {
                    let title =
                        format!("blueprints run one another through more than {} levels", limits::RUN_DEPTH);
                    diagnostics.push(Diagnostic::new(Code::NestedTooDeeply, sub.declared, title));
                }
            } else if !told.contains(name)
                && let Some(circle) = self.circle_from(name)
            {
                told.extend(circle.iter().map(|(name, _)| *name));
                diagnostics.push(circle_of(&circle));
            }
        }
    }

    /// The circle that comes back to a blueprint, as each member with where it runs the next; none if it only leads to one.
    fn circle_from(&self, start: &'a str) -> Option<Vec<(&'a str, Span)>> {
        // From each blueprint that can be reached, the one that reached it first and where.
        let mut from: BTreeMap<&'a str, (&'a str, Span)> = BTreeMap::new();
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            for run in self.0.get(name).into_iter().flat_map(|sub| &sub.runs) {
                let Some((next, _)) = self.0.get_key_value(run.text.as_str()) else { continue };
                if !from.contains_key(next) {
                    from.insert(next, (name, run.span));
                    open.push(next);
                }
            }
        }
        let mut circle = Vec::new();
        let mut at = start;
        loop {
            let (before, span) = *from.get(at)?;
            circle.push((before, span));
            if before == start {
                circle.reverse();
                return Some(circle);
            }
            at = before;
        }
    }
}

fn circle_of(circle: &[(&str, Span)]) -> Diagnostic {
    let names: Vec<String> =
        circle.iter().chain(circle.first()).map(|(name, _)| format!("`{name}`")).collect();
    let title = if let [(only, _)] = circle {
        format!("the blueprint `{only}` runs itself")
    } else {
        format!("blueprints run each other in a circle: {}", names.join(" → "))
    };
    let mut steps = circle.iter().zip(names.iter().skip(1));
    let step = |((name, at), next): (&(&str, Span), &String)| (*at, format!("`{name}` runs {next}"));
    let (first, text) = steps.next().map_or_else(|| (Span::nowhere(), String::new()), step);
    let diagnostic = Diagnostic::new(Code::RunsItself, first, title).here(text);
    steps.map(step).fold(diagnostic, |diagnostic, (at, text)| diagnostic.label(at, text))
}

/// What the tasks of a blueprint run.
fn runs(tree: &tree::Blueprint) -> impl Iterator<Item = &Name> {
    tree.tasks.iter().flat_map(|task| &task.clauses).filter_map(|clause| match &clause.kind {
        ClauseKind::Run { blueprint, .. } => Some(blueprint),
        _ => None,
    })
}

/// Those of `all` that some tasks run, and that these run in turn, by name.
pub(super) fn needed(definitions: &[plan::Definition], all: &[SubBlueprint]) -> Vec<SubBlueprint> {
    let mut needed: BTreeMap<&str, &SubBlueprint> = BTreeMap::new();
    let mut open: Vec<_> = definitions.iter().filter_map(plan::Definition::runs).collect();
    while let Some(name) = open.pop() {
        if needed.contains_key(name.as_str()) {
            continue;
        }
        if let Some(sub) = all.iter().find(|sub| sub.name == *name) {
            needed.insert(sub.name.as_str(), sub);
            open.extend(sub.definitions.iter().filter_map(plan::Definition::runs));
        }
    }
    needed.into_values().cloned().collect()
}
