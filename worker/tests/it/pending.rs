//! Orders that wait for their beginning, and orders that are paused.

use contract::{CancelRequest, ClientError, DeliverRequest, NoteRequest, OrderEnded};
use engine::{Handled, Rejected};
use model::{Actor, Duration, Fact, OrderEvent, OrderId, OrderState, TaskState, Value};
use plan::{Plan, PlanParts};
use sqlx::PgPool;

use crate::app::{App, now, until};
use crate::plans::{call, plan, wait};

const DAY: Duration = Duration::from_secs(86_400);

/// One call, not before so long from now.
pub(crate) fn starting_in(wait: Duration) -> Plan {
    let mut parts = PlanParts::from(plan(vec![call("one", "a.one")]));
    parts.order = Value::record([("requested_start", Value::text(now().plus(wait).to_string()))]);
    Plan::new(parts).unwrap()
}

pub(crate) fn note(id: &str) -> NoteRequest {
    NoteRequest { id: id.parse().unwrap(), by: Actor::new("ann"), note: "night work".to_owned() }
}

fn names(record: &[OrderEvent]) -> Vec<&'static str> {
    record.iter().map(|event| event.fact.name()).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_begins_at_its_start_date(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(starting_in(Duration::from_secs(2))).await;
    app.in_state(order, OrderState::Completed).await;
    let record = app.mirrored(order).await;
    assert_eq!(names(&record)[..2], ["OrderPending", "OrderStarted"]);
    let Fact::OrderPending { until: Some(until), after } = &record[0].fact else { panic!("{record:?}") };
    assert!(after.is_empty() && record[1].at >= *until, "{record:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_is_cancelled_before_its_start_date_leaves_nothing_behind(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(starting_in(DAY)).await;
    let view = app.in_state(order, OrderState::Pending).await;
    assert!(view.pending_until.is_some_and(|until| until > now()));
    until("Temporal's index says that the order is pending", async || {
        let standing = app.client.describe(order).await.unwrap();
        (standing.state == Some(OrderState::Pending)).then_some(())
    })
    .await;
    let refused = app.client.pause(order, &note("p-1")).await.unwrap_err();
    assert!(matches!(refused, ClientError::Rejected(Rejected::NotBegun)), "{refused:?}");
    let cancel = CancelRequest {
        id: "c-1".parse().unwrap(),
        by: Actor::new("ann"),
        reason: "moved".to_owned(),
        item: None,
    };
    assert_eq!(app.client.cancel(order, &cancel).await.unwrap(), Handled::Applied);
    app.in_state(order, OrderState::Cancelled).await;
    app.mirrored(order).await;
    assert!(app.world.calls().is_empty(), "{:?}", app.world.calls());
    assert!(!app.client.describe(order).await.unwrap().open);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_begins_when_those_before_it_have_ended(pool: PgPool) {
    let app = App::start(pool).await;
    let before: Vec<OrderId> = (0..2).map(|_| OrderId::new(uuid::Uuid::now_v7())).collect();
    let order = app.following_order(plan(vec![call("one", "a.one")]), before.clone()).await;
    let view = app.in_state(order, OrderState::Pending).await;
    assert_eq!(view.pending_after, before);
    let tell = async |ended: usize| {
        app.client.signal_order_ended(order, OrderEnded { order: before[ended] }).await.unwrap();
    };
    tell(0).await;
    tell(0).await;
    app.when(order, "the order waits for one", |view| view.pending_after == before[1..]).await;
    tell(1).await;
    app.in_state(order, OrderState::Completed).await;
    let record = app.mirrored(order).await;
    assert_eq!(names(&record)[..3], ["OrderPending", "OrderPending", "OrderStarted"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_paused_order_goes_on_when_a_person_says_so(pool: PgPool) {
    let app = App::start(pool).await;
    let tasks = vec![call("one", "a.one"), wait("visit", "report", DAY), call("two", "b.two")];
    let order = app.order(plan(tasks)).await;
    app.task_in(order, "visit", TaskState::Running).await;
    assert_eq!(app.client.pause(order, &note("p-1")).await.unwrap(), Handled::Applied);
    let held = app.in_state(order, OrderState::Held).await.blocked.unwrap();
    assert_eq!(
        (held.task.to_string().as_str(), held.reason.as_str()),
        ("visit", "paused by ann: night work")
    );
    let report = DeliverRequest {
        id: "evt-1".parse().unwrap(),
        signal: "report".to_owned(),
        task: None,
        payload: Value::record([("outcome", Value::text("done"))]),
    };
    app.client.deliver(order, &report).await.unwrap();
    let view = app.task_in(order, "visit", TaskState::Succeeded).await;
    assert_eq!((view.state, view.tasks[2].state), (OrderState::Held, TaskState::Waiting));
    let twice = app.client.pause(order, &note("p-2")).await.unwrap_err();
    assert!(matches!(twice, ClientError::Rejected(Rejected::Paused)), "{twice:?}");
    assert_eq!(app.client.resume(order, &note("r-1")).await.unwrap(), Handled::Applied);
    app.in_state(order, OrderState::Completed).await;
    let record = app.mirrored(order).await;
    let said = |fact: &Fact| matches!(fact, Fact::PauseLifted { by, .. } if by.as_str() == "ann");
    assert!(record.iter().any(|event| said(&event.fact)), "{record:?}");
}
