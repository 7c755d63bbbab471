//! `GET /v1/orders/{id}`: the read model of one order.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use model::{DeliveryId, OrderId};
use tokio::time::Instant;
use utoipa::IntoParams;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{OrderPath, Parameters, Query, QueryDocument};
use crate::orders::view::OrderDetailView;

/// How long a reader waits to see what became of a delivery. Postgres follows within a second; whoever waits longer than this
/// waits for something that is down.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it waits for news before it looks for itself: news may be lost.
const LOOK: Duration = Duration::from_secs(1);

/// How the order is to be read.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the parameters to OpenAPI; they are read one by one to report all faults"
)]
struct GetParameters {
    /// Show the order no earlier than with what became of the delivery of this id: a signal, a cancel or an action.
    delivery: Option<String>,
}

/// How the order is to be read, checked.
#[derive(Debug)]
pub(crate) struct GetQuery {
    delivery: Option<DeliveryId>,
}

impl QueryDocument for GetQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self { delivery: parameters.take("delivery", DeliveryId::new) }
    }
}

/// Read an order
///
/// Its state, what the customer sees, what it needs a person for, and every task with its state, attempts,
/// times and what is expected next. Postgres answers this: it follows the execution by a fraction of a
/// second, and by longer only while Postgres or the workers are down.
///
/// Who has just signalled, cancelled or acted and wants to see the effect names the `id` of the verdict as `delivery`:
/// the answer waits until the order shows it, 5 s at the most, and is 503 `not-shown` if it does not by then.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order"), GetParameters),
    responses(
        (status = OK, description = "The order", body = OrderDetailView),
        (status = NOT_FOUND, description = "There is no such order, or it has ended without such a delivery"),
        (status = SERVICE_UNAVAILABLE, description = "What became of the delivery does not show yet"),
    )
)]
pub(crate) async fn get_order(
    State(app): State<App>,
    OrderPath(id): OrderPath,
    Query(query): Query<GetQuery>,
) -> Result<Json<OrderDetailView>, ApiError> {
    if let Some(delivery) = query.delivery {
        wait_for(&app, id, delivery).await?;
    }
    let mut connection = app.database().await?;
    let order = store::load_order(&mut connection, id).await?.ok_or_else(|| ApiError::no_order(id))?;
    // Only of an order that waits need the plan be read: it may be large.
    let waits = |task: &store::TaskRow| {
        task.progress.waiting_for.is_some() || task.progress.state == model::TaskState::Held
    };
    let plan =
        if order.tasks.iter().any(waits) { store::load_plan(&mut connection, id).await? } else { None };
    Ok(Json(OrderDetailView::new(order, plan.as_ref(), |id| app.temporal_link(id))))
}

