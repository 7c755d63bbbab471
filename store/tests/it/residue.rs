//! Finding what was left behind.

use model::{Actor, Fact, OrderEvent, OrderId, Value};
use sqlx::{PgConnection, PgPool};
use store::{ResidueCursor, ResidueFilter, apply_events, list_residue};

use crate::fixture::{accept, at, is_cancelled, order, order_id, task, value};

/// An order whose undo fails, and whose port is left behind.
async fn leaves_a_port(conn: &mut PgConnection, n: u128, when: i64) -> OrderId {
    accept(conn, &order(n)).await;
    let mut events = is_cancelled();
    events.truncate(15);
    let accepted = Fact::ResidueAccepted {
        task: task("reserve[1]"),
        call: "inventory.release".to_owned(),
        arguments: value(r#"{"reservation_id": "R-\u0000-1"}"#),
        result: value(r#"{"price": 12345678901234567.89}"#),
        by: Actor::new("grace"),
        reason: "the street is gone".to_owned(),
    };
    events.extend((16..).zip([accepted, Fact::OrderCancelled {}]).map(|(number, fact)| OrderEvent {
        number,
        at: at(when),
        fact,
    }));
    apply_events(conn, order_id(n), &events).await.unwrap();
    order_id(n)
}

async fn left(conn: &mut PgConnection, filter: ResidueFilter) -> Vec<u128> {
    let page = list_residue(conn, &filter, None, 200).await.unwrap();
    page.residue.iter().map(|left| left.order.uuid().as_u128()).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_left_behind_tells_where_to_look_for_it(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let order = leaves_a_port(conn, 1, 2_000).await;
    let page = list_residue(conn, &ResidueFilter::default(), None, 10).await.unwrap();
    let [left] = page.residue.as_slice() else { panic!("{page:?}") };
    assert_eq!((left.order, left.task.to_string(), left.at), (order, "reserve[1]".to_owned(), at(2_000)));
    assert_eq!((left.customer.id.as_str(), left.call.as_str()), ("C-1", "inventory.release"));
    assert_eq!(left.arguments.field("reservation_id"), Some(&Value::from("R-\0-1")));
    assert_eq!(left.result.to_string(), r#"{"price":12345678901234567.89}"#);
    assert_eq!((left.by.as_str(), left.reason.as_str()), ("grace", "the street is gone"));
    let task = &store::load_order(conn, order).await.unwrap().unwrap().tasks[1];
    assert_eq!(task.progress.reason.as_deref(), Some("left in place by grace: the street is gone"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn filters_and_pages_narrow_what_was_left_behind(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for (n, when) in [(1, 2_000), (2, 3_000), (3, 3_000), (4, 1_500)] {
        leaves_a_port(conn, n, when).await;
    }
    let any = ResidueFilter::default;
    assert_eq!(left(conn, any()).await, [2, 3, 1, 4], "the newest first");
    let system = |name: &str| ResidueFilter { system: Some(name.parse().unwrap()), ..any() };
    assert_eq!(left(conn, system("inventory")).await, [2, 3, 1, 4]);
    assert_eq!(left(conn, system("inv")).await, [0_u128; 0]);
    assert_eq!(left(conn, ResidueFilter { order: Some(order_id(3)), ..any() }).await, [3]);
    assert_eq!(left(conn, ResidueFilter { since: Some(at(2_000)), ..any() }).await, [2, 3, 1]);

    let mut seen = Vec::new();
    let mut cursor: Option<ResidueCursor> = None;
    loop {
        let page = list_residue(conn, &any(), cursor, 1).await.unwrap();
        seen.extend(page.residue.iter().map(|left| left.order.uuid().as_u128()));
        let Some(next) = page.next else { break };
        cursor = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(seen, [2, 3, 1, 4]);
    assert!("x".parse::<ResidueCursor>().is_err());
}
