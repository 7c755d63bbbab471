//! `orderwright move`: has an order be carried out by another version of its blueprint.

use anyhow::anyhow;
use model::OrderId;
use serde_json::{Map, json};

use super::amend::{How, run_move};
use crate::failure::Failure;
use crate::sources::DocumentSource;

/// Move an order to another version of its blueprint
///
/// An amendment of the same order: the plan is made by the other version and laid over the one that runs. What both versions do alike
/// is kept. It is shown and asked as by `amend`, and refused as a whole where something speaks against it. If the other version asks for
/// more than the order says, `--patch` says it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright move 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 4 --dry-run
  orderwright move 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 4 --reason 'version 3 books visits on Sundays'
  orderwright move 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 5 --patch floor.json --reason 'version 5 asks for the floor'")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    /// The version of its blueprint, which must be published
    #[arg(value_name = "VERSION", value_parser = clap::value_parser!(u32).range(1..))]
    version: u32,

    /// What else is to be different: a merge patch of the order (RFC 7396) as for `amend`, or `-` for one on standard input
    #[arg(long, value_name = "FILE")]
    patch: Option<DocumentSource>,

    /// Why, for the record
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,

    #[command(flatten)]
    how: How,
}

/// Shows, asks, and moves.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    // What is not said is left out: an API of a version before knows no patch.
    let mut body = Map::from_iter([("version".to_owned(), json!(args.version))]);
    if let Some(file) = &args.patch {
        let patch = file.document()?.to_json();
        if !patch.is_object() {
            return Err(Failure::misuse(anyhow!(
                "{file} is no merge patch of an order: expected a JSON object"
            )));
        }
        body.insert("patch".to_owned(), patch);
    }
    body.extend(args.reason.as_ref().map(|reason| ("reason".to_owned(), json!(reason))));
    run_move(&args.how, args.order, body.into())
}
