//! Orders that come after others.

use model::{ExternalId, Fact, Order, OrderId, OrderState};
use plan::{Plan, PlanParts};
use sqlx::{PgConnection, PgPool};
use store::{AcceptError, Accepted, Expectation, Intent, NewOrder, PlaceError, Steering};

use crate::fixture::{at, events, order, order_id, plan};

/// The plan of an order with these keys.
fn keyed(keys: &[&str]) -> Plan {
    let sequence = keys.iter().map(|key| key.parse().unwrap()).collect();
    Plan::new(PlanParts { sequence, ..plan().into() }).unwrap()
}

async fn place(conn: &mut PgConnection, order: &Order, plan: &Plan) -> Result<Vec<OrderId>, AcceptError> {
    let author = model::Actor::new("web shop");
    let new = NewOrder { order, plan, author: &author, key: None };
    match store::accept_order(conn, &new).await? {
        Accepted::Created { after, .. } => Ok(after),
        Accepted::Existing(known) => panic!("{known} is there already"),
    }
}

async fn share(conn: &mut PgConnection, n: u128, keys: &[&str]) -> Vec<u128> {
    let after = place(conn, &order(n), &keyed(keys)).await.unwrap();
    after.into_iter().map(|id| id.uuid().as_u128()).collect()
}

fn after(n: u128, names: &[&str]) -> Order {
    let mut order = order(n);
    order.request.external_id = Some(ExternalId::new(&format!("CRM-{n}")).unwrap());
    order.request.after_order = names.iter().map(|name| name.parse().unwrap()).collect();
    order
}

async fn end(conn: &mut PgConnection, n: u128) {
    let ended = events(vec![Fact::OrderStarted {}, Fact::OrderCompleted {}]);
    store::apply_events(conn, order_id(n), &ended).await.unwrap();
}

