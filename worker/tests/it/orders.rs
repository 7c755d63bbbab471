//! Orders from their beginning to their end.

use contract::Routes;
use model::{Duration, OrderState, TaskState};
use plan::ReactionKind;
use sqlx::PgPool;

use crate::app::App;
use crate::plans::{call, plan, wait};
use crate::world::Behaviour;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_runs_to_its_end(pool: PgPool) {
    let mut app = App::start(pool).await;
    let order = app
        .order(plan(vec![call("reserve", "inventory.reserve"), call("activate", "network.activate")]))
        .await;
    let view = app.in_state(order, OrderState::Completed).await;
    assert!(view.tasks.iter().all(|task| task.state == TaskState::Succeeded), "{view:?}");
    assert_eq!(app.world.calls(), ["reserve#1", "activate#1"]);
    let names: Vec<_> = app.mirrored(order).await.iter().map(|e| e.fact.name()).collect();
    assert_eq!(
        names,
        ["OrderStarted", "TaskStarted", "TaskSucceeded", "TaskStarted", "TaskSucceeded", "OrderCompleted"]
    );
    let standing = app.client.describe(order).await.unwrap();
    assert_eq!((standing.open, standing.state), (false, Some(OrderState::Completed)));
    app.stop_worker().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn tasks_that_do_not_depend_on_each_other_run_side_by_side(pool: PgPool) {
    let app = App::start(pool).await;
    for label in ["a.one", "a.two"] {
        app.world.close(label);
    }
    let order = app
        .order(plan(vec![
            call("one", "a.one"),
            call("two", "a.two").after(&[]),
            call("both", "a.both").after(&["one", "two"]),
        ]))
        .await;
    crate::app::until("both are called", async || (app.world.calls().len() == 2).then_some(())).await;
    app.world.open("a.two");
    app.task_in(order, "two", TaskState::Succeeded).await;
    assert_eq!(app.world.calls().len(), 2, "`both` waits for `one`");
    app.world.open("a.one");
    app.in_state(order, OrderState::Completed).await;
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_refusal_rolls_back_in_reverse_order(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("c.three", vec![Behaviour::Refuse("out of stock")]);
    let order = app
        .order(plan(vec![
            call("one", "a.one"),
            call("two", "b.two"),
            call("three", "c.three").on_failure(ReactionKind::Rollback),
        ]))
        .await;
    app.in_state(order, OrderState::Failed).await;
    assert_eq!(app.world.calls(), ["one#1", "two#1", "three#1", "un_two#1", "un_one#1"]);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_wait_that_runs_out_of_time_is_held(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(plan(vec![wait("field_work", "report", Duration::from_millis(50))])).await;
    let view = app.in_state(order, OrderState::Held).await;
    let blocked = view.blocked.unwrap();
    assert_eq!(blocked.task.to_string(), "field_work");
    assert_eq!(blocked.reason, "nothing came within 50ms");
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn inline_calls_leave_a_short_history(pool: PgPool) {
    let app = App::start(pool).await;
    let labels = ["a.one", "a.two", "a.three"];
    let steps = || plan(vec![call("one", "a.one"), call("two", "a.two"), call("three", "a.three")]);
    let routes = Routes { inline: labels.map(str::to_owned).into(), ..Routes::default() };
    let inline = app.routed_order(steps(), routes).await;
    let ordinary = app.order(steps()).await;
    for order in [inline, ordinary] {
        // Asked from outside: a query that comes in the middle of an inline call adds to the history.
        crate::app::until("the order has ended", async || {
            app.client.describe(order).await.ok().filter(|standing| !standing.open)
        })
        .await;
        app.mirrored(order).await;
    }
    let length = async |order| app.client.describe(order).await.unwrap().history_length;
    assert_eq!((length(inline).await, length(ordinary).await), (9, 24));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn inline_calls_that_are_looked_at_meanwhile_leave_the_same_record(pool: PgPool) {
    let app = App::start(pool).await;
    *app.world.pace.lock().unwrap() = std::time::Duration::from_millis(30);
    let labels = ["a.one", "a.two", "a.three", "a.four"];
    let steps = || plan(labels.map(|label| call(&label[2..], label)).into());
    let routes = Routes { inline: labels.map(str::to_owned).into(), ..Routes::default() };
    for _ in 0..5 {
        let order = app.routed_order(steps(), routes.clone()).await;
        app.in_state(order, OrderState::Completed).await;
        app.mirrored(order).await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_inline_call_that_fails_goes_on_as_an_ordinary_one(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("a.one", vec![Behaviour::Fail("busy"), Behaviour::Fail("busy")]);
    let routes = Routes { inline: ["a.one".to_owned()].into(), ..Routes::default() };
    let order = app.routed_order(plan(vec![call("one", "a.one")]), routes).await;
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(app.world.calls(), ["one#1", "one#2", "one#3"]);
    assert_eq!(app.world.effects().len(), 1);
    app.mirrored(order).await;
}
