//! `orderwright graph`: a picture of a blueprint, of an order's plan, or of an order under way.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use dsl::Library;
use graph::{Graph, dot, mermaid, svg};
use model::{BlueprintName, BlueprintRef, OrderId};

use super::block_on;
use crate::failure::Failure;
use crate::output::print_lines;
use crate::planning::{library, now, plan_order, refused};
use crate::remote::{Api, default_address};
use crate::sources::DocumentSource;

/// Draw a blueprint, the plan of an order, or an order under way
///
/// Tasks stand to the right of those that they wait for. A full arrow means that a task uses the result of another, a dotted one that
/// it only waits for it. Tasks of an `each`, or of an item of the order, are in a frame; those that the order leaves out are dashed, with
/// the rule that does so. Of an order under way, which the API knows by its id, colours say how far each task is.
///
/// An SVG picture needs nothing else, and follows the reader's choice of light or dark; it shows at most 400 tasks. `mermaid` is drawn by
/// GitHub and many wikis, `dot` by Graphviz.
///
/// The exit code is 0 with a picture, 1 if the blueprints have errors or the order has faults, all of which are shown, 2 if there is
/// nothing to draw, and 3 if the API can't be reached.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright graph home_fiber -o home_fiber.svg
  orderwright graph --order blueprints/orders/home_fiber.json -o plan.svg
  orderwright graph --order 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21 -o order.svg
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

    /// The order whose plan to draw: a JSON document, or `-` for one on standard input; or the id of an order under way
    #[arg(long, value_name = "FILE|ORDER")]
    order: Option<Ordered>,

    /// As what
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,

    /// Where to write it, instead of to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Where the API is, for an order under way [default: where `up` put it in this folder, else http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", env = "ORDERWRIGHT_URL", hide_env_values = true)]
    url: Option<String>,
}

/// The order to draw.
#[derive(Clone, Debug)]
enum Ordered {
    /// What somebody would order.
    Document(DocumentSource),
    /// An order under way.
    UnderWay(OrderId),
}

impl FromStr for Ordered {
    type Err = Infallible;

    /// A file whose name is the id of an order is named with its folder: `./ID`.
    fn from_str(given: &str) -> Result<Self, Infallible> {
        Ok(match given.parse() {
            Ok(order) => Self::UnderWay(order),
            Err(_) => Self::Document(DocumentSource::from(OsString::from(given))),
        })
    }
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
    let picture = match &args.order {
        Some(Ordered::UnderWay(order)) => return under_way(args, *order),
        Some(Ordered::Document(source)) => {
            let document = source.order()?;
            let library = library(&args.blueprints)?;
            let planned = document.and_then(|document| plan_order(&library, document, now()));
            let (plan, _) = planned.map_err(|faults| refused(source, &faults))?;
            args.format.draw(&Graph::from(&plan))?
        }
        None => {
            let library = library(&args.blueprints)?;
            let asked = args.blueprint.as_deref().unwrap_or_default();
            args.format.draw(&of_blueprint(&library, asked)?)?
        }
    };
    written(args, picture)
}

/// The API draws what it knows.
fn under_way(args: &Args, order: OrderId) -> Result<(), Failure> {
    let api = Api::at(&args.url.clone().unwrap_or_else(default_address))?;
    block_on(async {
        let address = ["v1", "orders", &order.to_string(), "graph"];
        let picture = api.get_text(&address, &[("format", args.format.as_str().to_owned())]).await?;
        written(args, picture)
    })
}

impl Format {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
        }
    }

    fn draw(self, graph: &Graph) -> Result<String, Failure> {
        match self {
            Self::Mermaid => Ok(mermaid(graph)),
            Self::Dot => Ok(dot(graph)),
            Self::Svg => svg(graph).map_err(|large| {
                Failure::no(large)
                    .with_help("draw the blueprint, or hand the graph to Graphviz: `--format dot`")
            }),
        }
    }
}

fn written(args: &Args, picture: String) -> Result<(), Failure> {
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
