//! `POST /v1/fallout/{action}`: one action on many tasks that wait for a person.
//!
//! Every task is acted on as by its own address, and answers for itself. All of it happens within the request: what is not done by
//! its end was not tried, and the same request under the same key goes on with it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use futures::StreamExt as _;
use futures::stream;
use model::{Actor, DeliveryId, OperatorAction, OrderId, TaskId, limits};
use serde::Serialize;
use store::{FalloutFilter, WorkKey, WorkKind};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa::openapi::schema::ObjectBuilder;

use crate::app::App;
use crate::error::{ApiError, chain};
use crate::extract::{ActionPath, Body, Delivery, Parameters, Query, QueryDocument, RequestActor, read_flag};
use crate::fallout::bulk_document::BulkDocument;
use crate::fallout::view::{actions, actions_on};
use crate::hash::sha256;
use crate::orders::act::Deed;
use crate::orders::verdict::{Verdict, own_delivery};
use crate::orders::view::words;

/// How many tasks are acted on at a time. Each takes a worker some milliseconds, and a connection to Postgres for a part of them.
const AT_A_TIME: usize = 16;

/// How long new ones are begun. One takes up to 10 s if no worker answers, and a request 30 s.
const BEGIN_FOR: Duration = Duration::from_secs(15);

/// Whether anything is to be done at all.
#[derive(Debug)]
pub(crate) struct BulkQuery {
    dry_run: bool,
}

impl QueryDocument for BulkQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self { dry_run: parameters.take("dry_run", read_flag).unwrap_or(false) }
    }
}

/// What became of an action on many tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bulk)]
pub(crate) struct BulkView {
    /// The action.
    #[schema(schema_with = action)]
    action: OperatorAction,
    /// Whether it was only asked what would be acted on.
    dry_run: bool,
    /// How many tasks it came to.
    counts: BulkCountsView,
    /// Whether more work items pass the filter than are acted on at a time. The same request under another key goes on with them.
    more: bool,
    /// Every task, in the order in which they were given, or by how long they have waited.
    tasks: Vec<BulkTaskView>,
}

/// How many tasks it came to, by result.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = BulkCounts)]
pub(crate) struct BulkCountsView {
    selected: usize,
    applied: usize,
    duplicate: usize,
    rejected: usize,
    not_tried: usize,
    failed: usize,
}

/// What became of one task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkTask)]
pub(crate) struct BulkTaskView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// The task.
    #[schema(value_type = String, example = "activate[1]")]
    task: TaskId,
    /// What became of it.
    #[schema(schema_with = result)]
    result: BulkResult,
    /// Why not, for programs, if the order refused.
    code: Option<&'static str>,
    /// Why not, in words.
    reason: Option<String>,
    /// The id under which the order took it; null if it did not.
    #[schema(value_type = Option<String>)]
    id: Option<DeliveryId>,
}

/// What became of one task, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum BulkResult {
    Selected,
    Applied,
    Duplicate,
    Rejected,
    NotTried,
    Failed,
}

fn result() -> ObjectBuilder {
    let meaning = "`selected`: of a dry run: it would be acted on. `applied`: it was new and has been applied. `duplicate`: it had \
        come before, and nothing has changed. `rejected`: the order refused it. `not_tried`: there was no time, or Temporal is \
        away, and nothing has been done; or no worker has answered, and it may be done yet, as `reason` says. `failed`: something went wrong on our side; the order's record tells whether it was \
        done.";
    words(meaning, ["selected", "applied", "duplicate", "rejected", "not_tried", "failed"])
}

fn action() -> ObjectBuilder {
    words("The action.", TAKEN.map(OperatorAction::as_str))
}

/// What can be done with many tasks at once: what takes no more than a note.
const TAKEN: [OperatorAction; 5] = [
    OperatorAction::Retry,
    OperatorAction::Skip,
    OperatorAction::Rollback,
    OperatorAction::Undone,
    OperatorAction::Accept,
];

