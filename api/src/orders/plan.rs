//! `GET /v1/orders/{id}/plan`: what will be done for an order, and in what order.

use axum::Json;
use axum::extract::State;
use model::{Hash, OrderId};
use plan::PlanDocument;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::OrderPath;

/// The plan of an order: every task, each after those it waits for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPlan)]
pub(crate) struct OrderPlanView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// The SHA-256 of the plan.
    #[schema(value_type = String)]
    hash: Hash,
    #[serde(flatten)]
    plan: PlanDocument,
}

/// Read the plan of an order
///
/// What was decided when the order was accepted, or amended last; what has become of each task is in the order.
#[utoipa::path(
    get, path = "/v1/orders/{id}/plan", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        (status = OK, description = "The plan", body = OrderPlanView),
        (status = NOT_FOUND, description = "There is no such order"),
    )
)]
pub(crate) async fn order_plan(
    State(app): State<App>,
    OrderPath(id): OrderPath,
) -> Result<Json<OrderPlanView>, ApiError> {
    let plan = store::load_plan(&mut *app.database().await?, id).await?;
    let plan = plan.ok_or_else(|| ApiError::no_order(id))?;
    Ok(Json(OrderPlanView { order: id, hash: plan.hash(), plan: PlanDocument::from(&plan) }))
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_plan_says_what_follows_what(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let plan = api.get(&format!("/v1/orders/{order}/plan")).await.json(200);
        assert_eq!(plan["blueprint"], "fiber@3");
        assert_eq!(
            plan["tasks"],
            serde_json::json!([
                {"id": "reserve[1]", "item": "1", "wave": 1, "after": [], "skipped": null, "when": null, "kind": "call",
                 "calls": ["inventory.reserve"], "timeout": "30s", "within": null, "attempts": 6,
                 "undo": "inventory.release", "no_undo": null, "amend": null, "verify": null, "isolate": false,
                 "point_of_no_return": false, "source": "fiber.blueprint:7"},
                {"id": "field_work[1]", "item": "1", "wave": 2, "after": ["reserve[1]"], "skipped": null, "when": null, "kind": "wait",
                 "signal": "report", "fields": "{ done: bool }", "within": "10d", "isolate": false, "point_of_no_return": false,
                 "source": "fiber.blueprint:7"},
                {"id": "active", "item": null, "wave": 3, "after": ["field_work[1]"], "skipped": null, "when": null,
                 "kind": "milestone", "isolate": false, "point_of_no_return": false, "source": "fiber.blueprint:7"},
            ])
        );
        api.get("/v1/orders/00000000-0000-0000-0000-000000000009/plan").await.problem(404, "not-found");
    }
}
