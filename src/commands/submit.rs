//! `orderwright submit`: an order from a file.

use std::path::PathBuf;

use anyhow::anyhow;
use console::style;

use super::block_on;
use crate::failure::Failure;
use crate::follow::follow;
use crate::output::{print, print_json};
use crate::remote::{ApiArgs, Order, read};
use crate::show::order_state;
use crate::sources::read_json;

/// Submit an order
///
/// The order is checked whole: all its faults come back at once, each with its place in the file. A valid order is planned and
/// accepted, and its id printed.
///
/// With `--watch` it is followed to its end, as by `watch`: the exit code is 0 if it ended `completed`, and 1 if it was not
/// accepted or ended in any other way.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright submit blueprints/orders/home_fiber.json
  orderwright submit order.json --watch
  orderwright submit order.json --idempotency-key CRM-4711    # safe to repeat: it is one order")]
pub(crate) struct Args {
    /// The order: a JSON document
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Follow the order to its end
    #[arg(long)]
    watch: bool,

    /// Names this request: repeated with the same key and order within a week, it is the same order
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,

    /// The blueprint, as `name` or `name@3`, whatever the file says
    #[arg(long, value_name = "BLUEPRINT")]
    blueprint: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Submits it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let mut document = read_json(&args.file)?;
    if let Some(blueprint) = &args.blueprint {
        let fields = document.as_object_mut();
        let fields = fields.ok_or_else(|| {
            Failure::misuse(anyhow!("`{}` is not an order: a JSON object was expected", args.file.display()))
        })?;
        fields.insert("blueprint".to_owned(), blueprint.clone().into());
    }
    block_on(async {
        let answer = api.post(&["v1", "orders"], args.idempotency_key.as_deref(), &document).await?;
        let order: Order = read(answer.clone())?;
        if args.watch {
            follow(&api, order.id).await
        } else if args.api.json {
            print_json(&answer)
        } else {
            print(format_args!("order {} · {}", style(order.id).bold(), order_state(order.state)))
        }
    })
}
