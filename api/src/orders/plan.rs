//! `GET /v1/orders/{id}/plan`: what will be done for an order, and in what order.

use axum::Json;
use axum::extract::State;
use model::{BlueprintRef, Duration, Hash, ItemId, OrderId, TaskId};
use plan::{Body, Plan, TaskIndex, Undo};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::OrderPath;

/// The plan of an order: every task, each after those it waits for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct PlanView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// The blueprint version it was made by.
    #[schema(value_type = String, example = "home_fiber@3")]
    blueprint: String,
    /// The SHA-256 of the blueprint's meaning.
    #[schema(value_type = String)]
    blueprint_hash: Hash,
    /// The SHA-256 of the plan.
    #[schema(value_type = String)]
    hash: Hash,
    /// The tasks.
    tasks: Vec<PlannedTaskView>,
}

/// One task of a plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlannedTask)]
pub(crate) struct PlannedTaskView {
    /// Its id.
    #[schema(value_type = String, example = "reserve_port[1]")]
    id: TaskId,
    /// The item it is for; null for a task of the whole order.
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    /// The tasks it waits for.
    #[schema(value_type = Vec<String>)]
    after: Vec<TaskId>,
    /// Why it is left out, if the order's own data says so.
    skipped: Option<String>,
    /// The condition that decides when it is due, as the blueprint has it.
    when: Option<String>,
    /// What it does.
    #[serde(flatten)]
    body: PlannedBodyView,
    /// Whether an order can't be cancelled once it has begun.
    point_of_no_return: bool,
    /// The file and line of the blueprint that define it.
    source: String,
}

/// What a task does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlannedBody)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum PlannedBodyView {
    /// Calls a system.
    Call {
        /// `system.operation`, and what is called instead if it fails for good.
        #[schema(example = json!(["inventory.reserve"]))]
        calls: Vec<String>,
        /// How long one attempt may take.
        #[schema(value_type = String, example = "30s")]
        timeout: Duration,
        /// How long all attempts may take together.
        #[schema(value_type = Option<String>)]
        within: Option<Duration>,
        /// How many attempts there are at the most.
        attempts: u32,
        /// `system.operation` that takes it back.
        undo: Option<String>,
        /// Why nothing takes it back.
        no_undo: Option<String>,
    },
    /// Waits for a signal.
    Wait {
        /// Its name.
        signal: String,
        /// What it must carry, as the blueprint has it.
        #[schema(example = "{ outcome: text, ont: text? }")]
        fields: String,
        /// How long it waits.
        #[schema(value_type = String, example = "10d")]
        within: Duration,
    },
    /// Does nothing: a point that customers see.
    Milestone,
}

impl PlanView {
    fn new(order: OrderId, plan: &Plan) -> Self {
        let blueprint: &BlueprintRef = plan.blueprint();
        Self {
            order,
            blueprint: blueprint.to_string(),
            blueprint_hash: plan.blueprint_hash().clone(),
            hash: plan.hash(),
            tasks: plan.indices().map(|task| PlannedTaskView::new(plan, task)).collect(),
        }
    }
}

impl PlannedTaskView {
    fn new(plan: &Plan, index: TaskIndex) -> Self {
        let (task, definition) = (plan.task(index), plan.definition(index));
        Self {
            id: plan.id(index),
            item: plan.item(index).map(|item| item.id.clone()),
            after: task.after.iter().map(|after| plan.id(*after)).collect(),
            skipped: task.skipped.clone(),
            when: definition.when.as_ref().map(|when| when.text.clone()),
            body: PlannedBodyView::new(&definition.body),
            point_of_no_return: definition.point_of_no_return,
            source: format!("{}:{}", definition.file, definition.line),
        }
    }
}

impl PlannedBodyView {
    fn new(body: &Body) -> Self {
        match body {
            Body::Call(body) => {
                let (undo, no_undo) = match &body.undo {
                    Undo::Call(call) => (Some(call.label()), None),
                    Undo::Nothing { why } => (None, Some(why.clone()).filter(|why| !why.is_empty())),
                };
                Self::Call {
                    calls: std::iter::once(&body.call)
                        .chain(&body.fallbacks)
                        .map(plan::Call::label)
                        .collect(),
                    timeout: body.timeout,
                    within: body.within,
                    attempts: body.retry.attempts,
                    undo,
                    no_undo,
                }
            }
            Body::Wait { signal, fields, within } => {
                Self::Wait { signal: signal.to_string(), fields: fields.to_string(), within: *within }
            }
            Body::Milestone => Self::Milestone,
        }
    }
}

/// Read the plan of an order
///
/// What was decided when the order was accepted. It does not change; what has become of each task is in the
/// order.
#[utoipa::path(
    get, path = "/v1/orders/{id}/plan", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        (status = OK, description = "The plan", body = PlanView),
        (status = NOT_FOUND, description = "There is no such order"),
    )
)]
pub(crate) async fn order_plan(
    State(app): State<App>,
    OrderPath(id): OrderPath,
) -> Result<Json<PlanView>, ApiError> {
    let plan = store::load_plan(&mut *app.database().await?, id).await?;
    let plan = plan.ok_or_else(|| ApiError::no_order(id))?;
    Ok(Json(PlanView::new(id, &plan)))
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
                {"id": "reserve[1]", "item": "1", "after": [], "skipped": null, "when": null, "kind": "call",
                 "calls": ["inventory.reserve"], "timeout": "30s", "within": null, "attempts": 6,
                 "undo": "inventory.release", "no_undo": null, "point_of_no_return": false, "source": "fiber.blueprint:7"},
                {"id": "field_work[1]", "item": "1", "after": ["reserve[1]"], "skipped": null, "when": null, "kind": "wait",
                 "signal": "report", "fields": "{ done: bool }", "within": "10d", "point_of_no_return": false,
                 "source": "fiber.blueprint:7"},
                {"id": "active", "item": null, "after": ["field_work[1]"], "skipped": null, "when": null,
                 "kind": "milestone", "point_of_no_return": false, "source": "fiber.blueprint:7"},
            ])
        );
        api.get("/v1/orders/00000000-0000-0000-0000-000000000009/plan").await.problem(404, "not-found");
    }
}
