//! What a person can do with a task that needs one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{InvalidName, TaskState};

/// Something that a person does with a task. What else it takes to do it, a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorAction {
    /// Try it again, if need be with other arguments; an undo that failed, too. Lets an order go on that is paused at the task.
    Retry,
    /// Say what came of it: it has been done by hand.
    Complete,
    /// Go on without it.
    Skip,
    /// Undo what was done for its item, or for the order as a whole.
    Rollback,
    /// Say that what its undo failed to take back has been taken back by hand.
    Undone,
    /// Leave in place for good what its undo failed to take back.
    Accept,
}

impl OperatorAction {
    /// Every action, in the order in which they are suggested.
    pub const ALL: &'static [Self] =
        &[Self::Retry, Self::Complete, Self::Skip, Self::Rollback, Self::Undone, Self::Accept];

    /// The word that stands in addresses and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Complete => "complete",
            Self::Skip => "skip",
            Self::Rollback => "rollback",
            Self::Undone => "undone",
            Self::Accept => "accept",
        }
    }

    /// What is worth trying with a task, by its state alone; `by_person` says whether it is one that a person does. The order
    /// may still say no, for what only it knows: that another task needs the result, or that a point of no return has been
    /// passed.
    #[must_use]
    pub const fn suggested(state: TaskState, by_person: bool) -> &'static [Self] {
        match state {
            TaskState::Held => &[Self::Retry, Self::Complete, Self::Skip, Self::Rollback],
            TaskState::UndoFailed => &[Self::Retry, Self::Undone, Self::Accept],
            TaskState::Running if by_person => &[Self::Complete],
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Running
            | TaskState::Unknown
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Skipped
            | TaskState::Dropped
            | TaskState::Undoing
            | TaskState::Undone
            | TaskState::Amending => &[],
        }
    }
}

impl fmt::Display for OperatorAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for OperatorAction {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::ALL.iter().copied().find(|action| action.as_str() == text).ok_or_else(|| InvalidName {
            text: text.chars().take(80).collect(),
            expected: "what a person can do with a task",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_reads_back_from_its_word() {
        for action in OperatorAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
            assert_eq!(serde_json::to_string(action).unwrap(), format!("\"{action}\""));
        }
        let wrong = "delete".parse::<OperatorAction>().unwrap_err();
        assert_eq!(wrong.to_string(), "`delete` is not what a person can do with a task");
    }

    #[test]
    fn nothing_is_suggested_for_a_task_that_needs_nobody() {
        for state in TaskState::ALL {
            let needs = matches!(state, TaskState::Held | TaskState::UndoFailed);
            assert_eq!(!OperatorAction::suggested(*state, false).is_empty(), needs, "{state}");
        }
        assert_eq!(OperatorAction::suggested(TaskState::Running, true), [OperatorAction::Complete]);
    }
}
