//! Orders that tasks run, where two workers write what becomes of them.

use std::time::Duration;

use model::{Actor, Fact, OrderEvent, OrderId, Value};
use sqlx::PgPool;
use store::{NewOrder, accept_order, apply_events, load_plan};

use crate::fixture::{at, order, order_id, task, value};
use crate::outlook::shipping;

fn story(facts: Vec<Fact>) -> Vec<OrderEvent> {
    (1..).zip(facts).map(|(number, fact)| OrderEvent { number, at: at(1_000), fact }).collect()
}

/// What becomes of an order whose task runs another one that is amended with it, and of that one.
fn stories(child: OrderId) -> [Vec<OrderEvent>; 2] {
    let begun = |id: &str, call: &str| Fact::TaskStarted {
        task: task(id),
        generation: 1,
        waiting_for: None,
        until: None,
        call: Some(call.to_owned()),
        arguments: value("{}"),
    };
    let of_parent = vec![
        Fact::OrderStarted {},
        begun("deliver", "run ship"),
        Fact::ChildOrderStarted { task: task("deliver"), order: child, blueprint: "ship".parse().unwrap() },
        Fact::TaskAmending {
            task: task("deliver"),
            generation: 1,
            call: "run ship".to_owned(),
            arguments: value(r#"{"site": "AMS-1"}"#),
            waiting_for: None,
            until: None,
        },
    ];
    let of_child = vec![
        Fact::OrderStarted {},
        begun("collect", "courier.collect"),
        Fact::OrderAmended {
            id: "hand-on-1-1".parse().unwrap(),
            version: 2,
            by: Actor::new("webshop"),
            reason: "another site".to_owned(),
            blueprint: "ship@1".parse().unwrap(),
            order: value("{}"),
            items: vec![],
            differences: vec![],
            tasks: vec![],
            new_deadline: false,
        },
    ];
    [story(of_parent), story(of_child)]
}

/// Until a transaction of this database waits for another one.
async fn until_one_waits(pool: &PgPool) {
    let waits = "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    let found = async { while !sqlx::query_scalar::<_, bool>(waits).fetch_one(pool).await.unwrap() {} };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("nobody waits");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_has_its_amended_plan_whichever_of_both_is_written_first(pool: PgPool) {
    for (n, child_first) in [(1, false), (2, true)] {
        let (parent, child) = (order_id(n), order_id(n).child(&task("deliver"), 1));
        let [of_parent, of_child] = stories(child);
        let order = order(n);
        let new = NewOrder { order: &order, plan: &shipping(), author: &Actor::new("webshop"), key: None };
        let conn = &mut *pool.acquire().await.unwrap();
        accept_order(conn, &new).await.unwrap();
        apply_events(conn, parent, &of_parent[..3]).await.unwrap();
        apply_events(conn, child, &of_child[..2]).await.unwrap();

        let both = [(parent, of_parent), (child, of_child)];
        let [first, second] = if child_first {
            let [a, b] = both;
            [b, a]
        } else {
            both
        };
        let mut open = pool.begin().await.unwrap();
        apply_events(&mut open, first.0, &first.1).await.unwrap();
        let other = pool.clone();
        let crossing = tokio::spawn(async move {
            let conn = &mut *other.acquire().await.unwrap();
            apply_events(conn, second.0, &second.1).await
        });
        until_one_waits(&pool).await;
        open.commit().await.unwrap();
        crossing.await.unwrap().unwrap();
        let plan = load_plan(conn, child).await.unwrap().unwrap();
        let site = plan.parameters().and_then(|given| given.field("site").cloned());
        assert_eq!(site, Some(Value::text("AMS-1")), "child first: {child_first}");
    }
}
