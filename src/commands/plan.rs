//! `orderwright plan`: what would be done for an order.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::anyhow;
use clap::ValueEnum;
use dsl::{Compiled, DiagnosticsDocument, Library, render_terminal};
use model::{Fault, Order, OrderId, OrderRequest, Timestamp, Value};
use plan::{Plan, PlanDocument};
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::output::{print, print_json, print_lines};
use crate::show::plan_tree;
use crate::sources::{DocumentSource, read_library};

/// Show what would be done for an order
///
/// Makes the plan from blueprint files and an order document, without any server: every task with what it calls, what it waits for and
/// how it is taken back, points of no return, and the tasks that are left out with the rule that does so.
///
/// The exit code is 0 with a plan, 1 if the blueprints have errors or the order has faults, all of which are shown, and 2 if there is
/// nothing to plan.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright plan --blueprints blueprints --order blueprints/orders/home_fiber.json
  orderwright plan --blueprints blueprints --order order.json --format json | jq -r '.tasks[].id'")]
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

/// Plans, and prints the plan.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let document = args.order.order()?;
    let library = compile(args)?;
    match document.and_then(|document| make_plan(&library, document)) {
        Ok(plan) => {
            let plan = PlanDocument::from(&plan);
            match args.format {
                Format::Tree => print(plan_tree(&plan)),
                Format::Json => print_json(&plan),
            }
        }
        Err(faults) => Err(refuse(args, &faults)),
    }
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

fn make_plan(library: &Library, document: Value) -> Result<Plan, Vec<Fault>> {
    let draft = OrderRequest::draft(document);
    // An order that is only planned has no id of its own.
    let id = OrderId::new(uuid::Uuid::nil());
    let submitted_at = Timestamp::from_system(SystemTime::now());
    let order = Order { id, submitted_at, request: draft.request.clone() };
    match library.select(&order.request).and_then(|blueprint| blueprint.plan(&order)) {
        Ok(plan) if draft.faults.is_empty() => Ok(plan),
        Ok(_) => Err(draft.faults),
        Err(found) => Err(draft.faults_with(found)),
    }
}

fn refuse(args: &Args, faults: &[Fault]) -> Failure {
    match args.format {
        Format::Tree => Failure::no(anyhow!("there is no plan for {}", args.order))
            .with_details(faults.iter().map(ToString::to_string).collect()),
        Format::Json => match print_json(&json!({ "faults": faults })) {
            Ok(()) => Failure::told(Exit::No),
            Err(failure) => failure,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURVEY: &str = r#"system net { query look(site: text) }
        blueprint survey version 1 {
          accepts order where order.category == "survey"
          order { site: text }
          item line where starts_with(item.offering, "LINE_") { length: int }
          each line { task look { call net.look(site: order.site) } }
        }"#;

    #[test]
    fn faults_of_the_document_and_of_its_blueprint_come_together() {
        let compiled = Library::compile(&[("survey.blueprint".to_owned(), SURVEY.to_owned())]);
        let library = compiled.library.unwrap();
        let faults = |category: &str| -> Vec<String> {
            let document = json!({
                "category": category, "customer": { "id": "" }, "priority": 9, "external_id": "a b", "atributes": {},
                "attributes": { "sight": "S-1" },
                "items": [
                    { "id": "1", "offering": "LINE_1", "action": "add", "quantity": 0, "attributes": { "length": "long" } },
                    { "id": "1", "offering": "POLE", "action": "add" },
                ]
            });
            let faults = make_plan(&library, Value::from_json(document).unwrap()).unwrap_err();
            faults.iter().map(|fault| fault.pointer.to_string()).collect()
        };
        let envelope =
            ["/atributes", "/external_id", "/customer/id", "/priority", "/items/0/quantity", "/items/1/id"];
        let of_blueprint =
            ["/attributes/site", "/attributes/sight", "/items/0/attributes/length", "/items/1/offering"];
        assert_eq!(faults("survey"), [&envelope[..], &of_blueprint].concat());
        assert_eq!(faults("other"), envelope, "which blueprint is meant can't be told yet");
    }
}
