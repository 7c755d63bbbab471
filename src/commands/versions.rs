//! `orderwright versions`: what an order was, and who has made it another one.

use model::OrderId;

use super::block_on;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::remote::{ApiArgs, Versions, read};
use crate::show::version_list;

/// List the versions of an order
///
/// Every version that the order had, with who wanted it, why, what was different and what that meant for its tasks; and every
/// amendment that was refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright versions 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21
  orderwright versions 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 --json | jq '.versions[-1].tasks'")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    #[command(flatten)]
    api: ApiArgs,
}

/// Prints them.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    block_on(async {
        let document = api.get(&["v1", "orders", &args.order.to_string(), "versions"], &[]).await?;
        if args.api.json {
            return print_json(&document);
        }
        let Versions { versions, .. } = read(document)?;
        print(version_list(&versions))
    })
}
