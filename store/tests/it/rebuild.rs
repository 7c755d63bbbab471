//! The rows of an order made again: as they were, at once, and without telling anybody twice.

use std::time::Duration;

use model::{Actor, OrderEvent, OrderId};
use sqlx::{PgConnection, PgPool};
use store::{
    EVENT_PAGE, EventCursor, NewOrder, OrderRow, Parent, Rebuild, Rebuilt, apply_events, load_events,
    load_order, rebuild_order, tail_events,
};

use crate::fixture::{accept, completes, is_cancelled, order, order_id, plan, task};

/// Makes the rows of order `n` again.
async fn rebuild(conn: &mut PgConnection, n: u128, record: &[OrderEvent], seen: u64) -> Rebuilt {
    made_with(conn, n, record, seen, None, &[]).await
}

async fn made_with(
    conn: &mut PgConnection,
    n: u128,
    record: &[OrderEvent],
    seen: u64,
    parent: Option<&Parent>,
    after: &[OrderId],
) -> Rebuilt {
    let (order, plan, author) = (order(n), plan(), Actor::new("webshop"));
    let accepted = NewOrder { order: &order, plan: &plan, author: &author, key: None };
    let rebuild = Rebuild { accepted, parent, after, versions: &[], record, stopped_at: None, seen };
    rebuild_order(conn, &rebuild).await.unwrap()
}

async fn shown(conn: &mut PgConnection, id: OrderId) -> (OrderRow, Vec<OrderEvent>) {
    let row = load_order(conn, id).await.unwrap().unwrap();
    (row, load_events(conn, id, None, EVENT_PAGE).await.unwrap())
}

/// What those are told who follow the events of all orders, and how far they are then. Order `mark` is accepted to know when that
/// is all: transactions of other tests' databases hold events back.
async fn told_after(
    conn: &mut PgConnection,
    mut cursor: EventCursor,
    mark: u128,
) -> (Vec<(OrderId, u64)>, EventCursor) {
    accept(conn, &order(mark)).await;
    let mut told = Vec::new();
    let reading = async {
        while told.last() != Some(&(order_id(mark), 0)) {
            for event in tail_events(conn, cursor, EVENT_PAGE).await.unwrap() {
                cursor = event.cursor;
                told.push((event.order, event.event.number));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("events that never show up");
    told.pop();
    (told, cursor)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_wrecked_comes_back_as_it_was(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for (n, record) in [(1, completes()), (2, is_cancelled())] {
        accept(conn, &order(n)).await;
        for event in &record {
            apply_events(conn, order_id(n), std::slice::from_ref(event)).await.unwrap();
        }
        let before = shown(conn, order_id(n)).await;
        let (_, end) = told_after(conn, EventCursor::default(), 10 + n).await;
        for wreck in [
            "update orders set state = 'pending', next_event = 3, ended_at = null, reason = 'wrecked' where id = $1",
            "delete from tasks where order_id = $1",
            "delete from order_items where order_id = $1",
            "delete from order_events where order_id = $1 and number in (0, 3)",
            "update order_events set type = 'OrderHeld', data = '{}' where order_id = $1 and number = 2",
        ] {
            sqlx::query(wreck).bind(order_id(n).uuid()).execute(&mut *conn).await.unwrap();
        }
        let done = rebuild(conn, n, &record, 3).await;
        assert!(matches!(done, Rebuilt::Done { events } if events == before.1.len() as u64), "{done:?}");
        assert_eq!(shown(conn, order_id(n)).await, before);
        assert_eq!(told_after(conn, end, 20 + n).await.0, [], "nobody is told again");
    }
    let (all, _) = told_after(conn, EventCursor::default(), 30).await;
    let of_first: Vec<u64> =
        all.iter().filter(|(id, _)| *id == order_id(1)).map(|(_, number)| *number).collect();
    let ascending: Vec<u64> = (0..completes().len() as u64 + 1).collect();
    assert_eq!(of_first, ascending, "whoever reads from the beginning is told everything in order");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_postgres_never_had_comes_as_news(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let record = completes();
    let (known, new) = record.split_at(5);
    apply_events(conn, order_id(1), known).await.unwrap();
    let (_, end) = told_after(conn, EventCursor::default(), 10).await;
    rebuild(conn, 1, &record, 6).await;
    let expected: Vec<_> = new.iter().map(|event| (order_id(1), event.number)).collect();
    assert_eq!(told_after(conn, end, 11).await.0, expected);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn events_of_another_life_of_the_order_are_gone(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let record = completes();
    apply_events(conn, order_id(1), &record).await.unwrap();
    // Its workflow was begun again, and has told less.
    let (again, _) = record.split_at(4);
    let seen = record.len() as u64 + 1;
    rebuild(conn, 1, again, seen).await;
    let (row, events) = shown(conn, order_id(1)).await;
    assert_eq!((row.summary.progress.next_event, events.len()), (5, 5));
    assert_eq!(row.summary.progress.ended_at, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_record_that_is_older_than_the_rows_changes_nothing(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let record = completes();
    apply_events(conn, order_id(1), &record).await.unwrap();
    let before = shown(conn, order_id(1)).await;
    let (old, _) = record.split_at(4);
    assert!(matches!(rebuild(conn, 1, old, 5).await, Rebuilt::Moved));
    let mut odd = record.clone();
    odd.swap_remove(0);
    odd[0].number = 1;
    assert!(matches!(rebuild(conn, 1, &odd[..1], 99).await, Rebuilt::Refused { number: 1, .. }));
    assert_eq!(shown(conn, order_id(1)).await, before);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn orders_that_the_rows_name_are_made_first(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let parent = Parent { order: order_id(8), task: task("check") };
    assert!(
        matches!(made_with(conn, 1, &[], 0, Some(&parent), &[]).await, Rebuilt::Needs(id) if id == order_id(8))
    );
    assert!(
        matches!(made_with(conn, 1, &[], 0, None, &[order_id(9)]).await, Rebuilt::Needs(id) if id == order_id(9))
    );
    assert!(load_order(conn, order_id(1)).await.unwrap().is_none());
    for n in [8, 9] {
        rebuild(conn, n, &[], 0).await;
    }
    made_with(conn, 1, &[], 0, Some(&parent), &[order_id(9)]).await;
    let row = load_order(conn, order_id(1)).await.unwrap().unwrap();
    assert_eq!(row.summary.parent, Some(parent));
    assert_eq!(store::load_predecessors(conn, order_id(1)).await.unwrap(), [order_id(9)]);
}
