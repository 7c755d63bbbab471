//! `orderwright complete`: says what came of a task that a person does, or did in the end.

use serde_json::json;

use super::act::Act;
use crate::failure::Failure;
use crate::sources::given_document;

/// Say what came of a task that a person does, or did by hand
///
/// A `manual` task waits for somebody to say so; `get` shows for whom, what is to be done, and the fields that are asked for. A held
/// task can be completed by hand too: the note says how it was done. The result must have the fields that are asked for. What was
/// done by hand counts as done by the task: it is undone if the order turns back. The note, and who wrote it, stay on the order's
/// record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright complete 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 check_contract \\
    --result '{\"approved\": true}' --note 'signed, see DOC-77'
  orderwright complete 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'activate[1]' \\
    --result '{\"service_id\": \"S-4711\"}' --note 'activated on the OLT itself'")]
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
