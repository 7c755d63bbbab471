//! `orderwright cancel`: asks an order, or one of its items, to be cancelled.

use model::ItemId;
use serde_json::json;

use super::steer::Steer;
use crate::failure::Failure;
use crate::remote::ApiArgs;

/// Cancel an order or one of its items
///
/// If the order can still be cancelled, nothing more is begun for it, everything that was done is undone, and it ends `cancelled`. Past a
/// point of no return the cancel is refused, the task is named, and the order goes on.
///
/// With `--item`, what was done for that item is undone and the order goes on without it. Where a blueprint keeps items apart
/// (`each … on failure isolate`), that can be done until something else has begun with what was done for the item; any other item is
/// taken out of the order by an amendment.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright cancel 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 \\
    --reason 'the customer changed their mind'
  orderwright cancel 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 --item 2 \\
    --reason 'one phone will do'")]
pub(crate) struct Args {
    #[command(flatten)]
    steer: Steer,

    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Only this item
    #[arg(long, value_name = "ITEM")]
    item: Option<ItemId>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (body, applied) = match &args.item {
        None => (
            json!({"reason": args.reason}),
            "the cancel is accepted: nothing more is begun, and whatever was done is undone".to_owned(),
        ),
        Some(item) => (
            json!({"reason": args.reason, "item": item}),
            format!("the cancel is accepted: what was done for item {item} is being undone"),
        ),
    };
    args.steer.ask(&args.api, &["cancel"], &body, &applied)
}
