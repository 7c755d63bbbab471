//! `orderwright pause`: has nothing more of an order begun.

use serde_json::json;

use super::steer::Steer;
use crate::failure::Failure;
use crate::remote::ApiArgs;

/// Pause an order
///
/// Nothing more of the order is begun until `orderwright resume`; what is under way goes on: calls, waits, tasks of people, and
/// the orders that its tasks run. The order is held, and its deadline is not moved. The note, and who wrote it, stay on the
/// order's record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright pause 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 \\
    --note 'the core is being upgraded tonight, see CHG-204'")]
pub(crate) struct Args {
    #[command(flatten)]
    steer: Steer,

    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    note: String,

    #[command(flatten)]
    api: ApiArgs,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let applied = "the order is paused: what is under way goes on, nothing more is begun";
    args.steer.ask(&args.api, &["pause"], &json!({ "note": args.note }), applied)
}
