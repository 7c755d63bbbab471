//! What a person does with a task that needs one. Shared by the commands that do it.

use model::TaskId;
use serde_json::json;

use super::steer::Steer;
use crate::failure::Failure;
use crate::remote::ApiArgs;

/// On which task, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Act {
    #[command(flatten)]
    steer: Steer,

    /// The task
    #[arg(value_name = "TASK")]
    task: TaskId,

    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    note: String,

    #[command(flatten)]
    api: ApiArgs,
}

impl Act {
    /// Asks for the action, and prints the answer; `applied` says what has happened if it was applied.
    pub(super) fn ask(&self, action: &str, applied: &str) -> Result<(), Failure> {
        let task = self.task.to_string();
        self.steer.ask(&self.api, &["tasks", &task, action], &json!({ "note": self.note }), applied)
    }
}
