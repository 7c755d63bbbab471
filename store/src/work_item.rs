//! The words for what waits for people: a *work item* is one task of one order that does, and why.
//!
//! An order that is paused as a whole is a work item at the task to act on, unless that task waits for a person itself. They are
//! looked for in `fallout`.

use std::fmt;
use std::str::FromStr;

use model::{
    Actor, BlueprintName, BlueprintRef, Customer, ExternalId, Hash, HoldFor, InvalidName, OperationName,
    OrderId, RoleName, SystemName, TaskId, TaskState, Timestamp, Value,
};
use serde::{Deserialize, Serialize};

use crate::tasks::CallError;

/// Why a task waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// It could not be done.
    Held,
    /// It could not be taken back.
    UndoFailed,
    /// It is theirs to do.
    Manual,
    /// The order as a whole is paused.
    Paused,
}

impl WorkKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Held, Self::UndoFailed, Self::Manual, Self::Paused];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::UndoFailed => "undo_failed",
            Self::Manual => "manual",
            Self::Paused => "paused",
        }
    }
}

impl FromStr for WorkKind {
    type Err = InvalidName;
    fn from_str(given: &str) -> Result<Self, InvalidName> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == given).ok_or_else(|| InvalidName {
            text: given.chars().take(80).collect(),
            expected: "a kind of work item (`held`, `undo_failed`, `manual` or `paused`)",
        })
    }
}

/// Whom a work item waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Person {
    /// Somebody of operations, or the customer.
    Holder(HoldFor),
    /// Somebody of a role.
    Role(RoleName),
}

/// A kind of person that work items wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// Operations, or the customer.
    Holder(HoldFor),
    /// Some role.
    Role,
}

impl WaitsFor {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Holder(HoldFor::Operations), Self::Holder(HoldFor::Customer), Self::Role];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holder(who) => who.as_str(),
            Self::Role => "role",
        }
    }
}

impl FromStr for WaitsFor {
    type Err = InvalidName;
    fn from_str(given: &str) -> Result<Self, InvalidName> {
        Self::ALL.iter().copied().find(|who| who.as_str() == given).ok_or_else(|| InvalidName {
            text: given.chars().take(80).collect(),
            expected: "somebody to wait for (`operations`, `customer` or `role`)",
        })
    }
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkItem {
    /// The order.
    pub order: OrderId,
    /// The sender's id of it.
    pub external_id: Option<ExternalId>,
    /// The blueprint version that its plan was made from.
    pub blueprint: BlueprintRef,
    /// The hash of that version.
    pub blueprint_hash: Hash,
    /// Who ordered.
    pub customer: Customer,
    /// Since when the order may not be done in time.
    pub at_risk_since: Option<Timestamp>,
    /// Since when its time is up.
    pub overdue_since: Option<Timestamp>,
    /// The task to act on.
    pub task: TaskId,
    /// What it does, for people.
    pub title: String,
    /// Its state.
    pub state: TaskState,
    /// Why it waits.
    pub kind: WorkKind,
    /// Whom it waits for.
    pub person: Person,
    /// Who paused the order as a whole; none if nobody did.
    pub paused_by: Option<Actor>,
    /// The call that did no good, the one that takes it back if its undo failed: `system.operation`.
    pub call: Option<String>,
    /// Why it waits, in words; of a task that a person does, what is to be done.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// How long it waits for a person whose task it is.
    pub until: Option<Timestamp>,
    /// How often `call` was attempted since the task was begun last.
    pub attempts: u32,
    /// Why the last of them did no good.
    pub last_error: Option<CallError>,
    /// The arguments of `call`, as it was made last; null if it was not.
    pub arguments: Value,
}

/// What to list; what is not given does not narrow the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FalloutFilter {
    /// Those of one of these kinds; empty if of any.
    pub kinds: Vec<WorkKind>,
    /// Those that wait for one of these; empty if for anybody.
    pub waits_for: Vec<WaitsFor>,
    /// Those that wait for somebody of this role.
    pub role: Option<RoleName>,
    /// Those with a call of this system.
    pub system: Option<SystemName>,
    /// Those with a call of an operation of this name.
    pub operation: Option<OperationName>,
    /// Those with this text in their reason, in upper or lower case.
    pub reason: Option<String>,
    /// Those whose reason is of this pattern: see [`WorkGroup::pattern`].
    pub pattern: Option<String>,
    /// Those of orders of this blueprint, in any version.
    pub blueprint: Option<BlueprintName>,
    /// Those of orders of the customer with this id.
    pub customer: Option<String>,
    /// Those of this order and its child orders.
    pub order: Option<OrderId>,
    /// Those that have been waiting since then or longer.
    pub before: Option<Timestamp>,
    /// Those among these tasks.
    pub among: Option<Vec<(OrderId, TaskId)>>,
    /// Those that wait for something else than that a person lets go on what a person has paused.
    pub no_pause_of_person: bool,
}

/// A place in a list of work items. Its text is opaque to readers; they hand back what they got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkCursor {
    pub(crate) since: Timestamp,
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
}

impl fmt::Display for WorkCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.since.as_millis(), self.order.uuid().simple(), self.task)
    }
}

impl FromStr for WorkCursor {
    type Err = InvalidName;
    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let read = || {
            // The item in a task's id may have a `-` of its own.
            let (millis, place) = given.split_once('-')?;
            let (order, task) = place.split_once('-')?;
            let since = Timestamp::from_millis(millis.parse().ok()?);
            Some(Self { since, order: order.parse().ok()?, task: task.parse().ok()? })
        };
        read().ok_or_else(|| InvalidName {
            text: given.chars().take(80).collect(),
            expected: "a work item cursor (as it was handed out)",
        })
    }
}

/// A part of a list of work items, the one that has waited longest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkPage {
    /// The work items.
    pub items: Vec<WorkItem>,
    /// Where to go on; none if this is the end.
    pub next: Option<WorkCursor>,
}

/// Work items that are alike: of one kind, for the same person, with the same call and a reason of the same pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkGroup {
    /// Why they wait.
    pub kind: WorkKind,
    /// Whom they wait for.
    pub person: Person,
    /// Whether persons have paused their orders.
    pub is_paused_by_person: bool,
    /// The call that did no good.
    pub call: Option<String>,
    /// What their reasons have in common: what is quoted, and every word with a digit in it, is `…`, but for the status that a
    /// system answered with.
    pub pattern: String,
    /// How many there are.
    pub count: u64,
    /// How many orders they are of.
    pub orders: u64,
    /// How many of them are of orders that may not be done in time, or are late already.
    pub at_risk: u64,
    /// Since when the one that came last waits.
    pub newest: Timestamp,
    /// The one that has waited longest.
    pub oldest: WorkExample,
}

/// One of many that are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkExample {
    /// The order.
    pub order: OrderId,
    /// The task.
    pub task: TaskId,
    /// Why it waits.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// A task that waits for a person, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkKey {
    /// The order.
    pub order: OrderId,
    /// The task.
    pub task: TaskId,
    /// Why it waits.
    pub kind: WorkKind,
    /// Whether a person has paused the order, for which it waits.
    pub is_paused_by_person: bool,
}
