//! What of a blueprint a test can reach.

use model::ItemKind;
use plan::DefinitionIndex;

/// One thing that a blueprint says, and that an order can come to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// A task is begun, a milestone reached.
    Task(DefinitionIndex),
    /// An item is of a kind.
    Kind(ItemKind),
    /// The condition of an `each` holds for an item, or not.
    Each {
        /// The place of the `each` among those of its blueprint.
        block: usize,
        /// Which.
        holds: bool,
    },
    /// The condition of a task holds, or not.
    When {
        /// The task.
        task: DefinitionIndex,
        /// Which.
        holds: bool,
    },
    /// An `ensure` does not hold.
    Ensure {
        /// The task.
        task: DefinitionIndex,
        /// Which of its conditions, from 0.
        place: usize,
    },
    /// A task's undo is begun.
    Undo(DefinitionIndex),
    /// An `else call` is made.
    Fallback {
        /// The task.
        task: DefinitionIndex,
        /// Which of its fallbacks, from 0.
        place: usize,
    },
    /// What a `verify` asks tells that the call was made, or that it was not.
    Verify {
        /// The task.
        task: DefinitionIndex,
        /// Which.
        done: bool,
    },
    /// What a task says of its failure is done.
    OnFailure(DefinitionIndex),
    /// What a task says of its time running out is done.
    OnTimeout(DefinitionIndex),
}

/// What kind of thing a spot is, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpotKind {
    /// What is done.
    Task,
    /// What decides whether it is done: kinds of items, and conditions, each holding and not holding.
    Guard,
    /// What must hold of results, not holding.
    Ensure,
    /// How things are taken back.
    Undo,
    /// What is done when something goes wrong.
    Reaction,
}

impl SpotKind {
    /// Every kind, in the order in which they are counted.
    pub const ALL: [Self; 5] = [Self::Task, Self::Guard, Self::Ensure, Self::Undo, Self::Reaction];

    /// Several of them, for people: `tasks`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Task => "tasks",
            Self::Guard => "guards",
            Self::Ensure => "ensures",
            Self::Undo => "undos",
            Self::Reaction => "reactions",
        }
    }
}

impl Spot {
    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(&self) -> SpotKind {
        match self {
            Self::Task(_) => SpotKind::Task,
            Self::Kind(_) | Self::Each { .. } | Self::When { .. } => SpotKind::Guard,
            Self::Ensure { .. } => SpotKind::Ensure,
            Self::Undo(_) => SpotKind::Undo,
            Self::Fallback { .. } | Self::Verify { .. } | Self::OnFailure(_) | Self::OnTimeout(_) => {
                SpotKind::Reaction
            }
        }
    }
}
