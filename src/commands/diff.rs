//! `orderwright diff`: what is different between two plans.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::ValueEnum;
use dsl::Library;
use model::{Fault, Timestamp};
use plan::{Plan, PlanDifference};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::output::{print, print_json};
use crate::planning::{library, now, plan_order};
use crate::show::difference;
use crate::sources::DocumentSource;

/// Compare the plans of two versions of blueprints, or of two orders
///
/// With `--with`, plans every order with the blueprints of both folders: what a change of blueprints means for these orders. With
/// `--with-order`, plans two orders with the same blueprints. Shows which tasks come, which go, and what changes of the others:
/// arguments (their values, where the order alone decides them), conditions, limits, undos, and what is waited for.
///
/// An order that only one side takes is a difference; the faults of the other are shown.
///
/// The exit code is 0 if nothing is different, 1 if something is, and 2 if the question makes no sense: a file that can't be read,
/// blueprints with errors.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright diff --blueprints released --with blueprints --order blueprints/orders/*.json
  orderwright diff --order monday.json --with-order tuesday.json
  orderwright diff --order a.json --with-order b.json --format json | jq '.orders[].difference.come'")]
pub(crate) struct Args {
    /// The folder of the blueprints; with `--with`, of those before
    #[arg(
        long,
        value_name = "DIR",
        env = "ORDERWRIGHT_BLUEPRINTS",
        hide_env_values = true,
        default_value = "blueprints"
    )]
    blueprints: PathBuf,

    /// The orders: JSON documents
    #[arg(long = "order", value_name = "FILE", num_args = 1.., required = true)]
    orders: Vec<DocumentSource>,

    /// The folder of the blueprints after
    #[arg(long, value_name = "DIR", required_unless_present = "with_order", conflicts_with = "with_order")]
    with: Option<PathBuf>,

    /// The order after, for which there is one `--order` before
    #[arg(long, value_name = "FILE")]
    with_order: Option<DocumentSource>,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Task by task
    Human,
    /// One JSON document
    Json,
}

/// What came of all comparisons.
#[derive(Debug, Serialize)]
struct Report {
    same: bool,
    orders: Vec<Compared>,
}

/// One order before and after, or two orders.
#[derive(Debug, Serialize)]
pub(crate) struct Compared {
    /// What is compared, as it is named on the command line.
    pub(crate) before: String,
    pub(crate) after: String,
    /// Why there is no plan; nothing if there is one.
    pub(crate) faults_before: Vec<Fault>,
    pub(crate) faults_after: Vec<Fault>,
    /// What is different; null if a plan is missing.
    pub(crate) difference: Option<PlanDifference>,
}

impl Compared {
    /// Whether nothing is different.
    pub(crate) fn is_same(&self) -> bool {
        match &self.difference {
            Some(difference) => difference.is_empty(),
            None => self.faults_before == self.faults_after,
        }
    }
}

/// Compares, and prints what is different.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let before = compile(&args.blueprints)?;
    let after = args.with.as_deref().map(compile).transpose()?;
    let (mut orders, at) = (Vec::new(), now());
    for order in &args.orders {
        let old = plan(&before, order, at)?;
        let (new, named) = match &args.with_order {
            Some(other) if args.orders.len() > 1 => {
                let error =
                    anyhow!("{other} can be compared with one order, and there are {}", args.orders.len());
                return Err(Failure::misuse(error).with_help("say `--order` once"));
            }
            Some(other) => (plan(&before, other, at)?, other),
            None => (plan(after.as_ref().unwrap_or(&before), order, at)?, order),
        };
        orders.push(compare(order.to_string(), named.to_string(), old, new));
    }
    let same = orders.iter().all(Compared::is_same);
    match args.format {
        Format::Json => print_json(&Report { same, orders })?,
        Format::Human => print(orders.iter().map(difference).collect::<Vec<_>>().join("\n\n"))?,
    }
    if same { Ok(()) } else { Err(Failure::told(Exit::No)) }
}

/// What can't be compiled can't be compared.
fn compile(folder: &Path) -> Result<Library, Failure> {
    library(folder).map_err(Failure::into_misuse)
}

fn plan(
    library: &Library,
    order: &DocumentSource,
    submitted_at: Timestamp,
) -> Result<Result<Plan, Vec<Fault>>, Failure> {
    let document = order.order()?;
    Ok(document.and_then(|document| plan_order(library, document, submitted_at)).map(|(plan, _)| plan))
}

fn compare(
    before: String,
    after: String,
    old: Result<Plan, Vec<Fault>>,
    new: Result<Plan, Vec<Fault>>,
) -> Compared {
    let difference = match (&old, &new) {
        (Ok(old), Ok(new)) => Some(PlanDifference::between(old, new)),
        _ => None,
    };
    let (faults_before, faults_after) = (old.err().unwrap_or_default(), new.err().unwrap_or_default());
    Compared { before, after, faults_before, faults_after, difference }
}
