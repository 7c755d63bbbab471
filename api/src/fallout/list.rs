//! `GET /v1/fallout`: what waits for people, over all orders, page by page.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::{FALLOUT_PAGE, FalloutFilter, WorkCursor};
use utoipa::{IntoParams, ToSchema};

use crate::app::{App, now};
use crate::error::ApiError;
use crate::extract::{Parameters, Query, QueryDocument, read_limit};
use crate::fallout::filter::{FalloutFilterDocument, of_parameters};
use crate::fallout::view::WorkItemView;

/// How many work items a page has if nobody says.
const PAGE: u32 = 50;

/// Which part of the list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the parameters to OpenAPI; they are read one by one to report all faults"
)]
pub(crate) struct PageParameters {
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 200; 50 if it is not given.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// What to list, checked.
#[derive(Debug)]
pub(crate) struct ListQuery {
    filter: FalloutFilter,
    cursor: Option<WorkCursor>,
    limit: u32,
}

impl QueryDocument for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            filter: of_parameters(parameters),
            cursor: parameters.take("cursor", str::parse),
            limit: parameters.take("limit", |text| read_limit(text, FALLOUT_PAGE)).unwrap_or(PAGE),
        }
    }
}

/// A page of work items, the one that has waited longest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkPage)]
pub(crate) struct WorkPageView {
    /// The work items.
    work_items: Vec<WorkItemView>,
    /// The `cursor` of the next page; null if this is the last.
    next: Option<String>,
}

/// List what waits for people
///
/// Held tasks, undos that failed, tasks that are a person's to do, and orders that are paused as a whole; the one that has
/// waited longest first. Each is one task of one order: a paused order is one at the task to act on, unless that task waits for a
/// person itself. Filters narrow the list together. Orders whose workflow was ended from outside are left out: nobody can act on
/// them here.
#[utoipa::path(
    get, path = "/v1/fallout", tag = "fallout",
    params(FalloutFilterDocument, PageParameters),
    responses(
        (status = OK, description = "A page of work items", body = WorkPageView),
        (status = BAD_REQUEST, description = "A parameter is unknown or not valid; all of them are named"),
    )
)]
pub(crate) async fn list_fallout(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<WorkPageView>, ApiError> {
    let ListQuery { filter, cursor, limit } = query;
    let page = store::list_fallout(&mut *app.database().await?, &filter, cursor.as_ref(), limit).await?;
    let now = now();
    let view = |item: store::WorkItem| {
        let temporal = app.temporal_link(item.order);
        WorkItemView::new(item, now, temporal)
    };
    Ok(Json(WorkPageView {
        work_items: page.items.into_iter().map(view).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept, apply, held_at};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_work_item_says_who_is_to_do_what_about_it(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        apply(&pool, order, held_at("reserve[1]", "no port is free at UTR-7")).await;
        let page = api.get("/v1/fallout").await.json(200);
        let mut item = page["work_items"][0].clone();
        let age = item["age_seconds"].take().as_u64().unwrap();
        assert!(age > 0, "it has been waiting since {}", item["since"]);
        let customer = json!({"id": "C-1", "name": "Ada"});
        let blueprint = json!({"name": "fiber", "version": 3, "hash": "b".repeat(64)});
        let temporal = format!("http://temporal.test/namespaces/default/workflows/{order}");
        assert_eq!(
            item,
            json!({
                "order": order, "external_id": "E-1", "blueprint": blueprint, "customer": customer, "item": "1",
                "task": "reserve[1]", "title": "call inventory.reserve", "kind": "held", "for": "operations", "role": null,
                "paused_by": null, "system": "inventory", "operation": "reserve", "reason": "no port is free at UTR-7",
                "attempts": 0, "last_error": null, "arguments": {"site": "UTR-7"},
                "actions": ["retry", "complete", "skip", "rollback"], "since": "2026-09-21T14:16:20.000Z",
                "age_seconds": null, "until": null, "at_risk_since": null, "overdue_since": null,
                "links": {"order": format!("/v1/orders/{order}"), "temporal": temporal},
            })
        );
        assert_eq!(page["next"], json!(null));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn filters_and_pages_narrow_the_list(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        for n in 1..=3 {
            let order = accept(&pool, n, "C-1", if n == 3 { "copper" } else { "fiber" }).await;
            apply(&pool, order, held_at("reserve[1]", &format!("no port is free at UTR-{n}"))).await;
        }
        let listed = async |query: &str| -> Vec<String> {
            let page = api.get(&format!("/v1/fallout?{query}")).await.json(200);
            let items = page["work_items"].as_array().unwrap().clone();
            items.iter().map(|item| item["external_id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(listed("").await, ["E-1", "E-2", "E-3"]);
        assert_eq!(listed("for=operations,role&kind=held&system=inventory&operation=reserve").await.len(), 3);
        assert_eq!(listed("for=customer").await, [""; 0]);
        assert_eq!(listed("blueprint=copper").await, ["E-3"]);
        assert_eq!(listed("reason=UTR-2").await, ["E-2"]);
        assert_eq!(listed("older_than=2h").await.len(), 3);
        assert_eq!(listed("older_than=3000d").await, [""; 0]);
        let first = api.get("/v1/fallout?limit=2").await.json(200);
        let next = first["next"].as_str().unwrap();
        assert_eq!(listed(&format!("limit=2&cursor={next}")).await, ["E-3"]);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn every_parameter_that_is_wrong_is_named(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let answer =
            api.get("/v1/fallout?kind=stuck&for=me&system=a.b&order=7&older_than=2&limit=0&colour=red").await;
        assert_eq!(
            answer.faults(400, "invalid-parameters"),
            [
                "kind: `stuck` is not a kind of work item (`held`, `undo_failed`, `manual` or `paused`)",
                "for: `me` is not somebody to wait for (`operations`, `customer` or `role`)",
                "system: `a.b` is not a name (letters, digits and `_`, at most 64)",
                "order: `7` is not an order id (a UUID)",
                "older_than: `2` is not a duration (such as `250ms`, `30s`, `1h30m` or `10d`, at most ten years)",
                "limit: expected 1 to 200",
                "colour: unknown parameter: known are `kind`, `for`, `role`, `system`, `operation`, `reason`, `pattern`, \
                 `blueprint`, `customer`, `order`, `older_than`, `cursor`, `limit`",
            ]
        );
    }
}
