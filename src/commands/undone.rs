//! `orderwright undone`: says that what a task left was taken back by hand.

use super::act::Act;
use crate::failure::Failure;

/// Say that what a task left was taken back by hand
///
/// For a task whose undo failed: the order goes on as if its undo had done it. The note says how it was done; it stays on the
/// order's record, with who wrote it.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright undone 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'reserve_port[1]' \\
    --note 'released in the inventory, see INC-8130'")]
pub(crate) struct Args {
    #[command(flatten)]
    act: Act,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.act.ask("undone", "the task counts as undone")
}
