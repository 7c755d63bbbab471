//! What readers see of orders beyond their own rows: what each waits for, who cancelled it, and that it was stopped.

use model::{Actor, Fact, OrderEvent, OrderId};
use sqlx::{PgConnection, PgPool};
use store::{
    Intent, OrderFilter, OrderSummary, apply_events, claim_intents, delay_intent, finish_intents,
    list_orders, load_order, note_stopped,
};

use crate::fixture::{accept, at, completes, order, order_id};

/// The order as `load_order` and `list_orders` show it, which is the same.
async fn seen(conn: &mut PgConnection, id: OrderId) -> OrderSummary {
    let loaded = load_order(conn, id).await.unwrap().unwrap().summary;
    let page = list_orders(conn, &OrderFilter::default(), None, 10).await.unwrap();
    assert!(page.orders.contains(&loaded), "{:?}", page.orders);
    loaded
}

async fn expected(conn: &mut PgConnection, id: OrderId) -> String {
    seen(conn, id).await.expected.map(|expected| expected.to_string()).unwrap_or_default()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_list_says_what_each_order_waits_for(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=3 {
        accept(conn, &order(n)).await;
    }
    apply_events(conn, order_id(1), &completes()[..14]).await.unwrap();
    apply_events(conn, order_id(2), &completes()[..5]).await.unwrap();
    apply_events(conn, order_id(3), &completes()).await.unwrap();
    assert_eq!(
        expected(conn, order_id(1)).await,
        "visit[1]: waits for technician_report until 2026-09-21T16:43:20.000Z"
    );
    assert_eq!(expected(conn, order_id(2)).await, "reserve[1]: waits for an answer of inventory.reserve");
    assert_eq!(expected(conn, order_id(3)).await, "");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_start_that_is_late_says_why(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    assert_eq!(expected(conn, order_id(1)).await, "starts at once");
    let claimed = claim_intents(conn, at(1_000), model::Duration::from_secs(30), 1).await.unwrap();
    let intent: &Intent = &claimed[0];
    delay_intent(conn, intent, "connection refused", at(1_001)).await.unwrap();
    assert_eq!(
        expected(conn, order_id(1)).await,
        "is to be started; Temporal has not taken it yet: connection refused"
    );
    finish_intents(conn, &[intent.id]).await.unwrap();
    assert_eq!(expected(conn, order_id(1)).await, "is started; a worker has yet to begin it");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_cancelled_an_order_is_shown_until_it_is_refused(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let mut story = Vec::new();
    let asked = |id: &str, by: &str| Fact::CancelRequested {
        id: id.parse().unwrap(),
        by: Actor::new(by),
        reason: "moved \u{0} house".to_owned(),
    };
    let refused = Fact::CancelRefused {
        id: "c-1".parse().unwrap(),
        reason: "too late".to_owned(),
        task: None,
        state: model::OrderState::InProgress,
    };
    let accepted = Fact::CancelAccepted { id: "c-2".parse().unwrap() };
    let facts = [
        Fact::OrderStarted {},
        asked("c-1", "ada"),
        refused,
        asked("c-2", "bob"),
        accepted,
        asked("c-3", "eve"),
    ];
    for (number, fact) in (1..).zip(facts) {
        let event = OrderEvent { number, at: at(1_000), fact };
        apply_events(conn, order_id(1), &[event]).await.unwrap();
        let summary = seen(conn, order_id(1)).await;
        story.push(summary.cancel.map(|cancel| cancel.by.as_str().to_owned()));
    }
    let who: Vec<&str> = story.iter().map(|by| by.as_deref().unwrap_or("nobody")).collect();
    assert_eq!(who, ["nobody", "ada", "nobody", "bob", "bob", "bob"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_was_stopped_says_so_until_something_happens_again(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let story = completes();
    apply_events(conn, order_id(1), &story[..5]).await.unwrap();
    assert!(!note_stopped(conn, order_id(1), at(0)).await.unwrap(), "something has happened since");
    let stopped = story[5].at;
    assert!(note_stopped(conn, order_id(1), stopped).await.unwrap());
    assert_eq!(seen(conn, order_id(1)).await.stopped_at, Some(stopped));
    assert!(
        expected(conn, order_id(1)).await.starts_with("nothing happens by itself: its workflow was ended")
    );
    // What had happened before it was stopped may come late.
    apply_events(conn, order_id(1), &story[5..6]).await.unwrap();
    assert_eq!(seen(conn, order_id(1)).await.stopped_at, Some(stopped));
    apply_events(conn, order_id(1), &story[6..7]).await.unwrap();
    assert_eq!(seen(conn, order_id(1)).await.stopped_at, None);
}
