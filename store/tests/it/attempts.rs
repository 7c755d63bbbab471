//! Attempts may be recorded in any order, any number of times.

use model::Direction;
use sqlx::PgPool;
use store::{Attempt, AttemptEnd, AttemptOutcome, apply_events, load_attempts, load_order, record_attempts};

use crate::fixture::{accept, at, completes, is_cancelled, order, order_id, task};

fn begun(n: u128, generation: u32, attempt: u32) -> Attempt {
    Attempt {
        order: order_id(n),
        task: task("reserve[1]"),
        direction: Direction::Forward,
        generation,
        attempt,
        started_at: at(i64::from(attempt)),
        end: None,
    }
}

fn ended(n: u128, generation: u32, attempt: u32) -> Attempt {
    let end = AttemptEnd {
        at: at(i64::from(attempt) + 5),
        outcome: AttemptOutcome::Failed,
        error: Some("503".to_owned()),
    };
    Attempt { end: Some(end), ..begun(n, generation, attempt) }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_end_outlasts_a_late_start(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    record_attempts(conn, &[ended(1, 1, 1), begun(1, 1, 1), begun(1, 1, 2)]).await.unwrap();
    record_attempts(conn, &[begun(1, 1, 1), ended(1, 1, 2), ended(1, 1, 2)]).await.unwrap();
    let attempts = load_attempts(conn, order_id(1)).await.unwrap();
    assert_eq!(attempts, [ended(1, 1, 1), ended(1, 1, 2)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn attempts_of_unknown_orders_are_dropped(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    record_attempts(conn, &[begun(2, 1, 1), begun(1, 1, 1)]).await.unwrap();
    assert_eq!(load_attempts(conn, order_id(1)).await.unwrap().len(), 1);
    assert_eq!(load_attempts(conn, order_id(2)).await.unwrap(), []);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_task_counts_the_attempts_of_its_generation(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in [1, 2] {
        accept(conn, &order(n)).await;
        record_attempts(conn, &[ended(n, 1, 1), ended(n, 1, 2), ended(n, 1, 3), ended(n, 2, 1)])
            .await
            .unwrap();
    }
    record_attempts(conn, &[Attempt { direction: Direction::Undo, ..ended(2, 1, 4) }]).await.unwrap();
    apply_events(conn, order_id(1), &completes()).await.unwrap();
    apply_events(conn, order_id(2), &is_cancelled()).await.unwrap();
    let redone = load_order(conn, order_id(1)).await.unwrap().unwrap();
    assert_eq!((redone.tasks[1].attempts, redone.tasks[1].undo_attempts), (1, 0));
    let undone = load_order(conn, order_id(2)).await.unwrap().unwrap();
    assert_eq!((undone.tasks[1].attempts, undone.tasks[1].undo_attempts), (3, 4));
    assert_eq!(undone.tasks[0].attempts, 0);
}
