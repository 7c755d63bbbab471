//! Asking something of an order that runs. Shared by the commands that steer.

use model::OrderId;
use serde_json::Value;

use super::block_on;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::remote::{Api, ApiArgs, Verdict, read};

/// Of which order it is asked, and under which name.
#[derive(Debug, clap::Args)]
pub(super) struct Steer {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    /// Names this request: repeated, it changes nothing more
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

impl Steer {
    /// Asks at an address below the order's, and prints the answer; `applied` says what has happened if it was applied.
    pub(super) fn ask(
        &self,
        args: &ApiArgs,
        below: &[&str],
        body: &Value,
        applied: &str,
    ) -> Result<(), Failure> {
        let api = args.api()?;
        let order = self.order.to_string();
        let address = [&["v1", "orders", &order], below].concat();
        block_on(async {
            let answer = api.post(&address, self.id.as_deref(), body).await?;
            let verdict: Verdict = read(answer.clone())?;
            see(&api, &verdict).await;
            if args.json {
                return print_json(&answer);
            }
            said(&verdict, applied).iter().try_for_each(print)
        })
    }
}

async fn see(api: &Api, verdict: &Verdict) {
    if verdict.result != "promised" {
        see_delivery(api, verdict.order, verdict.id.as_str()).await;
    }
}

/// Waits until the order shows what became of a request, so that whoever reads it next sees the effect. If that takes
/// seconds, the answer does not wait for it.
pub(super) async fn see_delivery(api: &Api, order: OrderId, id: &str) {
    let _ = api.get(&["v1", "orders", &order.to_string()], &[("delivery", id.to_owned())]).await;
}

fn said(verdict: &Verdict, applied: &str) -> Vec<String> {
    let Verdict { id, result, differences, order: _ } = verdict;
    let mut lines = vec![match result.as_str() {
        "applied" => applied.to_owned(),
        "kept" => "no task waits for it yet: it is kept for the one that will".to_owned(),
        "duplicate" => format!("it had come before as `{id}`: nothing has changed"),
        "promised" => {
            format!(
                "the order can't be told just now: it is written down as `{id}`, and the order will be told"
            )
        }
        other => other.to_owned(),
    }];
    lines.extend(differs("what was sent now differs from it", differences));
    lines
}

/// A line that names the places at which a document differs from the one that came before; none if it does not.
pub(super) fn differs(what: &str, places: &[String]) -> Option<String> {
    if places.is_empty() {
        return None;
    }
    let named: Vec<&str> = places.iter().map(String::as_str).filter(|place| !place.is_empty()).collect();
    Some(if named.is_empty() {
        format!("{what}: it was another request")
    } else {
        format!("{what} in {}", named.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(result: &str, differences: &[&str]) -> Vec<String> {
        let document = json!({
            "order": "00000000-0000-0000-0000-000000000001", "id": "WFM-1", "result": result,
            "differences": differences,
        });
        said(&read(document).unwrap(), "a task has taken it")
    }

    #[test]
    fn a_repetition_says_where_it_differs() {
        assert_eq!(verdict("applied", &[]), ["a task has taken it"]);
        let before = "it had come before as `WFM-1`: nothing has changed";
        assert_eq!(verdict("duplicate", &[]), [before]);
        assert_eq!(
            verdict("duplicate", &["/payload/outcome", "/task"]),
            [before, "what was sent now differs from it in /payload/outcome, /task"]
        );
        assert_eq!(
            verdict("duplicate", &[""]),
            [before, "what was sent now differs from it: it was another request"]
        );
    }
}
