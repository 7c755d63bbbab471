//! The state of an order item: what follows for it from its order and its tasks.
//!
//! Nothing ever says it: the engine and the mirror both ask [`ItemState::of`], so they can't disagree. The words are TM Forum's
//! (TMF622 `ProductOrderItemStateType`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Fact, InvalidName, ItemId, OrderState, TaskState};

macro_rules! words {
    (
        $(#[$doc:meta])* $name:ident, $expected:literal, $case:literal {
            $( $(#[$vdoc:meta])* $variant:ident = $text:literal, )+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = $case)]
        pub enum $name { $( $(#[$vdoc])* $variant, )+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or_else(|| InvalidName {
                    text: text.chars().take(80).collect(),
                    expected: $expected,
                })
            }
        }
    };
}

words! {
    /// The state of an item of an order.
    ItemState, "an item state", "camelCase" {
        /// Received and written down, with its order.
        Acknowledged = "acknowledged",
        /// Not taken, with its order.
        Rejected = "rejected",
        /// Nothing has been begun for it yet.
        Pending = "pending",
        /// Being carried out, or being undone because it failed.
        InProgress = "inProgress",
        /// A task of it needs a person, or its order was paused before it was done.
        Held = "held",
        /// A cancel of its order is being judged.
        AssessingCancellation = "assessingCancellation",
        /// Being undone, because its order or it alone is cancelled.
        PendingCancellation = "pendingCancellation",
        /// Undone, because its order or it alone was cancelled.
        Cancelled = "cancelled",
        /// Everything is done for it, and its order has ended, so that nothing takes it back.
        Completed = "completed",
        /// Undone, because it failed alone or with its order.
        Failed = "failed",
    }
}

words! {
    /// Whether an item is still to be done, as far as its order's state does not say.
    Standing, "the standing of an item", "snake_case" {
        /// It is to be done.
        Wanted = "wanted",
        /// It has failed alone, and is being undone.
        Failing = "failing",
        /// It has failed alone; the order goes on without it.
        Failed = "failed",
        /// It is cancelled, alone or with its order, and is being undone.
        Cancelling = "cancelling",
        /// It was cancelled alone; the order goes on without it.
        Cancelled = "cancelled",
    }
}

impl Fact {
    /// The item whose standing this fact changes, and how it stands after it.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are about orders and tasks")]
    pub const fn standing(&self) -> Option<(&ItemId, Standing)> {
        match self {
            Self::ItemRollingBack { item, .. } => Some((item, Standing::Failing)),
            Self::ItemFailed { item, .. } => Some((item, Standing::Failed)),
            Self::ItemCancelAccepted { item, .. } => Some((item, Standing::Cancelling)),
            Self::ItemCancelled { item } => Some((item, Standing::Cancelled)),
            _ => None,
        }
    }
}

impl ItemState {
    /// The rule: the state of an item of an order that is in this state, `paused` or not, by how the item stands and what has
    /// become of its tasks. `docs/semantics.md` has it as a table.
    #[must_use]
    pub fn of(
        order: OrderState,
        paused: bool,
        standing: Standing,
        tasks: impl IntoIterator<Item = TaskState>,
    ) -> Self {
        match (standing, order) {
            (Standing::Failed, _) => return Self::Failed,
            (Standing::Cancelled, _) => return Self::Cancelled,
            (_, OrderState::Rejected) => return Self::Rejected,
            (_, OrderState::Cancelled) => return Self::Cancelled,
            (_, OrderState::Failed) => return Self::Failed,
            (_, OrderState::Completed | OrderState::Partial) => return Self::Completed,
            (_, OrderState::Acknowledged) => return Self::Acknowledged,
            (_, OrderState::Pending) => return Self::Pending,
            (_, OrderState::PendingCancellation) => return Self::PendingCancellation,
            (Standing::Wanted, OrderState::AssessingCancellation) => return Self::AssessingCancellation,
            (_, OrderState::AssessingCancellation | OrderState::InProgress | OrderState::Held) => {}
        }
        let tasks = Progress::of(tasks);
        match standing {
            _ if tasks.held || (paused && !tasks.done) => Self::Held,
            Standing::Cancelling => Self::PendingCancellation,
            Standing::Wanted if tasks.untouched => Self::Pending,
            Standing::Wanted | Standing::Failing | Standing::Failed | Standing::Cancelled => Self::InProgress,
        }
    }

    /// Whether it stays as it is, come what may.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Rejected | Self::Cancelled | Self::Completed | Self::Failed => true,
            Self::Acknowledged
            | Self::Pending
            | Self::InProgress
            | Self::Held
            | Self::AssessingCancellation
            | Self::PendingCancellation => false,
        }
    }
}

