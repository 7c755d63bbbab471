//! Amendments: with a plan by an update, and without one by a signal.

use contract::{Amend, AmendRequest, CancelRequest, ClientError, Replanned, Routes, Wanted};
use engine::{Handled, Rejected};
use model::{Actor, DeliveryId, Duration, Fact, OrderId, OrderState, TaskState, Value};
use plan::{Argument, Expr, Formula, Plan};
use sqlx::PgPool;

use crate::app::App;
use crate::plans::{call, plan, wait};

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn before() -> Plan {
    plan(vec![call("book", "workforce.book"), wait("field_work", "report", DAY)])
}

/// One more call at the end.
pub(crate) fn after() -> Plan {
    plan(vec![
        call("book", "workforce.book"),
        wait("field_work", "report", DAY),
        call("tell", "messages.send"),
    ])
}

pub(crate) fn update(id: &str, plan: Plan) -> AmendRequest {
    let routes = Routes { inline: ["messages.send".to_owned()].into(), ..Routes::default() };
    let id = DeliveryId::new(id).unwrap();
    let (by, reason) = (Actor::new("ann"), "one more".to_owned());
    let opposed = Vec::new();
    AmendRequest { id, plan: Box::new(plan), routes, by, reason, token: None, proposal: None, opposed }
}

/// What a worker makes of what is wanted.
pub(crate) fn planned(plan: Plan) -> Replanned {
    let (plan, routes, opposed) = (Box::new(plan), Routes::default(), Vec::new());
    Replanned::Planned { plan, routes, proposal: None, token: None, opposed }
}

pub(crate) fn signal(id: &str) -> Amend {
    let wanted = Wanted::Patch(Value::record([("notes", Value::List(Vec::new()))]));
    let id = DeliveryId::new(id).unwrap();
    Amend { id, by: Actor::new("ann"), reason: "one more".to_owned(), wanted, token: None }
}

fn report() -> contract::DeliverRequest {
    contract::DeliverRequest {
        id: DeliveryId::new("evt-1").unwrap(),
        signal: "report".to_owned(),
        task: None,
        payload: Value::record([("outcome", Value::text("done"))]),
    }
}

