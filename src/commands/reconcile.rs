//! `orderwright reconcile`: where what is shown, what is carried out and what systems hold disagree.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use model::{OrderId, SystemName};
use serde_json::{Value, json};
use systems::Systems;

use super::block_on;
use crate::failure::{Exit, Failure};
use crate::output::{print, print_json};
use crate::remote::{Api, ApiArgs, Finding, OrderPage, Reconciled, ResiduePage, read};
use crate::show::finding_list;

/// Most orders of one page, and most pages of those whose effects systems are asked for.
const PAGE: u32 = 200;
const PAGES: u32 = 5;

/// Find, and mend, where Postgres and Temporal disagree
///
/// Compares every open order with its workflow, and what Temporal has with what Postgres knows. It finds orders that were accepted
/// and never started, rows that lack events or have others than the workflow, orders whose workflow has ended and that are shown as open,
/// and orders that Postgres does not have. Sweepers mend most of it by themselves within seconds; this shows what there is, and has it mended
/// now. A difference that goes away within 5 s is none.
///
/// With `--systems`, the systems that can list what they hold are asked for the 1,000 newest orders that ended `failed` or
/// `cancelled`: nothing should be left of these, but what was accepted as residue.
///
/// What only a person can mend, such as an order whose workflow somebody has terminated, is reported with what to do.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright reconcile
  orderwright reconcile --repair
  orderwright reconcile --systems systems.toml
  orderwright reconcile --json | jq -r '.findings[] | [.kind, .order] | @tsv'

Exit codes: 0 if nothing is wrong, or everything that was is mended; 1 if something is left; 3 if nothing could be compared.")]
pub(crate) struct Args {
    /// Start what was not, and make rows again that are not what the workflow says
    #[arg(long)]
    repair: bool,

    /// Also ask the systems what they hold for orders that were undone: a TOML file, see docs/systems.md
    #[arg(long, value_name = "FILE")]
    systems: Option<PathBuf>,

    #[command(flatten)]
    api: ApiArgs,
}

/// Goes through all orders, and prints what is wrong.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let api = args.api.api()?;
    let systems = args.systems.as_deref().map(load).transpose()?;
    block_on(async {
        let (mut looked_at, mut documents) = compare(&api, args.repair).await?;
        if let Some(systems) = &systems {
            let (asked, held) = ask(&api, systems).await?;
            looked_at += asked;
            documents.extend(held);
        }
        let findings: Vec<Finding> = documents.iter().cloned().map(read).collect::<Result<_, _>>()?;
        if args.api.json {
            print_json(&json!({ "looked_at": looked_at, "findings": documents }))?;
        } else {
            print(finding_list(looked_at, &findings))?;
        }
        if findings.iter().all(|finding| finding.mended) { Ok(()) } else { Err(Failure::told(Exit::No)) }
    })
}

fn load(file: &Path) -> Result<Systems, Failure> {
    let systems = Systems::load(file, |name| std::env::var(name).ok()).map_err(Failure::misuse)?;
    if systems.listing().next().is_none() {
        let error = anyhow!("no system of `{}` can list what it holds", file.display());
        return Err(Failure::misuse(error)
            .with_help("say where a system lists it: `lists = \"https://…?order={order}\"`"));
    }
    Ok(systems)
}

/// Has the API compare all orders, a page at a time. Gives how many there were, and the documents of what was found.
async fn compare(api: &Api, repair: bool) -> Result<(u64, Vec<Value>), Failure> {
    let (mut looked_at, mut findings) = (0, Vec::new());
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("repair", repair.to_string())];
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let page = api.post_with(&["v1", "reconcile"], &query, None, &json!({})).await?;
        let Reconciled { looked_at: orders, findings: found, next } = read(page)?;
        looked_at += orders;
        findings.extend(found);
        cursor = next;
        if cursor.is_none() {
            return Ok((looked_at, findings));
        }
    }
}

/// Asks systems what they hold for orders that were undone.
async fn ask(api: &Api, systems: &Systems) -> Result<(u64, Vec<Value>), Failure> {
    let (mut asked, mut findings) = (0, Vec::new());
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let mut query = vec![("state", "failed,cancelled".to_owned()), ("limit", PAGE.to_string())];
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let OrderPage { orders, next } = read(api.get(&["v1", "orders"], &query).await?)?;
        for order in &orders {
            asked += 1;
            for system in systems.listing() {
                let held = systems.held(system, order.id).await;
                let held = held.map_err(|why| {
                    Failure::unavailable(anyhow!("`{system}` can't list what it holds: {why}"))
                })?;
                if !held.is_empty() && !is_residue(api, order.id, system).await? {
                    findings.push(json!({
                        "kind": "effects_held", "order": order.id, "since": order.ended_at, "mended": false,
                        "detail": format!("`{system}` still holds {} for it, such as {}", count(held.len()), first(&held)),
                        "remedy": "see there what it is, and take it back by hand",
                    }));
                }
            }
        }
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    Ok((asked, findings))
}

/// Whether a person has accepted that something stays there.
async fn is_residue(api: &Api, order: OrderId, system: &SystemName) -> Result<bool, Failure> {
    let query = [("order", order.to_string()), ("system", system.to_string())];
    let ResiduePage { residue, .. } = read(api.get(&["v1", "residue"], &query).await?)?;
    Ok(!residue.is_empty())
}

fn count(effects: usize) -> String {
    if effects == 1 { "an effect".to_owned() } else { format!("{effects} effects") }
}

/// The first of several effects in the system's own words, cut to a line.
fn first(held: &[Value]) -> String {
    /// Longest text of it.
    const CHARS: usize = 200;
    held.first().map(ToString::to_string).unwrap_or_default().chars().take(CHARS).collect()
}
