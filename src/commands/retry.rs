//! `orderwright retry`: tries a held task again.

use model::{OrderId, TaskId};
use serde_json::json;

use super::block_on;
use super::verdict::show;
use crate::failure::Failure;
use crate::remote::ApiArgs;

/// Try a held task again
///
/// The task's call is made anew; an undo that failed is tried again. The note, and who wrote it, stay on the order's record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright retry 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'activate[1]' \\
    --note 'the OLT is back, see INC-8123'")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    /// The task
    #[arg(value_name = "TASK")]
    task: TaskId,

    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    note: String,

    /// Names this request: repeated, it changes nothing more
    #[arg(long, value_name = "KEY")]
    id: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let (order, task) = (args.order.to_string(), args.task.to_string());
    block_on(async {
        let body = json!({ "note": args.note });
        let answer =
            api.post(&["v1", "orders", &order, "tasks", &task, "retry"], args.id.as_deref(), &body).await?;
        show(&args.api, answer, "the task is tried again")
    })
}
