//! Plans made from files, without any server: for the commands that show, draw and compare them.

use std::path::Path;
use std::time::SystemTime;

use anyhow::anyhow;
use dsl::{Blueprint, Compiled, Library, render_terminal};
use model::{Fault, Order, OrderId, OrderRequest, Timestamp, Value};
use plan::Plan;

use crate::failure::Failure;
use crate::sources::{DocumentSource, read_library};

/// The library of a folder; its errors, all of them, if it has any.
pub(crate) fn library(folder: &Path) -> Result<Library, Failure> {
    let Compiled { library, diagnostics, sources } = Library::compile(&read_library(folder)?);
    library.ok_or_else(|| {
        let drawn = render_terminal(&diagnostics, &sources, console::colors_enabled_stderr());
        Failure::no(anyhow!("the blueprints in `{}` have errors", folder.display()))
            .with_details(drawn.trim_end().lines().map(str::to_owned).collect())
    })
}

/// The time at which orders that are only planned count as submitted: the same for all that are compared.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

/// The plan of an order, with the blueprint that made it; or every fault of the order.
pub(crate) fn plan_order(
    library: &Library,
    document: Value,
    submitted_at: Timestamp,
) -> Result<(Plan, &Blueprint), Vec<Fault>> {
    let draft = OrderRequest::draft(document);
    // An order that is only planned has no id of its own.
    let id = OrderId::new(uuid::Uuid::nil());
    let order = Order { id, submitted_at, request: draft.request.clone() };
    let selected = library.select(&order.request);
    match selected.and_then(|blueprint| Ok((blueprint.plan(&order)?, blueprint))) {
        Ok(planned) if draft.faults.is_empty() => Ok(planned),
        Ok(_) => Err(draft.faults),
        Err(found) => Err(draft.faults_with(found)),
    }
}

/// The failure of an order that has no plan.
pub(crate) fn refused(order: &DocumentSource, faults: &[Fault]) -> Failure {
    Failure::no(anyhow!("there is no plan for {order}"))
        .with_details(faults.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
            let faults =
                plan_order(&library, Value::from_json(document).unwrap(), Timestamp::EPOCH).unwrap_err();
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
