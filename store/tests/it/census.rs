//! Counting what there is.

use model::{Duration, OrderState};
use sqlx::PgPool;
use store::{Census, IntentCount, Steering, add_intent, note_stopped, take_census};

use crate::fixture::{accept, at, order, order_id};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_open_held_or_promised_is_counted(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    assert_eq!(take_census(conn).await.unwrap(), Census::default());
    for n in 1..=3 {
        accept(conn, &order(n)).await;
    }
    let cancel = Steering::Cancel {
        id: "c-1".parse().unwrap(),
        by: model::Actor::new("webshop"),
        reason: "moved house".to_owned(),
        item: None,
    };
    add_intent(conn, order_id(2), &cancel, at(5), Duration::ZERO).await.unwrap().unwrap();
    sqlx::query("update orders set ended_at = now() where id = $1")
        .bind(order_id(3).uuid())
        .execute(&mut *conn)
        .await
        .unwrap();
    for n in [1, 3] {
        assert_eq!(note_stopped(conn, order_id(n), at(9)).await.unwrap(), n == 1);
    }
    let Census { open_orders, stopped_orders, orders_at_risk, held_tasks, intents } =
        take_census(conn).await.unwrap();
    assert_eq!(stopped_orders, 1, "one that has ended was not stopped");
    assert_eq!(open_orders, [(OrderState::Acknowledged, 2)], "the one that has ended is not counted");
    assert_eq!(orders_at_risk, 0);
    assert_eq!(held_tasks, []);
    let kinds: Vec<_> = intents.iter().map(|intents| (intents.kind.as_str(), intents.count)).collect();
    assert_eq!(kinds, [("cancel", 1), ("start", 3)]);
    assert_eq!(intents[0], IntentCount { kind: "cancel".to_owned(), count: 1, oldest: at(5) });
}
