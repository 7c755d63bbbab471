//! Questions to systems and to people: read-backs, polls and manual tasks.

use contract::{ActRequest, CancelRequest, ClientError};
use engine::{Act, Handled, Rejected};
use model::{Actor, DeliveryId, Duration, Fact, OrderId, OrderState, TaskState, Value};
use plan::Retry;
use sqlx::PgPool;

use crate::app::{App, until};
use crate::plans::{call, manual, plan, poll};
use crate::world::Behaviour::{Fail, LoseAnswer, LoseCall, Tell};

fn complete(id: &str, task: &str, result: Value) -> ActRequest {
    ActRequest {
        id: DeliveryId::new(id).unwrap(),
        task: task.to_owned(),
        by: Actor::new("ann"),
        note: "signed".to_owned(),
        act: Act::Complete { result },
    }
}

fn approved(approved: bool) -> Value {
    Value::record([("approved", Value::Bool(approved))])
}

/// What the order's first task waits for, as Postgres has it.
async fn shown_waiting(app: &App, order: OrderId) -> (TaskState, Option<String>) {
    let mut conn = app.pool.acquire().await.unwrap();
    let row = store::load_order(&mut conn, order).await.unwrap().unwrap();
    let task = row.tasks[0].progress.clone();
    (task.state, task.waiting_for)
}