/// How far the tasks of an item are.
struct Progress {
    /// One needs a person.
    held: bool,
    /// Some are to be done, and none of these was ever begun.
    untouched: bool,
    /// None is to be done any more.
    done: bool,
}

impl Progress {
    fn of(tasks: impl IntoIterator<Item = TaskState>) -> Self {
        let (mut held, mut begun, mut open, mut waiting) = (false, false, false, false);
        for task in tasks {
            match task {
                TaskState::Waiting | TaskState::Ready => {
                    waiting = true;
                    open = true;
                }
                TaskState::Held | TaskState::UndoFailed => {
                    held = true;
                    open = true;
                }
                TaskState::Running
                | TaskState::Unknown
                | TaskState::Failed
                | TaskState::Undoing
                | TaskState::Amending => {
                    begun = true;
                    open = true;
                }
                TaskState::Succeeded | TaskState::Undone | TaskState::Dropped => begun = true,
                TaskState::Skipped => {}
            }
        }
        Self { held, untouched: waiting && !begun, done: !open }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TaskState::{Dropped, Held, Running, Skipped, Succeeded, UndoFailed, Undone, Waiting};

    fn in_progress(tasks: &[TaskState]) -> ItemState {
        ItemState::of(OrderState::InProgress, false, Standing::Wanted, tasks.iter().copied())
    }

    #[test]
    fn while_the_order_goes_on_the_tasks_say_how_far_the_item_is() {
        for (tasks, expected) in [
            (&[Waiting, Waiting][..], ItemState::Pending),
            (&[Waiting, Skipped], ItemState::Pending),
            (&[Running, Waiting], ItemState::InProgress),
            (&[Succeeded, Waiting], ItemState::InProgress),
            (&[Succeeded, Held, Running], ItemState::Held),
            (&[Undone, UndoFailed], ItemState::Held),
            (&[Undone, Dropped], ItemState::InProgress),
            (&[Skipped, Skipped], ItemState::InProgress),
            (&[], ItemState::InProgress),
        ] {
            assert_eq!(in_progress(tasks), expected, "{tasks:?}");
        }
    }

    #[test]
    fn what_can_still_be_taken_back_is_not_completed() {
        assert_eq!(in_progress(&[Succeeded, Succeeded]), ItemState::InProgress);
        let done = ItemState::of(OrderState::Completed, false, Standing::Wanted, [Succeeded, Succeeded]);
        assert_eq!(done, ItemState::Completed);
    }

    #[test]
    fn an_item_that_the_order_goes_on_without_keeps_its_own_end() {
        for order in [OrderState::InProgress, OrderState::Held, OrderState::Partial, OrderState::Completed] {
            assert_eq!(ItemState::of(order, false, Standing::Failed, [Undone]), ItemState::Failed);
            assert_eq!(ItemState::of(order, false, Standing::Cancelled, [Undone]), ItemState::Cancelled);
        }
        let going = |standing| ItemState::of(OrderState::InProgress, false, standing, [Undone, Running]);
        assert_eq!(going(Standing::Failing), ItemState::InProgress);
        assert_eq!(going(Standing::Cancelling), ItemState::PendingCancellation);
    }

    #[test]
    fn a_paused_order_holds_the_items_that_are_not_done() {
        let paused = |tasks: [TaskState; 2]| ItemState::of(OrderState::Held, true, Standing::Wanted, tasks);
        assert_eq!(paused([Succeeded, Waiting]), ItemState::Held);
        assert_eq!(paused([Succeeded, Skipped]), ItemState::InProgress);
    }

    #[test]
    fn an_order_that_ends_takes_its_items_with_it() {
        for order in OrderState::ALL.iter().filter(|state| state.is_final()) {
            assert!(ItemState::of(*order, false, Standing::Wanted, [Succeeded]).is_final(), "{order}");
        }
    }

    #[test]
    fn every_word_reads_back_from_its_text() {
        for state in ItemState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
            assert_eq!(serde_json::to_string(state).unwrap(), format!("\"{state}\""));
        }
        for standing in Standing::ALL {
            assert_eq!(standing.as_str().parse(), Ok(*standing));
            assert_eq!(serde_json::to_string(standing).unwrap(), format!("\"{standing}\""));
        }
    }
}
