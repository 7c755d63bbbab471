//! `orderwright retry`: tries a held task again.

use super::act::Act;
use crate::failure::Failure;

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
    #[command(flatten)]
    act: Act,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.act.ask("retry", "the task is tried again")
}
