//! `orderwright list`: orders by what people look for.

use model::OrderState;

use super::block_on;
use crate::failure::Failure;
use crate::output::{print_json, print_page};
use crate::remote::{ApiArgs, OrderPage, read};
use crate::show::order_list;

/// List orders, the newest first
///
/// Filters narrow the list together. Times are in UTC.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright list --state held
  orderwright list --state failed,cancelled,rejected
  orderwright list --late at_risk
  orderwright list --blueprint home_fiber --customer C-1001 --limit 10
  orderwright list --query HOME_FIBER_1G --json | jq -r '.orders[].id'")]
pub(crate) struct Args {
    /// Only orders in this state, such as `held` or `inProgress`; several are separated by commas, or given one by one
    #[arg(
        long, value_name = "STATE", value_delimiter = ',',
        value_parser = clap::builder::PossibleValuesParser::new(states())
    )]
    state: Vec<String>,

    /// Only orders of this blueprint, in any version
    #[arg(long, value_name = "NAME")]
    blueprint: Option<String>,

    /// Only orders of this customer
    #[arg(long, value_name = "ID")]
    customer: Option<String>,

    /// Only orders with this text in their ids, their customer or their offerings
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,

    /// Only open orders that are so late: `at_risk` if they may not be done in time, or are late already; `overdue` if their time is up
    #[arg(long, value_name = "HOW", value_parser = ["at_risk", "overdue"])]
    late: Option<String>,

    /// How many at the most, 1 to 200
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,

    /// Where to go on: what the end of the list before says
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

fn states() -> impl Iterator<Item = &'static str> {
    OrderState::ALL.iter().map(|state| state.as_str())
}

/// Prints them.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let Args { state, blueprint, customer, query, late, limit, cursor, api: _ } = args;
    let texts = [("blueprint", blueprint), ("customer", customer), ("q", query), ("late", late)];
    let given = texts.into_iter().chain([("cursor", cursor)]);
    let mut parameters = vec![("limit", limit.to_string())];
    if !state.is_empty() {
        parameters.push(("state", state.join(",")));
    }
    parameters.extend(given.filter_map(|(name, value)| Some((name, value.clone()?))));
    block_on(async {
        let document = api.get(&["v1", "orders"], &parameters).await?;
        if args.api.json {
            return print_json(&document);
        }
        let OrderPage { orders, next } = read(document)?;
        print_page(&orders, "there are no such orders", order_list, next.as_deref())
    })
}
