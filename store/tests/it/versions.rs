//! The versions of an order, and what an amendment makes of its rows.

use model::{
    Actor, AmendedItem, DeliveryId, Difference, Fact, HoldFor, ItemState, OrderEvent, OrderRequest,
    OrderState, TaskChange, TaskState, Timestamp, Value, Verdict,
};
use plan::{Plan, PlanParts};
use sqlx::{PgConnection, PgPool};
use store::{
    NewVersion, OrderRow, Proposed, VersionRow, VersionState, apply_events, list_versions, load_current,
    load_order, load_plan, load_version, propose_version, withdraw_version,
};

use crate::fixture::{
    accept, amended_plan, at, events, hash, manual_plan, order, order_id, started, succeeded, task,
};

const N: u128 = 1;

fn delivery(id: &str) -> DeliveryId {
    DeliveryId::new(id).unwrap()
}

/// Another customer's name, and the item `2` instead of `1`.
fn wanted() -> OrderRequest {
    let mut request = order(N).request;
    request.customer.name = Some("Ada King".to_owned());
    request.items[0].id = "2".parse().unwrap();
    request
}

/// What expressions see of the order that is wanted.
fn seen() -> (Value, Vec<AmendedItem>) {
    let request = wanted();
    let mut seen = request.standard_fields();
    seen.insert("submitted_at".to_owned(), Value::text(at(1).to_string()));
    let item = &request.items[0];
    let mut fields = item.standard_fields();
    fields.insert("speed_mbps".to_owned(), Value::from(1_000));
    let item =
        AmendedItem { id: item.id.clone(), kind: "fiber".parse().unwrap(), value: Value::Record(fields) };
    (Value::Record(seen), vec![item])
}

/// The plan of the order that is wanted.
fn new_plan() -> Plan {
    let (order, items) = seen();
    let mut parts: PlanParts = amended_plan().into();
    parts.order = order;
    for (planned, item) in parts.items.iter_mut().zip(items) {
        planned.value = item.value;
    }
    Plan::new(parts).unwrap()
}

async fn propose(conn: &mut PgConnection, id: &str, plan: &Plan, digit: char) -> Proposed {
    propose_at(conn, id, plan, digit, 50).await
}

async fn propose_at(conn: &mut PgConnection, id: &str, plan: &Plan, digit: char, millis: i64) -> Proposed {
    let (request, request_hash, author) = (wanted(), hash(digit), Actor::new("ann"));
    let new = NewVersion {
        order: order_id(N),
        delivery: &delivery(id),
        version: 2,
        author: &author,
        reason: "one more",
        request_hash: &request_hash,
        request: &request,
        plan,
        differences: &[],
        tasks: &[],
    };
    propose_version(conn, &new, at(millis)).await.unwrap()
}

fn change(id: &str, verdict: Verdict) -> TaskChange {
    TaskChange { task: task(id), verdict, otherwise: None, differences: Vec::new(), reason: String::new() }
}

fn amended(id: &str) -> Fact {
    let (order, items) = seen();
    Fact::OrderAmended {
        id: delivery(id),
        version: 2,
        by: Actor::new("ann"),
        reason: "one more".to_owned(),
        blueprint: "home_fiber@3".parse().unwrap(),
        order,
        items,
        differences: vec![Difference {
            what: "customer.name".to_owned(),
            from: Value::from("Ada Byron"),
            to: Value::from("Ada King"),
        }],
        tasks: vec![
            change("reserve[2]", Verdict::Added),
            change("visit[2]", Verdict::Added),
            change("reserve[1]", Verdict::Undone),
            change("visit[1]", Verdict::Dropped),
        ],
        judged_anew: false,
    }
}

/// The item `1` is done for, then the order is another one, and goes on.
fn story(id: &str) -> Vec<OrderEvent> {
    events(vec![
        Fact::OrderStarted {},
        started("reserve[1]", 1),
        succeeded("reserve[1]"),
        amended(id),
        Fact::TaskDropped { task: task("visit[1]") },
        Fact::TaskUndoing {
            task: task("reserve[1]"),
            call: "inventory.release".to_owned(),
            arguments: Value::Null,
        },
        Fact::TaskUndone { task: task("reserve[1]") },
        started("reserve[2]", 1),
        succeeded("reserve[2]"),
    ])
}

async fn load(conn: &mut PgConnection) -> OrderRow {
    load_order(conn, order_id(N)).await.unwrap().unwrap()
}

/// Every version, read in pages of one.
async fn all(conn: &mut PgConnection) -> Vec<VersionRow> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = list_versions(conn, order_id(N), after.as_ref(), 1).await.unwrap();
        assert!(page.versions.len() <= 1);
        found.extend(page.versions);
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => return found,
        }
    }
}

