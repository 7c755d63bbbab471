//! Finds the blueprint for an order among all that is published, and makes the plan.

use std::sync::Arc;

use dsl::Library;
use model::{BlueprintName, BlueprintRef, Fault, Order, OrderRequest, Pointer};
use plan::Plan;
use sqlx::PgConnection;
use store::BlueprintVersion;

use crate::blueprints::Libraries;
use crate::error::ApiError;

/// How many names a message lists at the most.
const LISTED: usize = 10;

/// Plans an order with the blueprint that it names, or else with the only one that accepts it, each in its
/// newest published version unless the order says otherwise.
///
/// # Errors
/// Every fault of the order that its blueprint finds, or that there is no blueprint for it.
pub(crate) async fn make_plan(
    libraries: &Libraries,
    connection: &mut PgConnection,
    order: Order,
) -> Result<(Order, Plan), ApiError> {
    let (library, blueprint) = match &order.request.blueprint {
        Some(name) => named(libraries, connection, name, order.request.version).await?,
        None => accepting(libraries, connection, &order.request).await?,
    };
    let planned = tokio::task::spawn_blocking(move || {
        let blueprint = library.blueprint(&blueprint.name, Some(blueprint.version));
        let plan = blueprint.map(|blueprint| blueprint.plan(&order));
        (order, plan)
    });
    match planned.await.map_err(ApiError::internal)? {
        (order, Some(Ok(plan))) => Ok((order, plan)),
        (_, Some(Err(faults))) => Err(ApiError::InvalidDocument(faults)),
        (_, None) => Err(ApiError::internal("a blueprint is not in the library that it was published with")),
    }
}

async fn named(
    libraries: &Libraries,
    connection: &mut PgConnection,
    name: &BlueprintName,
    version: Option<u32>,
) -> Result<(Arc<Library>, BlueprintRef), ApiError> {
    if let Some(found) = store::load_blueprint(connection, name, version).await? {
        let library = libraries.get(connection, &found.library).await?;
        return Ok((library, found.blueprint));
    }
    let newest = store::newest_blueprints(connection).await?;
    let detail = match newest.iter().find(|known| known.blueprint.name == *name) {
        Some(known) => format!(
            "there is no version {} of the blueprint `{name}`: the newest is {}",
            version.unwrap_or_default(),
            known.blueprint.version
        ),
        None => format!("there is no blueprint `{name}`: {}", known_names(&newest)),
    };
    Err(at_blueprint(detail))
}

/// Asks the newest version of every blueprint. A version means the same in every library that has it, so the fewest
/// libraries are asked.
async fn accepting(
    libraries: &Libraries,
    connection: &mut PgConnection,
    request: &OrderRequest,
) -> Result<(Arc<Library>, BlueprintRef), ApiError> {
    let newest = store::newest_blueprints(connection).await?;
    let mut published: Vec<&BlueprintVersion> = newest.iter().collect();
    // The library that was published last first: usually it holds the newest version of everything.
    published.sort_by(|a, b| b.published_at.cmp(&a.published_at).then_with(|| a.library.cmp(&b.library)));
    published.dedup_by(|a, b| a.library == b.library);
    let mut unasked: Vec<&BlueprintRef> = newest.iter().map(|known| &known.blueprint).collect();
    let mut accepting: Vec<(Arc<Library>, BlueprintRef)> = Vec::new();
    for version in published {
        if unasked.is_empty() {
            break;
        }
        let library = libraries.get(connection, &version.library).await?;
        let mut elsewhere = Vec::new();
        for known in unasked {
            match library.blueprint(&known.name, Some(known.version)) {
                None => elsewhere.push(known),
                Some(blueprint) => {
                    if blueprint.accepts(request).map_err(ApiError::InvalidDocument)? {
                        accepting.push((Arc::clone(&library), known.clone()));
                    }
                }
            }
        }
        unasked = elsewhere;
    }
    if accepting.len() > 1 {
        let mut names: Vec<_> =
            accepting.iter().map(|(_, blueprint)| format!("`{}`", blueprint.name)).collect();
        names.sort_unstable();
        return Err(at_blueprint(format!("{} accept this order: name one of them", names.join(", "))));
    }
    accepting
        .pop()
        .ok_or_else(|| at_blueprint(format!("no blueprint accepts this order: {}", known_names(&newest))))
}

fn at_blueprint(detail: String) -> ApiError {
    ApiError::InvalidDocument(vec![Fault::new(Pointer::root().key("blueprint"), detail)])
}

fn known_names(newest: &[BlueprintVersion]) -> String {
    if newest.is_empty() {
        return "none is published".to_owned();
    }
    let names: Vec<_> =
        newest.iter().take(LISTED).map(|known| format!("`{}`", known.blueprint.name)).collect();
    let more = newest.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("known are {}{more}", names.join(", "))
}
