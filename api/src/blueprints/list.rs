//! `GET /v1/blueprints`: what can be ordered.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::blueprints::view::BlueprintVersionView;
use crate::error::ApiError;

/// The newest version of every blueprint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Blueprints)]
pub(crate) struct BlueprintsView {
    /// By name, at most 1,000.
    blueprints: Vec<BlueprintVersionView>,
}

/// List blueprints
///
/// The newest published version of each: what an order is planned with unless it names another version.
#[utoipa::path(
    get, path = "/v1/blueprints", tag = "blueprints",
    responses((status = OK, description = "The blueprints", body = BlueprintsView))
)]
pub(crate) async fn list_blueprints(State(app): State<App>) -> Result<Json<BlueprintsView>, ApiError> {
    let newest = store::newest_blueprints(&mut *app.database().await?).await?;
    Ok(Json(BlueprintsView { blueprints: newest.into_iter().map(Into::into).collect() }))
}
