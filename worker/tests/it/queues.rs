//! Calls of systems that have a task queue to themselves.

use contract::{CancelRequest, QueueStanding, Routes};
use model::{Actor, OrderState, QueueName, TaskState, Timestamp};
use plan::{Plan, ReactionKind};
use sqlx::PgPool;

use crate::app::{App, now, until};
use crate::plans::{call, plan};
use crate::world::{Behaviour, World};

fn shipping() -> QueueName {
    "shipping".parse().unwrap()
}

/// The calls of the system `ship` have the queue.
fn routes(app: &App) -> Routes {
    let queues = [("ship".parse().unwrap(), app.client.task_queue_of(&shipping()))];
    Routes { queues: queues.into(), ..Routes::default() }
}

fn order_with_a_parcel() -> Plan {
    let three = call("three", "a.three").on_failure(ReactionKind::Rollback);
    plan(vec![call("one", "a.one"), call("two", "ship.two"), three])
}

async fn queue(app: &App, what: &str, is: impl Fn(&QueueStanding) -> bool) -> QueueStanding {
    until(what, async || app.client.queue(&shipping()).await.ok().filter(|seen| is(seen))).await
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn calls_wait_for_a_worker_that_serves_their_queue_and_are_made_by_no_other(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("a.three", vec![Behaviour::Refuse("too late")]);
    let order = app.routed_order(order_with_a_parcel(), routes(&app)).await;
    app.task_in(order, "two", TaskState::Running).await;
    let seen = queue(&app, "a call waits", |seen| seen.waiting == 1).await;
    assert_eq!(seen.asked, [], "nobody serves the queue");
    assert_eq!(app.world.calls(), ["one#1"]);

    let depot = World::new();
    let worker = app.serve_queue(&shipping(), &depot);
    app.in_state(order, OrderState::Failed).await;
    assert_eq!(depot.calls(), ["two#1", "un_two#1"]);
    assert_eq!(app.world.calls(), ["one#1", "three#1", "un_one#1"]);
    let seen = queue(&app, "no call waits", |seen| seen.waiting == 0).await;
    assert_eq!(seen.asked.len(), 1, "one worker serves the queue");
    app.mirrored(order).await;

    let mut conn = app.pool.acquire().await.unwrap();
    let long_ago = Timestamp::from_millis(now().as_millis() - 60_000);
    let takes_orders = store::count_workers(&mut conn, long_ago).await.unwrap();
    assert_eq!(takes_orders, 1, "who only makes calls does not count");
    worker.stop().await;
    drop(conn);
    let attempts = until("its attempts are recorded", async || {
        let mut conn = app.pool.acquire().await.unwrap();
        let attempts = store::load_attempts(&mut conn, order).await.unwrap();
        let of_two =
            attempts.into_iter().filter(|attempt| attempt.task.to_string() == "two").collect::<Vec<_>>();
        (of_two.len() == 2).then_some(of_two)
    })
    .await;
    assert!(attempts.iter().all(|attempt| attempt.end.is_some()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_worker_serves_all_queues_that_it_is_told(pool: PgPool) {
    let mut app = App::without_worker(pool).await;
    app.config.queues = [shipping(), "letters".parse().unwrap()].into();
    app.start_worker();
    let order = app.routed_order(order_with_a_parcel(), routes(&app)).await;
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(app.world.calls(), ["one#1", "two#1", "three#1"]);
    app.mirrored(order).await;
    app.stop_worker().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_call_of_a_worker_that_is_stopped_is_made_by_the_next_one_of_its_queue(pool: PgPool) {
    let app = App::start(pool).await;
    let (first, second) = (World::new(), World::new());
    first.close("ship.two");
    let order = app.routed_order(order_with_a_parcel(), routes(&app)).await;
    let worker = app.serve_queue(&shipping(), &first);
    until("the call is under way", async || (first.calls() == ["two#1"]).then_some(())).await;
    worker.stop().await;
    let worker = app.serve_queue(&shipping(), &second);
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(second.calls(), ["two#2"]);
    app.mirrored(order).await;
    worker.stop().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_waits_for_a_queue_that_nobody_serves_can_be_cancelled(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.routed_order(order_with_a_parcel(), routes(&app)).await;
    app.task_in(order, "two", TaskState::Running).await;
    let (id, by) = ("c-1".parse().unwrap(), Actor::new("ada"));
    let request = CancelRequest { id, by, reason: "too slow".to_owned(), item: None };
    app.client.cancel(order, &request).await.unwrap();
    app.in_state(order, OrderState::Cancelled).await;
    assert_eq!(app.world.calls(), ["one#1", "un_one#1"]);
    app.mirrored(order).await;
}
