//! The states of orders and tasks, and what may follow what.
//!
//! One vocabulary everywhere: API, Postgres, Temporal's search attribute, logs. The order states are TM
//! Forum's (TMF622 `ProductOrderStateType`). Both tables below are the only word on what is legal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidName;

/// A change of state that the tables do not allow: a defect of ours, or a stale writer; never applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} can't go from `{from}` to `{to}`")]
pub struct IllegalTransition {
    /// `an order` or `a task`.
    pub what: &'static str,
    /// Where it is.
    pub from: &'static str,
    /// Where it was to go.
    pub to: &'static str,
}

macro_rules! states {
    (
        $(#[$doc:meta])* $name:ident, $what:literal, $expected:literal {
            $( $(#[$vdoc:meta])* $variant:ident = $text:literal => [$($next:ident),*], )+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $( $(#[$vdoc])* #[serde(rename = $text)] $variant, )+ }

        impl $name {
            /// Every state, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling of the state.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The states that may follow this one.
            #[must_use]
            pub const fn next(self) -> &'static [Self] {
                match self { $(Self::$variant => &[$(Self::$next),*],)+ }
            }

            /// Whether nothing follows.
            #[must_use]
            pub const fn is_final(self) -> bool {
                self.next().is_empty()
            }

            /// Goes to `to`.
            ///
            /// # Errors
            /// The table does not allow it.
            pub fn go(self, to: Self) -> Result<Self, IllegalTransition> {
                if self.next().contains(&to) {
                    Ok(to)
                } else {
                    Err(IllegalTransition { what: $what, from: self.as_str(), to: to.as_str() })
                }
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
                Self::ALL.iter().copied().find(|s| s.as_str() == text).ok_or_else(|| InvalidName {
                    text: text.chars().take(80).collect(),
                    expected: $expected,
                })
            }
        }
    };
}

states! {
    /// The state of an order.
    OrderState, "an order", "an order state" {
        /// Received and written down.
        Acknowledged = "acknowledged" => [Rejected, Pending, InProgress, Cancelled],
        /// Not taken: the order is not valid or nothing had been done when a task said no.
        Rejected = "rejected" => [],
        /// Waits for its start date or for an earlier order on the same product.
        Pending = "pending" => [InProgress, AssessingCancellation, Rejected],
        /// Being carried out, or being rolled back.
        InProgress = "inProgress" => [Held, Completed, Partial, Failed, Rejected, AssessingCancellation],
        /// Needs a person, or was paused by one.
        Held = "held" => [InProgress, AssessingCancellation, PendingCancellation, Completed, Partial, Failed, Rejected],
        /// A cancel has come and is being judged.
        AssessingCancellation = "assessingCancellation" => [InProgress, Held, PendingCancellation],
        /// The cancel is accepted; what was done is being undone.
        PendingCancellation = "pendingCancellation" => [Cancelled, Held],
        /// Everything that was done has been undone, as the customer wished.
        Cancelled = "cancelled" => [],
        /// Everything is done.
        Completed = "completed" => [],
        /// Some items are done, isolated ones were rolled back.
        Partial = "partial" => [],
        /// Rolled back: every effect is undone.
        Failed = "failed" => [],
    }
}

states! {
    /// The state of a task.
    TaskState, "a task", "a task state" {
        /// Something it depends on is not done.
        Waiting = "waiting" => [Ready, Skipped, Dropped, Held],
        /// Due.
        Ready = "ready" => [Running, Skipped, Dropped, Held, Succeeded],
        /// Its call is out, or it waits for a signal, a timer or a person.
        Running = "running" => [Succeeded, Unknown, Failed, Held, Dropped, Waiting, Amending],
        /// A call got no answer: it may or may not have taken effect.
        Unknown = "unknown" => [Running, Succeeded, Failed, Held, Skipped, Undoing, UndoFailed, Dropped, Waiting],
        /// Done. An amendment may have it changed, taken back or done again.
        Succeeded = "succeeded" => [Undoing, Amending, Waiting, Skipped, Dropped, Held],
        /// Could not be done; its reaction decides what follows.
        Failed = "failed" => [Held, Skipped, Dropped, Running, Undoing, UndoFailed, Waiting],
        /// Needs a person.
        Held = "held" => [Running, Succeeded, Skipped, Dropped, Undoing, UndoFailed, Unknown, Amending, Waiting],
        /// Left out, by a rule or by a person. Counts as done for those after it.
        Skipped = "skipped" => [Waiting],
        /// Will not be done any more: the order ends without it, and it has no effect to undo.
        Dropped = "dropped" => [Waiting],
        /// Its undo is under way.
        Undoing = "undoing" => [Undone, UndoFailed],
        /// Taken back. A person may have it done again, or go on without it.
        Undone = "undone" => [Running, Held, Skipped, Waiting],
        /// Could not be taken back; a person must.
        UndoFailed = "undo_failed" => [Undoing, Undone, Running, Unknown],
        /// What it did is being changed: by its `amend`, or in the order that it runs.
        Amending = "amending" => [Succeeded, Unknown, Failed, Held, Undoing, UndoFailed, Waiting],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_of_an_order_are_the_documented_ones() {
        let ended: Vec<_> = OrderState::ALL.iter().filter(|s| s.is_final()).map(|s| s.as_str()).collect();
        assert_eq!(ended, ["rejected", "cancelled", "completed", "partial", "failed"]);
    }

    #[test]
    fn an_illegal_change_names_both_ends() {
        let refused = OrderState::Completed.go(OrderState::Held).unwrap_err();
        assert_eq!(refused.to_string(), "an order can't go from `completed` to `held`");
        assert_eq!(TaskState::Ready.go(TaskState::Running), Ok(TaskState::Running));
    }

    #[test]
    fn every_state_reads_back_from_its_text() {
        for state in OrderState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
            assert_eq!(serde_json::to_string(state).unwrap(), format!("\"{state}\""));
        }
        for state in TaskState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
    }
}
