//! Cancels and operators' actions.

use contract::{ActRequest, CancelRequest, ClientError, connect};
use engine::{Handled, OperatorAction, Rejected};
use model::{Actor, DeliveryId, Duration, OrderState, TaskState};
use plan::{Plan, ReactionKind};
use sqlx::PgPool;
use temporalio_client::{UntypedWorkflow, WorkflowCancelOptions};

use crate::app::{App, until};
use crate::plans::{call, plan, wait};
use crate::world::Behaviour;

fn cancel(id: &str) -> CancelRequest {
    CancelRequest {
        id: DeliveryId::new(id).unwrap(),
        by: Actor::new("ann"),
        reason: "the customer changed their mind".to_owned(),
        item: None,
    }
}

fn act(id: &str, task: &str, action: OperatorAction) -> ActRequest {
    ActRequest {
        id: DeliveryId::new(id).unwrap(),
        task: task.to_owned(),
        by: Actor::new("ann"),
        note: "looked at it".to_owned(),
        act: action.into(),
    }
}

fn waiting_plan() -> Plan {
    plan(vec![call("reserve", "inventory.reserve"), wait("visit", "report", Duration::from_secs(86_400))])
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancel_undoes_what_was_done(pool: PgPool) {
    let app = App::start(pool).await;
    let by_signal = app.order(waiting_plan()).await;
    let by_update = app.order(waiting_plan()).await;
    let by_temporal = app.order(waiting_plan()).await;
    for order in [by_signal, by_update, by_temporal] {
        app.task_in(order, "visit", TaskState::Running).await;
    }
    app.client.signal_cancel(by_signal, &cancel("c-1")).await.unwrap();
    assert_eq!(app.client.cancel(by_update, &cancel("c-1")).await.unwrap(), Handled::Applied);
    connect(&app.config.temporal)
        .await
        .unwrap()
        .get_workflow_handle::<UntypedWorkflow>(by_temporal.to_string())
        .cancel(WorkflowCancelOptions::builder().reason("from the web UI").build())
        .await
        .unwrap();
    for order in [by_signal, by_update, by_temporal] {
        let view = app.in_state(order, OrderState::Cancelled).await;
        let states: Vec<_> = view.tasks.iter().map(|task| task.state).collect();
        assert_eq!(states, [TaskState::Undone, TaskState::Dropped]);
        app.mirrored(order).await;
    }
    let record = serde_json::to_string(&app.record(by_temporal).await).unwrap();
    assert!(record.contains("from the web UI"), "{record}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancel_past_the_point_of_no_return_is_refused_and_names_the_task(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.close("billing.start");
    let order = app
        .order(plan(vec![
            call("reserve", "inventory.reserve"),
            call("bill", "billing.start").point_of_no_return(),
        ]))
        .await;
    app.task_in(order, "bill", TaskState::Running).await;
    let refusal = app.client.cancel(order, &cancel("c-1")).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the order can't be cancelled any more: `bill` is a point of no return and has begun"
    );
    app.world.open("billing.start");
    app.in_state(order, OrderState::Completed).await;
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_call_in_flight_settles_before_it_is_undone(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.close("network.activate");
    let order = app.order(plan(vec![call("activate", "network.activate")])).await;
    until("the call is made", async || (!app.world.calls().is_empty()).then_some(())).await;
    app.client.cancel(order, &cancel("c-1")).await.unwrap();
    app.in_state(order, OrderState::PendingCancellation).await;
    app.world.open("network.activate");
    app.in_state(order, OrderState::Cancelled).await;
    assert_eq!(app.world.calls(), ["activate#1", "un_activate#1"]);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancel_ends_a_wait_between_attempts_at_once(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.activate", vec![Behaviour::Fail("busy")]);
    let patient =
        call("activate", "network.activate").change(|body| body.retry.every = Duration::from_secs(86_400));
    let order = app.order(plan(vec![patient])).await;
    until("the first attempt fails", async || (!app.world.calls().is_empty()).then_some(())).await;
    app.client.cancel(order, &cancel("c-1")).await.unwrap();
    let view = app.in_state(order, OrderState::Cancelled).await;
    assert_eq!(app.world.calls(), ["activate#1"], "it did nothing, so there is nothing to undo");
    assert_eq!(view.tasks[0].state, TaskState::Dropped);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancel_between_attempts_undoes_what_may_have_been_done(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.activate", vec![Behaviour::LoseAnswer]);
    let patient =
        call("activate", "network.activate").change(|body| body.retry.every = Duration::from_secs(86_400));
    let order = app.order(plan(vec![patient])).await;
    until("the first attempt ends", async || (!app.world.effects().is_empty()).then_some(())).await;
    app.client.cancel(order, &cancel("c-1")).await.unwrap();
    // The order asks again under the same key, and then knows what there is to undo.
    app.in_state(order, OrderState::Cancelled).await;
    assert_eq!(app.world.effects(), ["activate/1/forward", "activate/1/undo"]);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_operator_retries_a_held_task(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.activate", vec![Behaviour::Refuse("no such port")]);
    let order = app.order(plan(vec![call("activate", "network.activate")])).await;
    app.in_state(order, OrderState::Held).await;
    let wrong = app.client.act(order, &act("a-1", "nothing", OperatorAction::Retry)).await.unwrap_err();
    assert_eq!(wrong.to_string(), "the order has no task `nothing`");
    let retried = app.client.act(order, &act("a-2", "activate", OperatorAction::Retry)).await.unwrap();
    assert_eq!(retried, Handled::Applied);
    app.in_state(order, OrderState::Completed).await;
    let keys: Vec<_> = app.world.requests().iter().map(|call| call.key.as_str().to_owned()).collect();
    assert_ne!(keys[0], keys[1], "a task that is begun anew asks for something new");
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_operator_rolls_back(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.activate", vec![Behaviour::Refuse("olt down")]);
    let order = app
        .order(plan(vec![call("reserve", "inventory.reserve"), call("activate", "network.activate")]))
        .await;
    app.in_state(order, OrderState::Held).await;
    app.client.act(order, &act("a-1", "activate", OperatorAction::Rollback)).await.unwrap();
    app.in_state(order, OrderState::Failed).await;
    assert_eq!(app.world.calls(), ["reserve#1", "activate#1", "un_reserve#1"]);
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_asks_for_the_impossible_is_told_so(pool: PgPool) {
    let mut app = App::start(pool).await;
    let order = app
        .order(plan(vec![call("one", "a.one").on_failure(ReactionKind::Hold(model::HoldFor::Customer))]))
        .await;
    app.in_state(order, OrderState::Completed).await;
    let ended = app.client.cancel(order, &cancel("c-1")).await.unwrap_err();
    assert!(
        matches!(ended, ClientError::Rejected(Rejected::Ended { state: OrderState::Completed })),
        "{ended:?}"
    );
    let ended = app.client.signal_cancel(order, &cancel("c-1")).await.unwrap_err();
    assert!(matches!(ended, ClientError::Rejected(Rejected::Ended { .. })), "{ended:?}");
    let nobody = model::OrderId::new(uuid::Uuid::now_v7());
    for missing in [
        app.client.cancel(nobody, &cancel("c-1")).await.unwrap_err(),
        app.client.signal_cancel(nobody, &cancel("c-1")).await.unwrap_err(),
        app.client.state(nobody).await.unwrap_err(),
        app.client.describe(nobody).await.unwrap_err(),
    ] {
        assert!(matches!(missing, ClientError::NotFound), "{missing:?}");
    }
    assert!(app.client.workers_alive().await.unwrap());

    app.stop_worker().await;
    let waiting = app.order(waiting_plan()).await;
    let unanswered = app.client.cancel(waiting, &cancel("c-1")).await.unwrap_err();
    assert!(matches!(unanswered, ClientError::NoWorker { .. }), "{unanswered:?}");
}
