//! `orderwright get`: an order as it stands.

use model::OrderId;

use super::block_on;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::remote::{ApiArgs, read};
use crate::show::order_details;

/// Show an order as it stands, with all its tasks
///
/// What state it is in and since when, what it waits for or needs a person for, what the customer sees, and what has become of each
/// task. Times are in UTC.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright get 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21
  orderwright get 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 --json | jq .tasks")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    #[command(flatten)]
    api: ApiArgs,
}

/// Prints it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    block_on(async {
        let document = api.order(args.order).await?;
        if args.api.json { print_json(&document) } else { print(order_details(&read(document)?)) }
    })
}