/// Act on many tasks
///
/// Does the same with every task that is meant, as its own address does it, and answers for each. With `dry_run` it only says which
/// they are. A repetition under the same `Idempotency-Key` acts on none of them a second time; of a filter it also acts on what
/// has come to pass it since. At most 1,000 tasks are acted on, and no longer than 15 s: what is left is told as `not_tried` or
/// `more`. If nothing could be done because Temporal or a worker is away, the answer is 503.
#[utoipa::path(
    post, path = "/v1/fallout/{action}", tag = "fallout",
    params(
        ("action" = String, Path, description = "`retry`, `skip`, `rollback`, `undone` or `accept`"),
        ("dry_run" = Option<bool>, Query, description = "Only say which tasks would be acted on"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request; the same one again acts on no task twice"),
        ("X-Actor" = Option<String>, Header, description = "Who acts; on the record of every order"),
    ),
    request_body(content = BulkDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "What became of each task", body = BulkView),
        (status = BAD_REQUEST, description = "A parameter is unknown or not valid; all of them are named"),
        (status = NOT_FOUND, description = "There is no such action, or it takes more than a note"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away, and nothing has been done; or no worker has answered, and it may be done yet"),
    )
)]
pub(crate) async fn act_on_many(
    State(app): State<App>,
    ActionPath(action): ActionPath,
    Query(BulkQuery { dry_run }): Query<BulkQuery>,
    Delivery(key): Delivery,
    RequestActor(by): RequestActor,
    Body(BulkDocument { note, filter, tasks }): Body<BulkDocument>,
) -> Result<Json<BulkView>, ApiError> {
    if !TAKEN.contains(&action) {
        return Err(ApiError::NotFound { what: "action on many tasks", name: action.to_string() });
    }
    let (meant, more) = match (tasks, filter) {
        (Some(tasks), _) => (tasks, false),
        (None, filter) => find(&app, action, filter.unwrap_or_default()).await?,
    };
    let tasks = if dry_run {
        select(&app, action, meant).await?
    } else {
        let key = key.map_or_else(own_delivery, Ok)?;
        act(&app, meant, &What { key, action, by, note }).await?
    };
    let mut counts = BulkCountsView::default();
    tasks.iter().for_each(|task| counts.add(task.result));
    Ok(Json(BulkView { action, dry_run, counts, more, tasks }))
}

impl BulkCountsView {
    const fn add(&mut self, result: BulkResult) {
        let count = match result {
            BulkResult::Selected => &mut self.selected,
            BulkResult::Applied => &mut self.applied,
            BulkResult::Duplicate => &mut self.duplicate,
            BulkResult::Rejected => &mut self.rejected,
            BulkResult::NotTried => &mut self.not_tried,
            BulkResult::Failed => &mut self.failed,
        };
        *count += 1;
    }
}

/// The tasks that pass a filter and that the action is for, and whether there are more.
async fn find(
    app: &App,
    action: OperatorAction,
    filter: FalloutFilter,
) -> Result<(Vec<(OrderId, TaskId)>, bool), ApiError> {
    let fits = |kind: &WorkKind| {
        actions(*kind).contains(&action) && (filter.kinds.is_empty() || filter.kinds.contains(kind))
    };
    let kinds: Vec<WorkKind> = WorkKind::ALL.iter().copied().filter(fits).collect();
    if kinds.is_empty() {
        return Ok((Vec::new(), false));
    }
    // What a person has paused is only let go on, as a whole.
    let filter = FalloutFilter { kinds, no_pause_of_person: true, ..filter };
    let limit = limits::BULK_ACTIONS;
    let one_more = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let found = store::find_fallout(&mut *app.database().await?, &filter, one_more).await?;
    let more = found.len() > limit;
    Ok((found.into_iter().take(limit).map(|key| (key.order, key.task)).collect(), more))
}

