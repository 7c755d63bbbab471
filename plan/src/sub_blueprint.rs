//! Blueprints with parameters, which tasks run as orders of their own.
//!
//! A plan carries those that its tasks run, whole, so that what runs does not depend on what is published meanwhile.

use model::{BlueprintName, BlueprintRef, Field, Type, Value};
use serde::{Deserialize, Serialize};

use crate::{Deadline, Definition, DefinitionIndex, FORMAT, Formula, InvalidPlan, Plan, PlanParts, Reaction};
use crate::{Task, TaskIndex};

/// A blueprint with parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubBlueprint {
    /// Its name.
    pub name: BlueprintName,
    /// What it must be given.
    pub parameters: Vec<Field>,
    /// What it answers when all is done; nothing, without it.
    pub returns: Option<Formula>,
    /// The type of that; an empty record type if it answers nothing.
    pub result: Type,
    /// What to do when a task that does not say fails for good.
    pub on_failure: Reaction,
    /// How long it may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// Its tasks and milestones, in source order. It has no items, so each has one instance.
    pub definitions: Vec<Definition>,
    /// What each waits for.
    pub after: Vec<Vec<DefinitionIndex>>,
}

impl SubBlueprint {
    /// Every formula, those of its tasks included.
    pub(crate) fn formulas(&self) -> impl Iterator<Item = &Formula> {
        self.definitions.iter().flat_map(Definition::formulas).chain(&self.returns)
    }
}

impl Plan {
    /// The blueprints that tasks of this plan run, and those that these run in turn.
    #[must_use]
    pub fn sub_blueprints(&self) -> &[SubBlueprint] {
        &self.parts().sub_blueprints
    }

    /// One of them.
    #[must_use]
    pub fn sub_blueprint(&self, name: &BlueprintName) -> Option<&SubBlueprint> {
        self.sub_blueprints().iter().find(|sub| sub.name == *name)
    }

    /// The plan of a child order that runs one of them with these parameters, a record as it declares. The child reads the
    /// same order as this plan, without its items, and is named after the blueprint it runs and this plan's version.
    ///
    /// # Errors
    /// There is no such blueprint here, or the parameters make the plan too large.
    pub fn child(&self, name: &BlueprintName, parameters: Value) -> Result<Self, InvalidPlan> {
        let parts = self.parts();
        let sub = self.sub_blueprint(name).ok_or_else(|| InvalidPlan::NoSubBlueprint(name.clone()))?;
        let task = |(n, after): (usize, &Vec<DefinitionIndex>)| Task {
            definition: DefinitionIndex(n),
            item: None,
            after: after.iter().map(|after| TaskIndex(after.0)).collect(),
            skipped: None,
        };
        Self::new(PlanParts {
            format: FORMAT,
            blueprint: BlueprintRef { name: name.clone(), version: parts.blueprint.version },
            blueprint_hash: parts.blueprint_hash.clone(),
            order: parts.order.clone(),
            items: Vec::new(),
            on_failure: sub.on_failure.clone(),
            definitions: sub.definitions.clone(),
            tasks: sub.after.iter().enumerate().map(task).collect(),
            deadline: sub.deadline.clone(),
            // It is carried out beside the order that it is part of.
            sequence: std::collections::BTreeSet::new(),
            parameters: Some(parameters),
            sub_blueprints: parts.sub_blueprints.clone(),
        })
    }
}
