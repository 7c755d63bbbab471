//! `GET /v1/orders/{id}/versions`: what an order was, and who has made it another one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use model::{Actor, DeliveryId, OrderId, Timestamp};
use serde::Serialize;
use store::{VERSION_PAGE, VersionCursor, VersionRow, VersionState};
use utoipa::ToSchema;
use utoipa::openapi::schema::ObjectBuilder;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{OrderPath, Parameters, Query, QueryDocument, read_limit};
use crate::orders::assessment::{DifferenceView, TaskChangeView, counts};
use crate::orders::view::words;

/// Versions of an order, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderVersions)]
pub(crate) struct VersionsView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// As it was accepted, and every amendment since, in the order in which they were decided; refused ones included.
    versions: Vec<VersionView>,
    /// The `cursor` of the next page; null if this is the last.
    next: Option<String>,
}

/// How many versions a page has if nobody says.
const PAGE: u32 = 50;

/// Which part of them.
#[derive(Debug)]
pub(crate) struct VersionQuery {
    cursor: Option<VersionCursor>,
    limit: u32,
}

impl QueryDocument for VersionQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            cursor: parameters.take("cursor", str::parse),
            limit: parameters.take("limit", |text| read_limit(text, VERSION_PAGE)).unwrap_or(PAGE),
        }
    }
}

/// A version of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderVersion)]
struct VersionView {
    /// Which version it is, from 1; of one that is not applied, which it would have been.
    version: u32,
    /// What has become of it.
    #[schema(schema_with = state)]
    state: &'static str,
    /// The id of its amendment; null for the order as it was accepted.
    #[schema(value_type = Option<String>)]
    id: Option<DeliveryId>,
    /// Who wanted it.
    #[schema(value_type = String)]
    by: Actor,
    /// Why.
    reason: String,
    /// When it was decided; null while it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// The blueprint of its plan.
    #[schema(example = "home_fiber@1")]
    blueprint: String,
    /// Why it was refused; null if it was not.
    refusal: Option<String>,
    /// What is different from the version before, at most 200.
    differences: Vec<DifferenceView>,
    /// How many tasks there are of each verdict; those that were kept are not counted.
    #[schema(value_type = BTreeMap<String, u64>, example = json!({"amended": 1}))]
    counts: BTreeMap<&'static str, u64>,
    /// What was done to each task that was not kept.
    tasks: Vec<TaskChangeView>,
}

fn state() -> ObjectBuilder {
    let meaning = "`applied`: the order is carried out so, or was until the next one. `refused`: it speaks against what was done \
        already. `proposed`: the order has not said yet.";
    let states = [VersionState::Applied, VersionState::Refused, VersionState::Proposed];
    words(meaning, states.map(VersionState::as_str))
}

impl From<VersionRow> for VersionView {
    fn from(row: VersionRow) -> Self {
        let tasks: Vec<_> =
            row.tasks.into_iter().filter(|change| change.verdict != model::Verdict::Kept).collect();
        Self {
            version: row.version,
            state: row.state.as_str(),
            id: row.delivery,
            by: row.author,
            reason: row.reason,
            at: row.decided_at,
            blueprint: row.blueprint.to_string(),
            refusal: row.refusal,
            differences: row.differences.into_iter().map(Into::into).collect(),
            counts: counts(&tasks),
            tasks: tasks.into_iter().map(Into::into).collect(),
        }
    }
}

/// List the versions of an order
///
/// Every version that the order had, with who wanted it, why, what was different and what that meant for its tasks; and every
/// amendment that was refused.
#[utoipa::path(
    get, path = "/v1/orders/{id}/versions", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before"),
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 50 if nobody says"),
    ),
    responses(
        (status = OK, description = "Its versions", body = VersionsView),
        (status = BAD_REQUEST, description = "A parameter is unknown or not valid; all of them are named"),
        (status = NOT_FOUND, description = "There is no such order"),
    )
)]
pub(crate) async fn order_versions(
    State(app): State<App>,
    OrderPath(order): OrderPath,
    Query(VersionQuery { cursor, limit }): Query<VersionQuery>,
) -> Result<Json<VersionsView>, ApiError> {
    let page = store::list_versions(&mut *app.database().await?, order, cursor.as_ref(), limit).await?;
    if page.versions.is_empty() && cursor.is_none() {
        return Err(ApiError::no_order(order));
    }
    let versions = page.versions.into_iter().map(Into::into).collect();
    Ok(Json(VersionsView { order, versions, next: page.next.map(|next| next.to_string()) }))
}