/// The keys of the calls that were made, without the order.
fn keys(app: &App) -> Vec<String> {
    let key = |call: &model::CallRequest| call.key.as_str().split_once('/').unwrap().1.to_owned();
    app.world.requests().iter().map(key).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_call_whose_answer_is_lost_is_read_back(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.activate", vec![LoseAnswer, LoseAnswer, LoseAnswer]);
    app.world.script("network.read", vec![Fail("busy"), Tell(true)]);
    app.world.close("network.read");
    let order = app.order(plan(vec![call("activate", "network.activate").verified("network.read")])).await;

    let view = app.task_in(order, "activate", TaskState::Unknown).await;
    let asks = "network.read to tell whether it was done";
    assert_eq!(view.tasks[0].waiting_for.as_deref(), Some(asks));
    until("Postgres shows that it is being found out", async || {
        (shown_waiting(&app, order).await == (TaskState::Unknown, Some(asks.to_owned()))).then_some(())
    })
    .await;
    app.world.open("network.read");
    app.in_state(order, OrderState::Completed).await;

    // The question has attempts of its own, and the call is not made again.
    assert_eq!(app.world.calls(), ["activate#1", "activate#2", "activate#3", "read#4", "read#5"]);
    let (call, question) = ("activate/1/forward", "activate/1/verify-1");
    assert_eq!(keys(&app), [call, call, call, question, question]);
    assert_eq!(app.world.effects(), [call]);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_call_that_never_arrived_is_made_again_under_its_key(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.activate", vec![LoseCall]);
    app.world.script("network.read", vec![Tell(false)]);
    let once = call("activate", "network.activate").verified("network.read");
    let order = app.order(plan(vec![once.change(|body| body.retry = Retry::NONE)])).await;
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(keys(&app), ["activate/1/forward", "activate/1/verify-1", "activate/1/forward"]);
    assert_eq!(app.world.effects(), ["activate/1/forward"]);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancel_undoes_what_is_read_back_as_done_and_nothing_else(pool: PgPool) {
    let app = App::start(pool).await;
    for (lost, done, calls) in [
        (LoseAnswer, true, &["activate", "read", "un_activate"][..]),
        (LoseCall, false, &["activate", "read"]),
    ] {
        let before = app.world.calls().len();
        app.world.script("network.activate", vec![lost]);
        app.world.script("network.read", vec![Tell(done)]);
        app.world.close("network.activate");
        let once = call("activate", "network.activate").verified("network.read");
        let order = app.order(plan(vec![once.change(|body| body.retry = Retry::NONE)])).await;
        until("the call is made", async || (app.world.calls().len() > before).then_some(())).await;
        let cancel = CancelRequest {
            id: DeliveryId::new("c-1").unwrap(),
            by: Actor::new("ann"),
            reason: "moved".to_owned(),
            item: None,
        };
        app.client.cancel(order, &cancel).await.unwrap();
        app.world.open("network.activate");
        app.in_state(order, OrderState::Cancelled).await;
        let made: Vec<String> =
            app.world.requests()[before..].iter().map(|c| c.operation.to_string()).collect();
        assert_eq!(made, calls);
        app.mirrored(order).await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_poll_goes_on_over_failures_and_a_worker_that_ends(pool: PgPool) {
    let mut app = App::start(pool).await;
    app.world.script("network.read", vec![Tell(false), Fail("busy"), Tell(false), Tell(true)]);
    let every = Duration::from_millis(400);
    let prove = poll("prove", "network.read", every, Duration::from_secs(3_600));
    let order = app.order(plan(vec![prove])).await;
    let view = app.when(order, "it waits for an answer", |view| view.tasks[0].waiting_for.is_some()).await;
    assert_eq!(
        view.tasks[0].waiting_for.as_deref(),
        Some("`result.done` of network.read, asked every 400ms")
    );
    until("it has asked", async || (!app.world.calls().is_empty()).then_some(())).await;
    app.stop_worker().await;
    app.start_worker();
    let view = app.in_state(order, OrderState::Completed).await;
    assert_eq!(view.tasks[0].result, Value::record([("done", Value::Bool(true))]));
    let asked: Vec<String> = (1..=4).map(|n| format!("prove/1/poll-{n}")).collect();
    assert_eq!(keys(&app), asked);
    let names: Vec<_> = app.mirrored(order).await.iter().map(|event| event.fact.name()).collect();
    assert_eq!(names, ["OrderStarted", "TaskStarted", "TaskSucceeded", "OrderCompleted"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_poll_in_vain_ends_when_its_time_is_up(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.read", vec![Tell(false); 100]);
    let (every, within) = (Duration::from_millis(100), Duration::from_millis(700));
    let order = app.order(plan(vec![poll("prove", "network.read", every, within)])).await;
    let view = app.in_state(order, OrderState::Held).await;
    let reason = view.blocked.unwrap().reason;
    assert_eq!(
        reason,
        r#"`result.done` of network.read did not hold within 700ms; last of all, it answered {"done":false}"#
    );
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_manual_task_takes_what_its_person_says(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(plan(vec![manual("check"), call("reserve", "inventory.reserve")])).await;
    let view = app.task_in(order, "check", TaskState::Running).await;
    assert_eq!(view.tasks[0].waiting_for.as_deref(), Some("back_office: Check the contract"));

    let refused = async |request: ActRequest| match app.client.act(order, &request).await {
        Err(ClientError::Rejected(rejected)) => rejected,
        other => panic!("{other:?}"),
    };
    let odd = refused(complete("m-1", "check", Value::record([("approved", Value::text("yes"))]))).await;
    let Rejected::Result { faults, .. } = odd else { panic!("{odd:?}") };
    assert_eq!(faults[0].pointer.as_str(), "/approved");
    let other = refused(complete("m-2", "reserve", approved(true))).await;
    assert!(matches!(other, Rejected::NotWaiting { .. }), "{other:?}");

    let taken = complete("m-3", "check", approved(true));
    assert_eq!(app.client.act(order, &taken).await.unwrap(), Handled::Applied);
    app.in_state(order, OrderState::Completed).await;
    // The same update is answered by Temporal itself, also after the end.
    assert_eq!(app.client.act(order, &taken).await.unwrap(), Handled::Applied);
    let record = app.mirrored(order).await;
    let said = record.iter().find_map(|event| match &event.fact {
        Fact::OperatorActed { action, by, note, result, .. } => {
            Some((action.as_str(), by.as_str(), note.as_str(), result.clone()))
        }
        _ => None,
    });
    assert_eq!(said, Some(("complete", "ann", "signed", approved(true))));
}
