//! `orderwright skip`: has an order go on without a held task.

use super::act::Act;
use crate::failure::Failure;

/// Go on without a held task
///
/// What the task left is undone first. It is refused if something that is still to be done needs the result of the task, and while
/// it is not known what the task left: who knows what came of it says so with `complete` instead. The note, and who wrote it, stay
/// on the order's record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright skip 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'welcome_call[1]' \\
    --note 'the customer does not want one'")]
pub(crate) struct Args {
    #[command(flatten)]
    act: Act,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.act.ask("skip", "the order goes on without the task")
}
