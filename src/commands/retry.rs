//! `orderwright retry`: tries a held task again.

use serde_json::json;

use super::act::Act;
use crate::failure::Failure;
use crate::sources::given_document;

/// Try a held task again
///
/// The task's call is made anew; an undo that failed is tried again. With `--arguments` it is made with other arguments than the
/// blueprint gives: all that are not named stay. They must be of the same kind, and what became of the call before must be known.
/// The note, who wrote it and the arguments stay on the order's record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright retry 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'activate[1]' \\
    --note 'the OLT is back, see INC-8123'
  orderwright retry 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'activate[1]' \\
    --arguments '{\"ont\": \"ONT-7\"}' --note 'the label was misread'")]
pub(crate) struct Args {
    #[command(flatten)]
    act: Act,

    /// Arguments to be corrected, by their names: JSON, or `@` and the name of a file (`@-`: standard input)
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}", hide_default_value = true)]
    arguments: String,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let arguments = given_document(&args.arguments, "--arguments")?;
    args.act.ask_with(
        "retry",
        &json!({ "arguments": arguments.to_json() }),
        "the order goes on with the task",
    )
}
