//! What is shown of orders, made again from Temporal alone: it comes out as it was.

use std::collections::BTreeMap;

use model::OrderId;
use serde_json::json;
use sqlx::PgPool;
use store::{EVENT_PAGE, EventCursor};

use crate::support::{Site, eventually};

/// What there is of an order in each table. Attempts are seen by workers and are not of its record, and where events stand among
/// those of all orders is looked at by following them.
const TABLES: [(&str, &str); 8] = [
    ("orders", "select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text from orders t where id = $1"),
    (
        "items",
        "select coalesce(jsonb_agg(to_jsonb(t) order by item), '[]')::text from order_items t where order_id = $1",
    ),
    (
        "tasks",
        "select coalesce(jsonb_agg(to_jsonb(t) order by task), '[]')::text from tasks t where order_id = $1",
    ),
    (
        "events",
        "select coalesce(jsonb_agg(to_jsonb(t) - 'transaction' - 'position' order by number), '[]')::text
         from order_events t where order_id = $1",
    ),
    (
        "residue",
        "select coalesce(jsonb_agg(to_jsonb(t) order by number), '[]')::text from residue t where order_id = $1",
    ),
    (
        "keys",
        "select coalesce(jsonb_agg(to_jsonb(t) order by key), '[]')::text from order_keys t where order_id = $1",
    ),
    (
        "waits",
        "select coalesce(jsonb_agg(to_jsonb(t) order by after_id, key), '[]')::text from order_waits t where order_id = $1",
    ),
    (
        "versions",
        "select coalesce(jsonb_agg(to_jsonb(t) order by delivery), '[]')::text from order_versions t where order_id = $1",
    ),
];

/// Everything that is said of an order in Postgres.
pub(crate) async fn rows(pool: &PgPool, order: OrderId) -> BTreeMap<&'static str, serde_json::Value> {
    let mut rows = BTreeMap::new();
    for (table, query) in TABLES {
        let text: String = sqlx::query_scalar(query).bind(order.uuid()).fetch_one(pool).await.unwrap();
        rows.insert(table, serde_json::from_str(&text).unwrap());
    }
    rows
}

/// Says something else of an order everywhere, and takes half of it away.
const WRECKS: [&str; 9] = [
    "update orders set state = 'pending', customer_name = 'Nobody', reason = 'wrecked', customer_status = 'lost', version = 9,
        next_event = 2, ended_at = null, started_at = null, blocked_task = null, blocked_reason = null, hold_for = null,
        search = '', request = '{}', plan_hash = '', updated_at = submitted_at where id = $1",
    "delete from tasks where order_id = $1 and position % 2 = 0",
    "update tasks set state = 'waiting', title = 'wrecked', result_event = null, person_since = null, generation = 7 where order_id = $1",
    "update order_items set state = 'completed', offering = 'WRECKED', removed = not removed where order_id = $1",
    "delete from order_events where order_id = $1 and number in (2, 3)",
    "update order_events set type = 'OrderHeld', data = '{}' where order_id = $1 and number = 4",
    "delete from residue where order_id = $1",
    "delete from order_waits where order_id = $1",
    "delete from order_versions where order_id = $1",
];

async fn wreck(pool: &PgPool, order: OrderId) {
    for statement in WRECKS {
        sqlx::query(statement).bind(order.uuid()).execute(pool).await.unwrap();
    }
}

/// Forgets an order, as a backup does that is older than it.
async fn forget(pool: &PgPool, order: OrderId) {
    for statement in ["delete from order_events where order_id = $1", "delete from orders where id = $1"] {
        sqlx::query(statement).bind(order.uuid()).execute(pool).await.unwrap();
    }
}

#[track_caller]
pub(crate) fn assert_same(
    found: &BTreeMap<&'static str, serde_json::Value>,
    expected: &BTreeMap<&'static str, serde_json::Value>,
) {
    for (table, expected) in expected {
        let found = &found[table];
        assert!(found == expected, "{table} differ:\n{found:#}\nexpected:\n{expected:#}");
    }
}

