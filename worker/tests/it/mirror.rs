//! Postgres has what happened: all of it, once, in order, whatever broke in between.

use contract::DeliverRequest;
use model::{DeliveryId, Duration, OrderState, TaskState, Timestamp, Value};
use sqlx::PgPool;
use store::WorkerId;
use uuid::Uuid;

use crate::app::{App, now, until};
use crate::plans::{call, plan, wait};
use crate::proxy::{Proxy, nowhere};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

fn report() -> DeliverRequest {
    DeliverRequest {
        id: DeliveryId::new("evt-1").unwrap(),
        signal: "report".to_owned(),
        task: None,
        payload: Value::record([("outcome", Value::text("done"))]),
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_worker_that_ends_in_good_order_leaves_nothing_to_mend(pool: PgPool) {
    let mut app = App::start(pool).await;
    let order = app.order(plan(vec![call("one", "a.one"), wait("visit", "report", DAY)])).await;
    app.task_in(order, "visit", TaskState::Running).await;
    app.mirrored(order).await;
    app.stop_worker().await;
    let mut conn = app.pool.acquire().await.unwrap();
    assert_eq!(store::count_workers(&mut conn, Timestamp::EPOCH).await.unwrap(), 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn no_order_waits_for_postgres_and_nothing_is_lost(pool: PgPool) {
    let mut app = App::without_worker(pool.clone()).await;
    let proxy = Proxy::before(&pool).await;
    app.pool = proxy.pool(&pool);
    app.start_worker();
    app.pool = pool;
    let before = app.order(plan(vec![call("one", "a.one")])).await;
    app.in_state(before, OrderState::Completed).await;
    app.mirrored(before).await;

    proxy.cut();
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(app.order(plan(vec![call("one", "a.one"), call("two", "b.two")])).await);
    }
    for order in &orders {
        app.in_state(*order, OrderState::Completed).await;
    }
    proxy.mend();
    for order in orders {
        app.mirrored(order).await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_gap_in_the_numbers_is_filled_from_the_workflow(pool: PgPool) {
    let mut app = App::without_worker(pool.clone()).await;
    // The first worker never reaches Postgres, and takes what it knew with it.
    app.pool = nowhere();
    app.start_worker();
    app.pool = pool;
    let order = app.order(plan(vec![call("one", "a.one"), wait("visit", "report", DAY)])).await;
    app.task_in(order, "visit", TaskState::Running).await;
    app.stop_worker().await;

    app.start_worker();
    app.client.signal_deliver(order, &report()).await.unwrap();
    app.in_state(order, OrderState::Completed).await;
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn orders_that_stand_still_are_audited_after_a_worker_was_lost(pool: PgPool) {
    let mut app = App::without_worker(pool.clone()).await;
    app.pool = nowhere();
    app.start_worker();
    app.pool = pool;
    let order = app.order(plan(vec![call("one", "a.one"), wait("visit", "report", DAY)])).await;
    app.task_in(order, "visit", TaskState::Running).await;
    app.stop_worker().await;
    let mut conn = app.pool.acquire().await.unwrap();
    let minute_ago = Timestamp::from_millis(now().as_millis() - 60_000);
    store::begin_worker(&mut conn, WorkerId::new(Uuid::now_v7()), "lost", minute_ago).await.unwrap();
    drop(conn);

    app.start_worker();
    // Nothing more happens to the order.
    until("the order is audited", async || {
        let mut conn = app.pool.acquire().await.unwrap();
        let stored = store::load_events(&mut conn, order, Some(0), 100).await.unwrap();
        (!stored.is_empty()).then_some(())
    })
    .await;
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_end_that_postgres_missed_is_swept_up(pool: PgPool) {
    let mut app = App::without_worker(pool.clone()).await;
    app.pool = nowhere();
    app.start_worker();
    app.pool = pool;
    let order = app.order(plan(vec![call("one", "a.one")])).await;
    app.in_state(order, OrderState::Completed).await;
    app.stop_worker().await;

    app.start_worker();
    until("the end is swept up", async || {
        let mut conn = app.pool.acquire().await.unwrap();
        let stored = store::load_events(&mut conn, order, Some(0), 100).await.unwrap();
        (!stored.is_empty()).then_some(())
    })
    .await;
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn many_orders_at_a_time_are_mirrored_whole(pool: PgPool) {
    let app = App::start(pool).await;
    let mut orders = Vec::new();
    for _ in 0..30 {
        let steps = vec![call("one", "a.one"), call("two", "b.two"), call("three", "c.three")];
        orders.push(app.order(plan(steps)).await);
    }
    for order in &orders {
        app.in_state(*order, OrderState::Completed).await;
    }
    for order in orders {
        app.mirrored(order).await;
    }
}
