//! Attempts may be recorded in any order, any number of times.

use model::Direction;
use sqlx::{PgConnection, PgPool};
use store::{
    Attempt, AttemptEnd, AttemptOutcome, TaskRow, apply_events, load_attempts, load_order, record_attempts,
};

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
        allowed: Some(6),
        next_at: Some(at(i64::from(attempt) + 7)),
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

/// What a reader sees of `reserve[1]`: attempts of those allowed, the last error, when the next one is due, and what is expected.
async fn seen(conn: &mut PgConnection, n: u128) -> String {
    let order = load_order(conn, order_id(n)).await.unwrap().unwrap();
    let reserve: &TaskRow = &order.tasks[1];
    let error = reserve.last_error.as_ref();
    let error = error
        .map(|error| format!("{} {}: {} at {}", error.attempt, error.kind.as_str(), error.text, error.at));
    format!(
        "{} of {:?}; {error:?}; next {:?}; {}",
        reserve.attempts,
        reserve.attempts_allowed,
        reserve.next_attempt_at.map(|at| at.to_string()),
        order.summary.expected.as_ref().map(|expected| expected.to_string()).unwrap_or_default(),
    )
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_call_that_is_tried_again_says_why_and_when(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    apply_events(conn, order_id(1), &completes()[..5]).await.unwrap();
    record_attempts(conn, &[begun(1, 1, 1)]).await.unwrap();
    assert_eq!(
        seen(conn, 1).await,
        "1 of None; None; next None; reserve[1]: waits for an answer of inventory.reserve"
    );
    record_attempts(conn, &[ended(1, 1, 1)]).await.unwrap();
    assert_eq!(
        seen(conn, 1).await,
        "1 of Some(6); Some(\"1 failed: 503 at 2026-09-21T14:13:26.000Z\"); next Some(\"2026-09-21T14:13:28.000Z\"); \
         reserve[1]: calls inventory.reserve again at 2026-09-21T14:13:28.000Z"
    );
    record_attempts(conn, &[begun(1, 1, 2)]).await.unwrap();
    assert_eq!(
        seen(conn, 1).await,
        "2 of Some(6); Some(\"1 failed: 503 at 2026-09-21T14:13:26.000Z\"); next None; \
         reserve[1]: waits for an answer of inventory.reserve",
        "an attempt is out; the error before it is still known"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_call_that_was_answered_or_given_up_is_not_made_again(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in [1, 2] {
        accept(conn, &order(n)).await;
        record_attempts(conn, &[ended(n, 1, 1)]).await.unwrap();
    }
    // The blueprint's time for all attempts ran out while the call rested.
    apply_events(conn, order_id(1), &completes()[..9]).await.unwrap();
    assert_eq!(
        seen(conn, 1).await,
        "1 of Some(6); Some(\"1 failed: 503 at 2026-09-21T14:13:26.000Z\"); next None; \
         reserve[1]: operations must act: no port at UTR-7"
    );
    let mut done = ended(2, 1, 2);
    let end =
        AttemptEnd { outcome: AttemptOutcome::Succeeded, error: None, next_at: None, ..done.end.unwrap() };
    done.end = Some(end);
    record_attempts(conn, &[done]).await.unwrap();
    apply_events(conn, order_id(2), &completes()[..5]).await.unwrap();
    assert_eq!(
        seen(conn, 2).await,
        "2 of Some(6); None; next None; reserve[1]: waits for an answer of inventory.reserve"
    );
}