/// What is promised to be told of ends, to whom; the starts are kept.
async fn told(conn: &mut PgConnection) -> Vec<(u128, u128)> {
    let mut told = Vec::new();
    loop {
        let claimed =
            store::claim_intents(conn, at(1_000_000), model::Duration::from_secs(1), 100).await.unwrap();
        if claimed.is_empty() {
            return told;
        }
        let end = |intent: &Intent| match &intent.steering {
            Steering::OrderEnded { order } => Some((intent.order.uuid().as_u128(), order.uuid().as_u128())),
            _ => None,
        };
        told.extend(claimed.iter().filter_map(end));
        let ids: Vec<_> = claimed.iter().map(|intent| intent.id).collect();
        store::finish_intents(conn, &ids).await.unwrap();
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn orders_with_a_key_in_common_follow_each_other(pool: PgPool) {
    let conn = &mut pool.acquire().await.unwrap();
    assert_eq!(share(conn, 1, &["SUB-1"]).await, [0; 0]);
    assert_eq!(share(conn, 2, &["SUB-2"]).await, [0; 0]);
    assert_eq!(share(conn, 3, &["SUB-1", "SUB-2"]).await, [1, 2]);
    assert_eq!(share(conn, 4, &["SUB-1"]).await, [1, 3], "one that is cancelled lets nobody pass another");
    end(conn, 1).await;
    assert_eq!(share(conn, 5, &["SUB-1"]).await, [3, 4]);
    assert_eq!(told(conn).await, [(3, 1), (4, 1)]);
    end(conn, 2).await;
    assert_eq!(told(conn).await, [(3, 2)]);

    let third = store::load_order(conn, order_id(3)).await.unwrap().unwrap();
    let before: Vec<_> = third
        .predecessors
        .iter()
        .map(|before| (before.order.uuid().as_u128(), before.state, before.key.as_ref().unwrap().as_str()))
        .collect();
    assert_eq!(before, [(1, OrderState::Completed, "SUB-1"), (2, OrderState::Completed, "SUB-2")]);
    assert_eq!(store::load_predecessors(conn, order_id(3)).await.unwrap(), [order_id(1), order_id(2)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_comes_after_those_that_it_names_by_either_id(pool: PgPool) {
    let conn = &mut pool.acquire().await.unwrap();
    place(conn, &after(1, &[]), &plan()).await.unwrap();
    place(conn, &after(2, &[]), &plan()).await.unwrap();
    let named = after(3, &["CRM-1", &order_id(2).to_string()]);
    assert_eq!(place(conn, &named, &plan()).await.unwrap(), [order_id(1), order_id(2)]);
    let pending = store::load_order(conn, order_id(3)).await.unwrap().unwrap();
    assert_eq!(pending.summary.progress.pending_after, [order_id(1), order_id(2)]);
    let waits = Expectation::Start { at: None, after: vec![order_id(1), order_id(2)] };
    assert_eq!(pending.summary.expected.unwrap().what, waits);

    end(conn, 1).await;
    assert_eq!(told(conn).await, [(3, 1)]);
    assert_eq!(place(conn, &after(4, &["CRM-1"]), &plan()).await.unwrap(), [], "it has ended");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_can_have_no_place_is_not_written(pool: PgPool) {
    let conn = &mut pool.acquire().await.unwrap();
    place(conn, &after(1, &[]), &plan()).await.unwrap();
    let unknown = place(conn, &after(2, &["CRM-1", "CRM-9"]), &plan()).await.unwrap_err();
    assert!(matches!(unknown, AcceptError::Place(PlaceError::Unknown { place: 1, .. })), "{unknown:?}");
    for itself in ["CRM-2", &order_id(2).to_string()] {
        let circular = place(conn, &after(2, &[itself]), &plan()).await.unwrap_err();
        assert_eq!(circular.to_string(), format!("the order would wait for itself: `{itself}` → `{itself}`"));
    }
    assert!(store::load_order(conn, order_id(2)).await.unwrap().is_none());
    place(conn, &after(2, &["CRM-1"]), &plan()).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn orders_accepted_at_once_follow_each_other_too(pool: PgPool) {
    let mut accepting = tokio::task::JoinSet::new();
    for n in 1..=8 {
        let pool = pool.clone();
        accepting.spawn(async move { share(&mut pool.acquire().await.unwrap(), n, &["SUB-1"]).await.len() });
    }
    let mut before = accepting.join_all().await;
    before.sort_unstable();
    assert_eq!(before, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn no_end_is_missed_that_is_written_while_an_order_is_accepted(pool: PgPool) {
    for n in 1..=20 {
        let conn = &mut pool.acquire().await.unwrap();
        let key = format!("SUB-{n}");
        share(conn, n, &[&key]).await;
        let other = &mut pool.acquire().await.unwrap();
        let keys = [key.as_str()];
        let (followed, ()) = tokio::join!(share(other, 100 + n, &keys), end(conn, n));
        let told = told(conn).await;
        let expected = if followed.is_empty() { vec![] } else { vec![(100 + n, n)] };
        assert_eq!(told, expected, "waits for {followed:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_was_stopped_from_outside_is_waited_for_no_more(pool: PgPool) {
    let conn = &mut pool.acquire().await.unwrap();
    share(conn, 1, &["SUB-1"]).await;
    share(conn, 2, &["SUB-1"]).await;
    assert!(store::note_stopped(conn, order_id(1), at(500)).await.unwrap());
    assert_eq!(told(conn).await, [(2, 1)]);
    assert_eq!(share(conn, 3, &["SUB-1"]).await, [2]);
    // Somebody has its workflow go on after all.
    store::apply_events(conn, order_id(1), &events(vec![Fact::OrderStarted {}])).await.unwrap();
    assert_eq!(share(conn, 4, &["SUB-1"]).await, [1, 2, 3]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_pending_order_has_not_heard_is_told_again(pool: PgPool) {
    let conn = &mut pool.acquire().await.unwrap();
    share(conn, 1, &["SUB-1"]).await;
    share(conn, 2, &["SUB-1"]).await;
    let pending = |after| Fact::OrderPending { until: None, after };
    store::apply_events(conn, order_id(2), &events(vec![pending(vec![order_id(1)])])).await.unwrap();
    assert_eq!(store::mend_waits(conn, at(1_000_000), 10).await.unwrap(), 0, "it has not ended");
    end(conn, 1).await;
    assert_eq!(store::mend_waits(conn, at(1_000_000), 10).await.unwrap(), 0, "it is promised");
    assert_eq!(told(conn).await, [(2, 1)]);
    assert_eq!(store::mend_waits(conn, at(1_000_000), 10).await.unwrap(), 1);
    assert_eq!(told(conn).await, [(2, 1)]);
    let heard = events(vec![pending(vec![order_id(1)]), Fact::OrderStarted {}]);
    store::apply_events(conn, order_id(2), &heard).await.unwrap();
    assert_eq!(store::mend_waits(conn, at(1_000_000), 10).await.unwrap(), 0);
    let begun = store::load_order(conn, order_id(2)).await.unwrap().unwrap();
    assert_eq!(begun.summary.progress.pending_after, []);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_later_start_shows_before_the_order_says_so_itself(pool: PgPool) {
    let conn = &mut pool.acquire().await.unwrap();
    let mut later = order(1);
    later.request.requested_start = Some(at(5_000));
    place(conn, &later, &plan()).await.unwrap();
    let read = store::load_order(conn, order_id(1)).await.unwrap().unwrap().summary;
    assert_eq!(read.progress.pending_until, Some(at(5_000)));
    assert_eq!(read.expected.unwrap().what, Expectation::Start { at: Some(at(5_000)), after: vec![] });
}