/// Waits until the order's record tells of a delivery.
pub(crate) async fn wait_for(app: &App, order: OrderId, delivery: DeliveryId) -> Result<(), ApiError> {
    // Subscribed before the first look: what comes after it wakes the reader.
    let mut news = app.news().subscribe(order);
    let deadline = Instant::now() + PATIENCE;
    loop {
        // The connection is given back before the reader waits.
        if is_told(&mut *app.database().await?, order, &delivery).await? {
            return Ok(());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || app.ending().run_until_cancelled(news.wait(left.min(LOOK))).await.is_none() {
            return Err(ApiError::NotShown { id: delivery });
        }
    }
}

async fn is_told(
    connection: &mut sqlx::PgConnection,
    order: OrderId,
    delivery: &DeliveryId,
) -> Result<bool, ApiError> {
    // Read before the delivery is looked for: nothing is told after an order's end.
    let state = store::load_state(connection, order).await?.ok_or_else(|| ApiError::no_order(order))?;
    if !store::load_delivery(connection, order, delivery).await?.is_empty() {
        return Ok(true);
    }
    if state.is_final() {
        return Err(ApiError::NotFound { what: "delivery", name: delivery.to_string() });
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use model::{Actor, Fact, HoldFor};
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept, apply, events_to_the_end, held_at};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_is_shown_with_all_that_is_known_of_it(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 7, "C-1", "fiber").await;
        apply(&pool, order, events_to_the_end().into_iter().take(4).collect()).await;

        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        assert_eq!(read["id"], order.to_string());
        assert_eq!((&read["state"], &read["blueprint"]["version"]), (&"inProgress".into(), &3.into()));
        assert_eq!(read["next_action"], "field_work[1]: waits for report");
        assert_eq!(
            read["items"][0],
            serde_json::json!({"id": "1", "kind": "fiber", "offering": "FIBER_7", "action": "add", "quantity": 1,
                "state": "inProgress", "reason": null, "customer_status": null, "removed": false, "product": null,
                "attributes": {"speed": 100}})
        );
        assert_eq!(read["item_states"], serde_json::json!({"inProgress": 1}));
        let states: Vec<_> =
            read["tasks"].as_array().unwrap().iter().map(|t| (&t["id"], &t["state"])).collect();
        assert_eq!(
            serde_json::to_string(&states).unwrap(),
            r#"[["reserve[1]","succeeded"],["field_work[1]","running"],["active","waiting"]]"#
        );
        assert_eq!(read["tasks"][0]["result"]["ok"], true);
        assert_eq!(read["tasks"][1]["next_action"], "waits for report");
        assert_eq!(
            read["tasks"][1]["expects"],
            serde_json::json!({"signal": "report", "role": null, "fields": "{ done: bool }"})
        );
        assert_eq!(read["tasks"][0]["expects"], serde_json::Value::Null);
        assert_eq!(
            read["links"]["temporal"],
            format!("http://temporal.test/namespaces/default/workflows/{order}")
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_held_order_says_for_whom_and_why(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 7, "C-1", "fiber").await;
        let task = || "reserve[1]".parse().unwrap();
        let (reason, hold_for) = (|| "no port is free".to_owned(), HoldFor::Customer);
        let mut facts: Vec<_> = events_to_the_end().into_iter().take(2).collect();
        facts.push(Fact::TaskFailed { task: task(), reason: reason() });
        facts.push(Fact::TaskHeld { task: task(), reason: reason(), hold_for });
        facts.push(Fact::OrderHeld { task: task(), reason: reason(), hold_for });
        apply(&pool, order, facts).await;

        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        assert_eq!(read["state"], "held");
        assert_eq!(
            read["blocked"],
            serde_json::json!({"task": "reserve[1]", "reason": "no port is free", "hold_for": "customer"})
        );
        assert_eq!(read["next_action"], "reserve[1]: customer must act: no port is free");
    }

    fn acted(id: &str, action: &str) -> Fact {
        Fact::OperatorActed {
            id: id.parse().unwrap(),
            action: action.to_owned(),
            task: "reserve[1]".parse().unwrap(),
            by: Actor::new("ann"),
            note: "seen".to_owned(),
            result: model::Value::Null,
            arguments: model::Value::Null,
        }
    }

    fn undoing() -> [Fact; 2] {
        let task = || "reserve[1]".parse().unwrap();
        let (call, arguments) = ("inventory.release".to_owned(), model::Value::Null);
        [
            Fact::TaskUndoing { task: task(), call, arguments },
            Fact::TaskUndoFailed { task: task(), reason: "409 in use".to_owned() },
        ]
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_people_have_seen_to_names_them_and_what_calls_did_does_not(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let task = || "reserve[1]".parse().unwrap();
        let undone = || Fact::TaskUndone { task: task() };
        let held = |n: u128| {
            let pool = pool.clone();
            async move {
                let order = accept(&pool, n, "C-1", "fiber").await;
                apply(&pool, order, held_at("reserve[1]", "no port is free")).await;
                order
            }
        };
        let done = || Fact::TaskSucceeded { task: task(), result: model::Value::Null };
        let stuck = |last: Vec<Fact>| [vec![done()], undoing().to_vec(), last].concat();
        for (n, facts, words, action) in [
            (1, vec![acted("a", "complete"), done()], Some("completed by ann: seen"), Some("complete")),
            (
                2,
                stuck(vec![acted("a", "undone"), undone()]),
                Some("taken back by hand by ann: seen"),
                Some("undone"),
            ),
            (3, stuck(vec![acted("a", "retry"), undoing()[0].clone(), undone()]), None, None),
        ] {
            let order = held(n).await;
            apply(&pool, order, facts).await;
            let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
            let task = &read["tasks"][0];
            assert_eq!(task["reason"].as_str(), words, "{n}");
            assert_eq!(task["acted"]["action"].as_str(), action, "{n}");
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn each_item_has_its_own_state_and_what_the_customer_sees_of_it(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 7, "C-1", "fiber").await;
        let item = || "1".parse().unwrap();
        let mut facts: Vec<_> = events_to_the_end().into_iter().take(2).collect();
        facts.push(Fact::CustomerStatusChanged {
            status: Some("Port set aside".to_owned()),
            item: Some(item()),
        });
        apply(&pool, order, facts).await;
        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        assert_eq!(
            (&read["customer_status"], &read["items"][0]["customer_status"]),
            (&serde_json::Value::Null, &"Port set aside".into())
        );

        let reason = "no port is free".to_owned();
        let failed = Fact::ItemFailed { item: item(), reason };
        let gone = Fact::CustomerStatusChanged { status: None, item: Some(item()) };
        apply(&pool, order, vec![failed, gone, Fact::OrderPartiallyCompleted {}]).await;
        let list = api.get("/v1/orders").await.json(200);
        assert_eq!(list["orders"][0]["item_states"], serde_json::json!({"failed": 1}));
        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        let item = &read["items"][0];
        assert_eq!((&item["state"], &item["reason"]), (&"failed".into(), &"no port is free".into()));
        assert_eq!(item["customer_status"], serde_json::Value::Null);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_task_whose_outcome_is_not_known_says_whom_it_asks(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 7, "C-1", "fiber").await;
        let mut facts: Vec<_> = events_to_the_end().into_iter().take(2).collect();
        facts.push(Fact::TaskOutcomeUnknown {
            task: "reserve[1]".parse().unwrap(),
            reason: "no answer within 30s".to_owned(),
            waiting_for: Some("inventory.find to tell whether it was done".to_owned()),
        });
        apply(&pool, order, facts).await;
        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        let task = &read["tasks"][0];
        assert_eq!((&task["state"], &task["reason"]), (&"unknown".into(), &"no answer within 30s".into()));
        assert_eq!(task["waiting_for"], "inventory.find to tell whether it was done");
        assert_eq!(read["next_action"], "reserve[1]: waits for inventory.find to tell whether it was done");
        assert_eq!(read["items"][0]["state"], "inProgress");
    }

    fn cancel(id: &str) -> Vec<Fact> {
        let id = || id.parse().unwrap();
        let (by, reason) = (Actor::new("ada"), "moved away".to_owned());
        vec![Fact::CancelRequested { id: id(), by, reason }, Fact::CancelAccepted { id: id() }]
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_reader_can_wait_for_what_became_of_a_delivery(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 7, "C-1", "fiber").await;
        apply(&pool, order, vec![Fact::OrderStarted {}]).await;
        let address = format!("/v1/orders/{order}?delivery=c%2F1");
        let (read, ()) = tokio::join!(api.get(&address), apply(&pool, order, cancel("c/1")));
        assert_eq!(read.json(200)["state"], "pendingCancellation");
        assert_eq!(api.get(&address).await.json(200)["state"], "pendingCancellation", "it is there already");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_does_not_show_in_time_is_not_passed_over(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 7, "C-1", "fiber").await;
        let address = format!("/v1/orders/{order}?delivery=c-1");
        let late = api.get(&address).await;
        assert_eq!(
            late.problem(503, "not-shown")["detail"],
            "what became of the delivery `c-1` does not show yet"
        );
        assert_eq!(late.header("retry-after"), "2");
        apply(&pool, order, events_to_the_end()).await;
        let never = api.get(&address).await.problem(404, "not-found");
        assert_eq!(never["detail"], "there is no delivery `c-1`");
        let wrong = api.get(&format!("/v1/orders/{order}?delivery=a%20b")).await;
        wrong.problem(400, "invalid-parameters");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_no_order_is_not_found(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let unknown = "/v1/orders/00000000-0000-0000-0000-000000000001";
        let problem = api.get(unknown).await.problem(404, "not-found");
        assert_eq!(problem["detail"], "there is no order `00000000-0000-0000-0000-000000000001`");
        assert_eq!(problem["instance"], unknown);
        api.get("/v1/orders/seven").await.problem(404, "not-found");
        api.get(&format!("{unknown}?delivery=c-1")).await.problem(404, "not-found");
    }
}
