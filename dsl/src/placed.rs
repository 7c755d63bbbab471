//! How a blueprint's tasks come into its plans, for tools that draw and explain it.

use model::ItemKind;
use plan::{Definition, DefinitionIndex, Formula};

use crate::blueprint::Blueprint;

/// A task or milestone of a blueprint, and how it comes into a plan.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// What it is.
    pub definition: &'a Definition,
    /// The `each` it is in: its place among [`Blueprint::blocks`].
    pub block: Option<usize>,
    /// Its condition, if the order alone decides it; one that results decide is the definition's.
    pub when: Option<&'a Formula>,
    /// What its instances wait for, said or because it is read.
    pub after: &'a [DefinitionIndex],
}

/// An `each`: for the items of a kind for which its condition holds.
#[derive(Clone, Copy, Debug)]
pub struct EachBlock<'a> {
    /// The kind of its items.
    pub kind: &'a ItemKind,
    /// Which items of the kind; all, without it.
    pub condition: Option<&'a Formula>,
}

impl Blueprint {
    /// Its tasks and milestones, in source order, with how each comes into a plan.
    pub fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        self.parts.definitions.iter().zip(&self.parts.placements).map(|(definition, placement)| Placed {
            definition,
            block: placement.block,
            when: placement.when.as_ref(),
            after: &placement.after,
        })
    }

    /// The kinds of items it takes, each with what is true of its items, in the order they are tried.
    pub fn kind_conditions(&self) -> impl Iterator<Item = (&ItemKind, &Formula)> {
        self.parts.kinds.iter().map(|kind| (&kind.name, &kind.condition))
    }

    /// Its `each` blocks, in source order.
    pub fn blocks(&self) -> impl Iterator<Item = EachBlock<'_>> {
        self.parts
            .blocks
            .iter()
            .map(|block| EachBlock { kind: &block.kind, condition: block.condition.as_ref() })
    }
}
