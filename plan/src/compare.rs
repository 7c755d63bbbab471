//! What is different between two plans: which tasks come, go, and change.
//!
//! The plans may be of two versions of a blueprint for one order, of one blueprint for two orders, or of both. Tasks are the
//! same if their ids are. A definition is compared as people read it: expressions as they are written, spaces aside, and
//! where order data alone decides an argument, by its value too.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::aspect::{Aspect, Said};
use crate::{Definition, Plan, TaskIndex};

/// What is different between two plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanDifference {
    /// The blueprint of the first plan.
    pub before: String,
    /// The blueprint of the second plan.
    pub after: String,
    /// What is different about the whole.
    pub whole: Vec<Change>,
    /// Tasks that only the second plan does.
    pub come: Vec<Moved>,
    /// Tasks that only the first plan does.
    pub gone: Vec<Moved>,
    /// Tasks that both do, differently.
    pub changed: Vec<ChangedTask>,
    /// How many tasks are the same in both.
    pub same: usize,
}

/// A task that only one of the plans does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Its id.
    pub id: String,
    /// What it does.
    pub does: String,
    /// The rule that leaves it out of the other plan; null if it is not there at all.
    pub left_out: Option<String>,
}

/// A task that both plans have, with its differences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedTask {
    /// Its id.
    pub id: String,
    /// What is different about it.
    pub changes: Vec<Change>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What is different: `timeout`, `argument site`, `after`.
    pub what: String,
    /// In the first plan; null if it says nothing of it.
    pub before: Option<String>,
    /// In the second plan; null if it says nothing of it.
    pub after: Option<String>,
}

impl PlanDifference {
    /// What has to be done to a first plan to get a second.
    #[must_use]
    pub fn between(before: &Plan, after: &Plan) -> Self {
        let mut difference = Self {
            before: before.blueprint().to_string(),
            after: after.blueprint().to_string(),
            whole: whole(before, after),
            come: Vec::new(),
            gone: Vec::new(),
            changed: Vec::new(),
            same: 0,
        };
        for old in before.indices() {
            match (done(before, old), after.find(&before.id(old))) {
                (true, Some(new)) if done(after, new) => {
                    let changes = changes(before, old, after, new);
                    if changes.is_empty() {
                        difference.same += 1;
                    } else {
                        difference.changed.push(ChangedTask { id: before.id(old).to_string(), changes });
                    }
                }
                (true, other) => difference.gone.push(moved(before, old, other.map(|new| (after, new)))),
                // Left out of both, or the other plan's to tell.
                (false, _) => {}
            }
        }
        for new in after.indices().filter(|new| done(after, *new)) {
            let old = before.find(&after.id(new));
            if !old.is_some_and(|old| done(before, old)) {
                difference.come.push(moved(after, new, old.map(|old| (before, old))));
            }
        }
        difference
    }

    /// Whether nothing is different but, perhaps, the version of the blueprint.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.come.is_empty() && self.gone.is_empty() && self.changed.is_empty()
    }
}

fn done(plan: &Plan, task: TaskIndex) -> bool {
    plan.task(task).skipped.is_none()
}

fn whole(before: &Plan, after: &Plan) -> Vec<Change> {
    let names = [before, after].map(|plan| Some(plan.blueprint().name.to_string()));
    let reactions = [before, after].map(|plan| Some(plan.on_failure().to_string()));
    let deadlines = [before, after].map(|plan| plan.deadline().map(ToString::to_string));
    [("blueprint", names), ("on failure", reactions), ("deadline", deadlines)]
        .into_iter()
        .filter_map(|(what, [before, after])| change(what, before, after))
        .collect()
}

fn moved(plan: &Plan, task: TaskIndex, other: Option<(&Plan, TaskIndex)>) -> Moved {
    Moved {
        id: plan.id(task).to_string(),
        does: does(plan.definition(task)),
        left_out: other.and_then(|(plan, task)| plan.task(task).skipped.clone()),
    }
}

/// `call net.look`, `wait report`, `milestone`: the first aspect that is no condition.
fn does(definition: &Definition) -> String {
    let aspects = definition.aspects();
    let body = aspects.iter().find(|aspect| aspect.name != "when");
    let words = body.map(|body| format!("{} {}", body.name, body.said.text()));
    words.unwrap_or_default().trim_end().to_owned()
}

