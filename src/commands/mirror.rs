//! `orderwright mirror`: what Postgres shows of orders, made again.

use anyhow::anyhow;
use clap::Subcommand;
use model::OrderId;

use super::block_on;
use crate::failure::{Exit, Failure};
use crate::output::{print, print_json, tell};
use crate::remote::{Api, ApiArgs, Rebuilt, TemporalOrders, read};

/// Make again what Postgres shows of orders, from Temporal
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Rebuild(RebuildArgs),
}

/// Make everything that is shown of an order again, from Temporal alone
///
/// Its record, state, items, tasks and versions, and what it left behind, come out as they were. Nobody reads anything in between,
/// and nobody who follows events is told one twice. The attempts of its calls stay as they are. If Temporal does not have all of the order any
/// more, nothing is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright mirror rebuild 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21
  orderwright mirror rebuild --all")]
struct RebuildArgs {
    /// The order; Postgres need not know it
    #[arg(value_name = "ORDER", required_unless_present = "all")]
    order: Option<OrderId>,

    /// Every order that Temporal has, also those that Postgres does not know; goes on after one that can't be made again
    #[arg(long, conflicts_with = "order")]
    all: bool,

    #[command(flatten)]
    api: ApiArgs,
}

/// Has the rows made again.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let Args { action: Action::Rebuild(RebuildArgs { order, all: _, api }) } = args;
    let remote = api.api()?;
    block_on(async {
        match order {
            Some(order) => rebuild(&remote, *order).await,
            None => rebuild_all(&remote).await,
        }
    })
}

async fn rebuild(api: &Api, order: OrderId) -> Result<(), Failure> {
    let document = api
        .post(&["v1", "mirror", "orders", &order.to_string(), "rebuild"], None, &serde_json::json!({}))
        .await?;
    if api.prints_json() {
        return print_json(&document);
    }
    let Rebuilt { events, needed } = read(document)?;
    for other in needed {
        print(format!("{other} was missing, and is made again"))?;
    }
    print(format!("{order} is made again, of {events} events"))
}

async fn rebuild_all(api: &Api) -> Result<(), Failure> {
    let (mut done, mut refused) = (0_u64, 0_u64);
    let mut cursor: Option<String> = None;
    loop {
        let query: Vec<_> = cursor.into_iter().map(|cursor| ("cursor", cursor)).collect();
        let TemporalOrders { orders, next } = read(api.get(&["v1", "mirror", "orders"], &query).await?)?;
        for order in orders {
            match rebuild(api, order).await {
                Ok(()) => done += 1,
                // Without Postgres, Temporal or a worker the next one will not do better.
                Err(failure) if failure.exit == Exit::Unavailable => return Err(failure),
                Err(failure) => {
                    refused += 1;
                    if !failure.is_told() {
                        tell(format!("{order}: {}", failure.in_one_line()));
                    }
                }
            }
        }
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    if refused > 0 {
        return Err(Failure::no(anyhow!(
            "{refused} orders could not be made again, and are as they were; {done} are"
        )));
    }
    if api.prints_json() { Ok(()) } else { print(format!("{done} orders are made again")) }
}
