//! Order events become rows: once each, in order, whatever the deliveries look like.

use std::collections::BTreeMap;

use model::{Fact, HoldFor, OrderEvent, OrderId, OrderState};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::{PgConnection, PgPool};
use store::{OrderRow, Outcome, Refusal, apply_batch, apply_events, load_events, load_order};

use crate::fixture::{accept, at, completes, is_cancelled, order, order_id, started, task};

async fn accepted(conn: &mut PgConnection, n: u128) -> OrderId {
    accept(conn, &order(n)).await;
    order_id(n)
}

async fn loaded(conn: &mut PgConnection, id: OrderId) -> OrderRow {
    load_order(conn, id).await.unwrap().unwrap()
}

fn next(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Applied { next } => *next,
        other => panic!("not applied: {other:?}"),
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_event_shows_in_the_rows(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let id = accepted(conn, 1).await;
    let mut story = Vec::new();
    for event in completes() {
        apply_events(conn, id, std::slice::from_ref(&event)).await.unwrap();
        let row = loaded(conn, id).await;
        let expected = row.summary.expected.as_ref().map_or_else(|| "nothing".to_owned(), |e| e.to_string());
        story.push(format!("{}: {}; {expected}", event.fact.name(), row.summary.progress.state));
    }
    assert_eq!(
        story,
        [
            "OrderStarted: inProgress; goes on by itself",
            "TaskStarted: inProgress; check: waits for an answer of crm.check",
            "TaskSucceeded: inProgress; goes on by itself",
            "CustomerStatusChanged: inProgress; goes on by itself",
            "TaskStarted: inProgress; reserve[1]: waits for an answer of inventory.reserve",
            "TaskOutcomeUnknown: inProgress; reserve[1]: waits for an answer of inventory.reserve",
            "TaskFailed: inProgress; goes on by itself",
            "TaskHeld: inProgress; reserve[1]: operations must act: no port at UTR-7",
            "OrderHeld: held; reserve[1]: operations must act: no port at UTR-7",
            "OperatorActed: held; goes on by itself",
            "OrderResumed: inProgress; goes on by itself",
            "TaskStarted: inProgress; reserve[1]: waits for an answer of inventory.reserve",
            "TaskSucceeded: inProgress; goes on by itself",
            "TaskStarted: inProgress; visit[1]: waits for technician_report until 2026-09-21T16:43:20.000Z",
            "SignalRefused: inProgress; visit[1]: waits for technician_report until 2026-09-21T16:43:20.000Z",
            "SignalReceived: inProgress; visit[1]: waits for technician_report until 2026-09-21T16:43:20.000Z",
            "TaskSucceeded: inProgress; goes on by itself",
            "TaskSucceeded: inProgress; goes on by itself",
            "CustomerStatusChanged: inProgress; goes on by itself",
            "OrderCompleted: completed; nothing",
        ]
    );

    let row = loaded(conn, id).await;
    let progress = &row.summary.progress;
    assert_eq!((progress.started_at, progress.ended_at), (Some(at(1_001)), Some(at(1_020))));
    assert_eq!((progress.next_event, progress.customer_status.as_deref()), (21, None));
    let reserve = &row.tasks[1];
    assert_eq!((reserve.progress.generation, reserve.progress.reason.as_deref()), (2, None));
    assert_eq!((reserve.progress.started_at, reserve.progress.ended_at), (Some(at(1_012)), Some(at(1_013))));
    assert_eq!(reserve.arguments.to_string(), r#"{"kind":"pon_port"}"#);
    assert_eq!(
        reserve.result.to_string(),
        r#"{"iccid":18446744073709551616,"price":12345678901234567.89}"#,
        "to the last digit"
    );

    let events = load_events(conn, id, Some(0), 100).await.unwrap();
    assert_eq!(events, completes());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_held_order_says_which_task_and_why(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let id = accepted(conn, 1).await;
    apply_events(conn, id, &is_cancelled()[..15]).await.unwrap();
    let blocked = loaded(conn, id).await.summary.progress.blocked.unwrap();
    assert_eq!((blocked.task, blocked.hold_for), (task("reserve[1]"), HoldFor::Operations));
    assert_eq!(blocked.reason, "inventory is closed");

    apply_events(conn, id, &is_cancelled()[15..]).await.unwrap();
    let row = loaded(conn, id).await;
    assert_eq!(row.summary.progress.state, OrderState::Cancelled);
    assert_eq!(row.summary.progress.blocked, None);
    let states: Vec<&str> = row.tasks.iter().map(|t| t.progress.state.as_str()).collect();
    assert_eq!(states, ["succeeded", "undone", "dropped", "skipped", "waiting"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_gap_is_named_and_nothing_beyond_it_applied(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let id = accepted(conn, 1).await;
    let events = completes();
    let mut holed = events[..4].to_vec();
    holed.extend_from_slice(&events[6..]);

    let outcome = apply_events(conn, id, &holed).await.unwrap();
    assert!(matches!(outcome, Outcome::Gap { expected: 5 }), "{outcome:?}");
    assert_eq!(load_events(conn, id, None, 100).await.unwrap().len(), 5);
    let outcome = apply_events(conn, id, &events[4..]).await.unwrap();
    assert_eq!(next(&outcome), 21);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_event_that_cannot_follow_is_never_written(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let id = accepted(conn, 1).await;
    apply_events(conn, id, &completes()).await.unwrap();
    let before = loaded(conn, id).await;

    let held = Fact::OrderHeld { task: task("check"), reason: "?".to_owned(), hold_for: HoldFor::Customer };
    let late = OrderEvent { number: 21, at: at(5_000), fact: held };
    match apply_events(conn, id, &[late]).await.unwrap() {
        Outcome::Refused { number: 21, cause: Refusal::IllegalTransition { cause, .. } } => {
            assert_eq!(cause.to_string(), "an order can't go from `completed` to `held`");
        }
        other => panic!("{other:?}"),
    }
    let stray = OrderEvent { number: 21, at: at(5_000), fact: started("nobody", 1) };
    match apply_events(conn, id, &[stray]).await.unwrap() {
        Outcome::Refused { number: 21, cause } => assert_eq!(
            cause.to_string(),
            "`TaskStarted` names the task `nobody`, which the order does not have"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(loaded(conn, id).await, before);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_poisoned_order_holds_up_no_other(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=4 {
        accepted(conn, n).await;
    }
    // A number that a `bigint` can't hold: the database refuses it, and with it the whole statement.
    let events = completes();
    sqlx::query("update orders set next_event = $1 where id = $2")
        .bind(i64::MAX)
        .bind(order_id(2).uuid())
        .execute(&mut *conn)
        .await
        .unwrap();
    let twice = |number| OrderEvent { number, ..events[0].clone() };
    let unstorable = vec![twice(i64::MAX as u64), twice(i64::MAX as u64 + 1)];
    let mut illegal = events.clone();
    illegal[2].fact = Fact::OrderPending { until: Some(at(1)), after: Vec::new() };

    let outcomes = apply_batch(
        conn,
        &[
            (order_id(4), events.clone()),
            (order_id(3), illegal),
            (order_id(9), events.clone()),
            (order_id(2), unstorable),
            (order_id(1), events.clone()),
        ],
    )
    .await
    .unwrap();
    let outcomes: BTreeMap<_, _> = outcomes.into_iter().collect();
    assert_eq!(next(&outcomes[&order_id(1)]), 21);
    assert!(matches!(outcomes[&order_id(2)], Outcome::Failed { .. }), "{outcomes:?}");
    assert!(matches!(outcomes[&order_id(3)], Outcome::Refused { number: 3, .. }));
    assert_eq!(next(&outcomes[&order_id(4)]), 21);
    assert!(matches!(outcomes[&order_id(9)], Outcome::UnknownOrder));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn texts_that_postgres_cannot_hold_do_no_harm(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let mut odd = order(1);
    odd.request.customer.name = Some("A\0B".to_owned());
    accept(conn, &odd).await;
    let reason = "nul: \0".to_owned();
    let facts =
        [Fact::OrderStarted {}, started("check", 1), Fact::TaskFailed { task: task("check"), reason }];
    let events: Vec<OrderEvent> =
        (1..).zip(facts).map(|(number, fact)| OrderEvent { number, at: at(1), fact }).collect();

    assert_eq!(next(&apply_events(conn, order_id(1), &events).await.unwrap()), 4);
    let row = loaded(conn, order_id(1)).await;
    assert_eq!(row.request, odd.request, "the request is kept as it came");
    assert_eq!(row.summary.customer.name.as_deref(), Some("A\u{fffd}B"));
    assert_eq!(row.tasks[0].progress.reason.as_deref(), Some("nul: \u{fffd}"));
    assert_eq!(load_events(conn, order_id(1), Some(0), 10).await.unwrap(), events);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn writers_of_the_same_orders_do_not_wait_in_a_circle(pool: PgPool) {
    {
        let conn = &mut *pool.acquire().await.unwrap();
        for n in 1..=10 {
            accepted(conn, n).await;
        }
    }
    let events = completes();
    let writers = (0..6).map(|writer| {
        let (pool, events) = (pool.clone(), events.clone());
        tokio::spawn(async move {
            let mut conn = pool.acquire().await.unwrap();
            for upto in 1..=events.len() {
                let mut batch: Vec<_> = (1..=10).map(|n| (order_id(n), events[..upto].to_vec())).collect();
                batch.rotate_left(writer);
                apply_batch(&mut conn, &batch).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=10 {
        assert_eq!(load_events(conn, order_id(n), Some(0), 100).await.unwrap(), events);
    }
}

/// Deliveries of an order's events: slices that may overlap, repeat, and come in any order.
fn deliveries(events: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..events, 1..=events), 1..12)
}

/// The rows as any order of this history must have them in the end.
fn comparable(mut row: OrderRow) -> OrderRow {
    row.summary.id = order_id(0);
    row.summary.submitted_at = at(0);
    row.tasks[3].progress.ended_at = None; // skipped when the order was accepted
    row
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn rows_depend_on_the_events_and_not_on_their_delivery(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let histories = [completes(), is_cancelled()];
    let mut reference = Vec::new();
    for (n, history) in (1..).zip(&histories) {
        let id = accepted(conn, n).await;
        apply_events(conn, id, history).await.unwrap();
        reference.push(comparable(loaded(conn, id).await));
    }

    let mut runner = TestRunner::deterministic();
    for case in 0..40 {
        let mut batches = Vec::new();
        let ids = [accepted(conn, 100 + 2 * case).await, accepted(conn, 101 + 2 * case).await];
        for (id, history) in ids.iter().zip(&histories) {
            let tree = deliveries(history.len()).new_tree(&mut runner).unwrap();
            for (from, length) in tree.current() {
                let to = (from + length).min(history.len());
                let mut slice = history[from..to].to_vec();
                slice.reverse();
                batches.push((*id, slice));
            }
        }
        let shuffled = Just(batches).prop_shuffle().new_tree(&mut runner).unwrap().current();
        for together in shuffled.chunks(3) {
            apply_batch(conn, together).await.unwrap();
        }
        for ((id, history), reference) in ids.iter().zip(&histories).zip(&reference) {
            // What the deliveries left out is asked for by number, as the mirror does.
            let outcome = apply_events(conn, *id, &history[history.len() - 1..]).await.unwrap();
            if let Outcome::Gap { expected } = outcome {
                let rest = history.iter().filter(|e| e.number >= expected).cloned().collect::<Vec<_>>();
                apply_events(conn, *id, &rest).await.unwrap();
            }
            assert_eq!(
                &comparable(loaded(conn, *id).await),
                reference,
                "case {case}: {together:?}",
                together = shuffled
            );
            assert_eq!(&load_events(conn, *id, Some(0), 100).await.unwrap(), history, "case {case}");
        }
    }
}
