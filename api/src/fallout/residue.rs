//! `GET /v1/residue`: what was left behind in the systems, over all orders, page by page.

use axum::Json;
use axum::extract::State;
use model::{Actor, ExternalId, ItemId, OrderId, SystemName, TaskId, Timestamp, Value};
use serde::Serialize;
use store::{RESIDUE_PAGE, Residue, ResidueCursor, ResidueFilter};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Parameters, Query, QueryDocument, read_limit};
use crate::fallout::list::PageParameters;
use crate::fallout::view::split;
use crate::orders::view::{CustomerView, location};

/// How much a page has if nobody says.
const PAGE: u32 = 50;

/// What to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the parameters to OpenAPI; they are read one by one to report all faults"
)]
struct ResidueParameters {
    /// Only what was left in this system.
    system: Option<String>,
    /// Only what was left by this order and its child orders.
    #[param(value_type = Option<uuid::Uuid>)]
    order: Option<String>,
    /// Only what was accepted then or later: a time with its offset, such as `2026-11-21T00:00:00Z`.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<String>,
}

/// What to list, checked.
#[derive(Debug)]
pub(crate) struct ResidueQuery {
    filter: ResidueFilter,
    cursor: Option<ResidueCursor>,
    limit: u32,
}

impl QueryDocument for ResidueQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            filter: ResidueFilter {
                system: parameters.take("system", SystemName::new),
                order: parameters.take("order", str::parse::<OrderId>),
                since: parameters.take("since", str::parse::<Timestamp>),
            },
            cursor: parameters.take("cursor", str::parse),
            limit: parameters.take("limit", |text| read_limit(text, RESIDUE_PAGE)).unwrap_or(PAGE),
        }
    }
}

/// An effect that somebody accepted would not be taken back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Residue)]
pub(crate) struct ResidueView {
    /// The order it was made for.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// The sender's id of that order.
    #[schema(value_type = Option<String>)]
    external_id: Option<ExternalId>,
    /// Who ordered.
    customer: CustomerView,
    /// The item that the task is for; null if it is for the order as a whole.
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    /// The task that made it.
    #[schema(value_type = String, example = "reserve_port[1]")]
    task: TaskId,
    /// The system that it is in.
    system: Option<String>,
    /// The operation that would have taken it back.
    operation: Option<String>,
    /// The arguments of that operation: what tells which thing it is.
    #[schema(value_type = serde_json::Value)]
    arguments: Value,
    /// What the task brought back when it made it.
    #[schema(value_type = serde_json::Value)]
    result: Value,
    /// Who accepted it.
    #[schema(value_type = String)]
    by: Actor,
    /// Why.
    reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The address of the order.
    #[schema(example = "/v1/orders/0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21")]
    link: String,
}

impl From<Residue> for ResidueView {
    fn from(left: Residue) -> Self {
        let (system, operation) = split(Some(&left.call));
        Self {
            order: left.order,
            external_id: left.external_id,
            customer: left.customer.into(),
            item: left.task.item.clone(),
            task: left.task,
            system,
            operation,
            arguments: left.arguments,
            result: left.result,
            by: left.by,
            reason: left.reason,
            at: left.at,
            link: location(left.order),
        }
    }
}

/// A page of what was left behind, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResiduePage)]
pub(crate) struct ResiduePageView {
    /// What was left behind.
    residue: Vec<ResidueView>,
    /// The `cursor` of the next page; null if this is the last.
    next: Option<String>,
}

/// List what was left behind
///
/// Effects that somebody accepted would not be taken back, when an undo had failed: what is still to be cleaned up outside of
/// any order, or to be paid for. The newest first.
#[utoipa::path(
    get, path = "/v1/residue", tag = "fallout",
    params(ResidueParameters, PageParameters),
    responses(
        (status = OK, description = "A page of what was left behind", body = ResiduePageView),
        (status = BAD_REQUEST, description = "A parameter is unknown or not valid; all of them are named"),
    )
)]
pub(crate) async fn list_residue(
    State(app): State<App>,
    Query(query): Query<ResidueQuery>,
) -> Result<Json<ResiduePageView>, ApiError> {
    let ResidueQuery { filter, cursor, limit } = query;
    let page = store::list_residue(&mut *app.database().await?, &filter, cursor, limit).await?;
    Ok(Json(ResiduePageView {
        residue: page.residue.into_iter().map(Into::into).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

#[cfg(test)]
mod tests {
    use model::{Actor, Fact, Value};
    use serde_json::json;
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept, apply, events_to_the_end};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_was_left_behind_says_where_and_who_accepted_it(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let arguments = Value::record([("site", Value::from("UTR-7"))]);
        let (task, call) = ("reserve[1]", "inventory.release".to_owned());
        let mut facts = events_to_the_end();
        facts.truncate(3);
        facts.extend([
            Fact::OrderRollingBack { reason: "no technician".to_owned() },
            Fact::TaskUndoing {
                task: task.parse().unwrap(),
                call: call.clone(),
                arguments: arguments.clone(),
            },
            Fact::TaskUndoFailed { task: task.parse().unwrap(), reason: "409 unknown unit".to_owned() },
            Fact::ResidueAccepted {
                task: task.parse().unwrap(),
                call,
                arguments,
                result: Value::record([("unit", Value::from("P-9"))]),
                by: Actor::new("grace"),
                reason: "the street is gone".to_owned(),
            },
        ]);
        apply(&pool, order, facts).await;
        let page = api.get("/v1/residue?system=inventory").await.json(200);
        assert_eq!(
            page,
            json!({"next": null, "residue": [{
                "order": order, "external_id": "E-1", "customer": {"id": "C-1", "name": "Ada"}, "item": "1",
                "task": task, "system": "inventory", "operation": "release", "arguments": {"site": "UTR-7"},
                "result": {"unit": "P-9"}, "by": "grace", "reason": "the street is gone", "at": "2026-09-21T14:20:20.000Z",
                "link": format!("/v1/orders/{order}"),
            }]})
        );
        let elsewhere = api.get("/v1/residue?system=crm").await.json(200);
        assert_eq!(elsewhere["residue"], json!([]));
        let later = api.get("/v1/residue?since=2026-09-22T00:00:00%2B02:00").await.json(200);
        assert_eq!(later["residue"], json!([]));
        let wrong = api.get("/v1/residue?since=yesterday&cursor=x").await;
        assert_eq!(wrong.faults(400, "invalid-parameters").len(), 2);
    }
}