/// Where the stream of all orders' events ends.
async fn end_of_stream(pool: &PgPool) -> EventCursor {
    let mut connection = pool.acquire().await.unwrap();
    let mut end = EventCursor::default();
    loop {
        let page = store::tail_events(&mut connection, end, EVENT_PAGE).await.unwrap();
        let Some(last) = page.last() else { return end };
        end = last.cursor;
    }
}

/// Has an order be one of another speed, and gives the exit code.
fn amend(site: &Site, order: OrderId, speed: u32) -> i32 {
    let patch = format!(r#"{{"items": {{"1": {{"attributes": {{"speed_mbps": {speed}}}}}}}}}"#);
    let file = site.file("patch.json", &patch);
    let order = order.to_string();
    site.run(&["amend", &order, file.to_str().unwrap(), "--patch", "--reason", "as they wish", "--yes"]).code
}

/// Wrecks an order's rows and has them made again, and sees that they are as before and that nobody is told of it.
async fn assert_comes_back(site: &Site, order: OrderId) {
    let pool = site.pool();
    let before = rows(&pool, order).await;
    let end = end_of_stream(&pool).await;
    wreck(&pool, order).await;
    assert_ne!(rows(&pool, order).await, before);
    let said = site.run(&["mirror", "rebuild", &order.to_string()]);
    assert_eq!(said.code, 0, "{said:?}");
    let events = before["events"].as_array().unwrap().len();
    assert_eq!(said.out, format!("{order} is made again, of {events} events\n"));
    assert_same(&rows(&pool, order).await, &before);
    let mut connection = pool.acquire().await.unwrap();
    let told = store::tail_events(&mut connection, end, EVENT_PAGE).await.unwrap();
    let again: Vec<_> = told.iter().filter(|told| told.order == order).collect();
    assert!(again.is_empty(), "told again: {again:?}");
}

/// The same where nothing of it is left.
async fn assert_comes_back_from_nothing(site: &Site, order: OrderId) {
    let pool = site.pool();
    let before = rows(&pool, order).await;
    forget(&pool, order).await;
    let said = site.run(&["mirror", "rebuild", &order.to_string()]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_same(&rows(&pool, order).await, &before);
}

/// Writes down an order like another one, as if it had been accepted two minutes ago and the promise to start it were lost.
pub(crate) async fn accept_unstarted(site: &Site, like: OrderId) -> OrderId {
    let order = OrderId::new(uuid::Uuid::now_v7());
    for statement in [
        "insert into orders select (jsonb_populate_record(o, jsonb_build_object(
            'id', $1::uuid, 'external_id', null, 'state', 'acknowledged', 'next_event', 1, 'started_at', null,
            'submitted_at', now() - interval '2 minutes', 'customer_status', null
        ))).* from orders o where id = $2",
        "insert into order_items select (jsonb_populate_record(i, jsonb_build_object('order_id', $1::uuid))).*
            from order_items i where order_id = $2",
        "insert into tasks (order_id, task, position, title, state)
            select $1, task, position, title, 'waiting' from tasks where order_id = $2",
    ] {
        sqlx::query(statement).bind(order.uuid()).bind(like.uuid()).execute(&site.pool()).await.unwrap();
    }
    order
}

