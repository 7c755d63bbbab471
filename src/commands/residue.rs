//! `orderwright residue`: what was left behind in the systems.

use console::style;
use model::{OrderId, Timestamp};

use super::block_on;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::remote::{ApiArgs, ResiduePage, read};
use crate::show::residue_list;

/// List what was left behind in the systems, the newest first
///
/// Effects that somebody accepted would not be taken back when their undo had failed (`orderwright accept`): what is still to be
/// cleaned up, or to be paid for. `--json` also has what the task brought back. Times are in UTC.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright residue --system inventory
  orderwright residue --since 2026-11-01T00:00:00Z --json | jq '.residue[] | {order, task, arguments}'")]
pub(crate) struct Args {
    /// Only what was left in this system
    #[arg(long, value_name = "NAME")]
    system: Option<String>,

    /// Only what was left by this order
    #[arg(long, value_name = "ORDER")]
    order: Option<OrderId>,

    /// Only what was accepted then or later
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,

    /// How many at the most, 1 to 200
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,

    /// Where to go on: what the end of the list before says
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Prints it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let Args { system, order, since, limit, cursor, api: _ } = args;
    let given = [
        ("system", system.clone()),
        ("order", order.map(|order| order.to_string())),
        ("since", since.map(|since| since.to_string())),
        ("cursor", cursor.clone()),
    ];
    let mut parameters = vec![("limit", limit.to_string())];
    parameters.extend(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
    block_on(async {
        let document = api.get(&["v1", "residue"], &parameters).await?;
        if args.api.json {
            return print_json(&document);
        }
        let ResiduePage { residue, next } = read(document)?;
        if residue.is_empty() {
            return print("nothing was left behind");
        }
        print(residue_list(&residue))?;
        match next {
            Some(cursor) => print(style(format!("more with --cursor {cursor}")).dim()),
            None => Ok(()),
        }
    })
}
