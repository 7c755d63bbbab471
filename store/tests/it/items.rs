//! What has become of each item.

use std::collections::BTreeMap;

use model::{Actor, Fact, Item, ItemState, OrderEvent, OrderState};
use sqlx::{PgConnection, PgPool};
use store::{ItemRow, OrderFilter, apply_events, list_orders, load_order};

use crate::fixture::{accept, at, completes, is_cancelled, order, order_id, started, succeeded, task};

/// An order of the item `1`, for which something is done, and of `2`, for which nothing is.
async fn accepted(conn: &mut PgConnection, n: u128) {
    let mut order = order(n);
    let second = Item { id: "2".parse().unwrap(), ..order.request.items[0].clone() };
    order.request.items.push(second);
    accept(conn, &order).await;
}

async fn items(conn: &mut PgConnection, n: u128) -> Vec<ItemRow> {
    load_order(conn, order_id(n)).await.unwrap().unwrap().items
}

/// The states that the items of an order go through, one event after the other.
async fn story(conn: &mut PgConnection, n: u128, events: &[OrderEvent]) -> Vec<String> {
    accepted(conn, n).await;
    let mut story = Vec::new();
    for event in events {
        apply_events(conn, order_id(n), std::slice::from_ref(event)).await.unwrap();
        let states: Vec<_> = items(conn, n).await.iter().map(|item| item.state.as_str()).collect();
        let line = states.join(" ");
        if story.last() != Some(&line) {
            story.push(line);
        }
    }
    story
}

fn events(facts: Vec<Fact>) -> Vec<OrderEvent> {
    (1..).zip(facts).map(|(number, fact)| OrderEvent { number, at: at(1), fact }).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn items_follow_their_tasks_and_their_order(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    assert_eq!(
        story(conn, 1, &completes()).await,
        [
            "pending inProgress",
            "inProgress inProgress",
            "held inProgress",
            "inProgress inProgress",
            "completed completed",
        ]
    );
    assert_eq!(
        story(conn, 2, &is_cancelled()).await,
        [
            "pending pending",
            "pending inProgress",
            "inProgress inProgress",
            "assessingCancellation assessingCancellation",
            "inProgress inProgress",
            "assessingCancellation assessingCancellation",
            "pendingCancellation pendingCancellation",
            "held pendingCancellation",
            "pendingCancellation pendingCancellation",
            "cancelled cancelled",
        ]
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_item_that_fails_alone_says_why_and_stays_so(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let (item, reason) = (|| "1".parse().unwrap(), || "no port is free".to_owned());
    let told = events(vec![
        Fact::OrderStarted {},
        started("reserve[1]", 1),
        Fact::CustomerStatusChanged { status: Some("Being prepared".to_owned()), item: Some(item()) },
        Fact::CustomerStatusChanged { status: Some("Being prepared".to_owned()), item: None },
        Fact::TaskFailed { task: task("reserve[1]"), reason: reason() },
        Fact::ItemRollingBack { item: item(), reason: reason() },
        Fact::TaskDropped { task: task("visit[1]") },
        Fact::TaskDropped { task: task("reserve[1]") },
        Fact::ItemFailed { item: item(), reason: reason() },
        Fact::CustomerStatusChanged { status: None, item: Some(item()) },
        started("check", 1),
        succeeded("check"),
        Fact::OrderPartiallyCompleted {},
    ]);
    accepted(conn, 1).await;
    apply_events(conn, order_id(1), &told[..4]).await.unwrap();
    let first = items(conn, 1).await.remove(0);
    assert_eq!(
        (first.state, first.customer_status.as_deref()),
        (ItemState::InProgress, Some("Being prepared"))
    );
    apply_events(conn, order_id(1), &told[4..9]).await.unwrap();
    let first = items(conn, 1).await.remove(0);
    assert_eq!((first.state, first.reason.as_deref()), (ItemState::Failed, Some("no port is free")));
    apply_events(conn, order_id(1), &told[9..]).await.unwrap();
    let row = load_order(conn, order_id(1)).await.unwrap().unwrap();
    let states: Vec<_> = row.items.iter().map(|item| item.state).collect();
    assert_eq!(
        (row.summary.progress.state, states),
        (OrderState::Partial, vec![ItemState::Failed, ItemState::Completed])
    );
    assert_eq!(row.items[0].customer_status, None);

    // Whatever the deliveries were like, the rows are the same.
    accepted(conn, 2).await;
    apply_events(conn, order_id(2), &told).await.unwrap();
    assert_eq!(items(conn, 1).await, items(conn, 2).await);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_item_that_is_cancelled_alone_says_why(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let item = || "1".parse().unwrap();
    let told = events(vec![
        Fact::OrderStarted {},
        started("reserve[1]", 1),
        Fact::ItemCancelAccepted {
            id: "c-1".parse().unwrap(),
            item: item(),
            by: Actor::new("webshop"),
            reason: "one will do".to_owned(),
        },
        succeeded("reserve[1]"),
        Fact::ItemCancelled { item: item() },
    ]);
    assert_eq!(
        story(conn, 1, &told).await,
        [
            "pending inProgress",
            "inProgress inProgress",
            "pendingCancellation inProgress",
            "cancelled inProgress",
        ]
    );
    assert_eq!(items(conn, 1).await[0].reason.as_deref(), Some("one will do"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_list_counts_the_items_of_each_state(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accepted(conn, 1).await;
    accepted(conn, 2).await;
    apply_events(conn, order_id(1), &completes()[..9]).await.unwrap();
    let page = list_orders(conn, &OrderFilter::default(), None, 10).await.unwrap();
    let counts: Vec<_> = page.orders.into_iter().map(|order| order.items).collect();
    let one_each = BTreeMap::from([(ItemState::InProgress, 1), (ItemState::Held, 1)]);
    assert_eq!(counts, [BTreeMap::from([(ItemState::Acknowledged, 2)]), one_each]);
}
