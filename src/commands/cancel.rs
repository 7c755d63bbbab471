//! `orderwright cancel`: asks an order to be cancelled.

use model::OrderId;
use serde_json::json;

use super::block_on;
use super::verdict::show;
use crate::failure::Failure;
use crate::remote::ApiArgs;

/// Cancel an order
///
/// If the order can still be cancelled, nothing more is begun for it, everything that was done is undone, and it ends `cancelled`. Past a
/// point of no return the cancel is refused, the task is named, and the order goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright cancel 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 \\
    --reason 'the customer changed their mind'")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// Names this request: repeated, it changes nothing more
    #[arg(long, value_name = "KEY")]
    id: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Asks, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let order = args.order.to_string();
    block_on(async {
        let body = json!({ "reason": args.reason });
        let answer = api.post(&["v1", "orders", &order, "cancel"], args.id.as_deref(), &body).await?;
        show(&args.api, answer, "the cancel is accepted: what was done is being undone")
    })
}
