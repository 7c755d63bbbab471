//! `orderwright plan`: what would be done for an order, and why.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use dsl::{Blueprint, Compiled, DiagnosticsDocument, Library, render_terminal};
use model::{Duration, Fault, InvalidName, ItemKind, TaskId, Value};
use plan::{Durations, Plan, PlanDocument};
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::output::{print, print_json, print_lines};
use crate::planning::{now, plan_order, refused};
use crate::show::{plan_tree, task_origin};
use crate::sources::{DocumentSource, read_library};

/// Show what would be done for an order, and why
///
/// Makes the plan from blueprint files and an order document, without any server: every task with what it calls, what it waits for and
/// how it is taken back, points of no return, the tasks that are left out with the rule that does so, and the critical path: the tasks
/// that decide how long the order takes.
///
/// A task counts for as long as its limits let it take: every attempt to its time-out, every wait to its end. With `--durations`, it
/// counts for what is said there. A `sleep until` a time that only results tell is named and not counted.
///
/// With `--explain`, shows of one task instead which rules and which fields of the order brought it in or left it out, where each of
/// its arguments comes from, and why it waits for others.
///
/// The exit code is 0 with a plan, 1 if the blueprints have errors or the order has faults, all of which are shown, and 2 if there is
/// nothing to plan or to explain.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright plan --blueprints blueprints --order blueprints/orders/home_fiber.json
  orderwright plan --order blueprints/orders/home_fiber.json --explain 'activate[1]'
  echo '{\"field_work\": \"3d\"}' | orderwright plan --order order.json --durations -
  orderwright plan --order order.json --format json | jq -r '.tasks[].id'")]
pub(crate) struct Args {
    /// The folder of the blueprints
    #[arg(
        long,
        value_name = "DIR",
        env = "ORDERWRIGHT_BLUEPRINTS",
        hide_env_values = true,
        default_value = "blueprints"
    )]
    blueprints: PathBuf,

    /// The order: a JSON document, or `-` for one on standard input
    #[arg(long, value_name = "FILE")]
    order: DocumentSource,

    /// How long tasks take: a JSON document of task ids or names, each with a duration such as `30s` or `2d`
    #[arg(long, value_name = "FILE")]
    durations: Option<DocumentSource>,

    /// Explain this task: its id, such as `activate[1]`, or its name for all items; or `fiber.activate`, as in `after`
    #[arg(long, value_name = "TASK", conflicts_with = "durations")]
    explain: Option<Asked>,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Tree)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Wave by wave
    Tree,
    /// One JSON document
    Json,
}

/// A task as blueprints and tests name it: `activate`, `activate[1]`, `fiber.activate`, `fiber.activate[1]`.
#[derive(Clone, Debug)]
struct Asked {
    /// The kind of items whose task it is, if that is said.
    kind: Option<ItemKind>,
    task: TaskId,
}

impl FromStr for Asked {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let kind = text.split_once('.').and_then(|(kind, rest)| Some((ItemKind::new(kind).ok()?, rest)));
        let (kind, task) = kind.map_or((None, text), |(kind, rest)| (Some(kind), rest));
        Ok(Self { kind, task: task.parse()? })
    }
}

/// Plans, and prints the plan.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let document = args.order.order()?;
    let durations = args.durations.as_ref().map(DocumentSource::document).transpose()?;
    let library = compile(args)?;
    let (plan, blueprint) = match document.and_then(|document| plan_order(&library, document, now())) {
        Ok(planned) => planned,
        Err(faults) => return Err(refuse(args, &faults)),
    };
    if let Some(task) = &args.explain {
        return explain(args, &plan, blueprint, task);
    }
    let durations =
        durations.map_or_else(|| Ok(Durations::default()), |document| read_durations(&document, &plan))?;
    let document = PlanDocument::with_durations(&plan, &durations);
    match args.format {
        Format::Tree => print(plan_tree(&document)),
        Format::Json => print_json(&document),
    }
}

fn explain(
    args: &Args,
    plan: &Plan,
    blueprint: &Blueprint,
    Asked { kind, task }: &Asked,
) -> Result<(), Failure> {
    if let Some(kind) = kind {
        check_kind(blueprint, kind, task)?;
    }
    let origins = blueprint.origins(plan, task).map_err(Failure::misuse)?;
    match args.format {
        Format::Tree => {
            let shown: Vec<_> = origins.iter().map(task_origin).collect();
            print(shown.join("\n\n"))
        }
        Format::Json => print_json(&origins),
    }
}

/// That a task is one of a kind of items.
fn check_kind(blueprint: &Blueprint, kind: &ItemKind, task: &TaskId) -> Result<(), Failure> {
    let named = || blueprint.definitions().iter().filter(|definition| definition.name == task.name);
    if named().any(|definition| definition.each.as_ref() == Some(kind)) {
        return Ok(());
    }
    let name = &task.name;
    let there_is: Vec<String> = named()
        .map(|definition| match &definition.each {
            Some(each) => format!("`{each}.{name}`"),
            None => format!("`{name}`, for the whole order"),
        })
        .collect();
    let wrong = Failure::misuse(anyhow!("`{}` has no task `{kind}.{name}`", blueprint.reference()));
    Err(match there_is.as_slice() {
        [] => wrong,
        there_is => wrong.with_help(format!("there is {}", there_is.join(" and "))),
    })
}

fn compile(args: &Args) -> Result<Library, Failure> {
    let Compiled { library, diagnostics, sources } = Library::compile(&read_library(&args.blueprints)?);
    let Some(library) = library else {
        match args.format {
            Format::Tree => print_lines(&render_terminal(&diagnostics, &sources, console::colors_enabled()))?,
            Format::Json => print_json(&DiagnosticsDocument::new(&diagnostics, &sources))?,
        }
        return Err(Failure::told(Exit::No));
    };
    Ok(library)
}

fn refuse(args: &Args, faults: &[Fault]) -> Failure {
    match args.format {
        Format::Tree => refused(&args.order, faults),
        Format::Json => match print_json(&json!({ "faults": faults })) {
            Ok(()) => Failure::told(Exit::No),
            Err(failure) => failure,
        },
    }
}

/// Durations by task. A name that no task of the blueprint has is a slip.
fn read_durations(document: &Value, plan: &Plan) -> Result<Durations, Failure> {
    let fields = document.as_record().ok_or_else(|| {
        Failure::misuse(anyhow!("the durations are {}, and must be a record", document.kind()))
            .with_help("write `{ \"field_work\": \"3d\", \"activate[1]\": \"40s\" }`")
    })?;
    let mut durations = Durations::default();
    for (name, takes) in fields {
        let task: TaskId = name.parse().map_err(Failure::misuse)?;
        let known = match &task.item {
            Some(_) => plan.find(&task).is_some(),
            None => plan.definitions().iter().any(|definition| definition.name == task.name),
        };
        if !known {
            return Err(Failure::misuse(anyhow!("the durations name `{name}`, and there is no such task")));
        }
        let text = takes.as_text().unwrap_or_default();
        let takes: Duration = text
            .parse()
            .with_context(|| format!("how long `{name}` takes is not clear"))
            .map_err(Failure::misuse)?;
        durations.insert(task, takes);
    }
    Ok(durations)
}
