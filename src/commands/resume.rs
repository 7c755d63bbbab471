//! `orderwright resume`: lets a paused order go on.

use serde_json::json;

use super::steer::Steer;
use crate::failure::Failure;
use crate::remote::ApiArgs;

/// Let a paused order go on
///
/// Ends what `orderwright pause` began, and what a deadline began that holds the order. The order stays held while one of its
/// tasks needs somebody. The note, and who wrote it, stay on the order's record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright resume 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 --note 'CHG-204 is done'")]
pub(crate) struct Args {
    #[command(flatten)]
    steer: Steer,

    /// What is to be remembered about it
    #[arg(long, value_name = "TEXT")]
    note: String,

    #[command(flatten)]
    api: ApiArgs,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.steer.ask(&args.api, &["resume"], &json!({ "note": args.note }), "the order is let go on")
}