fn states(order: &OrderRow) -> Vec<String> {
    order.tasks.iter().map(|task| format!("{} {}", task.id, task.progress.state)).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_amendment_replaces_the_request_the_plan_the_items_and_the_tasks(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    assert_eq!(propose(conn, "A-1", &new_plan(), 'c').await, Proposed::New);
    assert_eq!(load(conn).await.summary.version, 1, "nobody has said yes");
    apply_events(conn, order_id(N), &story("A-1")).await.unwrap();
    let now = load(conn).await;
    assert_eq!((now.summary.version, now.summary.customer.name.as_deref()), (2, Some("Ada King")));
    assert_eq!(now.request, wanted());
    assert_eq!(load_plan(conn, order_id(N)).await.unwrap().unwrap().hash(), new_plan().hash());
    assert_eq!(
        states(&now),
        [
            "check waiting",
            "reserve[2] succeeded",
            "visit[2] waiting",
            "gift skipped",
            "active waiting",
            "reserve[1] undone",
            "visit[1] dropped",
        ]
    );
    assert_eq!(now.tasks[1].title, "call inventory.reserve");
    let items: Vec<_> = now.items.iter().map(|item| (item.id.as_str(), item.state, item.removed)).collect();
    assert_eq!(items, [("2", ItemState::InProgress, false), ("1", ItemState::Cancelled, true)]);
    assert_eq!(now.summary.items.values().sum::<u64>(), 1, "who is gone is not counted");
    let current = load_current(conn, order_id(N)).await.unwrap().unwrap();
    assert_eq!((current.version, current.state), (2, OrderState::InProgress));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_event_alone_says_enough_to_go_on(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    for event in story("A-1") {
        apply_events(conn, order_id(N), std::slice::from_ref(&event)).await.unwrap();
    }
    let now = load(conn).await;
    assert_eq!((now.summary.version, &now.request), (2, &wanted()));
    let reserve = now.tasks.iter().find(|found| found.id == task("reserve[2]")).unwrap();
    assert_eq!(reserve.progress.state, TaskState::Succeeded);
    let items: Vec<_> = now.items.iter().map(|item| (item.id.as_str(), item.removed)).collect();
    assert_eq!(items, [("2", false), ("1", true)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_version_is_kept_with_its_author_and_its_reason(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    assert_eq!(all(conn).await, []);
    accept(conn, &order(N)).await;
    let first = all(conn).await;
    assert_eq!((first.len(), first[0].version, first[0].author.as_str()), (1, 1, "webshop"));
    propose(conn, "A-1", &new_plan(), 'c').await;
    apply_events(conn, order_id(N), &story("A-1")).await.unwrap();
    let refused = Fact::AmendmentRefused {
        id: delivery("A-2"),
        by: Actor::new("bob"),
        wanted: "two more".to_owned(),
        reason: "`active` is a point of no return".to_owned(),
        tasks: vec![change("active", Verdict::Refused)],
    };
    let next = OrderEvent { number: 10, at: at(2_000), fact: refused };
    apply_events(conn, order_id(N), &[next]).await.unwrap();
    let all = all(conn).await;
    let told: Vec<_> =
        all.iter().map(|v| (v.version, v.state, v.author.as_str(), v.reason.as_str())).collect();
    assert_eq!(
        told,
        [
            (1, VersionState::Applied, "webshop", ""),
            (2, VersionState::Applied, "ann", "one more"),
            (3, VersionState::Refused, "bob", "two more"),
        ]
    );
    assert_eq!(all[1].differences[0].what, "customer.name");
    assert_eq!(all[2].refusal.as_deref(), Some("`active` is a point of no return"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_proposed_can_change_until_it_is_decided(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    assert_eq!(propose(conn, "A-1", &manual_plan(), 'c').await, Proposed::New);
    assert_eq!(propose(conn, "A-1", &new_plan(), 'c').await, Proposed::Again, "the order has moved on");
    assert_eq!(propose(conn, "A-1", &manual_plan(), 'd').await, Proposed::Taken, "it is another request");
    let proposed = load_version(conn, order_id(N), &delivery("A-1")).await.unwrap().unwrap();
    assert_eq!((proposed.state, proposed.request_hash), (VersionState::Proposed, Some(hash('c'))));
    apply_events(conn, order_id(N), &story("A-1")).await.unwrap();
    assert_eq!(load_plan(conn, order_id(N)).await.unwrap().unwrap().hash(), new_plan().hash());
    assert_eq!(propose(conn, "A-1", &manual_plan(), 'c').await, Proposed::Decided);
    assert_eq!(propose(conn, "A-1", &manual_plan(), 'd').await, Proposed::Taken);
    withdraw_version(conn, order_id(N), &delivery("A-1"), at(50)).await.unwrap();
    let applied = load_version(conn, order_id(N), &delivery("A-1")).await.unwrap().unwrap();
    assert_eq!((applied.state, applied.request_hash), (VersionState::Applied, Some(hash('c'))));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_what_was_written_then_is_withdrawn(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    propose_at(conn, "A-1", &new_plan(), 'c', 50).await;
    propose_at(conn, "A-1", &new_plan(), 'c', 60).await;
    let id = delivery("A-1");
    withdraw_version(conn, order_id(N), &id, at(50)).await.unwrap();
    assert!(load_version(conn, order_id(N), &id).await.unwrap().is_some(), "another attempt has written it");
    withdraw_version(conn, order_id(N), &id, at(60)).await.unwrap();
    assert_eq!(load_version(conn, order_id(N), &id).await.unwrap(), None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_plan_of_another_order_than_the_one_that_is_told_is_not_taken(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    let before = load_plan(conn, order_id(N)).await.unwrap().unwrap().hash();
    propose(conn, "A-1", &manual_plan(), 'c').await;
    apply_events(conn, order_id(N), &story("A-1")).await.unwrap();
    assert_eq!(load_plan(conn, order_id(N)).await.unwrap().unwrap().hash(), before);
    assert_eq!(load(conn).await.request, wanted(), "what the order is, its event says");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_an_order_does_not_even_judge_is_refused(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    propose(conn, "A-1", &new_plan(), 'c').await;
    let refused = Fact::SignalRefused {
        id: delivery("A-1"),
        signal: "amend".to_owned(),
        reason: "the order is being undone already".to_owned(),
    };
    apply_events(conn, order_id(N), &events(vec![Fact::OrderStarted {}, refused])).await.unwrap();
    let version = load_version(conn, order_id(N), &delivery("A-1")).await.unwrap().unwrap();
    assert_eq!(version.state, VersionState::Refused);
    assert_eq!(version.refusal.as_deref(), Some("the order is being undone already"));
    assert!(version.decided_at.is_some());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_never_decided_goes_with_the_end_of_the_order(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    propose(conn, "A-1", &new_plan(), 'c').await;
    let ended = events(vec![Fact::OrderStarted {}, Fact::OrderCompleted {}]);
    apply_events(conn, order_id(N), &ended).await.unwrap();
    assert_eq!(load_version(conn, order_id(N), &delivery("A-1")).await.unwrap(), None);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_an_amendment_is_still_to_do_to_a_task_is_said_while_the_order_is_paused(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    let mut facts: Vec<_> = story("A-1").into_iter().map(|event| event.fact).collect();
    // Postgres can't look into a document with this character in it.
    if let Fact::OrderAmended { order: Value::Record(seen), .. } = &mut facts[3] {
        seen.insert("contact".to_owned(), Value::text("\0"));
    }
    let paused = Fact::OrderPaused {
        task: task("visit[1]"),
        reason: "night work".to_owned(),
        hold_for: HoldFor::Operations,
        id: Some(delivery("p-1")),
        by: Some(Actor::new("ann")),
    };
    let lifted = Fact::PauseLifted {
        id: delivery("r-1"),
        by: Actor::new("ann"),
        note: "the night is over".to_owned(),
    };
    facts.insert(3, paused);
    facts.insert(6, lifted);
    let story = events(facts);
    let due = async |conn: &mut PgConnection, events: usize| {
        apply_events(conn, order_id(N), &story[..events]).await.unwrap();
        let due = |task: store::TaskRow| task.due.map(|verdict| (task.id.to_string(), verdict));
        load(conn).await.tasks.into_iter().filter_map(due).collect::<Vec<_>>()
    };
    assert_eq!(due(conn, 4).await, []);
    assert_eq!(due(conn, 5).await, [("reserve[1]".to_owned(), Verdict::Undone)]);
    assert_eq!(due(conn, 6).await, [("reserve[1]".to_owned(), Verdict::Undone)]);
    assert_eq!(due(conn, 7).await, [], "it is about to begin");
    assert_eq!(due(conn, story.len()).await, []);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_with_another_deadline_is_judged_by_that(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(N)).await;
    let deadline = Timestamp::from_millis(1_000);
    let late = [
        Fact::OrderStarted {},
        Fact::OrderAtRisk { deadline, reason: Some("what is left takes 2d".to_owned()) },
        Fact::OrderOverdue {},
    ];
    let mut renewed = amended("A-1");
    if let Fact::OrderAmended { judged_anew, .. } = &mut renewed {
        *judged_anew = true;
    }
    let story = events(late.into_iter().chain([renewed]).collect());
    apply_events(conn, order_id(N), &story[..3]).await.unwrap();
    let seen = load(conn).await.summary;
    assert_eq!(seen.progress.at_risk_reason.as_deref(), Some("what is left takes 2d"));
    assert!(seen.progress.at_risk_since.is_some() && seen.progress.overdue_since.is_some());
    apply_events(conn, order_id(N), &story).await.unwrap();
    let seen = load(conn).await.summary;
    assert_eq!((seen.progress.at_risk_since, seen.progress.overdue_since), (None, None));
    assert_eq!(seen.progress.at_risk_reason, None);
}
