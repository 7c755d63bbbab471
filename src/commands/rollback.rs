//! `orderwright rollback`: gives up on a held task.

use super::act::Act;
use crate::failure::Failure;

/// Give up on a held task and undo everything that was done
///
/// Everything that was done for the order is undone, in reverse, and it ends `failed`. The note, and who wrote it, stay on the order's record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright rollback 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'activate[1]' \\
    --note 'no fibre in the street'")]
pub(crate) struct Args {
    #[command(flatten)]
    act: Act,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.act.ask("rollback", "the order is being rolled back")
}
