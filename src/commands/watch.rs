//! `orderwright watch`: an order, followed to its end.

use model::OrderId;

use super::block_on;
use crate::failure::Failure;
use crate::follow::follow;
use crate::remote::ApiArgs;

/// Follow an order to its end
///
/// On a terminal, a list of the order's tasks that is kept up to date. Otherwise, one line for each thing that has happened
/// and happens to the order; with `--json`, one JSON document a line. A connection that is lost is made again, and nothing is
/// missed.
///
/// The exit code is 0 if the order ended `completed`, and 1 if it ended in any other way.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright watch 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21
  orderwright watch 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 --json | jq -r .type")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    #[command(flatten)]
    api: ApiArgs,
}

/// Follows to the end.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    block_on(follow(&api, args.order))
}
