//! `GET /v1/blueprints/{name}`: the versions of one blueprint.

use axum::Json;
use axum::extract::State;
use model::{BlueprintName, BlueprintRef};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::blueprints::view::BlueprintVersionView;
use crate::error::ApiError;
use crate::extract::NamedPath;

/// The published versions of a blueprint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlueprintVersions)]
pub(crate) struct BlueprintVersionsView {
    /// Its name.
    #[schema(value_type = String)]
    name: BlueprintName,
    /// The versions, the newest first.
    versions: Vec<BlueprintVersionView>,
}

/// Read a blueprint
///
/// Every published version, the newest first. A version never changes; orders keep the one that they were
/// planned with.
#[utoipa::path(
    get, path = "/v1/blueprints/{name}", tag = "blueprints",
    params(("name" = String, Path, description = "The blueprint")),
    responses(
        (status = OK, description = "Its versions", body = BlueprintVersionsView),
        (status = NOT_FOUND, description = "There is no such blueprint"),
    )
)]
pub(crate) async fn get_blueprint(
    State(app): State<App>,
    NamedPath(name): NamedPath,
) -> Result<Json<BlueprintVersionsView>, ApiError> {
    let unknown = |name: String| ApiError::NotFound { what: "blueprint", name };
    let name = BlueprintName::new(&name).map_err(|wrong| unknown(wrong.text))?;
    // Versions count from 1, so this is just before the first.
    let before = BlueprintRef { name: name.clone(), version: 0 };
    let from_there = store::list_blueprints(&mut *app.database().await?, Some(&before)).await?;
    let of_it = from_there.into_iter().take_while(|version| version.blueprint.name == name);
    let mut versions: Vec<BlueprintVersionView> = of_it.map(Into::into).collect();
    if versions.is_empty() {
        return Err(unknown(name.to_string()));
    }
    versions.reverse();
    Ok(Json(BlueprintVersionsView { name, versions }))
}
