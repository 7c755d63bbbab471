//! `orderwright residue`: what was left behind in the systems.

use model::{Duration, OrderId, Timestamp};

use super::block_on;
use crate::failure::Failure;
use crate::output::{print_json, print_page};
use crate::planning::now;
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
  orderwright residue --since 30d
  orderwright residue --since 2026-11-01T00:00:00Z --json | jq '.residue[] | {order, task, arguments}'")]
pub(crate) struct Args {
    /// Only what was left in this system
    #[arg(long, value_name = "NAME")]
    system: Option<String>,

    /// Only what was left by this order and its child orders
    #[arg(long, value_name = "ORDER")]
    order: Option<OrderId>,

    /// Only what was accepted then or later: a time with its offset, or how long ago, such as `1h` or `30d`
    #[arg(long, value_name = "TIME", value_parser = since)]
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

fn since(text: &str) -> Result<Timestamp, String> {
    let ago = |duration: Duration| {
        let ago = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(now().as_millis().saturating_sub(ago))
    };
    let wrong = || {
        format!(
            "expected a time such as `2026-11-01T00:00:00Z`, or how long ago such as `1h`, found `{text}`"
        )
    };
    text.parse().or_else(|_| text.parse().map(ago)).map_err(|_: model::InvalidName| wrong())
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
        print_page(&residue, "nothing was left behind", residue_list, next.as_deref())
    })
}
