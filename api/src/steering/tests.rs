//! Promises are kept on a real Temporal, without any worker.

use contract::{Route, Routes};
use model::{Fact, OrderId};
use sqlx::PgPool;

use crate::Routing;
use crate::steering::carry;
use crate::testing::{
    ORDER, TestApp, accept, apply, closed_temporal, config, no_temporal, plan, standing, temporal,
    wait_until_kept,
};

async fn submit(api: &TestApp) -> OrderId {
    api.publish_fiber().await;
    let accepted = api.post("/v1/orders", ORDER).await.json(202);
    accepted["id"].as_str().unwrap().parse().unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_accepted_order_is_started_at_once(pool: PgPool) {
    let client = temporal().await;
    let api = TestApp::with(config(), pool.clone(), client.clone()).await;
    let order = submit(&api).await;
    assert!(standing(&client, order, |_| true).await.open);
    wait_until_kept(&pool).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_accepted_while_temporal_is_away_starts_when_it_is_back(pool: PgPool) {
    let (away, closed) = closed_temporal().await;
    let api = TestApp::with(config(), pool.clone(), away.clone()).await;
    let order = submit(&api).await;
    assert_eq!(api.get("/readyz").await.json(503)["temporal"]["up"], false);
    closed.open();
    assert!(standing(&away, order, |_| true).await.open);
    wait_until_kept(&pool).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_another_process_could_not_start_is_started(pool: PgPool) {
    let client = temporal().await;
    let order = submit(&TestApp::start(pool.clone()).await).await;
    let _other = TestApp::with(config(), pool.clone(), client.clone()).await;
    assert!(standing(&client, order, |_| true).await.open);
    wait_until_kept(&pool).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn without_a_worker_signals_and_cancels_reach_the_workflow_in_order(pool: PgPool) {
    let client = temporal().await;
    let api = TestApp::with(config(), pool.clone(), client.clone()).await;
    let order = submit(&api).await;
    let before = standing(&client, order, |_| true).await.history_length;
    let (signal, cancel) =
        (format!("/v1/orders/{order}/signals/report"), format!("/v1/orders/{order}/cancel"));
    let (signalled, cancelled) = tokio::join!(
        api.post(&signal, r#"{"id": "s-1", "payload": {"done": true}}"#),
        api.post(&cancel, r#"{"reason": "moved away"}"#),
    );
    assert_eq!(signalled.json(202)["result"], "promised");
    assert_eq!(cancelled.json(202)["result"], "promised");
    wait_until_kept(&pool).await;
    standing(&client, order, |standing| standing.history_length >= before + 2).await;
    assert_eq!(api.get("/readyz").await.json(503)["workers"]["detail"], "none was seen in the last 30s");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_follower_is_told_when_the_order_before_it_has_ended(pool: PgPool) {
    let client = temporal().await;
    let api = TestApp::with(config(), pool.clone(), client.clone()).await;
    let first = submit(&api).await;
    let named = ORDER.replacen('{', &format!(r#"{{"after_order": ["{first}"], "#), 1);
    let second = api.post("/v1/orders", &named).await.json(202);
    let second: OrderId = second["id"].as_str().unwrap().parse().unwrap();
    let before = standing(&client, second, |_| true).await.history_length;
    wait_until_kept(&pool).await;
    apply(&pool, first, vec![Fact::OrderStarted {}, Fact::OrderCompleted {}]).await;
    wait_until_kept(&pool).await;
    standing(&client, second, |standing| standing.history_length > before).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_takes_its_routes_along(pool: PgPool) {
    let mut config = config();
    let route = |operation: &str| match operation {
        "release" => Route::Inline,
        _ => Route::Ordinary,
    };
    config.routing =
        Routing::new(move |plan| Routes::of(plan, |_, operation| route(operation.as_str())), |_, _| None);
    let api = TestApp::with(config, pool.clone(), no_temporal()).await;
    let order = accept(&pool, 1, "C-1", "fiber").await;
    let input = carry::input(&api.app, order, plan("fiber"), Vec::new(), None);
    assert_eq!(input.routes.inline.into_iter().collect::<Vec<_>>(), ["inventory.release"]);
}
