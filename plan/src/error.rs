//! What can be wrong with a plan, and what can go wrong in an expression.

use model::{BlueprintName, TaskId};

/// An expression could not be evaluated. It holds the task that needed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` on line {line}: {problem}")]
pub struct EvalError {
    /// The expression as its author wrote it.
    pub text: String,
    /// The line it is on, from 1.
    pub line: u32,
    /// What went wrong.
    pub problem: String,
}

/// Parts that don't make a plan. The compiler never produces such; data from elsewhere might be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// The format is of a later version of Orderwright.
    #[error("plan format {found} is newer than {supported}")]
    TooNew {
        /// What the plan says.
        found: u16,
        /// What we read.
        supported: u16,
    },
    /// An index points nowhere.
    #[error("{what} {index} does not exist")]
    Dangling {
        /// What was pointed at.
        what: &'static str,
        /// The index.
        index: usize,
    },
    /// Tasks wait for each other.
    #[error("tasks wait for each other: {}", path(.0))]
    Cycle(Vec<TaskId>),
    /// Two instances have the same id.
    #[error("there are two tasks `{0}`")]
    Duplicate(TaskId),
    /// A task runs a blueprint that the plan does not carry.
    #[error("the plan does not carry the blueprint `{0}`")]
    NoSubBlueprint(BlueprintName),
    /// A blueprint runs itself, directly or not.
    #[error("the blueprint `{0}` runs itself")]
    RunsItself(BlueprintName),
    /// More blueprints are run than a plan may carry.
    #[error("the plan carries {found} blueprints, and at most {limit} are allowed")]
    TooManySubBlueprints {
        /// How many it carries.
        found: usize,
        /// [`model::limits::SUB_BLUEPRINTS`].
        limit: usize,
    },
    /// More tasks than a plan may have.
    #[error("the plan has {found} tasks, and at most {limit} are allowed")]
    TooManyTasks {
        /// How many it has.
        found: usize,
        /// [`model::limits::PLAN_TASKS`].
        limit: usize,
    },
    /// More bytes than a plan may have.
    #[error("the plan has {found} bytes, and at most {limit} are allowed")]
    TooLarge {
        /// Its canonical size.
        found: usize,
        /// [`model::limits::PLAN_BYTES`].
        limit: usize,
    },
}

fn path(tasks: &[TaskId]) -> String {
    tasks.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(" → ")
}
