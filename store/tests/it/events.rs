//! The stream of all orders' events: nothing is ever added behind a cursor.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};
use store::{EventCursor, Heard, Listener, PublicEvent, apply_batch, apply_events, load_events, tail_events};

use crate::fixture::{accept, completes, order, order_id};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn events_are_read_in_pages(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    apply_events(conn, order_id(1), &completes()).await.unwrap();
    let numbers = |events: Vec<model::OrderEvent>| events.iter().map(|e| e.number).collect::<Vec<_>>();
    assert_eq!(numbers(load_events(conn, order_id(1), None, 3).await.unwrap()), [0, 1, 2]);
    assert_eq!(numbers(load_events(conn, order_id(1), Some(18), 3).await.unwrap()), [19, 20]);
    assert_eq!(numbers(load_events(conn, order_id(1), Some(u64::MAX), 3).await.unwrap()), [0_u64; 0]);
}

/// Reads on from `cursor` until `count` events are there. Transactions of other tests' databases hold events
/// back as well.
async fn tail(conn: &mut PgConnection, mut cursor: EventCursor, count: usize) -> Vec<PublicEvent> {
    let mut seen = Vec::new();
    let reading = async {
        while seen.len() < count {
            let page = tail_events(conn, cursor, 7).await.unwrap();
            cursor = page.last().map_or(cursor, |event| event.cursor);
            seen.extend(page);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("events that never show up");
    seen
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_transaction_that_commits_late_is_not_passed_by(pool: PgPool) {
    let mut slow = pool.acquire().await.unwrap();
    let mut fast = pool.acquire().await.unwrap();
    let mut reader = pool.acquire().await.unwrap();

    let mut first = slow.begin().await.unwrap();
    accept(&mut first, &order(1)).await;
    accept(&mut fast, &order(2)).await;
    let seen = tail_events(&mut reader, EventCursor::default(), 10).await.unwrap();
    assert_eq!(seen, [], "an older transaction may still add events before this one");

    first.commit().await.unwrap();
    let seen = tail(&mut reader, EventCursor::default(), 2).await;
    assert_eq!(seen.iter().map(|e| e.order).collect::<Vec<_>>(), [order_id(1), order_id(2)]);
    assert_eq!(seen[0].id(), "00000000-0000-0000-0000-000000000001/0");
    let cursor: EventCursor = seen[1].cursor.to_string().parse().unwrap();
    assert_eq!(tail_events(&mut reader, cursor, 10).await.unwrap(), []);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_tail_sees_every_event_once_while_writers_race(pool: PgPool) {
    let writers = (0..4_u128).map(|writer| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut conn = pool.acquire().await.unwrap();
            for n in (1..=8).map(|n| writer * 10 + n) {
                accept(&mut conn, &order(n)).await;
                for events in completes().chunks(4) {
                    apply_batch(&mut conn, &[(order_id(n), events.to_vec())]).await.unwrap();
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let conn = &mut *pool.acquire().await.unwrap();
    let events = tail(conn, EventCursor::default(), 4 * 8 * (completes().len() + 1)).await;
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(events.is_sorted_by(|a, b| a.cursor < b.cursor));
    let mut next = BTreeMap::new();
    for event in &events {
        let next = next.entry(event.order).or_insert(0);
        assert_eq!(event.event.number, *next, "of {}", event.order);
        *next += 1;
    }
    assert_eq!(tail_events(conn, events.last().unwrap().cursor, 7).await.unwrap(), []);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn listeners_hear_of_what_was_committed(pool: PgPool) {
    let mut listener = Listener::connect(&pool).await.unwrap();
    let conn = &mut *pool.acquire().await.unwrap();
    {
        let mut tx = conn.begin().await.unwrap();
        accept(&mut tx, &order(7)).await;
        tx.rollback().await.unwrap();
    }
    accept(conn, &order(1)).await;
    apply_events(conn, order_id(1), &completes()).await.unwrap();
    assert_eq!(listener.next().await.unwrap(), Heard::Events { order: order_id(1), newest: 0 });
    assert_eq!(listener.next().await.unwrap(), Heard::Events { order: order_id(1), newest: 20 });
}
