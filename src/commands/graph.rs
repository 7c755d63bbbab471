//! `orderwright graph`: a picture of a blueprint, or of an order's plan.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use dsl::Library;
use graph::{Graph, dot, mermaid, svg};
use model::{BlueprintName, BlueprintRef};

use crate::failure::Failure;
use crate::output::print_lines;
use crate::planning::{library, now, plan_order, refused};
use crate::sources::DocumentSource;

/// Draw a blueprint, or the plan of an order
///
/// Tasks stand to the right of those that they wait for. A full arrow means that a task uses the result of another, a dotted one that
/// it only waits for it. Tasks of an `each`, or of an item of the order, are in a frame; those that the order leaves out are dashed, with
/// the rule that does so.
///
/// An SVG picture needs nothing else, and follows the reader's choice of light or dark; it shows at most 400 tasks. `mermaid` is drawn by
/// GitHub and many wikis, `dot` by Graphviz.
///
/// The exit code is 0 with a picture, 1 if the blueprints have errors or the order has faults, all of which are shown, and 2 if there is
/// nothing to draw.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright graph home_fiber -o home_fiber.svg
  orderwright graph --order blueprints/orders/home_fiber.json -o plan.svg
  orderwright graph home_fiber@1 --format mermaid")]
pub(crate) struct Args {
    /// The blueprint: its name, and `@` with a version if not the newest
    #[arg(value_name = "BLUEPRINT", required_unless_present = "order", conflicts_with = "order")]
    blueprint: Option<String>,

    /// The folder of the blueprints
    #[arg(
        long,
        value_name = "DIR",
        env = "ORDERWRIGHT_BLUEPRINTS",
        hide_env_values = true,
        default_value = "blueprints"
    )]
    blueprints: PathBuf,

    /// The order whose plan to draw: a JSON document, or `-` for one on standard input
    #[arg(long, value_name = "FILE")]
    order: Option<DocumentSource>,

    /// As what
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,

    /// Where to write it, instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A picture
    Svg,
    /// A Mermaid flowchart
    Mermaid,
    /// A Graphviz digraph
    Dot,
}

/// Draws, and writes the picture.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let document = args.order.as_ref().map(DocumentSource::order).transpose()?;
    let library = library(&args.blueprints)?;
    let graph = match (&args.order, document) {
        (Some(order), Some(document)) => {
            let planned = document.and_then(|document| plan_order(&library, document, now()));
            let (plan, _) = planned.map_err(|faults| refused(order, &faults))?;
            Graph::from(&plan)
        }
        _ => of_blueprint(&library, args.blueprint.as_deref().unwrap_or_default())?,
    };
    let picture = match args.format {
        Format::Mermaid => mermaid(&graph),
        Format::Dot => dot(&graph),
        Format::Svg => svg(&graph).map_err(|large| {
            Failure::no(large).with_help("draw the blueprint, or hand the graph to Graphviz: `--format dot`")
        })?,
    };
    match &args.output {
        None => print_lines(&picture),
        Some(path) => std::fs::write(path, picture)
            .with_context(|| format!("could not write `{}`", path.display()))
            .map_err(Failure::misuse),
    }
}

fn of_blueprint(library: &Library, asked: &str) -> Result<Graph, Failure> {
    let (name, version) = match asked.parse::<BlueprintRef>() {
        Ok(BlueprintRef { name, version }) => (Some(name), Some(version)),
        Err(_) => (asked.parse::<BlueprintName>().ok(), None),
    };
    let found = name.and_then(|name| library.blueprint(&name, version));
    found.map(Graph::from).ok_or_else(|| {
        let known: Vec<_> = library.blueprints().iter().map(|b| format!("`{}`", b.reference())).collect();
        Failure::misuse(anyhow!("there is no blueprint `{asked}`"))
            .with_help(format!("there are {}", known.join(", ")))
    })
}
