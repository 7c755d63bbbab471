//! Promises to Temporal: kept by whoever lives, one at a time per order.

use std::collections::BTreeMap;

use model::{Actor, Duration, Timestamp};
use sqlx::PgPool;
use store::{Intent, START_GRACE, Steering, add_intent, claim_intents, delay_intent, finish_intents};

use crate::fixture::{accept, at, order, order_id, value};

const LEASE: Duration = Duration::from_secs(30);

fn cancel() -> Steering {
    Steering::Cancel {
        id: "c-1".parse().unwrap(),
        by: Actor::new("webshop"),
        reason: "moved house".to_owned(),
        item: None,
    }
}

fn orders(intents: &[Intent]) -> Vec<u128> {
    intents.iter().map(|intent| intent.order.uuid().as_u128()).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_start_is_carried_before_its_cancel(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    add_intent(conn, order_id(1), &cancel(), at(1), Duration::ZERO).await.unwrap().unwrap();
    let due = at(1).plus(START_GRACE);

    assert_eq!(claim_intents(conn, at(2), LEASE, 10).await.unwrap(), [], "the start is not due yet");
    let start = claim_intents(conn, due, LEASE, 10).await.unwrap();
    assert_eq!(start.iter().map(|i| &i.steering).collect::<Vec<_>>(), [&Steering::Start]);
    assert_eq!(claim_intents(conn, due, LEASE, 10).await.unwrap(), [], "the start is under way");
    finish_intents(conn, &[start[0].id]).await.unwrap();
    let rest = claim_intents(conn, due, LEASE, 10).await.unwrap();
    assert_eq!(rest.iter().map(|i| &i.steering).collect::<Vec<_>>(), [&cancel()]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_kind_is_read_back(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let deliver = Steering::Deliver {
        id: "s-1".parse().unwrap(),
        signal: "technician report?".to_owned(),
        task: Some("visit[1]".to_owned()),
        payload: value(r#"{"odd": "\u0000", "price": 0.10, "iccid": 18446744073709551616}"#),
    };
    let operate = Steering::Operate {
        id: "o-1".parse().unwrap(),
        action: "retry".to_owned(),
        task: "reserve[1]".parse().unwrap(),
        by: Actor::new("grace"),
        note: String::new(),
    };
    for (n, steering) in (1..).zip([&deliver, &operate]) {
        let Ok(store::Accepted::Created { start, .. }) =
            crate::fixture::accept_keyed(conn, &order(n), None).await
        else {
            panic!("an order was there")
        };
        finish_intents(conn, &[start]).await.unwrap();
        add_intent(conn, order_id(n), steering, at(1), Duration::ZERO).await.unwrap().unwrap();
    }
    let claimed = claim_intents(conn, at(1), LEASE, 10).await.unwrap();
    assert_eq!(claimed.iter().map(|i| &i.steering).collect::<Vec<_>>(), [&deliver, &operate]);
}

#[test]
fn a_signal_stored_without_a_task_is_for_whoever_waits() {
    let stored =
        r#"{"kind": "deliver", "payload": {"id": "s-1", "signal": "technician_report", "payload": null}}"#;
    let Steering::Deliver { task, .. } = serde_json::from_str(stored).unwrap() else {
        panic!("another kind was read")
    };
    assert_eq!(task, None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nothing_is_promised_for_an_unknown_order(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    assert_eq!(add_intent(conn, order_id(1), &cancel(), at(1), Duration::ZERO).await.unwrap(), None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_claim_whose_holder_died_is_due_again(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let due = at(1).plus(START_GRACE);
    let lost = claim_intents(conn, due, LEASE, 10).await.unwrap();
    assert_eq!(lost[0].attempts, 1);
    let end = due.plus(LEASE);
    assert_eq!(claim_intents(conn, end, LEASE, 10).await.unwrap()[0].attempts, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_failure_rests_longer_each_time_and_never_for_good(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let mut now = at(1).plus(START_GRACE);
    for seconds in [1, 2, 4, 8, 16, 30, 30] {
        let intent = claim_intents(conn, now, LEASE, 10).await.unwrap().remove(0);
        delay_intent(conn, &intent, "connection refused", now).await.unwrap();
        let rested = now.plus(Duration::from_secs(seconds));
        let early = Timestamp::from_millis(rested.as_millis() - 1);
        assert_eq!(claim_intents(conn, early, LEASE, 10).await.unwrap(), []);
        now = rested;
    }
    assert_eq!(claim_intents(conn, now, LEASE, 10).await.unwrap()[0].attempts, 8);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn claimers_that_race_share_the_work(pool: PgPool) {
    {
        let conn = &mut *pool.acquire().await.unwrap();
        for n in 1..=60 {
            accept(conn, &order(n)).await;
            add_intent(conn, order_id(n), &cancel(), at(1), Duration::ZERO).await.unwrap().unwrap();
        }
    }
    let now = at(1_000);
    let claimers = (0..6).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let mut conn = pool.acquire().await.unwrap();
            let mut carried = Vec::new();
            loop {
                let claimed = claim_intents(&mut conn, now, LEASE, 5).await.unwrap();
                let mut once = orders(&claimed);
                once.dedup();
                assert_eq!(once.len(), claimed.len(), "one of each order at a time");
                let ids: Vec<_> = claimed.iter().map(|intent| intent.id).collect();
                finish_intents(&mut conn, &ids).await.unwrap();
                if claimed.is_empty() {
                    return carried;
                }
                carried.extend(claimed);
            }
        })
    });
    let mut carried: BTreeMap<u128, Vec<Intent>> = BTreeMap::new();
    for claimer in claimers.collect::<Vec<_>>() {
        for intent in claimer.await.unwrap() {
            carried.entry(intent.order.uuid().as_u128()).or_default().push(intent);
        }
    }
    let conn = &mut *pool.acquire().await.unwrap();
    for intent in claim_intents(conn, now, LEASE, 100).await.unwrap() {
        carried.entry(intent.order.uuid().as_u128()).or_default().push(intent);
    }
    assert_eq!(carried.len(), 60);
    for intents in carried.values_mut() {
        intents.sort_by_key(|intent| intent.id);
        let kinds: Vec<_> = intents.iter().map(|intent| &intent.steering).collect();
        assert_eq!(kinds, [&Steering::Start, &cancel()]);
        assert!(intents.iter().all(|intent| intent.attempts == 1), "each is claimed once");
    }
}
