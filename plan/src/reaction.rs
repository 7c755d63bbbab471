//! What to do when something goes wrong, and what counts as wrong.

use std::fmt;

use model::{Duration, HoldFor};
use serde::{Deserialize, Serialize};

use crate::Formula;
use crate::aspect::{Said, reaction_words};

/// A condition on a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ensure {
    /// What must hold.
    pub condition: Formula,
    /// What to do if it does not.
    pub otherwise: Reaction,
}

/// What to do when something goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// What.
    pub kind: ReactionKind,
    /// Why, for people: a text.
    pub reason: Option<Formula>,
}

/// What a reaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReactionKind {
    /// Ends the order as not taken; only before anything has been done.
    Reject,
    /// Waits for a person.
    Hold(HoldFor),
    /// Undoes everything and ends the order as failed.
    Rollback,
    /// Goes on without the task.
    Skip,
    /// Ends the order as failed without undoing anything.
    Fail,
}

/// How long an order may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// From when it begins until its time is up.
    pub within: Duration,
    /// From when it begins until it is at risk; never, without it.
    pub at_risk: Option<Duration>,
    /// What to do when the time is up; nothing but the alarm, without it.
    pub on_timeout: Option<Reaction>,
}

/// As a blueprint says it.
impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.within)?;
        if let Some(after) = self.at_risk {
            write!(f, " at risk after {after}")?;
        }
        self.on_timeout.as_ref().map_or(Ok(()), |reaction| write!(f, " on timeout {reaction}"))
    }
}

/// As a blueprint says it.
impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&reaction_words(self.kind))?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, " {}", Said::Formula(reason).text()))
    }
}
