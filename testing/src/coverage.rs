//! What the tests of a library reach of its blueprints, and what none of them does.

use std::collections::{BTreeMap, BTreeSet};

use dsl::{Blueprint, Library, Placed};
use model::{BlueprintName, BlueprintRef};
use plan::{Argument, Call, Definition, DefinitionIndex, Formula, Reaction, SubBlueprint, Undo};

use crate::{Outcome, Reached, Spot, SpotKind};

/// What tests have reached, blueprint by blueprint.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    reached: BTreeMap<BlueprintRef, (usize, Reached)>,
}

/// What tests have reached of one blueprint.
#[derive(Clone, Debug)]
pub struct BlueprintCoverage {
    /// The blueprint: `home_fiber@1`, or `ship` if it is one that tasks run.
    pub blueprint: String,
    /// How many tests came to it.
    pub tests: usize,
    /// Everything that can be reached, in the order of the file.
    pub stretches: Vec<Stretch>,
}

/// A spot of a blueprint, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// What it is.
    pub spot: Spot,
    /// The same in words: `reserve_port: else call inventory.reserve`.
    pub name: String,
    /// The file it is in.
    pub file: String,
    /// The line it is on, from 1.
    pub line: u32,
    /// Whether a test has come to it.
    pub reached: bool,
}

/// How many of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// So many are reached.
    pub reached: usize,
    /// Of so many.
    pub of: usize,
}

impl Share {
    /// In whole percent, rounded down: all of them alone are 100, and so are none of none.
    #[must_use]
    pub fn percent(self) -> usize {
        (self.reached * 100).checked_div(self.of).unwrap_or(100)
    }
}

impl Coverage {
    /// Adds what a test has reached, whether it passed or not.
    pub fn add(&mut self, outcome: &Outcome) {
        for (blueprint, reached) in &outcome.reached {
            let (tests, all) = self.reached.entry(blueprint.clone()).or_default();
            *tests += 1;
            all.merge(reached);
        }
    }

    /// What is reached of every blueprint of a library.
    #[must_use]
    pub fn of(&self, library: &Library) -> Vec<BlueprintCoverage> {
        let run: BTreeMap<&BlueprintName, &SubBlueprint> = library
            .blueprints()
            .iter()
            .flat_map(Blueprint::sub_blueprints)
            .map(|child| (&child.name, child))
            .collect();
        let of_orders = library.blueprints().iter().map(|blueprint| self.of_blueprint(blueprint));
        of_orders.chain(run.into_values().map(|child| self.of_child(child))).collect()
    }

    /// What is reached of a blueprint that tasks run, whichever blueprint they are of.
    fn of_child(&self, child: &SubBlueprint) -> BlueprintCoverage {
        let (mut tests, mut reached) = (0, Reached::default());
        for (blueprint, (count, spots)) in &self.reached {
            if blueprint.name == child.name {
                tests += count;
                reached.merge(spots);
            }
        }
        let mut found = Vec::new();
        for (n, definition) in child.definitions.iter().enumerate() {
            found.extend(of_task(DefinitionIndex(n), definition, definition.when.as_ref(), &reached));
        }
        BlueprintCoverage { blueprint: child.name.to_string(), tests, stretches: sorted(found) }
    }

    fn of_blueprint(&self, blueprint: &Blueprint) -> BlueprintCoverage {
        let nothing = (0, Reached::default());
        let (tests, reached) = self.reached.get(blueprint.reference()).unwrap_or(&nothing);
        let stretches = sorted(stretches(blueprint, reached));
        BlueprintCoverage { blueprint: blueprint.reference().to_string(), tests: *tests, stretches }
    }
}

impl BlueprintCoverage {
    /// How many spots of a kind are reached.
    #[must_use]
    pub fn share(&self, kind: SpotKind) -> Share {
        share(self.stretches.iter().filter(|stretch| stretch.spot.kind() == kind))
    }

    /// How many spots are reached.
    #[must_use]
    pub fn whole(&self) -> Share {
        share(self.stretches.iter())
    }

    /// What no test has come to.
    pub fn missed(&self) -> impl Iterator<Item = &Stretch> {
        self.stretches.iter().filter(|stretch| !stretch.reached)
    }
}

fn share<'a>(stretches: impl Iterator<Item = &'a Stretch>) -> Share {
    let mut share = Share { reached: 0, of: 0 };
    for stretch in stretches {
        share.of += 1;
        share.reached += usize::from(stretch.reached);
    }
    share
}

