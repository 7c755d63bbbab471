//! `GET /v1/fallout/groups`: what waits for people, alike cases as one.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::{FALLOUT_PAGE, FalloutFilter};
use utoipa::ToSchema;

use crate::app::{App, now};
use crate::error::ApiError;
use crate::extract::{Parameters, Query, QueryDocument};
use crate::fallout::filter::{FalloutFilterDocument, of_parameters};
use crate::fallout::view::WorkGroupView;

/// What to group, checked.
#[derive(Debug)]
pub(crate) struct GroupsQuery(FalloutFilter);

impl QueryDocument for GroupsQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self(of_parameters(parameters))
    }
}

/// Work items, alike ones as one group, the largest group first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkGroups)]
pub(crate) struct WorkGroupsView {
    /// At most 200 groups.
    groups: Vec<WorkGroupView>,
}

/// Group what waits for people
///
/// One system that is down holds up many orders, and they are one group here: of one kind, for the same person, with the same call
/// and reasons of the same pattern. The largest group comes first, then the one that has waited longest. The `pattern` of a group,
/// with its system and operation, is a filter for the list and for actions on all of them.
#[utoipa::path(
    get, path = "/v1/fallout/groups", tag = "fallout",
    params(FalloutFilterDocument),
    responses(
        (status = OK, description = "At most 200 groups", body = WorkGroupsView),
        (status = BAD_REQUEST, description = "A parameter is unknown or not valid; all of them are named"),
    )
)]
pub(crate) async fn group_fallout(
    State(app): State<App>,
    Query(GroupsQuery(filter)): Query<GroupsQuery>,
) -> Result<Json<WorkGroupsView>, ApiError> {
    let groups = store::group_fallout(&mut *app.database().await?, &filter, FALLOUT_PAGE).await?;
    let now = now();
    let groups = groups.into_iter().map(|group| WorkGroupView::new(group, now)).collect();
    Ok(Json(WorkGroupsView { groups }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept, apply, held_at};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn one_outage_is_one_group_and_its_pattern_finds_it(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        for n in 1..=3 {
            let order = accept(&pool, n, "C-1", "fiber").await;
            apply(
                &pool,
                order,
                held_at("reserve[1]", &format!("inventory.reserve answered 503: node {n}a is down")),
            )
            .await;
        }
        let other = accept(&pool, 4, "C-1", "fiber").await;
        apply(&pool, other, held_at("reserve[1]", "inventory.reserve answered 404")).await;
        let groups = api.get("/v1/fallout/groups?system=inventory").await.json(200)["groups"].clone();
        let told: Vec<_> =
            groups.as_array().unwrap().iter().map(|group| (&group["count"], &group["pattern"])).collect();
        let pattern = json!("inventory.reserve answered 503: node … is down");
        assert_eq!(told, [(&json!(3), &pattern), (&json!(1), &json!("inventory.reserve answered 404"))]);
        assert_eq!(groups[0]["oldest"]["reason"], "inventory.reserve answered 503: node 1a is down");
        assert_eq!((&groups[0]["system"], &groups[0]["operation"]), (&json!("inventory"), &json!("reserve")));
        let alike = api
            .get("/v1/fallout?pattern=inventory.reserve%20answered%20503:%20node%20%E2%80%A6%20is%20down")
            .await;
        assert_eq!(alike.json(200)["work_items"].as_array().unwrap().len(), 3);
    }
}
