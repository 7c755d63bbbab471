//! Orders per second through everything, beside the same order written by hand.
//!
//! `bench orders` starts a Postgres, a Temporal dev server and the simulated systems of its own, then runs rounds: the
//! whole product with ordinary calls, a workflow written by hand with the same seven activities, and the product with
//! inline calls, one after the other on the same servers. `bench by-hand` is that workflow's worker. What needs no servers is
//! measured by `bench-language`, in `language`.

mod by_hand;
mod cpu;
mod orders;
mod product;
mod report;
mod servers;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Measures Orderwright beside a workflow written by hand")]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Orders per second and CPU time per order.
    Orders(OrdersArgs),
    /// The worker of the workflow written by hand; reads `TEMPORAL_ADDRESS` and `SIM_URL`.
    ByHand,
}

/// How much to measure.
#[derive(Clone, Debug, Args)]
pub(crate) struct OrdersArgs {
    /// The `orderwright` program to measure.
    #[arg(long)]
    program: PathBuf,
    /// The folder with the example blueprints.
    #[arg(long, default_value = "blueprints")]
    blueprints: PathBuf,
    /// Orders of each kind in each round.
    #[arg(long, default_value_t = 300)]
    orders: usize,
    /// Rounds; medians over rounds are reported.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Orders in flight at a time.
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// Which ways to measure; all of them if none is named.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Way>,
}

/// A way of doing an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Way {
    /// Orderwright with ordinary calls.
    Ordinary,
    /// The workflow written by hand.
    ByHand,
    /// Orderwright with inline calls.
    Inline,
}

impl Way {
    const ALL: [Self; 3] = [Self::Ordinary, Self::ByHand, Self::Inline];

    const fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "orderwright",
            Self::ByHand => "by hand, no mirror",
            Self::Inline => "orderwright, inline calls",
        }
    }
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match Cli::parse().what {
        What::Orders(args) => runtime.block_on(orders::measure(&args)),
        What::ByHand => runtime.block_on(by_hand::work()),
    }
}