/// What would be acted on, and why the others would not.
async fn select(
    app: &App,
    action: OperatorAction,
    meant: Vec<(OrderId, TaskId)>,
) -> Result<Vec<BulkTaskView>, ApiError> {
    let limit = u32::try_from(meant.len()).unwrap_or(u32::MAX);
    let filter = FalloutFilter { among: Some(meant.clone()), ..FalloutFilter::default() };
    let found = store::find_fallout(&mut *app.database().await?, &filter, limit).await?;
    let waits = |order: OrderId, task: &TaskId| {
        let is = |key: &&WorkKey| key.order == order && key.task == *task;
        found.iter().find(is)
    };
    let view = |(order, task): (OrderId, TaskId)| {
        let (result, reason) = match waits(order, &task) {
            Some(key) if actions_on(key.kind, key.is_paused_by_person).contains(&action) => {
                (BulkResult::Selected, None)
            }
            Some(key) if key.is_paused_by_person => {
                let reason = format!("a person has paused the order of `{task}`: `resume` has it go on");
                (BulkResult::Rejected, Some(reason))
            }
            Some(key) => {
                let kind = key.kind.as_str();
                let reason = format!("`{task}` waits as `{kind}`, which `{action}` is not for");
                (BulkResult::Rejected, Some(reason))
            }
            None => (BulkResult::Rejected, Some(format!("`{task}` does not wait for a person"))),
        };
        BulkTaskView { order, task, result, code: None, reason, id: None }
    };
    Ok(meant.into_iter().map(view).collect())
}

/// What is to be done with every task.
struct What {
    key: DeliveryId,
    action: OperatorAction,
    by: Actor,
    note: String,
}

impl What {
    fn deed(&self, task: TaskId) -> Deed {
        Deed { task, by: self.by.clone(), note: self.note.clone(), act: self.action.into() }
    }
}

/// Acts on each of them.
///
/// # Errors
/// Temporal, Postgres or a worker is away, and nothing has been done.
async fn act(app: &App, meant: Vec<(OrderId, TaskId)>, what: &What) -> Result<Vec<BulkTaskView>, ApiError> {
    let end = Instant::now() + BEGIN_FOR;
    let away = CancellationToken::new();
    let acted = stream::iter(meant).map(|(order, task)| {
        let away = &away;
        async move {
            if away.is_cancelled() || Instant::now() >= end {
                let (result, code, reason, id) = (BulkResult::NotTried, None, None, None);
                return (BulkTaskView { order, task, result, code, reason, id }, None);
            }
            let outcome = match delivery(&what.key, order, &task) {
                Ok(id) => what.deed(task.clone()).ask(app, order, Some(id)).await,
                Err(wrong) => Err(wrong),
            };
            if let Err(ApiError::Unavailable { .. } | ApiError::Unanswered { .. }) = &outcome {
                away.cancel();
            }
            told(order, task, outcome)
        }
    });
    let (views, outages): (Vec<_>, Vec<_>) = acted.buffered(AT_A_TIME).unzip().await;
    let untouched = views.iter().all(|view| view.result == BulkResult::NotTried);
    match outages.into_iter().flatten().next().filter(|_| untouched) {
        // What is to be sent again is the whole.
        Some(ApiError::Unanswered { .. }) => Err(ApiError::Unanswered { id: what.key.clone() }),
        Some(outage) => Err(outage),
        None => Ok(views),
    }
}

/// The id of the request for one task: the same for every repetition of the whole request.
fn delivery(key: &DeliveryId, order: OrderId, task: &TaskId) -> Result<DeliveryId, ApiError> {
    // A key has no spaces, so nothing else comes to the same text.
    let name = sha256(format!("{key} {order} {task}").as_bytes());
    DeliveryId::new(&format!("bulk-{name}")).map_err(ApiError::internal)
}

