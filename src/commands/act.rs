//! What a person does with a task that needs one. Shared by the commands that do it.

use model::TaskId;
use serde_json::{Value, json};

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
        self.ask_with(action, &json!({}), applied)
    }

    /// Asks for the action with more than a note.
    pub(super) fn ask_with(&self, action: &str, more: &Value, applied: &str) -> Result<(), Failure> {
        let task = self.task.to_string();
        let mut body = more.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.insert("note".to_owned(), self.note.clone().into());
        }
        self.steer.ask(&self.api, &["tasks", &task, action], &body, applied)
    }
}
