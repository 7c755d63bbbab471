//! `orderwright versions`: what an order was, and who has made it another one.

use model::OrderId;

use super::block_on;
use crate::failure::Failure;
use crate::output::{print_json, print_page};
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

    /// How many at the most, 1 to 100
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
    limit: u32,

    /// Where to go on: what the end of the list before says
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Prints them.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let mut parameters = vec![("limit", args.limit.to_string())];
    parameters.extend(args.cursor.clone().map(|cursor| ("cursor", cursor)));
    block_on(async {
        let document = api.get(&["v1", "orders", &args.order.to_string(), "versions"], &parameters).await?;
        if args.api.json {
            return print_json(&document);
        }
        let Versions { versions, next } = read(document)?;
        print_page(&versions, "there are no more versions", version_list, next.as_deref())
    })
}
