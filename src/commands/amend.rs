//! `orderwright amend`: has an order be another one, and shows before what that does.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use console::style;
use model::OrderId;
use serde_json::Value;

use super::block_on;
use super::steer::see_delivery;
use crate::failure::{Exit, Failure};
use crate::output::{print, print_json};
use crate::remote::{Amendment, ApiArgs, Refusal, Request, read};
use crate::show::amendment;
use crate::sources::DocumentSource;

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Amend an order
///
/// Shows what the amendment would do to each task, asks, and does exactly that: if the order has moved on meanwhile, nothing is done
/// and what it would do now is shown. With `--json` nobody is asked: say `--dry-run`, and then `--yes` or `--token`. `~` is changed by its `amend`, `-/+` undone and done again, `-` undone, `+` new, `>` yet to
/// begin and with other values, `?` looked at again when what it reads is known, `x` not done, `!` speaks against it.
///
/// Where something speaks against it, such as a point of no return, the order goes on untouched. With `--follow-up`, an order that asks
/// for the difference afterwards is then written to a file, ready for `orderwright submit`, if a published blueprint takes such orders.
///
/// The exit code is 0 if it is done, or with `--dry-run` can be, and 1 if the order refuses.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright amend 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 order.json --dry-run
  orderwright amend 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 faster.json --patch --reason 'more speed'
  echo '{\"items\": {\"1\": {\"attributes\": {\"speed_mbps\": 500}}}}' |
    orderwright amend 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 - --patch --reason 'less speed' --yes")]
pub(crate) struct Args {
    /// The order
    #[arg(value_name = "ORDER")]
    order: OrderId,

    /// The whole order as it is to be, or with `--patch` a merge patch of it: a JSON document, or `-` for one on standard input
    #[arg(value_name = "FILE")]
    file: DocumentSource,

    /// The document is a merge patch (RFC 7396); its `items` may be a record by their ids
    #[arg(long)]
    patch: bool,

    /// Why, for the record
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    reason: Option<String>,

    /// Where to write the order that asks for the difference, if the amendment is refused
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    follow_up: Option<PathBuf>,

    #[command(flatten)]
    how: How,
}

/// How far an amendment goes. Shared with `move`.
#[derive(Debug, clap::Args)]
pub(super) struct How {
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,

    /// Don't ask
    #[arg(long)]
    yes: bool,

    /// That of a preview which was looked at before (`--dry-run --json`): it is not shown again, and nothing is asked
    #[arg(long, value_name = "TOKEN", conflicts_with = "dry_run")]
    token: Option<String>,

    /// Names this request: repeated, it changes nothing more
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Shows, asks, and amends.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.how.must_not_ask()?;
    let body = args.file.document()?.to_json();
    let media_type = if args.patch { MERGE_PATCH } else { JSON };
    let request = |query| Request { below: "amend", media_type, body: body.clone(), query };
    let reason = args.reason.iter().map(|reason| ("reason", reason.clone())).collect();
    let asked = Asked { order: args.order, what: "amend", follow_up: args.follow_up.as_deref() };
    carry_out(&args.how, &asked, &request(Vec::new()), request(reason))
}

/// The same for a move.
pub(super) fn run_move(how: &How, order: OrderId, body: Value) -> Result<(), Failure> {
    how.must_not_ask()?;
    let request = Request { below: "move", media_type: JSON, body, query: Vec::new() };
    carry_out(how, &Asked { order, what: "move", follow_up: None }, &request.clone(), request)
}

/// What is asked of an order.
struct Asked<'a> {
    order: OrderId,
    /// In a word.
    what: &'static str,
    /// Where to write the order that asks for the difference.
    follow_up: Option<&'a Path>,
}

impl How {
    /// What answers with JSON is no conversation.
    fn must_not_ask(&self) -> Result<(), Failure> {
        if !self.api.json || self.dry_run || self.yes || self.token.is_some() {
            return Ok(());
        }
        Err(Failure::misuse(anyhow!("with `--json` nobody is asked"))
            .with_help("look with `--dry-run`, then say `--token` with what that answers, or `--yes`"))
    }
}

