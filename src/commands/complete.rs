//! `orderwright complete`: says what came of a task that a person does.

use serde_json::json;

use super::act::Act;
use crate::failure::Failure;
use crate::sources::given_document;

/// Say what came of a task that a person does
///
/// A `manual` task waits for somebody to say so; `get` shows for whom, what is to be done, and the fields that are asked for.
/// The result must have those fields. The note, and who wrote it, stay on the order's record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright complete 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 check_contract \\
    --result '{\"approved\": true}' --note 'signed, see DOC-77'")]
pub(crate) struct Args {
    #[command(flatten)]
    act: Act,

    /// What came of it: JSON, or `@` and the name of a file (`@-`: standard input)
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}", hide_default_value = true)]
    result: String,
}

/// Says it, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let result = given_document(&args.result, "--result")?;
    args.act.ask_with("complete", &json!({ "result": result.to_json() }), "the task has taken it")
}
