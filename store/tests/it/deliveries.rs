//! What became of signals, cancels and actions, and which signals are kept.

use model::{Fact, OrderEvent, Value};
use sqlx::{PgConnection, PgPool};
use store::{apply_events, load_delivery, load_order};

use crate::fixture::{accept, at, completes, is_cancelled, order, order_id, started, task, value};

async fn told(conn: &mut PgConnection, n: u128, id: &str) -> Vec<&'static str> {
    let events = load_delivery(conn, order_id(n), &id.parse().unwrap()).await.unwrap();
    events.iter().map(|event| event.fact.name()).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_delivery_is_found_with_all_that_became_of_it(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    accept(conn, &order(2)).await;
    apply_events(conn, order_id(1), &completes()).await.unwrap();
    apply_events(conn, order_id(2), &is_cancelled()).await.unwrap();
    assert_eq!(told(conn, 1, "op-1").await, ["OperatorActed"]);
    assert_eq!(told(conn, 1, "s-0").await, ["SignalRefused"]);
    assert_eq!(told(conn, 1, "s-1").await, ["SignalReceived"]);
    assert_eq!(told(conn, 2, "c-1").await, ["CancelRequested", "CancelRefused"]);
    assert_eq!(told(conn, 2, "c-2").await, ["CancelRequested", "CancelAccepted"]);
    assert_eq!(told(conn, 1, "s").await, [""; 0], "another id that begins so is another");
    assert_eq!(told(conn, 1, "c-2").await, [""; 0], "another order's are its own");
}

/// Applies the next events of order 1, a second apart.
async fn happens(conn: &mut PgConnection, facts: Vec<Fact>) {
    let first = load_order(conn, order_id(1)).await.unwrap().unwrap().summary.progress.next_event;
    let events =
        (first..).zip(facts).map(|(number, fact)| OrderEvent { number, at: at(number.cast_signed()), fact });
    apply_events(conn, order_id(1), &events.collect::<Vec<_>>()).await.unwrap();
}

fn kept(id: &str, for_task: Option<&str>, payload: Value) -> Fact {
    let (id, signal) = (id.parse().unwrap(), "technician_report".parse().unwrap());
    Fact::SignalKept { id, signal, task: for_task.map(task), payload }
}

async fn kept_now(conn: &mut PgConnection) -> Vec<String> {
    let kept = load_order(conn, order_id(1)).await.unwrap().unwrap().kept;
    let told = kept.iter().map(|signal| {
        let task = signal.task.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {} {task} {}", signal.id, signal.signal, signal.at)
    });
    told.collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn signals_are_kept_until_they_are_taken_or_refused(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    // What Postgres can't hold as text, and what looks like the id of another.
    let odd = Value::record([("note", Value::text("\0")), ("id", Value::text("s-2"))]);
    happens(
        conn,
        vec![
            Fact::OrderStarted {},
            kept("s-1", Some("visit[1]"), odd),
            kept("s-2", None, value(r#"{"a": 1}"#)),
            kept("s-3", None, Value::Null),
        ],
    )
    .await;
    assert_eq!(
        kept_now(conn).await,
        [
            "s-1 technician_report visit[1] 2026-09-21T14:13:22.000Z",
            "s-2 technician_report  2026-09-21T14:13:23.000Z",
            "s-3 technician_report  2026-09-21T14:13:24.000Z",
        ]
    );
    assert_eq!(told(conn, 1, "s-2").await, ["SignalKept"]);
    let signal = "technician_report";
    happens(
        conn,
        vec![
            started("visit[1]", 1),
            Fact::SignalReceived {
                id: "s-1".parse().unwrap(),
                signal: signal.parse().unwrap(),
                task: task("visit[1]"),
                payload: value(r#"{"id": "s-3"}"#),
            },
            Fact::SignalRefused {
                id: "s-2".parse().unwrap(),
                signal: signal.to_owned(),
                reason: "of another shape".to_owned(),
            },
        ],
    )
    .await;
    assert_eq!(kept_now(conn).await, ["s-3 technician_report  2026-09-21T14:13:24.000Z"]);
    assert_eq!(told(conn, 1, "s-2").await, ["SignalKept", "SignalRefused"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_turns_back_or_ends_keeps_no_signals(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    happens(conn, vec![Fact::OrderStarted {}, kept("s-1", None, Value::Null)]).await;
    assert_eq!(kept_now(conn).await.len(), 1);
    happens(conn, vec![Fact::OrderRollingBack { reason: "no port".to_owned() }]).await;
    assert_eq!(kept_now(conn).await, [""; 0]);
    happens(conn, vec![Fact::OrderFailed { reason: "no port".to_owned() }]).await;
    assert_eq!(kept_now(conn).await, [""; 0]);
}
