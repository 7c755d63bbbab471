//! After a worker ends without a word, the orders it may have left behind are found.

use model::Duration;
use sqlx::{PgConnection, PgPool};
use store::{
    WorkerId, apply_events, begin_worker, count_workers, declare_lost, end_worker, find_lost_workers,
    mark_audited, orders_to_audit, see_worker,
};
use uuid::Uuid;

use crate::fixture::{accept, at, completes, order, order_id};

const SILENCE: Duration = Duration::from_secs(30);

fn worker(n: u128) -> WorkerId {
    WorkerId::new(Uuid::from_u128(n))
}

async fn due(conn: &mut PgConnection) -> Vec<(u128, u64)> {
    let due = orders_to_audit(conn, 100).await.unwrap();
    due.into_iter().map(|(id, next)| (id.uuid().as_u128(), next)).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_clean_end_needs_no_audit(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    begin_worker(conn, worker(1), "host/1", at(0)).await.unwrap();
    assert!(see_worker(conn, worker(1), at(10)).await.unwrap());
    assert_eq!(count_workers(conn, at(5)).await.unwrap(), 1);
    end_worker(conn, worker(1)).await.unwrap();
    assert!(!see_worker(conn, worker(1), at(11)).await.unwrap());
    assert_eq!(count_workers(conn, at(5)).await.unwrap(), 0);
    assert_eq!(find_lost_workers(conn, at(1_000), SILENCE).await.unwrap(), 0);
    assert_eq!(due(conn).await, []);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn after_an_unclean_end_open_orders_are_audited_once(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=4 {
        accept(conn, &order(n)).await;
    }
    apply_events(conn, order_id(1), &completes()).await.unwrap();
    apply_events(conn, order_id(2), &completes()[..5]).await.unwrap();
    begin_worker(conn, worker(1), "host/1", at(0)).await.unwrap();
    begin_worker(conn, worker(2), "host/2", at(0)).await.unwrap();
    see_worker(conn, worker(2), at(100)).await.unwrap();

    assert_eq!(find_lost_workers(conn, at(30), SILENCE).await.unwrap(), 0);
    assert_eq!(find_lost_workers(conn, at(100), SILENCE).await.unwrap(), 1);
    assert_eq!(find_lost_workers(conn, at(101), SILENCE).await.unwrap(), 0, "once per loss");
    assert_eq!(due(conn).await, [(2, 6), (4, 1), (3, 1)], "what changed last comes first");

    mark_audited(conn, &[order_id(2), order_id(4)], at(102)).await.unwrap();
    assert_eq!(due(conn).await, [(3, 1)]);
    mark_audited(conn, &[order_id(3)], at(99)).await.unwrap();
    assert_eq!(due(conn).await, [(3, 1)], "the comparison began before the loss");
    mark_audited(conn, &[order_id(3)], at(100)).await.unwrap();

    let mut later = order(200);
    later.submitted_at = at(200);
    accept(conn, &later).await;
    assert_eq!(due(conn).await, [], "an order accepted after the loss has lost nothing");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_worker_may_report_its_own_loss(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    begin_worker(conn, worker(1), "host/1", at(0)).await.unwrap();
    declare_lost(conn, worker(1), at(10)).await.unwrap();
    end_worker(conn, worker(1)).await.unwrap();
    assert_eq!(due(conn).await, [(1, 1)], "a clean end does not take it back");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_worker_that_came_back_can_be_lost_again(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    begin_worker(conn, worker(1), "host/1", at(0)).await.unwrap();
    assert_eq!(find_lost_workers(conn, at(100), SILENCE).await.unwrap(), 1);
    mark_audited(conn, &[order_id(1)], at(101)).await.unwrap();
    see_worker(conn, worker(1), at(110)).await.unwrap();
    assert_eq!(find_lost_workers(conn, at(200), SILENCE).await.unwrap(), 1);
    assert_eq!(due(conn).await, [(1, 1)]);
}