/// What became of one of them, and why nothing could be done if it is to be told of the whole.
fn told(
    order: OrderId,
    task: TaskId,
    outcome: Result<(DeliveryId, Verdict), ApiError>,
) -> (BulkTaskView, Option<ApiError>) {
    let (outcome, id) = match outcome {
        Ok((id, verdict)) => (Ok(verdict), Some(id)),
        Err(error) => (Err(error), None),
    };
    let view = |result, code, reason| BulkTaskView { order, task, result, code, reason, id };
    match outcome {
        Ok(Verdict::Duplicate { .. }) => (view(BulkResult::Duplicate, None, None), None),
        // A promise or a kept signal is nothing that an action comes to.
        Ok(Verdict::Applied | Verdict::Kept | Verdict::Promised) => {
            (view(BulkResult::Applied, None, None), None)
        }
        Err(ApiError::Refused { code, reason, task: _ }) => {
            (view(BulkResult::Rejected, Some(code), Some(reason)), None)
        }
        Err(missing @ (ApiError::NotFound { .. } | ApiError::NoTask { .. })) => {
            (view(BulkResult::Rejected, Some("not_found"), Some(missing.to_string())), None)
        }
        Err(outage @ (ApiError::Unavailable { .. } | ApiError::Unanswered { .. })) => {
            (view(BulkResult::NotTried, None, Some(outage.to_string())), Some(outage))
        }
        Err(other) => {
            let cause = chain(&other);
            tracing::error!(order.id = %order, cause, "a task of order {order} could not be acted on");
            (view(BulkResult::Failed, None, Some(other.to_string())), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Fact, HoldFor};
    use serde_json::json;
    use sqlx::PgPool;

    use super::*;
    use crate::testing::{TestApp, accept, apply, held_at};

    async fn held(pool: &PgPool, n: u128) -> OrderId {
        let order = accept(pool, n, "C-1", "fiber").await;
        apply(pool, order, held_at("reserve[1]", "no port is free")).await;
        order
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_dry_run_says_what_would_be_acted_on_and_asks_nobody(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let orders = [held(&pool, 1).await, held(&pool, 2).await];
        let other = accept(&pool, 3, "C-1", "fiber").await;
        let filter =
            json!({"note": "the ports are back", "filter": {"system": "inventory", "for": ["operations"]}});
        let would = api.post("/v1/fallout/retry?dry_run=true", &filter.to_string()).await.json(200);
        let selected = |order: OrderId| json!({"order": order, "task": "reserve[1]", "result": "selected", "code": null, "reason": null, "id": null});
        assert_eq!(would["tasks"], json!(orders.map(selected)));
        assert_eq!((&would["counts"]["selected"], &would["more"]), (&json!(2), &json!(false)));
        let none = api.post("/v1/fallout/accept?dry_run=true", &filter.to_string()).await.json(200);
        assert_eq!(none["tasks"], json!([]), "what is held has no undo that failed");

        let named = |order: OrderId| json!({"order": order, "task": "reserve[1]"});
        let tasks =
            json!({"note": "the ports are back", "tasks": [named(orders[0]), named(other)]}).to_string();
        let would = api.post("/v1/fallout/undone?dry_run=true", &tasks).await.json(200);
        let reasons: Vec<_> =
            would["tasks"].as_array().unwrap().iter().map(|task| task["reason"].as_str()).collect();
        assert_eq!(
            reasons,
            [
                Some("`reserve[1]` waits as `held`, which `undone` is not for"),
                Some("`reserve[1]` does not wait for a person"),
            ]
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_a_person_has_paused_is_not_acted_on(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let paused = |by: Option<&str>| Fact::OrderPaused {
            task: "reserve[1]".parse().unwrap(),
            reason: "night work".to_owned(),
            hold_for: HoldFor::Operations,
            id: by.map(|_| "p-1".parse().unwrap()),
            by: by.map(Actor::new),
        };
        let by_deadline = accept(&pool, 1, "C-1", "fiber").await;
        apply(&pool, by_deadline, vec![Fact::OrderStarted {}, paused(None)]).await;
        let by_person = accept(&pool, 2, "C-1", "fiber").await;
        apply(&pool, by_person, vec![Fact::OrderStarted {}, paused(Some("ann"))]).await;
        let all = json!({"note": "go on", "filter": {"kind": ["paused"]}}).to_string();
        for action in ["retry", "rollback"] {
            let would = api.post(&format!("/v1/fallout/{action}?dry_run=true"), &all).await.json(200);
            let orders: Vec<_> =
                would["tasks"].as_array().unwrap().iter().map(|task| &task["order"]).collect();
            assert_eq!(orders, [&json!(by_deadline)], "{action}");
        }
        let named =
            json!({"note": "go on", "tasks": [{"order": by_person, "task": "reserve[1]"}]}).to_string();
        let would = api.post("/v1/fallout/retry?dry_run=true", &named).await.json(200);
        assert_eq!(
            (&would["tasks"][0]["result"], &would["tasks"][0]["reason"]),
            (
                &json!("rejected"),
                &json!("a person has paused the order of `reserve[1]`: `resume` has it go on")
            )
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn if_nothing_can_be_done_nothing_is_promised(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        held(&pool, 1).await;
        held(&pool, 2).await;
        let all = json!({"note": "try", "filter": {"kind": ["held"]}}).to_string();
        let answer = api.post("/v1/fallout/retry", &all).await;
        assert_eq!(answer.problem(503, "unavailable")["detail"], "Temporal can't be reached");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn it_must_be_said_what_is_meant(pool: PgPool) {
        let api = TestApp::start(pool).await;
        for (body, faults) in [
            (json!({"note": "x"}), vec![": expected `filter` or `tasks`, found neither"]),
            (
                json!({"note": "x", "filter": {}}),
                vec!["/filter: expected at least one field that narrows it"],
            ),
            (
                json!({"note": "x", "filter": {"system": "crm"}, "tasks": [{"order": OrderId::new(uuid::Uuid::nil()), "task": "a"}]}),
                vec![": expected `filter` or `tasks`, found both"],
            ),
            (json!({"note": "x", "tasks": []}), vec!["/tasks: expected 1 to 1000 tasks, found 0"]),
            (
                json!({"note": "", "filter": {"kind": ["held", "stuck"], "older_than": "2"}, "tasks": [{"order": "7", "task": "a b"}]}),
                vec![
                    "/note: expected a text that is not empty",
                    "/filter/kind/1: `stuck` is not a kind of work item (`held`, `undo_failed`, `manual` or `paused`)",
                    "/filter/older_than: `2` is not a duration (such as `250ms`, `30s`, `1h30m` or `10d`, at most ten years)",
                    "/tasks/0/order: `7` is not an order id (a UUID)",
                    "/tasks/0/task: `a b` is not a task id (`task` or `task[item]`)",
                ],
            ),
        ] {
            let answer = api.post("/v1/fallout/retry", &body.to_string()).await;
            assert_eq!(answer.faults(422, "invalid-document"), faults, "{body}");
        }
        let body = json!({"note": "x", "filter": {"system": "crm"}}).to_string();
        for action in ["complete", "burn"] {
            api.post(&format!("/v1/fallout/{action}"), &body).await.problem(404, "not-found");
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn the_number_of_tasks_has_an_exact_limit(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let tasks = |n: usize| {
            let task =
                json!({"order": OrderId::new(uuid::Uuid::nil()), "task": format!("a[{}]", "1".repeat(64))});
            json!({"note": "x".repeat(limits::REASON_BYTES), "tasks": vec![task; n]}).to_string()
        };
        let dry = "/v1/fallout/retry?dry_run=true";
        let most = api.post(dry, &tasks(limits::BULK_ACTIONS)).await.json(200);
        assert_eq!(most["counts"]["rejected"], limits::BULK_ACTIONS);
        let more = api.post(dry, &tasks(limits::BULK_ACTIONS + 1)).await;
        assert_eq!(more.faults(422, "invalid-document"), ["/tasks: expected 1 to 1000 tasks, found 1001"]);
    }

    #[test]
    fn each_task_is_asked_under_an_id_of_its_own_that_a_repetition_finds() {
        let id = |key: &str, order: u128, task: &str| {
            let order = OrderId::new(uuid::Uuid::from_u128(order));
            delivery(&key.parse().unwrap(), order, &task.parse().unwrap()).unwrap()
        };
        assert_eq!(id("k", 1, "a"), id("k", 1, "a"));
        let others = [id("k", 1, "a"), id("k", 1, "b"), id("k", 2, "a"), id("l", 1, "a")];
        assert!(others.iter().skip(1).all(|other| *other != others[0]));
    }
}
