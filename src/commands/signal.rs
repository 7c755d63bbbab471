//! `orderwright signal`: hands an event from outside to an order.

use model::{SignalName, TaskId};
use serde_json::json;

use super::steer::Steer;
use crate::failure::Failure;
use crate::remote::ApiArgs;
use crate::sources::given_document;

/// Hand an event from outside to an order
///
/// The task that waits for the signal takes it, if it carries what the task asks for; a signal that comes early is kept. One
/// that no task waits for, or of another shape, is refused with the reason, and the order goes on as before.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright signal 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 technician_report \\
    --payload '{\"outcome\": \"done\", \"ont\": \"ONT-1\"}'
  orderwright signal 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 technician_report \\
    --task 'field_work[1]' --payload @report.json --id WFM-2207")]
pub(crate) struct Args {
    #[command(flatten)]
    steer: Steer,

    /// The signal, as the blueprint names it
    #[arg(value_name = "SIGNAL")]
    signal: SignalName,

    /// The task that it is for, if several wait for such a signal
    #[arg(long, value_name = "TASK")]
    task: Option<TaskId>,

    /// What it carries: JSON, or `@` and the name of a file (`@-`: standard input)
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}", hide_default_value = true)]
    payload: String,

    #[command(flatten)]
    api: ApiArgs,
}

/// Delivers it, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let payload = given_document(&args.payload, "--payload")?;
    let mut body = json!({ "payload": payload.to_json() });
    if let (Some(fields), Some(task)) = (body.as_object_mut(), &args.task) {
        fields.insert("task".to_owned(), task.to_string().into());
    }
    args.steer.ask(&args.api, &["signals", args.signal.as_str()], &body, "a task has taken it")
}
