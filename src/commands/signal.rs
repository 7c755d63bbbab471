//! `orderwright signal`: hands an event from outside to an order.

use std::path::Path;

use anyhow::Context as _;
use model::{OrderId, SignalName, TaskId};
use serde_json::{Value, json};

use super::block_on;
use super::verdict::show;
use crate::failure::Failure;
use crate::remote::ApiArgs;
use crate::sources::read_json;

/// Hand an event from outside to an order
///
/// The task that waits for the signal takes it, if it carries what the task asks for; a signal that comes early is kept. One
/// that no task waits for, or of another shape, is refused with the reason, and the order goes on as before.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright signal 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 technician_report \\
    --payload '{\"outcome\": \"done\", \"ont\": \"ONT-1\"}'
  orderwright signal 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 technician_report \\
    --task 'field_work[1]' --payload @report.json --id WFM-2207")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    /// The signal, as the blueprint names it
    #[arg(value_name = "SIGNAL")]
    signal: SignalName,

    /// The task that it is for, if several wait for such a signal
    #[arg(long, value_name = "TASK")]
    task: Option<TaskId>,

    /// What it carries: JSON, or `@` and the name of a file
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}", hide_default_value = true)]
    payload: String,

    /// Names the event: delivered again, it changes nothing more
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Delivers it, and prints the answer.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let (order, signal) = (args.order.to_string(), args.signal.as_str());
    let mut body = json!({ "payload": payload(&args.payload)? });
    if let Some(fields) = body.as_object_mut() {
        fields.extend(args.task.iter().map(|task| ("task".to_owned(), task.to_string().into())));
        fields.extend(args.id.iter().map(|id| ("id".to_owned(), id.clone().into())));
    }
    block_on(async {
        let answer = api.post(&["v1", "orders", &order, "signals", signal], None, &body).await?;
        show(&args.api, answer, "a task has taken it")
    })
}

fn payload(given: &str) -> Result<Value, Failure> {
    match given.strip_prefix('@') {
        Some(file) => read_json(Path::new(file)),
        None => serde_json::from_str(given)
            .context("what `--payload` says is not JSON")
            .map_err(|error| Failure::misuse(error).with_help("to send a file, write `--payload @FILE`")),
    }
}
