//! Finding what waits for people.

use model::{Actor, Fact, HoldFor, OrderEvent, OrderId, TaskId, Timestamp, Value};
use sqlx::{PgConnection, PgPool};
use store::{
    Attempt, AttemptEnd, AttemptOutcome, FalloutFilter, Person, WaitsFor, WorkCursor, WorkKind, apply_events,
    find_fallout, group_fallout, list_fallout, note_stopped, record_attempts,
};

use crate::fixture::{
    accept, accept_with, at, is_cancelled, manual_plan, order, order_id, started, task, value,
};

fn held(id: &str, reason: &str, hold_for: HoldFor) -> Fact {
    Fact::TaskHeld { task: task(id), reason: reason.to_owned(), hold_for }
}

fn begins(id: &str) -> Fact {
    Fact::TaskStarted {
        task: task(id),
        generation: 1,
        waiting_for: Some("field_force: read the meter".to_owned()),
        until: Some(at(99_000)),
        call: None,
        arguments: Value::Null,
    }
}

fn paused(id: &str, by: Option<&str>) -> Fact {
    Fact::OrderPaused {
        task: task(id),
        reason: "not done within 2 h".to_owned(),
        hold_for: HoldFor::Operations,
        id: by.map(|_| "p-1".parse().unwrap()),
        by: by.map(Actor::new),
    }
}

/// An order to which these facts happen, a second apart from a moment on.
async fn happens(conn: &mut PgConnection, n: u128, from: i64, facts: Vec<Fact>) -> OrderId {
    accept(conn, &order(n)).await;
    events_happen(conn, n, from, facts).await
}

/// An order of which a person is to read the meter.
async fn meter(conn: &mut PgConnection, n: u128, from: i64) -> OrderId {
    accept_with(conn, &order(n), &manual_plan()).await;
    events_happen(conn, n, from, vec![Fact::OrderStarted {}, begins("meter")]).await
}

async fn events_happen(conn: &mut PgConnection, n: u128, from: i64, facts: Vec<Fact>) -> OrderId {
    let event =
        |(number, fact): (u64, Fact)| OrderEvent { number, at: at(from + number.cast_signed()), fact };
    let events: Vec<_> = (1..).zip(facts).map(event).collect();
    apply_events(conn, order_id(n), &events).await.unwrap();
    order_id(n)
}

/// An order whose port can't be reserved.
async fn no_port(conn: &mut PgConnection, n: u128, from: i64, reason: &str) -> OrderId {
    let facts = vec![
        Fact::OrderStarted {},
        started("check", 1),
        started("reserve[1]", 1),
        held("reserve[1]", reason, HoldFor::Operations),
    ];
    happens(conn, n, from, facts).await
}

async fn found(conn: &mut PgConnection, filter: FalloutFilter) -> Vec<String> {
    let page = list_fallout(conn, &filter, None, 200).await.unwrap();
    let named = |item: store::WorkItem| {
        let kind = item.kind.as_str();
        format!("{} {} {kind}", item.order.uuid().as_u128(), item.task)
    };
    page.items.into_iter().map(named).collect()
}

