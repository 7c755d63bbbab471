//! `orderwright move`: has an order be carried out by another version of its blueprint.

use model::OrderId;

use super::amend::{How, run_move};
use crate::failure::Failure;

/// Move an order to another version of its blueprint
///
/// An amendment of the same order: the plan is made by the other version and laid over the one that runs. What both versions do alike
/// is kept. It is shown and asked as by `amend`, and refused as a whole where something speaks against it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright move 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 4 --dry-run
  orderwright move 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 4 --reason 'version 3 books visits on Sundays'")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    /// The version of its blueprint, which must be published
    #[arg(value_name = "VERSION", value_parser = clap::value_parser!(u32).range(1..))]
    version: u32,

    /// Why, for the record
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,

    #[command(flatten)]
    how: How,
}

/// Shows, asks, and moves.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    run_move(&args.how, args.order, args.version, args.reason.as_deref())
}