fn count(app: &App, label: &str) -> usize {
    app.world
        .requests()
        .iter()
        .filter(|request| format!("{}.{}", request.system, request.operation) == label)
        .count()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_update_is_judged_before_it_is_done(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(before()).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    let assessment = app.client.assess(order, &after()).await.unwrap();
    assert_eq!((assessment.version, assessment.tasks.len()), (2, 3));
    let stale = AmendRequest { token: Some("0".repeat(64).parse().unwrap()), ..update("A-1", after()) };
    let moved = app.client.amend(order, &stale).await.unwrap_err();
    let expected = Rejected::AmendmentMoved { token: assessment.token.clone() };
    assert!(matches!(moved, ClientError::Rejected(rejected) if rejected == expected));
    let fresh = AmendRequest { token: Some(assessment.token), ..update("A-1", after()) };
    assert_eq!(app.client.amend(order, &fresh).await.unwrap(), Handled::Applied);
    assert_eq!(app.client.state(order).await.unwrap().version, 2);
    assert_eq!(app.client.plan(order).await.unwrap().hash(), after().hash());
    app.client.signal_deliver(order, &report()).await.unwrap();
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(count(&app, "messages.send"), 1);
    app.mirrored(order).await;
    let ended = app.client.assess(order, &before()).await.unwrap_err();
    assert!(matches!(ended, ClientError::Rejected(Rejected::Ended { .. })), "{ended:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_amended_order_goes_on_in_another_workflow_run(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.paced_order(before(), 20).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    for n in 0..12 {
        let plan = if n % 2 == 0 { after() } else { before() };
        app.client.amend(order, &update(&format!("A-{n}"), plan)).await.unwrap();
    }
    app.client.amend(order, &update("A-last", after())).await.unwrap();
    app.client.signal_deliver(order, &report()).await.unwrap();
    let last = app.in_state(order, OrderState::Completed).await;
    assert_eq!(last.version, 14);
    assert!(app.runs_before(order).await > 0);
    assert_eq!((count(&app, "workforce.book"), count(&app, "messages.send")), (1, 1));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_signal_is_planned_first_one_after_another(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(before()).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    let refused = Replanned::Refused { reason: "/items: expected at least one item".to_owned() };
    app.world.plans.lock().unwrap().extend([planned(after()), refused, planned(before())]);
    for id in ["S-1", "S-2", "S-3"] {
        app.client.signal_amend(order, &signal(id)).await.unwrap();
    }
    app.when(order, "it is amended twice", |view| view.version == 3).await;
    let asked: Vec<(String, u32)> = app
        .world
        .replans
        .lock()
        .unwrap()
        .iter()
        .map(|asked| (asked.amend.id.to_string(), asked.version))
        .collect();
    assert_eq!(asked, [("S-1".to_owned(), 1), ("S-2".to_owned(), 2), ("S-3".to_owned(), 2)]);
    app.client.signal_deliver(order, &report()).await.unwrap();
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(count(&app, "messages.send"), 0, "what was added is not part of the order any more");
    let record = app.mirrored(order).await;
    let refusals = record.iter().filter_map(|event| match &event.fact {
        Fact::SignalRefused { id, reason, .. } => Some(format!("{id}: {reason}")),
        _ => None,
    });
    assert_eq!(refusals.collect::<Vec<_>>(), ["S-2: /items: expected at least one item"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_plan_that_can_not_be_made_yet_is_made_later(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(before()).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    app.client.signal_amend(order, &signal("S-1")).await.unwrap();
    crate::app::until("it was tried in vain", async || {
        (!app.world.replans.lock().unwrap().is_empty()).then_some(())
    })
    .await;
    app.world.plans.lock().unwrap().push_back(planned(after()));
    app.when(order, "it is amended", |view| view.version == 2).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_amendment_that_postgres_can_not_follow_is_refused_and_holds_up_no_other(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(before()).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    app.world.plans.lock().unwrap().extend([Replanned::Outdated {}, planned(after())]);
    for id in ["S-1", "S-2"] {
        app.client.signal_amend(order, &signal(id)).await.unwrap();
    }
    app.when(order, "it is amended", |view| view.version == 2).await;
    let refused = refusals(&app, order).await;
    assert_eq!(refused, ["S-1: the order is at version 1, and Postgres has a later one"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_an_order_does_not_even_judge_is_on_its_record(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.close("workforce.book");
    let order = app.order(before()).await;
    app.task_in(order, "book", TaskState::Running).await;
    let (by, reason) = (Actor::new("ann"), "moved away".to_owned());
    let cancel = CancelRequest { id: DeliveryId::new("c-1").unwrap(), by, reason, item: None };
    app.client.cancel(order, &cancel).await.unwrap();
    app.world.plans.lock().unwrap().push_back(planned(after()));
    app.client.signal_amend(order, &signal("S-1")).await.unwrap();
    let refused = crate::app::until("it is refused", async || {
        Some(refusals(&app, order).await).filter(|refused| !refused.is_empty())
    })
    .await;
    assert_eq!(refused, ["S-1: the order is being undone already"]);
    app.world.open("workforce.book");
    app.in_state(order, OrderState::Cancelled).await;
}

/// Both calls, with other arguments in the second version.
fn booked(version: i64) -> Plan {
    let of = |name: &str, label: &str| {
        call(name, label).change(|body| {
            let value =
                Formula { expr: Expr::Value(Value::from(version)), text: version.to_string(), line: 1 };
            body.call.arguments.push(Argument { name: "version".to_owned(), value });
        })
    };
    plan(vec![
        of("book", "workforce.book"),
        of("lease", "inventory.lease"),
        wait("field_work", "report", DAY),
    ])
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn postgres_shows_a_task_that_is_to_be_done_again_as_the_order_does(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(booked(1)).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    app.world.close("workforce.book");
    app.client.amend(order, &update("A-1", booked(2))).await.unwrap();
    app.task_in(order, "book", TaskState::Running).await;
    app.mirrored(order).await;
    let told = app.client.state(order).await.unwrap().tasks;
    let read = store::load_order(&mut app.pool.acquire().await.unwrap(), order).await.unwrap().unwrap().tasks;
    let told: Vec<_> = told
        .into_iter()
        .map(|task| (task.id, task.state, task.generation, task.reason, task.started_at, task.ended_at))
        .collect();
    let read: Vec<_> = read
        .into_iter()
        .map(|task| (task.id, task.progress))
        .map(|(id, of)| (id, of.state, of.generation, of.reason, of.started_at, of.ended_at))
        .collect();
    assert_eq!(read, told);
    assert_eq!((read[1].1, read[1].4), (TaskState::Waiting, None), "it is begun anew after `book`");
    app.world.open("workforce.book");
}

/// The signals that an order has refused, and why.
async fn refusals(app: &App, order: OrderId) -> Vec<String> {
    let refused = app.record(order).await.into_iter().filter_map(|event| match event.fact {
        Fact::SignalRefused { id, reason, .. } => Some(format!("{id}: {reason}")),
        _ => None,
    });
    refused.collect()
}
