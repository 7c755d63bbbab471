//! `orderwright cancel`: asks an order to be cancelled.

use serde_json::json;

use super::steer::Steer;
use crate::failure::Failure;
use crate::remote::ApiArgs;

/// Cancel an order
///
/// If the order can still be cancelled, nothing more is begun for it, everything that was done is undone, and it ends `cancelled`. Past a
/// point of no return the cancel is refused, the task is named, and the order goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright cancel 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 \\
    --reason 'the customer changed their mind'")]
pub(crate) struct Args {
    #[command(flatten)]
    steer: Steer,

    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,

    #[command(flatten)]
    api: ApiArgs,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let applied = "the cancel is accepted: what was done is being undone";
    args.steer.ask(&args.api, &["cancel"], &json!({ "reason": args.reason }), applied)
}
