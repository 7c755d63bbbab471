//! `POST /v1/mirror/orders/{id}/rebuild`: makes an order's rows again, from what Temporal has of it.

use axum::Json;
use axum::extract::State;
use model::OrderId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::OrderPath;
use crate::mirror::remake::{Remade, remake};

/// What was made again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RebuiltView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// How many order events it has.
    events: u64,
    /// Orders that were missing and had to be made before, because its rows name them.
    #[schema(value_type = Vec<uuid::Uuid>)]
    needed: Vec<OrderId>,
}

/// Rebuild an order's rows
///
/// Makes everything that is shown of an order again from Temporal alone: its record, state, items, tasks, versions, and what it
/// left behind. It comes out as it was; nobody reads anything in between, and nobody who follows events is told one twice. What is no part
/// of the order's record stays as it is: the attempts of its calls. If Temporal does not have all of the order any more, nothing is changed.
#[utoipa::path(
    post, path = "/v1/mirror/orders/{id}/rebuild", tag = "mirror",
    params(("id" = uuid::Uuid, Path, description = "The order; Postgres need not know it")),
    responses(
        (status = OK, description = "The rows are made again", body = RebuiltView),
        (status = NOT_FOUND, description = "The address names no order"),
        (status = CONFLICT, description = "Nothing was changed: `code` is `not_in_temporal`, `external_id_taken`, `record_refused`, `needs_other` or `busy`"),
        (status = SERVICE_UNAVAILABLE, description = "Postgres, Temporal or a worker is away; nothing was changed"),
    )
)]
pub(crate) async fn rebuild_order(
    State(app): State<App>,
    OrderPath(order): OrderPath,
) -> Result<Json<RebuiltView>, ApiError> {
    let Remade { events, needed } = remake(&app, order).await?;
    Ok(Json(RebuiltView { order, events, needed }))
}