fn sorted(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_by(|a, b| (&a.file, a.line, &a.spot).cmp(&(&b.file, b.line, &b.spot)));
    stretches
}

/// Everything that a blueprint says and an order can come to.
fn stretches(blueprint: &Blueprint, reached: &Reached) -> Vec<Stretch> {
    // A blueprint stands in one file.
    let file = blueprint.definitions().first().map(|first| first.file.clone()).unwrap_or_default();
    let mut found = Vec::new();
    let mut add = |spot: Spot, name: String, line: u32, reached: bool| {
        found.push(Stretch { spot, name, file: file.clone(), line, reached });
    };
    for (kind, condition) in blueprint.kind_conditions() {
        let spot = Spot::Kind(kind.clone());
        let is = reached.has(&spot);
        add(spot, format!("item {kind}"), condition.line, is);
    }
    for (block, each) in blueprint.blocks().enumerate() {
        let Some(condition) = each.condition else { continue };
        let placed = blueprint.placed().enumerate().filter(|(_, placed)| placed.block == Some(block));
        let tasks: BTreeSet<_> = placed.map(|(n, _)| DefinitionIndex(n)).collect();
        for holds in [true, false] {
            let name = format!("each {} where {}: {}", each.kind, one_line(&condition.text), word(holds));
            let is = reached.has_each(each.kind, &tasks, holds);
            add(Spot::Each { block, holds }, name, condition.line, is);
        }
    }
    for (n, Placed { definition, when, .. }) in blueprint.placed().enumerate() {
        let when = when.or(definition.when.as_ref());
        found.extend(of_task(DefinitionIndex(n), definition, when, reached));
    }
    found
}

/// What can be reached of a task.
fn of_task<'a>(
    task: DefinitionIndex,
    definition: &'a Definition,
    when: Option<&Formula>,
    reached: &'a Reached,
) -> impl Iterator<Item = Stretch> + 'a {
    spots(task, definition, when).into_iter().map(|(spot, what, line)| {
        let name = if what.is_empty() {
            definition.name.to_string()
        } else {
            format!("{}: {what}", definition.name)
        };
        let is = reached.has(&spot);
        Stretch { spot, name, file: definition.file.clone(), line, reached: is }
    })
}

/// The spots of a task, each with what it is and its line.
fn spots(task: DefinitionIndex, definition: &Definition, when: Option<&Formula>) -> Vec<(Spot, String, u32)> {
    let mut spots = vec![(Spot::Task(task), String::new(), definition.line)];
    if let Some(when) = when {
        for holds in [true, false] {
            let what = format!("when {}: {}", one_line(&when.text), word(holds));
            spots.push((Spot::When { task, holds }, what, when.line));
        }
    }
    for (place, ensure) in definition.ensure.iter().enumerate() {
        let what = format!("ensure {} fails", one_line(&ensure.condition.text));
        spots.push((Spot::Ensure { task, place }, what, ensure.condition.line));
    }
    if let Some(body) = definition.call() {
        for (place, call) in body.fallbacks.iter().enumerate() {
            let what = format!("else call {}", call.label());
            spots.push((Spot::Fallback { task, place }, what, line_of(call, definition)));
        }
        if let Some(verify) = &body.verify {
            for done in [true, false] {
                let what =
                    format!("verify {}: {}", verify.query.label(), if done { "done" } else { "not done" });
                spots.push((Spot::Verify { task, done }, what, verify.condition.line));
            }
        }
        if let Undo::Call(call) = &body.undo {
            spots.push((Spot::Undo(task), format!("undo {}", call.label()), line_of(call, definition)));
        }
    }
    let clauses = [
        (&definition.on_failure, Spot::OnFailure(task), "on failure"),
        (&definition.on_timeout, Spot::OnTimeout(task), "on timeout"),
    ];
    for (reaction, spot, clause) in clauses {
        if let Some(reaction) = reaction {
            spots.push((spot, clause.to_owned(), reaction_line(reaction, definition)));
        }
    }
    spots
}

/// Where a call is: plans know the lines of its arguments.
fn line_of(call: &Call, definition: &Definition) -> u32 {
    let lines = call.arguments.iter().map(|Argument { value, .. }| value.line);
    lines.min().unwrap_or(definition.line)
}

/// Where a reaction is: plans know the line of its reason.
fn reaction_line(reaction: &Reaction, definition: &Definition) -> u32 {
    reaction.reason.as_ref().map_or(definition.line, |reason| reason.line)
}

const fn word(holds: bool) -> &'static str {
    if holds { "holds" } else { "does not hold" }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
