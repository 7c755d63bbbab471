//! What somebody wants an order to be: read, checked and planned as an order is, against what it is now.

use contract::Wanted;
use model::{BlueprintRef, Fault, Hash, Order, OrderDraft, OrderId, OrderRequest, Pointer};
use plan::Plan;
use sqlx::PgConnection;
use store::CurrentVersion;

use crate::app::now;
use crate::blueprints::{Libraries, make_plan};
use crate::error::ApiError;
use crate::hash::sha256;
use crate::orders::document::start_too_far;

/// An order as it is to be.
#[derive(Clone, Debug)]
pub(crate) struct Drafted {
    /// As it would have been sent.
    pub(crate) request: OrderRequest,
    /// Its plan.
    pub(crate) plan: Plan,
}

/// What recognises a repetition: what is wanted, and why. Whoever asks again may have looked at another preview.
pub(crate) fn request_hash(wanted: &Wanted, reason: &str) -> Hash {
    sha256(&serde_json::to_vec(&(wanted, reason)).unwrap_or_default())
}

/// Makes the plan for what is wanted, by the blueprint version that the order is carried out by, or the one that is wanted.
///
/// # Errors
/// Every fault of what is wanted, what can't change included; or Postgres is away.
pub(crate) async fn draft(
    libraries: &Libraries,
    connection: &mut PgConnection,
    order: OrderId,
    current: &CurrentVersion,
    wanted: &Wanted,
) -> Result<Drafted, ApiError> {
    let (draft, blueprint) = read(current, wanted)?;
    let pinned = OrderRequest {
        blueprint: Some(blueprint.name),
        version: Some(blueprint.version),
        ..draft.request.clone()
    };
    let planned = Order { id: order, submitted_at: current.submitted_at, request: pinned };
    let (planned, plan) = match make_plan(libraries, connection, planned).await {
        Ok(planned) if draft.faults.is_empty() => planned,
        Ok(_) => return Err(ApiError::InvalidDocument(draft.faults)),
        Err(ApiError::InvalidDocument(found)) => {
            let found = found.into_iter().map(|fault| placed(fault, wanted)).collect();
            return Err(ApiError::InvalidDocument(draft.faults_with(found)));
        }
        Err(error) => return Err(error),
    };
    let runs = store::load_plan(connection, order).await?;
    if let Some(runs) = runs.filter(|runs| runs.sequence() != plan.sequence()) {
        let keys =
            |plan: &Plan| plan.sequence().iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let detail = format!(
            "an amendment can't change what the order has in common with others that come one at a time: expected {}, found {}",
            keys(&runs),
            keys(&plan)
        );
        return Err(ApiError::InvalidDocument(vec![Fault::new(Pointer::root(), detail)]));
    }
    let CurrentVersion { request: before, .. } = current;
    let request =
        OrderRequest { blueprint: before.blueprint.clone(), version: before.version, ..planned.request };
    Ok(Drafted { request, plan })
}

/// What the order is to be, and by which blueprint.
fn read(current: &CurrentVersion, wanted: &Wanted) -> Result<(OrderDraft, BlueprintRef), ApiError> {
    let CurrentVersion { request: before, blueprint, .. } = current;
    let document = match wanted {
        Wanted::Order(document) => document.clone(),
        Wanted::Patch(patch) => before.patched(patch.clone()).map_err(ApiError::InvalidDocument)?,
        Wanted::Version(_) => before.document(),
    };
    let mut draft = OrderRequest::draft(document);
    let blueprint = match wanted {
        Wanted::Version(version) => BlueprintRef { version: *version, ..blueprint.clone() },
        Wanted::Order(_) | Wanted::Patch(_) => blueprint.clone(),
    };
    if let Wanted::Version(_) = wanted {
        return Ok((draft, blueprint));
    }
    match before.amended(draft.request.clone(), &blueprint, current.state) {
        Ok(request) => {
            let moved = request.requested_start.filter(|start| Some(*start) != before.requested_start);
            draft.faults.extend(moved.and_then(|start| start_too_far(start, now())));
            draft.request = request;
        }
        Err(fixed) => {
            // What can't be read is told once.
            let known =
                |fault: &Fault| draft.faults.iter().any(|known| known.pointer.contains(&fault.pointer));
            let fixed: Vec<Fault> = fixed.into_iter().filter(|fault| !known(fault)).collect();
            draft.faults.extend(fixed);
        }
    }
    Ok((draft, blueprint))
}

/// A fault where the caller can find it: of a move, the version is all that they said.
fn placed(fault: Fault, wanted: &Wanted) -> Fault {
    let root = Pointer::root();
    match wanted {
        Wanted::Version(_) if fault.pointer == root.key("blueprint") => {
            Fault { pointer: root.key("version"), ..fault }
        }
        Wanted::Version(_) => {
            let detail = format!("the order does not fit this version: {fault}");
            Fault { pointer: root.key("version"), detail }
        }
        Wanted::Order(_) | Wanted::Patch(_) => fault,
    }
}

/// The order that asks for the difference once it is too late to amend; none if no blueprint takes it, or if nothing of the order
/// is different, as in a move.
///
/// # Errors
/// Postgres is away.
pub(crate) async fn follow_up(
    libraries: &Libraries,
    connection: &mut PgConnection,
    order: OrderId,
    current: &CurrentVersion,
    wanted: &Wanted,
    drafted: OrderRequest,
) -> Result<Option<OrderRequest>, ApiError> {
    match wanted {
        Wanted::Version(_) => return Ok(None),
        Wanted::Order(_) | Wanted::Patch(_) => {}
    }
    let Some(request) = current.request.follow_up(order, drafted) else { return Ok(None) };
    let planned = Order { id: OrderId::NIL, submitted_at: now(), request: request.clone() };
    match make_plan(libraries, connection, planned).await {
        Ok(_) => Ok(Some(request)),
        Err(ApiError::InvalidDocument(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
