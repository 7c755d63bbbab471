//! Names in tests. A test says no blueprint: a task's name means the task that is called so, if only one is, and every task may
//! be named.

use std::collections::{BTreeMap, BTreeSet};

use super::complete::{Candidate, declared};
use super::declaration::DeclarationKind;
use super::uses::Walker;
use crate::diagnostic::Span;
use crate::resolve::Outline;
use crate::syntax::story::{Expected, StoryTask, Test};
use crate::syntax::tree::{ClauseKind, Name, Task};

/// The tasks of all blueprints by their kind, if they have one, and name.
pub(super) type Tasks<'t> = BTreeMap<(Option<&'t str>, &'t str), Vec<Span>>;

pub(super) fn tasks<'t>(outlines: &'t [Outline<'t>]) -> Tasks<'t> {
    let mut tasks = Tasks::new();
    for outline in outlines {
        for task in &outline.tree.tasks {
            let kind = task.block.and_then(|block| outline.tree.blocks.get(block));
            let kind = kind.map(|block| block.kind.text.as_str());
            let name = task.name.text.as_str();
            tasks.entry((kind, name)).or_default().push(task.name.span);
            // Inside its `each`, and in a test, it needs no kind.
            if kind.is_some() {
                tasks.entry((None, name)).or_default().push(task.name.span);
            }
        }
    }
    tasks
}

/// The tasks that a test may name, each name once: those of a kind, or else all, with the kinds they may be told apart by.
/// A blueprint with parameters takes no orders, and what it does has no name in a test.
pub(super) fn offered(outlines: &[Outline<'_>], of: Option<&str>) -> Vec<Candidate> {
    let mut seen = BTreeSet::new();
    let mut candidates = Vec::new();
    for outline in outlines.iter().filter(|outline| outline.signature.is_none()) {
        let tree = outline.tree;
        let is_of = |task: &&Task| {
            let block = task.block.and_then(|block| tree.blocks.get(block));
            of.is_none_or(|of| block.is_some_and(|block| block.kind.text == of))
        };
        for task in tree.tasks.iter().filter(is_of).filter(|task| seen.insert(task.name.text.as_str())) {
            let kind = if task.milestone { DeclarationKind::Milestone } else { DeclarationKind::Task };
            let detail = format!("{} of `{}`", kind.noun(), tree.name.text);
            candidates.push(declared(kind, detail)(&task.name.text));
        }
    }
    if of.is_none() {
        let kinds = outlines.iter().flat_map(|outline| &outline.kinds);
        let kinds: BTreeSet<&str> = kinds.map(|kind| kind.text.as_str()).collect();
        candidates.extend(kinds.into_iter().map(declared(DeclarationKind::ItemKind, "item kind")));
    }
    candidates
}

/// The signals that tasks wait for.
pub(super) fn signals(outlines: &[Outline<'_>]) -> Vec<Candidate> {
    let clauses = outlines.iter().flat_map(|outline| &outline.tree.tasks).flat_map(|task| &task.clauses);
    let signals: BTreeSet<&str> = clauses
        .filter_map(|clause| match &clause.kind {
            ClauseKind::Wait { signal, .. } => Some(signal.text.as_str()),
            _ => None,
        })
        .collect();
    signals.into_iter().map(declared(DeclarationKind::Task, "signal")).collect()
}

impl<'t> Walker<'t> {
    pub(super) fn test(&mut self, test: &'t Test, tasks: &Tasks<'t>) {
        for stub in &test.stubs {
            self.callee(&stub.system, &stub.operation);
            self.story_tasks(&stub.tasks, tasks);
        }
        test.steps.iter().for_each(|step| self.story_tasks(&step.tasks, tasks));
        for expectation in &test.expectations {
            match &expectation.kind {
                Expected::Task(named, _)
                | Expected::Undone(named)
                | Expected::Untouched(named)
                | Expected::Residue(named) => {
                    self.story_tasks(named, tasks);
                }
                Expected::Called { system, operation, arguments, .. } => {
                    let parameters = self.callee(system, operation);
                    for (name, _) in arguments {
                        let parameter = parameters.iter().find(|parameter| parameter.name.text == name.text);
                        parameter.iter().for_each(|parameter| self.found(name.span, parameter.name.span));
                    }
                }
                Expected::Order(_)
                | Expected::Item(..)
                | Expected::Status { .. }
                | Expected::Elapsed(..)
                | Expected::Refused => {}
            }
        }
    }

    fn story_tasks(&mut self, named: &[StoryTask], tasks: &Tasks<'t>) {
        for task in named {
            let kind = task.kind.as_ref().map(|kind: &Name| kind.text.as_str());
            let known = tasks.iter().find(|((of, name), _)| *of == kind && *name == task.name.text);
            if let Some((_, places)) = known
                && let [only] = places.as_slice()
            {
                self.found(task.name.span, *only);
                self.uses.tested.insert(only.file);
            }
        }
    }
}