#[tokio::test]
async fn an_order_comes_back_as_it_was_whatever_became_of_it() {
    let site = Site::start().await;
    let completed = site.submit("home_fiber");
    site.until_visit(completed).await;
    assert_eq!(site.report(completed).code, 0);
    site.until_state(completed, "completed").await;

    let amended = site.submit("home_fiber");
    site.until_visit(amended).await;
    assert_eq!(amend(&site, amended, 500), 0);
    eventually("version 2 is shown", async || (site.order(amended).await["version"] == 2).then_some(()))
        .await;
    site.upset("billing/start", json!({"delay_ms": 4_000})).await;
    assert_eq!(site.report(amended).code, 0);
    site.until_task(amended, "start_billing", "running").await;
    assert_eq!(amend(&site, amended, 100), 1, "it is past its point of no return");
    site.until_state(amended, "completed").await;

    site.upset("inventory/reserve", json!({"refuse": "node 7 is down"})).await;
    let held = site.submit("home_fiber");
    site.until_task(held, "reserve_ont[1]", "held").await;
    site.until_task(held, "reserve_port[1]", "held").await;
    site.upset("inventory/reserve", json!({})).await;

    site.upset("inventory/release", json!({"refuse": "closed for the year"})).await;
    let left = site.submit("home_fiber");
    site.until_visit(left).await;
    assert_eq!(site.run(&["cancel", &left.to_string(), "--reason", "moved away"]).code, 0);
    eventually("both undos have failed", async || {
        let page = site.get(&format!("{}/v1/fallout?order={left}", site.api)).await;
        (page["work_items"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    let accepted = site.run(&["fallout", "accept", "--order", &left.to_string(), "--note", "written off"]);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    site.until_state(left, "cancelled").await;

    site.upset("inventory/release", json!({})).await;
    site.upset("olt/activate", json!({"refuse": "the ONU is not known"})).await;
    let failed = site.submit("provision_subscriber");
    site.until_state(failed, "failed").await;

    for order in [completed, amended, held, left, failed] {
        assert_comes_back(&site, order).await;
        assert_comes_back_from_nothing(&site, order).await;
    }
    // They are not only shown: the order goes on from there.
    let retry = ["fallout", "retry", "--order", &held.to_string(), "--note", "node 7 is up"];
    assert_eq!(site.run(&retry).code, 0);
    site.until_visit(held).await;
    site.close().await;
}

#[tokio::test]
async fn orders_come_back_with_those_that_they_run_or_wait_for() {
    let site = Site::start().await;
    let first = site.submit("home_fiber");
    site.until_visit(first).await;
    let document = std::fs::read_to_string(crate::support::sample("home_fiber")).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&document).unwrap();
    document["external_id"] = json!("SECOND");
    document["after_order"] = json!([first.to_string()]);
    let second = site.post_order(&document.to_string()).await;
    site.until_state(second, "pending").await;
    let parent = site.submit("parcel_order");
    let child: OrderId = eventually("the parcel is on its way", async || {
        let children = site.order(parent).await["children"].clone();
        children[0]["id"].as_str()?.parse().ok()
    })
    .await;
    for order in [parent, child] {
        eventually("it has ended", async || {
            let order = site.order(order).await;
            (order["ended_at"] != json!(null)).then_some(())
        })
        .await;
    }

    let pool = site.pool();
    let orders = [first, second, parent, child];
    let mut before = Vec::new();
    for order in orders {
        before.push(rows(&pool, order).await);
    }
    for order in orders {
        wreck(&pool, order).await;
    }
    // The one that waits needs the other, and the child its parent, whichever comes first.
    for order in [child, second] {
        forget(&pool, order).await;
    }
    forget(&pool, parent).await;
    forget(&pool, first).await;
    let said = site.run(&["mirror", "rebuild", "--all"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.ends_with("4 orders are made again\n"), "{said:?}");
    for (order, before) in orders.into_iter().zip(before) {
        assert_same(&rows(&pool, order).await, &before);
    }
    site.close().await;
}

#[tokio::test]
async fn what_temporal_does_not_have_is_left_as_it_is() {
    let site = Site::start().await;
    let started = site.submit("home_fiber");
    site.until_visit(started).await;
    let order = accept_unstarted(&site, started).await;
    let pool = site.pool();
    let before = rows(&pool, order).await;
    let said = site.run(&["mirror", "rebuild", &order.to_string()]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("Temporal has nothing of the order"), "{said:?}");
    assert_same(&rows(&pool, order).await, &before);
    let nobody = site.run(&["mirror", "rebuild", "0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21"]);
    assert_eq!(nobody.code, 1, "{nobody:?}");
    site.close().await;
}
