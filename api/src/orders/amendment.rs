//! What somebody wants an order to be: read, checked and planned as an order is, against what it is now.

use contract::Wanted;
use model::{BlueprintRef, Fault, Hash, Order, OrderDraft, OrderId, OrderRequest, Pointer, Value};
use plan::Plan;
use serde::Serialize;
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

/// What an order is to be: a whole document, or the one there is, with a patch or as it is; and by which version of its blueprint.
///
/// As JSON it is what a repetition is recognised by, so it must not change for what could be asked before.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
}

impl Change {
    /// Another version of the blueprint, with a patch of the order for that, if need be.
    pub(crate) fn to_version(version: u32, patch: Option<Value>) -> Self {
        Self { version: Some(version), patch, order: None }
    }

    /// What recognises a repetition: what is wanted, and why. Whoever asks again may have looked at another preview.
    pub(crate) fn hash(&self, reason: &str) -> Hash {
        sha256(&serde_json::to_vec(&(self, reason)).unwrap_or_default())
    }
}

impl From<Wanted> for Change {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Order(order) => Self { order: Some(order), ..Self::default() },
            Wanted::Patch(patch) => Self { patch: Some(patch), ..Self::default() },
            Wanted::Version(version) => Self::to_version(version, None),
        }
    }
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
    change: &Change,
) -> Result<Drafted, ApiError> {
    let blueprint = current.blueprint.clone();
    let blueprint = BlueprintRef { version: change.version.unwrap_or(blueprint.version), ..blueprint };
    let draft = read(current, change, &blueprint).map_err(|own| change.refused(own, Vec::new()))?;
    let pinned = OrderRequest {
        blueprint: Some(blueprint.name),
        version: Some(blueprint.version),
        ..draft.request.clone()
    };
    let planned = Order { id: order, submitted_at: current.submitted_at, request: pinned };
    let (planned, plan) = match make_plan(libraries, connection, planned).await {
        Ok(planned) if draft.faults.is_empty() => planned,
        Ok(_) => return Err(change.refused(draft.faults, Vec::new())),
        Err(ApiError::InvalidDocument(found)) => {
            let own = draft.faults.clone();
            let mut found = draft.faults_with(found);
            found.retain(|fault| !own.contains(fault));
            return Err(change.refused(own, found));
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
        return Err(change.refused(Vec::new(), vec![Fault::new(Pointer::root(), detail)]));
    }
    let CurrentVersion { request: before, .. } = current;
    let request =
        OrderRequest { blueprint: before.blueprint.clone(), version: before.version, ..planned.request };
    Ok(Drafted { request, plan })
}

/// What the order is to be, by that blueprint.
///
/// # Errors
/// Its patch can't be applied.
fn read(
    current: &CurrentVersion,
    change: &Change,
    blueprint: &BlueprintRef,
) -> Result<OrderDraft, Vec<Fault>> {
    let before = &current.request;
    // It says by which version it was accepted, and may be carried out by another one by now.
    let unpinned = || OrderRequest { blueprint: None, version: None, ..before.clone() };
    let document = match (&change.order, &change.patch) {
        (Some(document), _) => document.clone(),
        (None, Some(patch)) => unpinned().patched(patch.clone())?,
        (None, None) => unpinned().document(),
    };
    let mut draft = OrderRequest::draft(document);
    match before.amended(draft.request.clone(), blueprint, current.state) {
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
    Ok(draft)
}

impl Change {
    /// Its own faults, and those that its plan has `found`, where the caller can find them: whoever moves an order has sent a
    /// version, and perhaps a patch, and no order.
    fn refused(&self, own: Vec<Fault>, found: Vec<Fault>) -> ApiError {
        if self.version.is_none() {
            return ApiError::InvalidDocument(own.into_iter().chain(found).collect());
        }
        let root = Pointer::root();
        let sent = root.key(if self.patch.is_some() { "patch" } else { "version" });
        let said = |fault: Fault| if fault.pointer == root { fault.detail } else { fault.to_string() };
        let own = own.into_iter().map(|fault| Fault::new(sent.clone(), said(fault)));
        let found = found.into_iter().map(|fault| {
            if fault.pointer == root.key("blueprint") {
                return Fault { pointer: root.key("version"), ..fault };
            }
            Fault::new(sent.clone(), format!("the order does not fit this version: {}", said(fault)))
        });
        ApiError::InvalidDocument(own.chain(found).collect())
    }
}

/// The order that asks for the difference once it is too late to amend; none if no blueprint takes it, if nothing of the order is
/// different, or of a move: that is about how this order is carried out.
///
/// # Errors
/// Postgres is away.
pub(crate) async fn follow_up(
    libraries: &Libraries,
    connection: &mut PgConnection,
    order: OrderId,
    current: &CurrentVersion,
    change: &Change,
    drafted: OrderRequest,
) -> Result<Option<OrderRequest>, ApiError> {
    if change.version.is_some() {
        return Ok(None);
    }
    let Some(request) = current.request.follow_up(order, drafted) else { return Ok(None) };
    let planned = Order { id: OrderId::NIL, submitted_at: now(), request: request.clone() };
    match make_plan(libraries, connection, planned).await {
        Ok(_) => Ok(Some(request)),
        Err(ApiError::InvalidDocument(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was asked before an upgrade is recognised after it.
    #[test]
    fn a_change_is_written_as_it_always_was() {
        let record = || Value::record([("notes", Value::Null)]);
        for (change, written) in [
            (Wanted::Order(record()).into(), r#"{"order":{"notes":null}}"#),
            (Wanted::Patch(record()).into(), r#"{"patch":{"notes":null}}"#),
            (Wanted::Version(2).into(), r#"{"version":2}"#),
            (Change::to_version(2, None), r#"{"version":2}"#),
            (Change::to_version(2, Some(record())), r#"{"patch":{"notes":null},"version":2}"#),
        ] {
            let change: Change = change;
            assert_eq!(serde_json::to_string(&change).unwrap(), written);
            if let Ok(wanted) = serde_json::from_str::<Wanted>(written) {
                assert_eq!(serde_json::to_string(&wanted).unwrap(), written);
            }
        }
    }
}
