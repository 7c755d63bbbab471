//! `orderwright rollback`: gives up on a held task.

use clap::ValueEnum;
use serde_json::json;

use super::act::Act;
use crate::failure::Failure;

/// How much is undone.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// What was done for the item of the task, if it is in an `each … on failure isolate`
    Item,
    /// Everything
    Order,
}

impl Scope {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Order => "order",
        }
    }
}

/// Give up on a held task and undo what was done
///
/// What was done for its item is undone and the order goes on without it, if the item can be rolled back alone; otherwise, or with
/// `--scope order`, everything is undone, in reverse, and the order ends `failed`. The note, and who wrote it, stay on the order's
/// record.
///
/// It takes a worker to decide: without one the exit code is 3, and nothing has been done.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright rollback 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'activate[1]' \\
    --note 'no fibre in the street'
  orderwright rollback 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 'allocate[2]' --scope item \\
    --note 'no address is left'")]
pub(crate) struct Args {
    #[command(flatten)]
    act: Act,

    /// How much is undone; the item if it can be rolled back alone, without it
    #[arg(long, value_name = "SCOPE")]
    scope: Option<Scope>,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (more, applied) = match args.scope {
        Some(scope @ Scope::Item) => (json!({ "scope": scope.as_str() }), "the item is being rolled back"),
        Some(scope @ Scope::Order) => (json!({ "scope": scope.as_str() }), "the order is being rolled back"),
        None => (json!({}), "what was done is being rolled back"),
    };
    args.act.ask_with("rollback", &more, applied)
}