fn changes(before: &Plan, old: TaskIndex, after: &Plan, new: TaskIndex) -> Vec<Change> {
    let (old_aspects, new_aspects) = (before.definition(old).aspects(), after.definition(new).aspects());
    let by_name: BTreeMap<&str, &Aspect<'_>> = new_aspects.iter().map(|a| (a.name.as_str(), a)).collect();
    let mut found = Vec::new();
    for aspect in &old_aspects {
        let other = by_name.get(aspect.name.as_str());
        let said = said(before, old, aspect, other.map(|other| (after, new, *other)));
        found.extend(said.and_then(|(old, new)| change(&aspect.name, Some(old), new)));
    }
    let names: BTreeSet<&str> = old_aspects.iter().map(|aspect| aspect.name.as_str()).collect();
    for aspect in new_aspects.iter().filter(|aspect| !names.contains(aspect.name.as_str())) {
        found.extend(change(&aspect.name, None, Some(aspect.said.text())));
    }
    found.extend(edges(before, old, after, new));
    found
}

/// What the aspects say in either plan, as texts that tell them apart; none if it is the same.
fn said(
    before: &Plan,
    old: TaskIndex,
    aspect: &Aspect<'_>,
    other: Option<(&Plan, TaskIndex, &Aspect<'_>)>,
) -> Option<(String, Option<String>)> {
    let text = aspect.said.text();
    let Some((after, new, other)) = other else { return Some((text, None)) };
    let other_text = other.said.text();
    let (Said::Formula(first), Said::Formula(second)) = (&aspect.said, &other.said) else {
        return (text != other_text).then_some((text, Some(other_text)));
    };
    if let (Some(one), Some(two)) = (first.known_value(before, old), second.known_value(after, new)) {
        // Written in another way, it is a difference of the blueprints even where this order gets the same.
        let shown = |text: &str, value: &model::Value| {
            let value = value.to_string();
            if value == text { value } else { format!("{value} ({text})") }
        };
        return match (one == two, text == other_text) {
            (true, true) => None,
            (false, true) => Some((one.to_string(), Some(two.to_string()))),
            (_, false) => Some((shown(&text, &one), Some(shown(&other_text, &two)))),
        };
    }
    if text != other_text {
        return Some((text, Some(other_text)));
    }
    // Written alike, and results are not known yet: what is known of the order may still differ.
    let read = |plan: &Plan, task: TaskIndex, formula: &crate::Formula| -> Vec<String> {
        let (scope, here) = (crate::order_data(plan, task), plan.definition(task).each.as_ref());
        let readings = formula.readings().into_iter();
        readings
            .filter_map(|reading| {
                Some(format!("{}: {}", reading.label(plan.definitions(), here), reading.value(&scope)?))
            })
            .collect()
    };
    let (one, two) = (read(before, old, first), read(after, new, second));
    let only = |mine: &[String], others: &[String]| {
        let differing: Vec<_> = mine.iter().filter(|reading| !others.contains(reading)).cloned().collect();
        format!("{text} with {}", differing.join(", "))
    };
    (one != two).then(|| (only(&one, &two), Some(only(&two, &one))))
}

/// What is waited for by one and not by the other. What is read says so in an expression as well.
fn edges(before: &Plan, old: TaskIndex, after: &Plan, new: TaskIndex) -> Option<Change> {
    let waits = |plan: &Plan, task: TaskIndex| -> BTreeSet<String> {
        plan.task(task).after.iter().map(|after| plan.id(*after).to_string()).collect()
    };
    let (old, new) = (waits(before, old), waits(after, new));
    let only = |mine: &BTreeSet<String>, others: &BTreeSet<String>| {
        let only: Vec<_> = mine.difference(others).cloned().collect();
        (!only.is_empty()).then(|| only.join(", "))
    };
    change("waits for", only(&old, &new), only(&new, &old))
}

fn change(what: &str, before: Option<String>, after: Option<String>) -> Option<Change> {
    (before != after).then(|| Change { what: what.to_owned(), before, after })
}
