//! `orderwright demo`: everything on this machine, and what it does.

use std::future::pending;
use std::path::PathBuf;

use super::block_on;
use super::up::SiteArgs;
use crate::demo::{self, Samples};
use crate::failure::Failure;
use crate::output::print;
use crate::up;

/// Run everything on this machine and show what it does with sample orders
///
/// Starts what `up` starts and follows every sample order to its end. Then it cancels one, lets one run out of time, has a system
/// refuse one, and kills the worker in the middle of another. Then it stops everything. The exit code is 0 if every order ended as it must.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright demo
  orderwright demo --keep")]
pub(crate) struct Args {
    /// Leave everything running afterwards, until Ctrl-C
    #[arg(long)]
    keep: bool,

    /// The folder of sample orders [default: `orders` in the folder of blueprints]
    #[arg(long, value_name = "DIR")]
    orders: Option<PathBuf>,

    #[command(flatten)]
    site: SiteArgs,
}

/// Plays the demo.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let Args { keep, orders, mut site } = args;
    let blueprints = site.blueprints.take().unwrap_or_else(|| PathBuf::from("blueprints"));
    let samples = Samples::read(&orders.unwrap_or_else(|| blueprints.join("orders")))?;
    site.blueprints = Some(blueprints);
    // Single-threaded, as for `up`.
    block_on(up::run_with(site.into_options(), async |site| {
        demo::run(&site, &samples).await?;
        if keep {
            print("\neverything still runs: Ctrl-C stops it")?;
            pending::<()>().await;
        }
        Ok(())
    }))
}