fn carry_out(how: &How, asked: &Asked<'_>, preview: &Request, mut request: Request) -> Result<(), Failure> {
    let order = asked.order;
    let api = how.api.api()?;
    let mut preview = preview.clone();
    preview.query.push(("dry_run", "true".to_owned()));
    block_on(async {
        let token = match &how.token {
            Some(token) => Some(token.clone()),
            None => {
                let shown = match api.try_post(order, None, &preview).await? {
                    Ok(shown) => shown,
                    Err(refusal) => return refused(how, asked, refusal),
                };
                if how.dry_run && how.api.json {
                    print_json(&shown)?;
                }
                let seen: Amendment = read(shown)?;
                if !how.api.json {
                    print(amendment(&seen))?;
                }
                if how.dry_run {
                    return if seen.accepted { Ok(()) } else { Err(Failure::told(Exit::No)) };
                }
                if seen.accepted && !how.yes {
                    confirm(asked.what)?;
                }
                seen.token
            }
        };
        request.query.extend(token.map(|token| ("token", token)));
        let answer = api.try_post(order, how.id.as_deref(), &request).await?;
        let said = match &answer {
            Ok(done) => done,
            Err(refusal) => refusal.document.get("amendment").unwrap_or(&Value::Null),
        };
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        if let (Some("applied" | "duplicate" | "refused"), Some(id)) = (text("result"), text("id")) {
            see_delivery(&api, order, id).await;
        }
        match answer {
            Ok(done) => {
                if how.api.json {
                    return print_json(&done);
                }
                let Amendment { version, result, .. } = read(done)?;
                print(match result.as_str() {
                    "duplicate" => {
                        format!("it had come before: the order has been at version {version} since")
                    }
                    _ => format!("the order is at version {} now", style(version).bold()),
                })
            }
            Err(refusal) => refused(how, asked, refusal),
        }
    })
}

/// Has a person say yes.
fn confirm(what: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::misuse(anyhow!("nobody can be asked whether to {what} the order"))
            .with_help("say `--yes`"));
    }
    let unread = |error: std::io::Error| Failure::no(anyhow::Error::new(error).context("could not ask"));
    let mut out = std::io::stderr();
    write!(out, "{what} the order like this? [y/N] ").and_then(|()| out.flush()).map_err(unread)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(unread)?;
    if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        return Ok(());
    }
    print("nothing is done")?;
    Err(Failure::told(Exit::No))
}

/// Says why not, and keeps the order that asks for the difference.
fn refused(how: &How, asked: &Asked<'_>, refusal: Refusal) -> Result<(), Failure> {
    let Refusal { failure, document } = refusal;
    let follow_up = document.get("follow_up").filter(|follow_up| !follow_up.is_null());
    if let (Some(path), Some(follow_up)) = (asked.follow_up, follow_up) {
        write(path, follow_up)?;
    }
    if how.api.json {
        print_json(&document)?;
        return Err(Failure::told(Exit::No));
    }
    let code = document.get("code").and_then(Value::as_str);
    if code == Some("amendment_moved")
        && let Some(now) = document.get("amendment")
    {
        print(amendment(&read(now.clone())?))?;
    }
    Err(match help(asked, code, follow_up.is_some()) {
        Some(help) => failure.with_help(help),
        None => failure,
    })
}

/// What can be done about a no: `difference` if a published blueprint takes an order that asks for what is different.
fn help(asked: &Asked<'_>, code: Option<&str>, difference: bool) -> Option<String> {
    let Asked { order, what, follow_up } = asked;
    match (code, follow_up) {
        (Some("ended"), _) if *what == "amend" => {
            Some("submit a new order for what is to be different".to_owned())
        }
        (Some("amendment_refused"), Some(path)) if difference => {
            let name = path.display();
            Some(format!(
                "`{name}` asks for the difference when order {order} has ended: `orderwright submit {name}`"
            ))
        }
        (Some("amendment_refused"), None) if difference => Some(
            "with `--follow-up FILE`, an order that asks for the difference afterwards is written to a file"
                .to_owned(),
        ),
        (Some("amendment_refused"), Some(path)) => Some(format!(
            "no order can ask for the difference: no item is different, or no published blueprint takes such orders; `{}` is not written",
            path.display()
        )),
        _ => None,
    }
}

fn write(path: &Path, document: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document).map_err(Failure::no)?;
    std::fs::write(path, text + "\n")
        .with_context(|| format!("could not write `{}`", path.display()))
        .map_err(Failure::misuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_says_what_can_be_done_about_it() {
        let order = OrderId::NIL;
        let asked = |what, follow_up| Asked { order, what, follow_up };
        let file = Some(Path::new("later.json"));
        let told =
            |asked: &Asked<'_>, code, difference| help(asked, Some(code), difference).unwrap_or_default();
        assert_eq!(
            told(&asked("amend", file), "amendment_refused", true),
            format!(
                "`later.json` asks for the difference when order {order} has ended: `orderwright submit later.json`"
            )
        );
        assert_eq!(
            told(&asked("amend", file), "amendment_refused", false),
            "no order can ask for the difference: no item is different, or no published blueprint takes such orders; `later.json` is not written"
        );
        assert!(
            told(&asked("amend", None), "amendment_refused", true).starts_with("with `--follow-up FILE`")
        );
        assert_eq!(told(&asked("amend", None), "amendment_refused", false), "");
        assert_eq!(told(&asked("amend", file), "amendment_moved", true), "");
        let ended = told(&asked("amend", file), "ended", false);
        assert_eq!(ended, "submit a new order for what is to be different");
        assert_eq!(told(&asked("move", None), "ended", false), "");
    }
}
