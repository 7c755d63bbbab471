//! Taking an order: once, whatever comes how often.

use model::Duration;
use sqlx::PgPool;
use store::{
    AcceptError, Accepted, KEY_RETENTION, Keyed, OrderFilter, START_GRACE, Steering, claim_intents,
    find_accepted, list_orders, load_events, load_order, load_plan, purge_keys,
};

use crate::fixture::{accept, accept_keyed, at, hash, order, order_id, plan};

fn keyed(key: &str, digit: char) -> Keyed {
    Keyed { key: key.parse().unwrap(), request_hash: hash(digit) }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_accepted_order_shows_its_whole_plan(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    assert!(matches!(accept(conn, &order(1)).await, Accepted::Created { .. }));

    let row = load_order(conn, order_id(1)).await.unwrap().unwrap();
    assert_eq!(row.request, order(1).request);
    assert_eq!(row.summary.author.as_str(), "webshop");
    assert_eq!(row.summary.blueprint.to_string(), "home_fiber@3");
    assert_eq!(row.items[0].kind.as_ref().unwrap().as_str(), "fiber");
    assert_eq!((row.summary.progress.state.as_str(), row.summary.progress.next_event), ("acknowledged", 1));
    let tasks: Vec<String> =
        row.tasks.iter().map(|t| format!("{} {} ({})", t.id, t.progress.state, t.title)).collect();
    assert_eq!(
        tasks,
        [
            "check waiting (call crm.check)",
            "reserve[1] waiting (call inventory.reserve)",
            "visit[1] waiting (wait for technician_report)",
            "gift skipped (call shop.send)",
            "active waiting (milestone)",
        ]
    );
    assert_eq!(row.tasks[1].progress.undo_call.as_deref(), Some("inventory.release"));
    assert_eq!(row.tasks[3].progress.reason.as_deref(), Some("the customer wants no gift"));
    assert_eq!(row.summary.expected.as_ref().unwrap().to_string(), "starts at once");
    assert_eq!(load_plan(conn, order_id(1)).await.unwrap(), Some(plan()));
    let events = load_events(conn, order_id(1), None, 10).await.unwrap();
    assert_eq!(events.iter().map(|e| (e.number, e.fact.name())).collect::<Vec<_>>(), [(0, "OrderAccepted")]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_not_there_is_none(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    assert_eq!(load_order(conn, order_id(1)).await.unwrap(), None);
    assert_eq!(load_plan(conn, order_id(1)).await.unwrap(), None);
    assert_eq!(load_events(conn, order_id(1), None, 10).await.unwrap(), []);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_start_is_promised_with_the_order(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let Accepted::Created { start, .. } = accept(conn, &order(1)).await else { panic!("an order was there") };
    let lease = Duration::from_secs(30);

    assert_eq!(claim_intents(conn, at(1), lease, 10).await.unwrap(), [], "the acceptor carries it first");
    let claimed = claim_intents(conn, at(1).plus(START_GRACE), lease, 10).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(
        (claimed[0].id, claimed[0].order, &claimed[0].steering),
        (start, order_id(1), &Steering::Start)
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_external_id_is_the_same_order(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let mut first = order(1);
    first.request.external_id = Some("SHOP-1".parse().unwrap());
    let mut second = order(2);
    second.request.external_id = first.request.external_id.clone();
    accept(conn, &first).await;

    let key = keyed("k-2", 'a');
    let again = accept_keyed(conn, &second, Some(&key)).await.unwrap();
    assert_eq!(again, Accepted::Existing(order_id(1)));
    assert_eq!(load_order(conn, order_id(2)).await.unwrap(), None);
    let by_key = accept_keyed(conn, &order(3), Some(&key)).await.unwrap();
    assert_eq!(by_key, Accepted::Existing(order_id(1)), "the key stands for the order that was there");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_order_id_is_the_same_order(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    assert_eq!(accept(conn, &order(1)).await, Accepted::Existing(order_id(1)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_key_stands_for_one_request(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let (key, other) = (keyed("k-1", 'a'), keyed("k-1", 'b'));
    accept_keyed(conn, &order(1), Some(&key)).await.unwrap();

    assert_eq!(
        accept_keyed(conn, &order(2), Some(&key)).await.unwrap(),
        Accepted::Existing(order_id(1)),
        "the same request again"
    );
    let refused = accept_keyed(conn, &order(3), Some(&other)).await.unwrap_err();
    assert!(matches!(refused, AcceptError::KeyReused(_)));
    assert_eq!(
        refused.to_string(),
        "the idempotency key `k-1` came before with another request, \
         for order 00000000-0000-0000-0000-000000000001"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_repetition_is_recognised_before_anything_is_written(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let (key, other, new) = (keyed("k-1", 'a'), keyed("k-1", 'b'), keyed("k-2", 'a'));
    let id = "SHOP-1".parse().unwrap();
    let mut first = order(1);
    first.request.external_id = Some("SHOP-1".parse().unwrap());
    assert_eq!(find_accepted(conn, Some(&id), Some(&key), at(1)).await.unwrap(), None);
    assert!(matches!(accept_keyed(conn, &first, Some(&key)).await.unwrap(), Accepted::Created { .. }));

    let known = Some(order_id(1));
    assert_eq!(find_accepted(conn, None, Some(&key), at(2)).await.unwrap(), known);
    assert_eq!(find_accepted(conn, Some(&id), None, at(2)).await.unwrap(), known);
    assert_eq!(find_accepted(conn, None, Some(&new), at(2)).await.unwrap(), None);
    assert_eq!(find_accepted(conn, None, None, at(2)).await.unwrap(), None);
    let reused = find_accepted(conn, Some(&id), Some(&other), at(2)).await.unwrap_err();
    assert!(matches!(reused, AcceptError::KeyReused(_)));

    assert_eq!(find_accepted(conn, Some(&id), Some(&new), at(2)).await.unwrap(), known);
    assert_eq!(find_accepted(conn, None, Some(&new), at(3)).await.unwrap(), known, "the key is taken now");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn keys_are_forgotten_after_their_retention(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let key = keyed("k-1", 'a');
    accept_keyed(conn, &order(1), Some(&key)).await.unwrap();
    let end = at(1).plus(KEY_RETENTION);
    assert_eq!(purge_keys(conn, end, 100).await.unwrap(), 0);
    assert_eq!(purge_keys(conn, end.plus(Duration::from_millis(1)), 100).await.unwrap(), 1);
    assert!(matches!(accept_keyed(conn, &order(2), Some(&key)).await.unwrap(), Accepted::Created { .. }));
}

/// Twenty requests at once, each with an order id of its own: one order, and everyone hears of it.
async fn race(pool: &PgPool, external_id: Option<&str>, key: Option<Keyed>) {
    let racers = (1..=20).map(|n| {
        let (pool, key) = (pool.clone(), key.clone());
        let mut order = order(n);
        order.request.external_id = external_id.map(|id| id.parse().unwrap());
        tokio::spawn(async move {
            let mut conn = pool.acquire().await.unwrap();
            match accept_keyed(&mut conn, &order, key.as_ref()).await.unwrap() {
                Accepted::Created { .. } => (true, order.id),
                Accepted::Existing(id) => (false, id),
            }
        })
    });
    let mut heard = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        heard.push(racer.await.unwrap());
    }
    assert_eq!(heard.iter().filter(|(created, _)| *created).count(), 1);
    assert!(heard.iter().all(|(_, id)| *id == heard[0].1), "{heard:?}");

    let conn = &mut *pool.acquire().await.unwrap();
    let page = list_orders(conn, &OrderFilter::default(), None, 200).await.unwrap();
    assert_eq!(page.orders.len(), 1);
    let later = at(1_000);
    assert_eq!(claim_intents(conn, later, Duration::from_secs(1), 100).await.unwrap().len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn racing_requests_with_one_external_id_give_one_order(pool: PgPool) {
    race(&pool, Some("SHOP-1"), None).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn racing_requests_with_one_key_give_one_order(pool: PgPool) {
    race(&pool, None, Some(keyed("k-1", 'a'))).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn racing_requests_with_both_give_one_order(pool: PgPool) {
    race(&pool, Some("SHOP-1"), Some(keyed("k-1", 'a'))).await;
}
