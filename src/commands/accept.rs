//! `orderwright accept`: accepts that what a task left stays.

use super::act::Act;
use crate::failure::Failure;

/// Accept that what a task left stays
///
/// For a task whose undo failed: what it left stays in place for good, for the reason that the note gives. The order goes on as if
/// it were undone and ends in its state all the same; what was left is on its record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright accept 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'reserve_port[1]' \\
    --note 'the port is broken and will be scrapped'")]
pub(crate) struct Args {
    #[command(flatten)]
    act: Act,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.act.ask("accept", "what the task left is accepted as residue")
}
