//! A blueprint that has been checked, and so can make plans.

use std::sync::OnceLock;

use model::{BlueprintRef, Field, Hash, ItemKind, SignalName, Type};
use plan::{Body, Deadline, Definition, DefinitionIndex, Formula, Reaction, SubBlueprint};

use crate::meaning;

/// A checked blueprint. It makes a plan of any order that fits it, see [`Blueprint::plan`].
#[derive(Clone, Debug)]
pub struct Blueprint {
    pub(crate) parts: BlueprintParts,
    /// Worked out when it is asked for: those who only check never ask.
    hash: OnceLock<Hash>,
}

/// What a blueprint is made of. Definitions and placements are as many, in source order.
#[derive(Clone, Debug)]
pub(crate) struct BlueprintParts {
    pub(crate) reference: BlueprintRef,
    pub(crate) docs: String,
    pub(crate) accepts: Option<Formula>,
    pub(crate) order: Vec<Field>,
    pub(crate) kinds: Vec<ItemKindRule>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) on_failure: Reaction,
    pub(crate) deadline: Option<Deadline>,
    /// The keys of an order; orders with one in common follow each other.
    pub(crate) one_at_a_time: Option<Formula>,
    pub(crate) definitions: Vec<Definition>,
    /// The blueprints that its tasks run, and those that these run in turn, by name.
    pub(crate) sub_blueprints: Vec<SubBlueprint>,
    pub(crate) placements: Vec<Placement>,
}

/// Which items are of a kind, and what they must carry.
#[derive(Clone, Debug)]
pub(crate) struct ItemKindRule {
    pub(crate) name: ItemKind,
    pub(crate) condition: Formula,
    pub(crate) fields: Vec<Field>,
}

/// An `each` block: for the items of a kind for which its condition holds.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) kind: ItemKind,
    pub(crate) condition: Option<Formula>,
}

/// How a definition comes into a plan.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    /// The block it is in.
    pub(crate) block: Option<usize>,
    /// Its condition, if the order alone decides it.
    pub(crate) when: Option<Formula>,
    /// What its instances wait for.
    pub(crate) after: Vec<DefinitionIndex>,
}

impl Blueprint {
    pub(crate) fn new(parts: BlueprintParts) -> Self {
        Self { parts, hash: OnceLock::new() }
    }

    /// Its name and version.
    #[must_use]
    pub const fn reference(&self) -> &BlueprintRef {
        &self.parts.reference
    }

    /// The hash of what it means: of its declarations and every type, operation and retry policy that it uses,
    /// however they are laid out, commented, and spread over files.
    #[must_use]
    pub fn hash(&self) -> &Hash {
        self.hash.get_or_init(|| meaning::hash(&self.parts))
    }

    /// The lines of `///` above it.
    #[must_use]
    pub fn docs(&self) -> &str {
        &self.parts.docs
    }

    /// The attributes an order must carry, in the order of their declaration.
    #[must_use]
    pub fn order_fields(&self) -> &[Field] {
        &self.parts.order
    }

    /// The kinds of items it takes, each with the attributes it must carry, in the order they are tried.
    pub fn item_kinds(&self) -> impl Iterator<Item = (&ItemKind, &[Field])> {
        self.parts.kinds.iter().map(|kind| (&kind.name, kind.fields.as_slice()))
    }

    /// Its tasks and milestones, in source order.
    #[must_use]
    pub fn definitions(&self) -> &[Definition] {
        &self.parts.definitions
    }

    /// The signals its tasks wait for, each with what it must carry.
    pub fn signals(&self) -> impl Iterator<Item = (&SignalName, &Type)> {
        self.parts.definitions.iter().filter_map(|definition| match &definition.body {
            Body::Wait { signal, fields, .. } => Some((signal, fields)),
            Body::Call(_)
            | Body::Manual(_)
            | Body::Poll(_)
            | Body::Sleep(_)
            | Body::Run(_)
            | Body::Let(_)
            | Body::Milestone => None,
        })
    }

    /// The blueprints that its tasks run, and those that these run in turn, by name.
    #[must_use]
    pub fn sub_blueprints(&self) -> &[SubBlueprint] {
        &self.parts.sub_blueprints
    }
}