async fn all(conn: &mut PgConnection) -> Vec<String> {
    found(conn, FalloutFilter::default()).await
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_held_task_tells_all_that_a_person_asks_about_it(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let order = no_port(conn, 1, 1_000, "no port at UTR-7").await;
    let attempt = |attempt| Attempt {
        order,
        task: task("reserve[1]"),
        direction: model::Direction::Forward,
        generation: 1,
        attempt,
        started_at: at(1_003),
        end: (attempt < 3).then(|| AttemptEnd {
            at: at(1_003),
            outcome: AttemptOutcome::Failed,
            error: Some(format!("no {attempt}")),
            allowed: None,
            next_at: None,
        }),
    };
    record_attempts(conn, &[1, 2, 3].map(attempt)).await.unwrap();
    let page = list_fallout(conn, &FalloutFilter::default(), None, 10).await.unwrap();
    let [item] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!((item.order, item.task.to_string()), (order, "reserve[1]".to_owned()));
    assert_eq!((item.customer.id.as_str(), item.blueprint.to_string().as_str()), ("C-1", "home_fiber@3"));
    assert_eq!((item.kind, &item.person), (WorkKind::Held, &Person::Holder(HoldFor::Operations)));
    assert_eq!(
        (item.call.as_deref(), item.title.as_str()),
        (Some("inventory.reserve"), "call inventory.reserve")
    );
    assert_eq!((item.reason.as_str(), item.since), ("no port at UTR-7", at(1_004)));
    assert_eq!((item.attempts, item.last_error.as_ref().unwrap().text.as_str()), (3, "no 2"));
    assert_eq!(item.arguments, value(r#"{"kind": "pon_port"}"#));
    assert_eq!((item.at_risk_since, item.until), (None, None));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_undo_that_failed_tells_of_the_undo(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    accept(conn, &order(1)).await;
    let events = is_cancelled();
    let (until_it_fails, after) = events.split_at(15);
    apply_events(conn, order_id(1), until_it_fails).await.unwrap();
    let page = list_fallout(conn, &FalloutFilter::default(), None, 10).await.unwrap();
    let [item] = page.items.as_slice() else { panic!("{page:?}") };
    assert_eq!((item.kind, item.call.as_deref()), (WorkKind::UndoFailed, Some("inventory.release")));
    assert_eq!((item.reason.as_str(), item.since), ("inventory is closed", at(1_014)));
    assert_eq!(item.arguments, value(r#"{"reservation_id": "R-1"}"#));
    apply_events(conn, order_id(1), after).await.unwrap();
    assert_eq!(all(conn).await, [""; 0], "it was undone after all");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_waits_for_people_is_listed_until_they_have_acted(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    no_port(conn, 1, 3_000, "no port").await;
    meter(conn, 2, 1_000).await;
    happens(conn, 3, 2_000, vec![Fact::OrderStarted {}, started("check", 1), paused("reserve[1]", None)])
        .await;
    assert_eq!(all(conn).await, ["2 meter manual", "3 reserve[1] paused", "1 reserve[1] held"]);

    let acted = |id: &str| Fact::OperatorActed {
        id: "op-1".parse().unwrap(),
        action: "retry".to_owned(),
        task: task(id),
        by: Actor::new("grace"),
        note: "mended".to_owned(),
        result: Value::Null,
        arguments: Value::Null,
    };
    for (n, number, fact) in [
        (1, 5, acted("reserve[1]")),
        (2, 3, Fact::TaskSucceeded { task: task("meter"), result: Value::Null }),
        (3, 4, acted("reserve[1]")),
    ] {
        let event = OrderEvent { number, at: at(5_000), fact };
        apply_events(conn, order_id(n), &[event]).await.unwrap();
    }
    assert_eq!(all(conn).await, [""; 0]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_paused_order_whose_task_is_held_is_one_work_item(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    let both = vec![
        Fact::OrderStarted {},
        started("check", 1),
        paused("check", Some("grace")),
        held("check", "no answer", HoldFor::Operations),
    ];
    happens(conn, 1, 1_000, both).await;
    happens(conn, 2, 2_000, vec![Fact::OrderStarted {}, paused("check", Some("grace"))]).await;
    assert_eq!(all(conn).await, ["1 check held", "2 check paused"]);
    let page = list_fallout(conn, &FalloutFilter::default(), None, 10).await.unwrap();
    let by: Vec<_> = page.items.iter().map(|item| item.paused_by.as_ref().map(Actor::as_str)).collect();
    assert_eq!(by, [None, Some("grace")]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_turns_back_or_was_ended_from_outside_has_no_work_items(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    no_port(conn, 1, 1_000, "no port").await;
    no_port(conn, 2, 1_000, "no port").await;
    let back = OrderEvent {
        number: 5,
        at: at(2_000),
        fact: Fact::OrderRollingBack { reason: "given up".to_owned() },
    };
    apply_events(conn, order_id(1), &[back]).await.unwrap();
    assert_eq!(all(conn).await, ["2 reserve[1] held"]);
    assert!(note_stopped(conn, order_id(2), at(3_000)).await.unwrap());
    assert_eq!(all(conn).await, [""; 0]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_filter_narrows_the_list(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    no_port(conn, 1, 1_000, "no port at UTR-7").await;
    meter(conn, 2, 2_000).await;
    let wrong_address = vec![
        Fact::OrderStarted {},
        started("check", 1),
        held("check", "100% unknown address", HoldFor::Customer),
    ];
    happens(conn, 3, 3_000, wrong_address).await;
    let (port, reading, address) = ("1 reserve[1] held", "2 meter manual", "3 check held");

    let any = FalloutFilter::default;
    for (filter, expected) in [
        (any(), vec![port, reading, address]),
        (FalloutFilter { kinds: vec![WorkKind::Manual], ..any() }, vec![reading]),
        (
            FalloutFilter { kinds: vec![WorkKind::Held, WorkKind::Manual], ..any() },
            vec![port, reading, address],
        ),
        (FalloutFilter { waits_for: vec![WaitsFor::Holder(HoldFor::Customer)], ..any() }, vec![address]),
        (FalloutFilter { waits_for: vec![WaitsFor::Role], ..any() }, vec![reading]),
        (FalloutFilter { role: Some("field_force".parse().unwrap()), ..any() }, vec![reading]),
        (FalloutFilter { role: Some("back_office".parse().unwrap()), ..any() }, vec![]),
        (FalloutFilter { system: Some("inventory".parse().unwrap()), ..any() }, vec![port]),
        (FalloutFilter { system: Some("inv".parse().unwrap()), ..any() }, vec![]),
        (FalloutFilter { operation: Some("check".parse().unwrap()), ..any() }, vec![address]),
        (FalloutFilter { reason: Some("UNKNOWN addr".to_owned()), ..any() }, vec![address]),
        (FalloutFilter { reason: Some("0%".to_owned()), ..any() }, vec![address]),
        (FalloutFilter { reason: Some("port_at".to_owned()), ..any() }, vec![]),
        (FalloutFilter { reason: Some("meter".to_owned()), ..any() }, vec![reading]),
        (FalloutFilter { pattern: Some("no port at …".to_owned()), ..any() }, vec![port]),
        (
            FalloutFilter { blueprint: Some("home_fiber".parse().unwrap()), ..any() },
            vec![port, reading, address],
        ),
        (FalloutFilter { blueprint: Some("mobile".parse().unwrap()), ..any() }, vec![]),
        (FalloutFilter { customer: Some("C-2".to_owned()), ..any() }, vec![]),
        (FalloutFilter { order: Some(order_id(2)), ..any() }, vec![reading]),
        (FalloutFilter { before: Some(at(2_002)), ..any() }, vec![port, reading]),
        (FalloutFilter { before: Some(at(2_001)), ..any() }, vec![port]),
        (
            FalloutFilter {
                among: Some(vec![(order_id(3), task("check")), (order_id(1), task("check"))]),
                ..any()
            },
            vec![address],
        ),
        (FalloutFilter { among: Some(vec![]), ..any() }, vec![]),
    ] {
        assert_eq!(found(conn, filter.clone()).await, expected, "{filter:?}");
        let keys = find_fallout(conn, &filter, 100).await.unwrap();
        let keys: Vec<_> = keys
            .iter()
            .map(|key| format!("{} {} {}", key.order.uuid().as_u128(), key.task, key.kind.as_str()))
            .collect();
        assert_eq!(keys, expected, "{filter:?}");
    }
    assert_eq!(find_fallout(conn, &any(), 2).await.unwrap().len(), 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pages_go_from_the_oldest_to_the_newest_without_a_gap(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=7 {
        // Several of one instant are told apart by their orders.
        no_port(conn, n, 2_000 - i64::try_from(n / 3).unwrap(), "no port").await;
    }
    let mut seen = Vec::new();
    let mut cursor: Option<WorkCursor> = None;
    loop {
        let page = list_fallout(conn, &FalloutFilter::default(), cursor.as_ref(), 3).await.unwrap();
        seen.extend(page.items.iter().map(|item| item.order.uuid().as_u128()));
        let Some(next) = page.next else { break };
        assert_eq!(page.items.len(), 3);
        cursor = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(seen, [6, 7, 3, 4, 5, 1, 2]);
}

#[test]
fn a_cursor_reads_back_whatever_the_item_is_called() {
    for text in
        ["7-00000000000000000000000000000009-check", "7-00000000000000000000000000000009-reserve[a-1]"]
    {
        assert_eq!(text.parse::<WorkCursor>().unwrap().to_string(), text);
    }
    for text in ["", "7", "x-00000000000000000000000000000009-check", "7-00000000000000000000000000000009"] {
        assert!(text.parse::<WorkCursor>().is_err(), "{text}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_outage_is_one_group_however_many_orders_it_holds_up(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=4 {
        let reason =
            format!("inventory.reserve answered 503: node \"{n}\" of UTR-{n} is down, try again in {n}s");
        no_port(conn, n, 1_000 + i64::try_from(n).unwrap() * 10, &reason).await;
    }
    no_port(conn, 5, 500, "inventory.reserve answered 404: node \"5\" of UTR-5 is down, try again in 5s")
        .await;
    meter(conn, 6, 400).await;
    let late = vec![Fact::OrderStarted {}, Fact::OrderOverdue {}, paused("check", None)];
    happens(conn, 7, 300, late).await;

    let groups = group_fallout(conn, &FalloutFilter::default(), 200).await.unwrap();
    let told: Vec<_> = groups
        .iter()
        .map(|group| format!("{} {} {} {}", group.count, group.at_risk, group.kind.as_str(), group.pattern))
        .collect();
    assert_eq!(
        told,
        [
            "4 0 held inventory.reserve answered 503: node … of … is down, try again in …",
            "1 1 paused not done within … h",
            "1 0 manual field_force: read the meter",
            "1 0 held inventory.reserve answered 404: node … of … is down, try again in …",
        ]
    );
    let outage = &groups[0];
    assert_eq!((outage.orders, outage.call.as_deref()), (4, Some("inventory.reserve")));
    assert_eq!((outage.oldest.order, &outage.oldest.task), (order_id(1), &task("reserve[1]")));
    assert_eq!(
        outage.oldest.reason,
        "inventory.reserve answered 503: node \"1\" of UTR-1 is down, try again in 1s"
    );
    assert_eq!((outage.oldest.since, outage.newest), (at(1_014), at(1_044)));
    assert_eq!(groups[2].person, Person::Role("field_force".parse().unwrap()));

    let alike = FalloutFilter { pattern: Some(outage.pattern.clone()), ..FalloutFilter::default() };
    assert_eq!(find_fallout(conn, &alike, 100).await.unwrap().len(), 4, "a group is found by its pattern");
    assert_eq!(group_fallout(conn, &FalloutFilter::default(), 1).await.unwrap().len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_pattern_of_a_reason_leaves_out_what_tells_cases_apart(pool: PgPool) {
    for (reason, pattern) in [
        ("no port", "no port"),
        ("network.activate answered 500: olt UTR-7 is down", "network.activate answered 500: olt … is down"),
        ("answered 5000", "answered 5000"),
        ("no order 0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21.", "no order …."),
        ("no answer of 10.2.0.1:8080 within 1m30s", "no answer of … within …"),
        ("the 2,000 polls of `a.b` and \"c d\"", "the … polls of … and …"),
        ("can't reach 'olt seven', it's gone", "can't reach …, it's gone"),
        ("Straße 7a is no Äddress9", "Straße … is no …"),
    ] {
        let found: String =
            sqlx::query_scalar("select reason_pattern($1)").bind(reason).fetch_one(&pool).await.unwrap();
        assert_eq!(found, pattern, "{reason}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_second_hold_of_the_same_task_counts_from_then(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    no_port(conn, 1, 1_000, "no port").await;
    let since = async |conn: &mut PgConnection| -> Vec<(TaskId, Timestamp)> {
        let page = list_fallout(conn, &FalloutFilter::default(), None, 10).await.unwrap();
        page.items.into_iter().map(|item| (item.task, item.since)).collect()
    };
    assert_eq!(since(conn).await, [(task("reserve[1]"), at(1_004))]);
    let events = [started("reserve[1]", 2), held("reserve[1]", "no port", HoldFor::Operations)];
    let event = |(number, fact)| OrderEvent { number, at: at(7_000), fact };
    let events: Vec<_> = (5..).zip(events).map(event).collect();
    apply_events(conn, order_id(1), &events).await.unwrap();
    assert_eq!(since(conn).await, [(task("reserve[1]"), at(7_000))]);
}
