//! What readers see of orders beyond their own rows: what each waits for, who cancelled it, and that it was stopped.

use model::{Actor, Duration, Fact, HoldFor, OrderEvent, OrderId, OrderState, Type};
use plan::{Body, Deadline, Definition, Plan, PlanParts, RunBody, SubBlueprint};
use sqlx::{PgConnection, PgPool};
use store::{
    Intent, OrderFilter, OrderSummary, apply_events, claim_intents, delay_intent, finish_intents,
    list_orders, load_order, note_stopped,
};

use crate::fixture::{
    accept, accept_with, at, completes, events, order, order_id, plan, started, succeeded, task, value,
};

/// The order as `load_order` and `list_orders` show it, which is the same.
async fn seen(conn: &mut PgConnection, id: OrderId) -> OrderSummary {
    let loaded = load_order(conn, id).await.unwrap().unwrap().summary;
    let page = list_orders(conn, &OrderFilter::default(), None, 10).await.unwrap();
    assert!(page.orders.contains(&loaded), "{:?}", page.orders);
    loaded
}

async fn expected(conn: &mut PgConnection, id: OrderId) -> String {
    seen(conn, id).await.expected.map(|expected| expected.to_string()).unwrap_or_default()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_list_says_what_each_order_waits_for(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=3 {
        accept(conn, &order(n)).await;
    }
    apply_events(conn, order_id(1), &completes()[..14]).await.unwrap();
    apply_events(conn, order_id(2), &completes()[..5]).await.unwrap();
    apply_events(conn, order_id(3), &completes()).await.unwrap();
    assert_eq!(
        expected(conn, order_id(1)).await,
        "visit[1]: waits for technician_report until 2026-09-21T16:43:20.000Z"
    );
    assert_eq!(expected(conn, order_id(2)).await, "reserve[1]: waits for an answer of inventory.reserve");
    assert_eq!(expected(conn, order_id(3)).await, "");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_start_that_is_late_says_why(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    assert_eq!(expected(conn, order_id(1)).await, "starts at once");
    let claimed = claim_intents(conn, at(1_000), model::Duration::from_secs(30), 1).await.unwrap();
    let intent: &Intent = &claimed[0];
    delay_intent(conn, intent, "connection refused", at(1_001)).await.unwrap();
    assert_eq!(
        expected(conn, order_id(1)).await,
        "is to be started; Temporal has not taken it yet: connection refused"
    );
    finish_intents(conn, &[intent.id]).await.unwrap();
    assert_eq!(expected(conn, order_id(1)).await, "is started; a worker has yet to begin it");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_is_paused_as_a_whole_waits_for_a_person(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let mut story = completes()[..14].to_vec();
    let (visit, reason) = (task("visit[1]"), "not done within 10d".to_owned());
    let hold_for = model::HoldFor::Operations;
    let acted = Fact::OperatorActed {
        id: "op-2".parse().unwrap(),
        action: "retry".to_owned(),
        task: visit.clone(),
        by: Actor::new("grace"),
        note: "give it another week".to_owned(),
        result: model::Value::Null,
        arguments: model::Value::Null,
    };
    for fact in [
        Fact::OrderOverdue {},
        Fact::OrderPaused { task: visit, reason, hold_for, id: None, by: None },
        acted,
        Fact::OrderResumed { state: OrderState::InProgress },
    ] {
        let number = story.len() as u64 + 1;
        story.push(OrderEvent { number, at: at(1_100), fact });
    }
    apply_events(conn, order_id(1), &story[..16]).await.unwrap();
    // Its task goes on; the order does not.
    let row = load_order(conn, order_id(1)).await.unwrap().unwrap();
    let visit = row.tasks.iter().find(|row| row.id == task("visit[1]")).unwrap().expected().unwrap();
    assert!(visit.to_string().starts_with("visit[1]: waits for technician_report"), "{visit}");
    assert_eq!(expected(conn, order_id(1)).await, "visit[1]: operations must act: not done within 10d");
    apply_events(conn, order_id(1), &story).await.unwrap();
    assert!(expected(conn, order_id(1)).await.starts_with("visit[1]: waits for technician_report"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn orders_wait_for_the_orders_that_they_are_part_of_and_that_they_run(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let (parent, child) = (order_id(1), order_id(1).child(&task("deliver"), 1));
    accept_shipping(conn, 1).await;
    let begun = |id: &str, waiting_for: Option<String>, call: &str| Fact::TaskStarted {
        task: task(id),
        generation: 1,
        waiting_for,
        until: None,
        call: Some(call.to_owned()),
        arguments: value("{}"),
    };
    let done = |id: &str| Fact::TaskSucceeded { task: task(id), result: value("{}") };
    let undoing = Fact::TaskUndoing {
        task: task("deliver"),
        call: "run ship".to_owned(),
        arguments: model::Value::Null,
    };
    let of_parent = vec![
        Fact::OrderStarted {},
        begun("deliver", Some(format!("the order {child}")), "run ship"),
        Fact::ChildOrderStarted { task: task("deliver"), order: child, blueprint: "ship".parse().unwrap() },
        done("deliver"),
        undoing,
    ];
    let of_child = vec![
        Fact::OrderStarted {},
        begun("collect", None, "courier.collect"),
        done("collect"),
        Fact::OrderAnswered { result: value("{}") },
        Fact::OrderCompleted {},
    ];
    let (of_parent, of_child) = (events(of_parent), events(of_child));
    apply_events(conn, parent, &of_parent[..3]).await.unwrap();
    apply_events(conn, child, &of_child[..2]).await.unwrap();
    assert_eq!(expected(conn, parent).await, format!("deliver: waits for the order {child}"));
    assert_eq!(expected(conn, child).await, "collect: waits for an answer of courier.collect");
    apply_events(conn, child, &of_child[..3]).await.unwrap();
    assert_eq!(expected(conn, child).await, "goes on by itself");
    apply_events(conn, child, &of_child[..4]).await.unwrap();
    apply_events(conn, parent, &of_parent[..4]).await.unwrap();
    let waits = format!("is done; waits for the order {parent}, which it is part of, to end");
    assert_eq!(expected(conn, child).await, waits);
    assert_eq!(expected(conn, parent).await, "waits for its child orders to end");
    apply_events(conn, parent, &of_parent).await.unwrap();
    assert_eq!(expected(conn, parent).await, "deliver: waits for the order by ship to be undone");
    apply_events(conn, child, &of_child).await.unwrap();
    assert_eq!(expected(conn, child).await, "");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_says_that_one_which_it_runs_needs_a_person(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let [top, middle, low] = [order_id(1), order_id(1).child(&task("deliver"), 1), order_id(7)];
    accept_shipping(conn, 1).await;
    apply_events(conn, top, &events(begins_with(middle))).await.unwrap();
    apply_events(conn, middle, &events(vec![Fact::OrderStarted {}])).await.unwrap();
    // The one in the middle runs another one.
    accept_shipping(conn, 7).await;
    sqlx::query("update orders set parent_id = $2, parent_task = 'collect' where id = $1")
        .bind(low.uuid())
        .bind(middle.uuid())
        .execute(&mut *conn)
        .await
        .unwrap();
    assert_eq!(expected(conn, top).await, format!("deliver: waits for the order {middle}"));

    let reason = || "courier.collect answered 409".to_owned();
    let mut held = begins_with(low.child(&task("deliver"), 1));
    held.extend([
        Fact::TaskHeld { task: task("deliver"), reason: reason(), hold_for: HoldFor::Operations },
        Fact::OrderHeld { task: task("deliver"), reason: reason(), hold_for: HoldFor::Operations },
    ]);
    apply_events(conn, low, &events(held)).await.unwrap();
    let acts = format!("operations must act on the order {low}, at deliver: courier.collect answered 409");
    assert_eq!(expected(conn, top).await, format!("deliver: {acts}"));
    assert_eq!(expected(conn, middle).await, format!("collect: {acts}"));
    let child = &load_order(conn, middle).await.unwrap().unwrap().children[0];
    let blocked = child.blocked.as_ref().unwrap();
    assert_eq!(
        (child.order, &blocked.task, blocked.reason.as_str()),
        (low, &task("deliver"), reason().as_str())
    );

    // Of one that does nothing more by itself, an action is of no use.
    assert!(note_stopped(conn, low, at(2_000)).await.unwrap());
    assert_eq!(expected(conn, top).await, format!("deliver: waits for the order {middle}"));
    let child = &load_order(conn, middle).await.unwrap().unwrap().children[0];
    assert_eq!(child.stopped_at, Some(at(2_000)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_time_of_an_order_is_up_so_long_after_it_began(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let (parent, child) = (order_id(1), order_id(1).child(&task("deliver"), 1));
    accept_shipping(conn, 1).await;
    assert_eq!(load_order(conn, parent).await.unwrap().unwrap().deadline, None);
    apply_events(conn, parent, &events(begins_with(child))).await.unwrap();
    apply_events(conn, child, &events(vec![Fact::OrderStarted {}])).await.unwrap();
    let up = at(1_001).plus(Duration::from_secs(3_600));
    assert_eq!(load_order(conn, parent).await.unwrap().unwrap().deadline, Some(up));
    // Its blueprint has none.
    assert_eq!(load_order(conn, child).await.unwrap().unwrap().deadline, None);

    // Postgres can't look into a document with this character in it.
    let odd = PlanParts { order: value(r#"{"note": "\u0000"}"#), ..PlanParts::from(shipping()) };
    accept_with(conn, &order(2), &Plan::new(odd).unwrap()).await;
    apply_events(conn, order_id(2), &events(vec![Fact::OrderStarted {}])).await.unwrap();
    assert_eq!(load_order(conn, order_id(2)).await.unwrap().unwrap().deadline, Some(up));
}

/// An order that begins, and runs that one.
fn begins_with(child: OrderId) -> Vec<Fact> {
    let begun = Fact::TaskStarted {
        task: task("deliver"),
        generation: 1,
        waiting_for: Some(format!("the order {child}")),
        until: None,
        call: Some("run ship".to_owned()),
        arguments: value("{}"),
    };
    let run =
        Fact::ChildOrderStarted { task: task("deliver"), order: child, blueprint: "ship".parse().unwrap() };
    vec![Fact::OrderStarted {}, begun, run]
}

/// Accepts an order whose task runs another one.
pub(crate) async fn accept_shipping(conn: &mut PgConnection, n: u128) {
    accept_with(conn, &order(n), &shipping()).await;
}

/// `deliver` runs `ship`, which collects, and has an hour.
pub(crate) fn shipping() -> Plan {
    let mut parts = PlanParts::from(plan());
    let nothing = Type::Record(vec![]);
    let check = parts.definitions.remove(0);
    let run = RunBody {
        blueprint: "ship".parse().unwrap(),
        arguments: vec![],
        result: nothing.clone(),
        within: None,
    };
    let deliver =
        Definition { name: "deliver".parse().unwrap(), body: Body::Run(Box::new(run)), ..check.clone() };
    let collect = Definition { name: "collect".parse().unwrap(), ..check };
    parts.deadline = Some(Deadline { within: Duration::from_secs(3_600), at_risk: None, on_timeout: None });
    parts.sub_blueprints = vec![SubBlueprint {
        name: "ship".parse().unwrap(),
        parameters: vec![],
        returns: None,
        result: nothing,
        on_failure: parts.on_failure.clone(),
        deadline: None,
        after: vec![vec![]],
        definitions: vec![collect],
    }];
    parts.definitions = vec![deliver];
    parts.tasks.truncate(1);
    Plan::new(parts).unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_cancelled_an_order_is_shown_until_it_is_refused(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let mut story = Vec::new();
    let asked = |id: &str, by: &str| Fact::CancelRequested {
        id: id.parse().unwrap(),
        by: Actor::new(by),
        reason: "moved \u{0} house".to_owned(),
    };
    let refused = Fact::CancelRefused {
        id: "c-1".parse().unwrap(),
        reason: "too late".to_owned(),
        task: None,
        state: model::OrderState::InProgress,
    };
    let accepted = Fact::CancelAccepted { id: "c-2".parse().unwrap() };
    let task: model::TaskId = "reserve[1]".parse().unwrap();
    let (call, arguments) = ("inventory.release".to_owned(), model::Value::Null);
    let undoing = Fact::TaskUndoing { task: task.clone(), call, arguments };
    let reason = || "409 in use".to_owned();
    let stuck = Fact::TaskUndoFailed { task: task.clone(), reason: reason() };
    let held = Fact::OrderHeld { task, reason: reason(), hold_for: model::HoldFor::Operations };
    let facts = [
        Fact::OrderStarted {},
        started("reserve[1]", 1),
        succeeded("reserve[1]"),
        asked("c-1", "ada"),
        refused,
        asked("c-2", "bob"),
        accepted,
        asked("c-3", "eve"),
        undoing,
        stuck,
        held,
    ];
    for (number, fact) in (1..).zip(facts) {
        let event = OrderEvent { number, at: at(1_000), fact };
        apply_events(conn, order_id(1), &[event]).await.unwrap();
        let summary = seen(conn, order_id(1)).await;
        story.push(summary.cancel.map(|cancel| cancel.by.as_str().to_owned()));
    }
    let who: Vec<&str> = story.iter().map(|by| by.as_deref().unwrap_or("nobody")).collect();
    assert_eq!(
        who,
        ["nobody", "nobody", "nobody", "ada", "nobody", "bob", "bob", "bob", "bob", "bob", "bob"]
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_was_stopped_says_so_until_something_happens_again(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let story = completes();
    apply_events(conn, order_id(1), &story[..5]).await.unwrap();
    assert!(!note_stopped(conn, order_id(1), at(0)).await.unwrap(), "something has happened since");
    let stopped = story[5].at;
    assert!(note_stopped(conn, order_id(1), stopped).await.unwrap());
    assert_eq!(seen(conn, order_id(1)).await.stopped_at, Some(stopped));
    assert!(
        expected(conn, order_id(1)).await.starts_with("nothing happens by itself: its workflow was ended")
    );
    // What had happened before it was stopped may come late.
    apply_events(conn, order_id(1), &story[5..6]).await.unwrap();
    assert_eq!(seen(conn, order_id(1)).await.stopped_at, Some(stopped));
    apply_events(conn, order_id(1), &story[6..7]).await.unwrap();
    assert_eq!(seen(conn, order_id(1)).await.stopped_at, None);
}
