//! What an amendment does to an order, task by task: the same words in a preview and on the record.

use serde::{Deserialize, Serialize};

use crate::{BlueprintName, DeliveryId, ItemId, ItemKind, OrderId, TaskId, Value};

/// The order that a task runs, where it is amended with the one that it is part of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOn {
    /// Which order.
    pub order: OrderId,
    /// The blueprint that it carries out.
    pub blueprint: BlueprintName,
    /// The delivery of its amendment.
    pub id: DeliveryId,
}

/// What an amendment does to one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing: it is done or under way, and what it read is the same; or it has not begun, and nothing of it is different.
    Kept,
    /// It reads what another task brings that is changed or done again. If that comes out the same, it is kept.
    Compared,
    /// It has not begun, and will with other values.
    Replaced,
    /// What it did is changed by its `amend`.
    Amended,
    /// It is done again, after what it did has been undone if there is an undo.
    Redone,
    /// What it did is undone, and it is not done again.
    Undone,
    /// It is new.
    Added,
    /// It will not be done, or is not part of the order any more; there is nothing to undo.
    Dropped,
    /// It speaks against the amendment, which is refused as a whole.
    Refused,
}

impl Verdict {
    /// Every verdict, in the order of the declaration.
    pub const ALL: &'static [Self] = &[
        Self::Kept,
        Self::Compared,
        Self::Replaced,
        Self::Amended,
        Self::Redone,
        Self::Undone,
        Self::Added,
        Self::Dropped,
        Self::Refused,
    ];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Compared => "compared",
            Self::Replaced => "replaced",
            Self::Amended => "amended",
            Self::Redone => "redone",
            Self::Undone => "undone",
            Self::Added => "added",
            Self::Dropped => "dropped",
            Self::Refused => "refused",
        }
    }
}

/// Something that is different between two versions of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What: a path into the order (`items[1].speed_mbps`), an argument of a call (`network.reprofile(profile)`), or the
    /// `blueprint.deadline`.
    pub what: String,
    /// Before; null if there was nothing.
    pub from: Value,
    /// After; null if there is nothing, or it is not known yet.
    pub to: Value,
}

/// What an amendment does to one task, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskChange {
    /// The task.
    pub task: TaskId,
    /// What is done to it.
    pub verdict: Verdict,
    /// Of a task that is [compared](Verdict::Compared): what is done to it if what it reads comes out different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Verdict>,
    /// What it read that is different.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Why, for people; empty if there is nothing to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// An item of an amended order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendedItem {
    /// Its id.
    pub id: ItemId,
    /// The kind it was found to be.
    pub kind: ItemKind,
    /// Its standard fields and attributes: a record.
    pub value: Value,
}
