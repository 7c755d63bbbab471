//! Orders that are there before a test begins: written as the store writes them, moved by their events.

use model::{Actor, Fact, HoldFor, Order, OrderEvent, OrderId, OrderRequest, TaskId, Timestamp, Value};
use plan::Plan;
use sqlx::PgPool;
use store::{Accepted, NewOrder, Outcome, Steering};
use uuid::Uuid;

/// So many seconds after everything began.
pub(crate) fn after(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000)
}

/// An order of one item, accepted `n` seconds after everything began.
pub(crate) fn order(n: u128, customer: &str) -> Order {
    let document = format!(
        r#"{{"external_id": "E-{n}", "customer": {{"id": "{customer}", "name": "Ada"}}, "category": "consumer",
            "notes": ["ring twice"], "attributes": {{"site": "UTR-7"}},
            "items": [{{"id": "1", "offering": "FIBER_{n}", "action": "add", "attributes": {{"speed": 100}}}}]}}"#
    );
    let document: Value = serde_json::from_str(&document).unwrap();
    let request = OrderRequest::parse(document).unwrap();
    let submitted_at = after(i64::try_from(n).unwrap());
    Order { id: OrderId::new(Uuid::from_u128(n)), submitted_at, request }
}

/// Reserve a port for the item, wait for the technician, tell the customer.
pub(crate) fn plan(blueprint: &str) -> Plan {
    let site = r#"{"expr": {"field": {"of": "order", "name": "site", "safe": false}}, "text": "order.site", "line": 3}"#;
    let call = |operation: &str| {
        format!(
            r#"{{"system": "inventory", "operation": "{operation}", "effect": true, "result": {{"record": []}},
                "arguments": [{{"name": "site", "value": {site}}}]}}"#
        )
    };
    let definition = |name: &str, each: &str, body: &str| {
        format!(
            r#"{{"name": "{name}", "each": {each}, "file": "fiber.blueprint", "line": 7, "when": null, "body": {body},
                "ensure": [], "on_failure": null, "on_timeout": null, "status": null, "point_of_no_return": false}}"#
        )
    };
    let reserve = format!(
        r#"{{"call": {{"call": {}, "fallbacks": [], "timeout": "30s", "within": null, "undo": {{"call": {}}},
            "retry": {{"attempts": 6, "every": "1s", "doubling": true, "up_to": "30s"}}}}}}"#,
        call("reserve"),
        call("release"),
    );
    let wait = r#"{"wait": {"signal": "report", "fields": {"record": [{"name": "done", "type": "bool"}]}, "within": "10d"}}"#;
    let parts = format!(
        r#"{{"format": 1, "blueprint": {{"name": "{blueprint}", "version": 3}}, "blueprint_hash": "{}",
            "order": {{"site": "UTR-7", "customer": {{"id": "C-1"}}}}, "on_failure": {{"kind": {{"hold": "operations"}}, "reason": null}},
            "items": [{{"id": "1", "kind": "fiber", "value": {{"speed": 100}}}}],
            "definitions": [{}, {}, {}],
            "tasks": [{{"d": 0, "i": 0}}, {{"d": 1, "i": 0, "a": [0]}}, {{"d": 2, "a": [1]}}]}}"#,
        "b".repeat(64),
        definition("reserve", "\"fiber\"", &reserve),
        definition("field_work", "\"fiber\"", wait),
        definition("active", "null", "\"milestone\""),
    );
    serde_json::from_str(&parts).unwrap()
}

/// Writes an order down, without the promise to start it.
pub(crate) async fn accept(pool: &PgPool, n: u128, customer: &str, blueprint: &str) -> OrderId {
    let (order, plan, author) = (order(n, customer), plan(blueprint), Actor::new("tests"));
    let mut connection = pool.acquire().await.unwrap();
    let new = NewOrder { order: &order, plan: &plan, author: &author, key: None };
    let Accepted::Created { start, .. } = store::accept_order(&mut connection, &new).await.unwrap() else {
        panic!("there is such an order already");
    };
    store::finish_intents(&mut connection, &[start]).await.unwrap();
    order.id
}

/// Applies facts as the order's next events, a second apart.
pub(crate) async fn apply(pool: &PgPool, order: OrderId, facts: Vec<Fact>) {
    let mut connection = pool.acquire().await.unwrap();
    let first = store::load_order(&mut connection, order).await.unwrap().unwrap().summary.progress.next_event;
    let event = |(number, fact)| OrderEvent { number, at: after(i64::try_from(number).unwrap() * 60), fact };
    let events: Vec<_> = (first..).zip(facts).map(event).collect();
    let outcome = store::apply_events(&mut connection, order, &events).await.unwrap();
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
}

/// Everything that happens to an order of [`plan`] from its start to its end.
pub(crate) fn events_to_the_end() -> Vec<Fact> {
    let task = |id: &str| -> TaskId { id.parse().unwrap() };
    let started = |id: &str, call: Option<&str>, waiting_for: Option<&str>| Fact::TaskStarted {
        task: task(id),
        generation: 1,
        waiting_for: waiting_for.map(str::to_owned),
        until: None,
        call: call.map(str::to_owned),
        arguments: Value::record([("site", Value::from("UTR-7"))]),
    };
    let succeeded =
        |id: &str| Fact::TaskSucceeded { task: task(id), result: Value::record([("ok", Value::from(true))]) };
    vec![
        Fact::OrderStarted {},
        started("reserve[1]", Some("inventory.reserve"), None),
        succeeded("reserve[1]"),
        started("field_work[1]", None, Some("report")),
        succeeded("field_work[1]"),
        succeeded("active"),
        Fact::OrderCompleted {},
    ]
}

/// What happens to an order of [`plan`] whose first task is held.
pub(crate) fn held_at(id: &str, reason: &str) -> Vec<Fact> {
    let task = || -> TaskId { id.parse().unwrap() };
    let (reason, hold_for) = (|| reason.to_owned(), HoldFor::Operations);
    let mut facts = events_to_the_end();
    facts.truncate(2);
    facts.extend([
        Fact::TaskHeld { task: task(), reason: reason(), hold_for },
        Fact::OrderHeld { task: task(), reason: reason(), hold_for },
    ]);
    facts
}

/// What is to be told to Temporal next.
pub(crate) async fn claim(pool: &PgPool) -> Steering {
    let lease = model::Duration::from_secs(60);
    let mut connection = pool.acquire().await.unwrap();
    let claimed = store::claim_intents(&mut connection, crate::app::now(), lease, 2).await.unwrap();
    let [intent] = claimed.as_slice() else { panic!("expected one intent, found {claimed:?}") };
    intent.steering.clone()
}

/// Waits until nothing is left to be told to Temporal.
pub(crate) async fn wait_until_kept(pool: &PgPool) {
    let kept = async {
        loop {
            // A lease of nothing: whoever is to carry what is found can claim it at once.
            let far = Timestamp::from_millis(crate::app::now().as_millis() + 1_000_000);
            let mut connection = pool.acquire().await.unwrap();
            let mut transaction = sqlx::Connection::begin(&mut *connection).await.unwrap();
            let left = store::claim_intents(&mut transaction, far, model::Duration::ZERO, 1).await.unwrap();
            transaction.rollback().await.unwrap();
            if left.is_empty() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, kept).await.unwrap();
}
