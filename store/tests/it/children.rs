//! Orders that tasks run.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{Actor, Fact, HandedOn, HoldFor, OrderEvent, OrderId, Value};
use sqlx::PgPool;
use store::{
    FalloutFilter, ResidueFilter, apply_events, group_fallout, list_fallout, list_residue, load_plan,
};

use crate::fixture::{at, events, order_id, task, value};
use crate::outlook::accept_shipping;

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
            // Postgres can't look into a document with this character in it.
            arguments: value(r#"{"site": "AMS-1", "note": "\u0000"}"#),
            waiting_for: None,
            until: None,
            handed_on: Some(HandedOn {
                order: child,
                blueprint: "ship".parse().unwrap(),
                id: "hand-on-1-1".parse().unwrap(),
            }),
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
            order: value(r#"{"contact": "\u0000"}"#),
            items: vec![],
            differences: vec![],
            tasks: vec![],
            judged_anew: false,
        },
    ];
    [events(of_parent), events(of_child)]
}

/// Until a transaction of this database waits for another one.
async fn until_one_waits(pool: &PgPool) {
    let waits = "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    let found = async { while !sqlx::query_scalar::<_, bool>(waits).fetch_one(pool).await.unwrap() {} };
    tokio::time::timeout(Duration::from_secs(60), found).await.expect("nobody waits");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_waits_in_a_child_order_and_what_it_left_is_found_with_its_parent(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let child = |n| order_id(n).child(&task("deliver"), 1);
    let collect = || task("collect");
    let [_, mut of_child] = stories(child(1));
    of_child.truncate(2);
    let (call, arguments, result) = ("courier.return".to_owned(), value("{}"), value("{}"));
    let undo_fails = [
        Fact::TaskSucceeded { task: collect(), result: result.clone() },
        Fact::TaskUndoing { task: collect(), call: call.clone(), arguments: arguments.clone() },
        Fact::TaskUndoFailed { task: collect(), reason: "the courier is closed".to_owned() },
    ];
    let (by, reason) = (Actor::new("grace"), "not worth the way".to_owned());
    let left = Fact::ResidueAccepted { task: collect(), call, arguments, result, by, reason };
    of_child.extend((3..).zip(undo_fails.into_iter().chain([left])).map(|(number, fact)| OrderEvent {
        number,
        at: at(1_000),
        fact,
    }));
    for n in [1, 2] {
        accept_shipping(conn, n).await;
        let [of_parent, _] = stories(child(n));
        apply_events(conn, order_id(n), &of_parent[..3]).await.unwrap();
        apply_events(conn, child(n), &of_child[..5]).await.unwrap();
    }
    // The second family is part of the first one, and its order has work of its own.
    sqlx::query("update orders set parent_id = $2, parent_task = 'deliver' where id = $1")
        .bind(order_id(2).uuid())
        .bind(child(1).uuid())
        .execute(&mut *conn)
        .await
        .unwrap();
    let paused = Fact::OrderPaused {
        task: task("deliver"),
        reason: "night work".to_owned(),
        hold_for: HoldFor::Operations,
        id: None,
        by: None,
    };
    let paused = OrderEvent { number: 4, at: at(2_000), fact: paused };
    apply_events(conn, order_id(2), &[paused]).await.unwrap();

    let (all, lower) = (vec![child(1), child(2), order_id(2)], vec![child(2), order_id(2)]);
    let expected =
        [(order_id(1), &all), (child(1), &all), (order_id(2), &lower), (child(2), &vec![child(2)])];
    for (asked_for, whose) in expected {
        let filter = FalloutFilter { order: Some(asked_for), ..FalloutFilter::default() };
        let waits = list_fallout(conn, &filter, None, 10).await.unwrap();
        let waits: BTreeSet<_> = waits.items.into_iter().map(|item| item.order).collect();
        assert_eq!(waits, whose.iter().copied().collect());
        let groups = group_fallout(conn, &filter, 10).await.unwrap();
        assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), whose.len() as u64);
    }
    for n in [1, 2] {
        apply_events(conn, child(n), &of_child).await.unwrap();
    }
    for (asked_for, count) in [(order_id(1), 2), (order_id(2), 1), (child(2), 1)] {
        let left = ResidueFilter { order: Some(asked_for), ..ResidueFilter::default() };
        assert_eq!(list_residue(conn, &left, None, 10).await.unwrap().residue.len(), count);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_has_its_amended_plan_whichever_of_both_is_written_first(pool: PgPool) {
    for (n, child_first) in [(1, false), (2, true)] {
        let (parent, child) = (order_id(n), order_id(n).child(&task("deliver"), 1));
        let [of_parent, of_child] = stories(child);
        let conn = &mut *pool.acquire().await.unwrap();
        accept_shipping(conn, n).await;
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
