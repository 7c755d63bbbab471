//! `orderwright get`: an order as it stands.

use model::OrderId;
use serde_json::Value;

use super::block_on;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::remote::{Api, ApiArgs, Order, read};
use crate::show::order_details;

/// Show an order as it stands, with all its tasks
///
/// What state it is in and since when, what it waits for or needs a person for, what the customer sees, and what has become of each
/// task and item. Times are in UTC.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright get 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21
  orderwright get 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 --children
  orderwright get 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 --json | jq .tasks")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    /// Show the orders that its tasks run as well, and those that these run
    ///
    /// With `--json`, all of them as a list, each before those that it runs.
    #[arg(long)]
    children: bool,

    #[command(flatten)]
    api: ApiArgs,
}

/// Prints it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    block_on(async {
        let document = api.order(args.order).await?;
        let family = if args.children { family(&api, document).await? } else { vec![document] };
        if args.api.json {
            return if args.children { print_json(&family) } else { family.iter().try_for_each(print_json) };
        }
        let details = family.into_iter().map(|document| Ok(order_details(&read(document)?)));
        print(details.collect::<Result<Vec<_>, Failure>>()?.join("\n\n"))
    })
}

/// An order and those that its tasks run, each before those that it runs.
async fn family(api: &Api, order: Value) -> Result<Vec<Value>, Failure> {
    let mut family = Vec::new();
    let mut next = vec![order];
    while let Some(document) = next.pop() {
        let order: Order = read(document.clone())?;
        family.push(document);
        for child in order.children.iter().rev() {
            next.push(api.order(child.id).await?);
        }
    }
    Ok(family)
}
