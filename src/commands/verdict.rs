//! What becomes of a request that steers an order, for people. Shared by the commands that steer.

use serde_json::Value;

use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::remote::{ApiArgs, Verdict, read};

/// Prints the API's answer; `applied` says what has happened if the request was applied.
pub(super) fn show(args: &ApiArgs, answer: Value, applied: &str) -> Result<(), Failure> {
    if args.json {
        return print_json(&answer);
    }
    let Verdict { id, result } = read(answer)?;
    match result.as_str() {
        "applied" => print(applied),
        "kept" => print("no task waits for it yet: it is kept for the one that will"),
        "duplicate" => print(format_args!("it had come before as `{id}`: nothing has changed")),
        "promised" => print(format_args!(
            "the order can't be told just now: it is written down as `{id}`, and the order will be told"
        )),
        other => print(other),
    }
}
