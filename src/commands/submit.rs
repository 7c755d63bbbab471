//! `orderwright submit`: an order from a file.

use anyhow::anyhow;
use console::style;
use model::Value;

use super::block_on;
use super::steer::differs;
use crate::failure::Failure;
use crate::follow::follow;
use crate::output::{print, print_json};
use crate::remote::{ApiArgs, Submitted, read};
use crate::show::order_state;
use crate::sources::DocumentSource;

/// Submit an order
///
/// The order is checked whole: all its faults come back at once, each with its place in the document. A valid order is planned and
/// accepted, and its id printed.
///
/// An order with an external id that is known is the order that was accepted under it, whatever it says now; where it says
/// something else, the places are named.
///
/// With `--watch` it is followed to its end, as by `watch`: the exit code is 0 if it ended `completed`, and 1 if it was not
/// accepted or ended in any other way.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright submit blueprints/orders/home_fiber.json
  orderwright submit order.json --watch
  jq '.customer.id = \"C-7\"' order.json | orderwright submit -
  orderwright submit order.json --idempotency-key CRM-4711    # safe to repeat: it is one order")]
pub(crate) struct Args {
    /// The order: a JSON document, or `-` for one on standard input
    #[arg(value_name = "FILE")]
    file: DocumentSource,

    /// Follow the order to its end
    #[arg(long)]
    watch: bool,

    /// Names this request: repeated with the same key and order within a week, it is the same order
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,

    /// The blueprint, as `name` or `name@3`, whatever the document says
    #[arg(long, value_name = "BLUEPRINT")]
    blueprint: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Submits it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let mut document = args.file.document()?;
    if let Some(blueprint) = &args.blueprint {
        let Value::Record(fields) = &mut document else {
            return Err(Failure::misuse(anyhow!(
                "{} is not an order: a JSON object was expected",
                args.file
            )));
        };
        fields.insert("blueprint".to_owned(), Value::text(blueprint));
    }
    let document = document.to_json();
    block_on(async {
        let answer = api.post(&["v1", "orders"], args.idempotency_key.as_deref(), &document).await?;
        let Submitted { order, replayed, differences } = read(answer.clone())?;
        if args.api.json {
            return if args.watch { follow(&api, order.id).await } else { print_json(&answer) };
        }
        if !args.watch {
            print(format_args!("order {} · {}", style(order.id).bold(), order_state(order.state)))?;
        }
        if replayed {
            print("this order was there already")?;
            differs("what was sent now differs from it", &differences).iter().try_for_each(print)?;
        }
        if args.watch { follow(&api, order.id).await } else { Ok(()) }
    })
}
