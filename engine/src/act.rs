//! What a person does with a task, with what it takes to do it.

use std::collections::BTreeMap;

use model::{OperatorAction, Value};
use serde::{Deserialize, Serialize};

/// How much is rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The item of the task alone: of an `each … on failure isolate`.
    Item,
    /// The order as a whole.
    Order,
}

/// What a person does with a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Act {
    /// [`OperatorAction::Retry`].
    Retry {
        /// The arguments that are to be others than the blueprint says, by their names.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        arguments: BTreeMap<String, Value>,
    },
    /// [`OperatorAction::Complete`].
    Complete {
        /// What came of the task, as they say it.
        result: Value,
    },
    /// [`OperatorAction::Rollback`].
    Rollback {
        /// How much. If they don't say: the item, if it can be rolled back alone and the order as a whole is not paused; else
        /// the order.
        #[serde(skip_serializing_if = "Option::is_none")]
        scope: Option<Scope>,
    },
    /// [`OperatorAction::Skip`].
    Skip,
    /// [`OperatorAction::Undone`].
    Undone,
    /// [`OperatorAction::Accept`].
    Accept,
}

impl Act {
    /// Which action it is.
    #[must_use]
    pub const fn action(&self) -> OperatorAction {
        match self {
            Self::Retry { .. } => OperatorAction::Retry,
            Self::Complete { .. } => OperatorAction::Complete,
            Self::Rollback { .. } => OperatorAction::Rollback,
            Self::Skip => OperatorAction::Skip,
            Self::Undone => OperatorAction::Undone,
            Self::Accept => OperatorAction::Accept,
        }
    }
}

impl From<OperatorAction> for Act {
    /// The action with nothing more said: no other arguments, an empty result, the usual scope.
    fn from(action: OperatorAction) -> Self {
        match action {
            OperatorAction::Retry => Self::Retry { arguments: BTreeMap::new() },
            OperatorAction::Complete => Self::Complete { result: Value::Null },
            OperatorAction::Skip => Self::Skip,
            OperatorAction::Rollback => Self::Rollback { scope: None },
            OperatorAction::Undone => Self::Undone,
            OperatorAction::Accept => Self::Accept,
        }
    }
}
