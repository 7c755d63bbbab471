//! Cancels: while an order can still be taken back, and after.

use model::{Fact, OrderId};
use serde_json::json;

use crate::support::{Said, Site, assert_each_once, held};

fn cancel(site: &Site, order: OrderId) -> Said {
    site.run(&["cancel", &order.to_string(), "--reason", "the customer changed their mind"])
}

const ACCEPTED: &str = "the cancel is accepted: nothing more is begun, and whatever was done is undone\n";

async fn assert_nothing_is_left(site: &Site, order: OrderId) {
    site.until_state(order, "cancelled").await;
    let effects = site.effects(order).await;
    assert_each_once(&effects);
    assert_eq!(held(&effects), Vec::<&str>::new());
}

#[tokio::test]
async fn before_anything_is_reserved_there_is_nothing_to_undo() {
    let site = Site::start().await;
    site.upset("crm/check", json!({"delay_ms": 2_000})).await;
    let order = site.submit("home_fiber");
    site.until_task(order, "check_customer", "running").await;
    assert_eq!(cancel(&site, order).out, ACCEPTED);
    assert_nothing_is_left(&site, order).await;
    assert!(site.effects(order).await.is_empty());
    site.close().await;
}

#[tokio::test]
async fn what_is_reserved_and_what_is_under_way_is_undone() {
    let site = Site::start().await;
    site.upset("workforce/book", json!({"delay_ms": 2_000})).await;
    let order = site.submit("home_fiber");
    site.until_task(order, "book_visit[1]", "running").await;
    assert_eq!(cancel(&site, order).out, ACCEPTED);
    assert_nothing_is_left(&site, order).await;
    let undone: Vec<String> = site
        .record(order)
        .await
        .into_iter()
        .filter_map(|event| match event.fact {
            Fact::TaskUndone { task } => Some(task.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!((undone.len(), undone[0].as_str()), (3, "book_visit[1]"), "{undone:?}");
    site.close().await;
}

#[tokio::test]
async fn a_wait_for_the_technician_ends_at_once() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    assert_eq!(cancel(&site, order).out, ACCEPTED);
    assert_nothing_is_left(&site, order).await;
    let again = cancel(&site, order);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("cancelled"), "{again:?}");
    site.close().await;
}

#[tokio::test]
async fn past_the_point_of_no_return_it_is_refused_with_the_task_named() {
    let site = Site::start().await;
    site.upset("billing/start", json!({"delay_ms": 3_000})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    assert_eq!(site.report(order).code, 0);
    site.until_task(order, "start_billing", "running").await;
    let refused = cancel(&site, order);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("`start_billing`"), "{refused:?}");
    site.until_state(order, "completed").await;
    let refusals = site.record(order).await.into_iter().filter_map(|event| match event.fact {
        Fact::CancelRefused { task, .. } => task,
        _ => None,
    });
    assert_eq!(refusals.map(|task| task.to_string()).collect::<Vec<_>>(), ["start_billing"]);
    site.close().await;
}
