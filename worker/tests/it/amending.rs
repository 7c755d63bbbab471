//! Amendments: with a plan by an update, and without one by a signal.

use contract::{Amend, AmendRequest, ClientError, Replanned, Routes, Wanted};
use engine::{Handled, Rejected};
use model::{Actor, DeliveryId, Duration, Fact, OrderState, TaskState, Value};
use plan::Plan;
use sqlx::PgPool;

use crate::app::App;
use crate::plans::{call, plan, wait};

const DAY: Duration = Duration::from_secs(86_400);

fn before() -> Plan {
    plan(vec![call("book", "workforce.book"), wait("field_work", "report", DAY)])
}

/// One more call at the end.
fn after() -> Plan {
    plan(vec![
        call("book", "workforce.book"),
        wait("field_work", "report", DAY),
        call("tell", "messages.send"),
    ])
}

fn update(id: &str, plan: Plan) -> AmendRequest {
    let routes = Routes { inline: ["messages.send".to_owned()].into(), ..Routes::default() };
    let id = DeliveryId::new(id).unwrap();
    let (by, reason) = (Actor::new("ann"), "one more".to_owned());
    AmendRequest { id, plan: Box::new(plan), routes, by, reason, token: None }
}

fn signal(id: &str) -> Amend {
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
    let planned = |plan: Plan| Replanned::Planned { plan: Box::new(plan), routes: Routes::default() };
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
    let routes = Routes::default();
    app.world.plans.lock().unwrap().push_back(Replanned::Planned { plan: Box::new(after()), routes });
    app.when(order, "it is amended", |view| view.version == 2).await;
}
