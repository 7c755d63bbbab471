//! What was recorded once must still be understood: workflow code may change, histories don't.
//!
//! `worker/histories` holds histories of every kind of order that workflow code has ever carried out. They are never edited.
//! New ones are added by running the test `new_histories_are_recorded` with `ORDERWRIGHT_RECORD_HISTORIES` set to a folder.

use std::path::Path;

use contract::{ActRequest, CancelRequest, DeliverRequest, OrderClient, OrderEnded, Routes, connect};
use engine::{Act, OperatorAction};
use model::{Actor, DeliveryId, Duration, OrderId, OrderState, TaskState, Value};
use plan::ReactionKind;
use sqlx::PgPool;
use temporalio_client::{UntypedWorkflow, WorkflowFetchHistoryOptions, WorkflowHistory};
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use worker::OrderWorkflow;

use crate::amending::{after, before, planned, signal, update};
use crate::app::{App, until};
use crate::pending::{note, starting_in};
use crate::plans::{call, manual, plan, poll, wait};
use crate::whole_orders::{
    arrival, arrive, hauling, irrevocable, limited, retry, shipping, shipping_from, terminate, two_items,
};
use crate::world::Behaviour::{Fail, LoseAnswer, Refuse, Tell};

const HISTORIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/histories");

async fn replay(json: &[u8]) -> Result<(), String> {
    let options = WorkflowReplayerOptions::new().register_workflow::<OrderWorkflow>().unwrap().build();
    // By way of a value: our exact decimals don't go together with the SDK's own reader.
    let json: serde_json::Value = serde_json::from_slice(json).map_err(|e| e.to_string())?;
    let history: History = serde_json::from_value(json).map_err(|e| e.to_string())?;
    let history = WorkflowHistory::from(history);
    let replayer = WorkflowReplayer::new(options).map_err(|e| e.to_string())?;
    replayer.replay_workflow(history).await.map(drop).map_err(|e| e.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_histories_are_replayed() {
    let mut replayed = 0;
    for entry in std::fs::read_dir(HISTORIES).unwrap() {
        let path = entry.unwrap().path();
        let json = std::fs::read(&path).unwrap();
        replay(&json).await.unwrap_or_else(|failure| panic!("{}: {failure}", path.display()));
        replayed += 1;
    }
    assert!(replayed >= 4, "found {replayed} histories");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_the_code_does_not_lead_to_is_noticed() {
    let json = std::fs::read_to_string(Path::new(HISTORIES).join("v1_completed.json")).unwrap();
    let other = json.replace(r#""activity_id":"reserve""#, r#""activity_id":"something_else""#);
    assert!(json != other, "the history has no task `reserve`");
    let failure = replay(other.as_bytes()).await.unwrap_err();
    assert!(failure.contains("nondeterminis"), "{failure}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn new_histories_are_recorded(pool: PgPool) {
    let Ok(folder) = std::env::var("ORDERWRIGHT_RECORD_HISTORIES") else { return };
    let mut app = App::without_worker(pool).await;
    app.config.name = "worker".to_owned();
    app.start_worker();
    let mut sdk = connect(&app.config.temporal).await.unwrap();
    *sdk.connection_mut().identity_mut() = "api".to_owned();
    app.client = OrderClient::with_client(sdk.clone(), app.client.task_queue());

    let day = Duration::from_secs(86_400);
    let three = || {
        vec![
            call("reserve", "inventory.reserve"),
            call("register", "radius.register").after(&[]),
            call("activate", "network.activate").after(&["reserve", "register"]),
        ]
    };
    let with = |ops: Vec<crate::plans::Spec>, more: Vec<crate::plans::Spec>| {
        plan(ops.into_iter().chain(more).collect())
    };

    let completed = app.order(with(three(), vec![wait("visit", "report", day)])).await;
    app.task_in(completed, "visit", TaskState::Running).await;
    let report = DeliverRequest {
        id: DeliveryId::new("evt-1").unwrap(),
        signal: "report".to_owned(),
        task: None,
        payload: Value::record([("outcome", Value::text("done"))]),
    };
    app.client.signal_deliver(completed, &report).await.unwrap();
    app.in_state(completed, OrderState::Completed).await;

    let labels = ["inventory.reserve", "radius.register", "network.activate"].map(str::to_owned);
    let inline = app.routed_order(plan(three()), Routes { inline: labels.into(), ..Routes::default() }).await;
    app.in_state(inline, OrderState::Completed).await;

    app.world.script("billing.start", vec![Fail("busy"), Refuse("no account")]);
    let billing = call("bill", "billing.start").on_failure(ReactionKind::Rollback);
    let rolled_back = app.order(with(three(), vec![billing])).await;
    app.in_state(rolled_back, OrderState::Failed).await;

    let cancelled = app.order(with(three(), vec![wait("visit", "report", day)])).await;
    app.task_in(cancelled, "visit", TaskState::Running).await;
    let by = Actor::new("ann");
    let id = DeliveryId::new("c-1").unwrap();
    let cancel = CancelRequest { id, by: by.clone(), reason: "moved".to_owned(), item: None };
    app.client.cancel(cancelled, &cancel).await.unwrap();
    app.in_state(cancelled, OrderState::Cancelled).await;

    app.world.script("network.activate", vec![Fail("busy")]);
    let patient = call("activate", "network.activate").change(|body| body.retry.every = day);
    let settled = app.order(plan(vec![patient])).await;
    until("an attempt fails", async || {
        app.world.calls().last().is_some_and(|call| call == "activate#1").then_some(())
    })
    .await;
    app.client.signal_cancel(settled, &cancel).await.unwrap();
    app.in_state(settled, OrderState::Cancelled).await;

    app.world.script("network.activate", vec![Refuse("olt down")]);
    let timed_out =
        plan(vec![call("activate", "network.activate"), wait("visit", "report", Duration::from_millis(1))]);
    let operated = app.order(timed_out).await;
    app.in_state(operated, OrderState::Held).await;
    let act = |id: &str, task: &str, act: Act| ActRequest {
        id: DeliveryId::new(id).unwrap(),
        task: task.to_owned(),
        by: by.clone(),
        note: "looked at it".to_owned(),
        act,
    };
    app.client.act(operated, &act("a-1", "activate", OperatorAction::Retry.into())).await.unwrap();
    app.task_in(operated, "visit", TaskState::Held).await;
    app.client.act(operated, &act("a-2", "visit", OperatorAction::Rollback.into())).await.unwrap();
    app.in_state(operated, OrderState::Failed).await;

    app.world.script("network.activate", vec![LoseAnswer, LoseAnswer, LoseAnswer]);
    app.world.script("network.read", vec![Tell(true), Tell(false), Fail("busy"), Tell(true)]);
    let read_back = call("activate", "network.activate").verified("network.read");
    let prove = poll("prove", "network.read", Duration::from_millis(50), day);
    let asked = app.order(plan(vec![read_back, prove, manual("check")])).await;
    app.task_in(asked, "check", TaskState::Running).await;
    let result = Value::record([("approved", Value::Bool(true))]);
    let check = act("m-1", "check", Act::Complete { result });
    app.client.act(asked, &check).await.unwrap();
    app.in_state(asked, OrderState::Completed).await;

    let late = app.order(limited(Duration::from_millis(300), Some(ReactionKind::Rollback))).await;
    app.in_state(late, OrderState::Failed).await;

    app.world.script("billing.start", vec![]);
    let parent = app.order(shipping(ReactionKind::Rollback)).await;
    let child = arrival(&app, parent).await;
    arrive(&app, child).await;
    app.in_state(parent, OrderState::Completed).await;

    app.world.script("billing.start", vec![Refuse("no account")]);
    let undone_parent = app.order(shipping(ReactionKind::Rollback)).await;
    let undone_child = arrival(&app, undone_parent).await;
    arrive(&app, undone_child).await;
    app.in_state(undone_parent, OrderState::Failed).await;

    app.world.script("billing.start", vec![]);
    let barred_parent = app.order(irrevocable()).await;
    let barred_child = arrival(&app, barred_parent).await;
    app.client.cancel(barred_parent, &cancel).await.unwrap_err();
    arrive(&app, barred_child).await;
    app.in_state(barred_parent, OrderState::Completed).await;

    let first = OrderId::new(uuid::Uuid::now_v7());
    let pending = app.following_order(starting_in(Duration::from_secs(1)), vec![first]).await;
    app.when(pending, "its start date has come", |view| {
        view.state == OrderState::Pending && view.pending_until.is_none()
    })
    .await;
    app.client.signal_order_ended(pending, OrderEnded { order: first }).await.unwrap();
    app.in_state(pending, OrderState::Completed).await;

    let paused = app.order(with(three(), vec![wait("visit", "report", day), call("bill", "a.bill")])).await;
    app.task_in(paused, "visit", TaskState::Running).await;
    app.client.pause(paused, &note("p-1")).await.unwrap();
    app.client.signal_deliver(paused, &report).await.unwrap();
    app.task_in(paused, "visit", TaskState::Succeeded).await;
    app.client.resume(paused, &note("r-1")).await.unwrap();
    app.in_state(paused, OrderState::Completed).await;

    let amended = app.order(before()).await;
    app.task_in(amended, "field_work", TaskState::Running).await;
    app.client.amend(amended, &update("A-1", after())).await.unwrap();
    app.client.signal_deliver(amended, &report).await.unwrap();
    app.in_state(amended, OrderState::Completed).await;

    let by_signal = app.order(before()).await;
    app.task_in(by_signal, "field_work", TaskState::Running).await;
    app.world.plans.lock().unwrap().push_back(planned(after()));
    app.client.signal_amend(by_signal, &signal("S-1")).await.unwrap();
    app.when(by_signal, "it is amended", |view| view.version == 2).await;
    app.client.signal_deliver(by_signal, &report).await.unwrap();
    app.in_state(by_signal, OrderState::Completed).await;

    let amended_parent = app.order(shipping_from("UTR-7")).await;
    let amended_child = arrival(&app, amended_parent).await;
    app.client.amend(amended_parent, &update("A-1", shipping_from("AMS-1"))).await.unwrap();
    app.when(amended_child, "the child is amended", |view| view.version == 2).await;
    arrive(&app, amended_child).await;
    app.in_state(amended_parent, OrderState::Completed).await;

    let hauled = app.order(hauling()).await;
    let begun_again = arrival(&app, hauled).await;
    terminate(&app, begun_again).await;
    app.in_state(begun_again.child(&"collect".parse().unwrap(), 1), OrderState::Cancelled).await;
    app.task_in(hauled, "deliver", TaskState::Held).await;
    app.client.act(hauled, &retry("deliver")).await.unwrap();
    app.task_in(begun_again, "collect", TaskState::Held).await;
    app.client.act(begun_again, &retry("collect")).await.unwrap();
    arrive(&app, arrival(&app, hauled).await).await;
    app.in_state(hauled, OrderState::Completed).await;

    app.world.script("network.route", vec![Refuse("no route")]);
    let partial = app.order(two_items("route", call("route", "network.route"))).await;
    app.in_state(partial, OrderState::Partial).await;

    let less = app.order(two_items("visit", wait("visit", "report", day))).await;
    app.task_in(less, "visit[2]", TaskState::Running).await;
    let one = CancelRequest { item: Some("2".to_owned()), ..cancel.clone() };
    app.client.cancel(less, &one).await.unwrap();
    app.in_state(less, OrderState::Completed).await;

    let resumed = app.paced_order(with(three(), vec![wait("visit", "report", day)]), 10).await;
    app.task_in(resumed, "visit", TaskState::Running).await;
    app.client.signal_deliver(resumed, &report).await.unwrap();
    app.in_state(resumed, OrderState::Completed).await;
    assert!(app.runs_before(resumed).await > 0);

    let record = async |order: OrderId, name: &str| {
        let handle = sdk.get_workflow_handle::<UntypedWorkflow>(order.to_string());
        let json = handle.fetch_history(WorkflowFetchHistoryOptions::default()).to_json().await.unwrap();
        replay(&json).await.unwrap();
        std::fs::write(Path::new(&folder).join(format!("v2_{name}.json")), json).unwrap();
    };
    record(completed, "completed").await;
    record(inline, "inline").await;
    record(rolled_back, "rolled_back").await;
    record(cancelled, "cancelled").await;
    record(settled, "settled").await;
    record(operated, "operated").await;
    record(asked, "asked").await;
    record(late, "late").await;
    record(pending, "pending").await;
    record(paused, "paused").await;
    record(parent, "parent").await;
    record(child, "child").await;
    record(begun_again, "begun_again").await;
    record(undone_parent, "undone_parent").await;
    record(undone_child, "undone_child").await;
    record(barred_parent, "barred_parent").await;
    record(barred_child, "barred_child").await;
    record(amended, "amended").await;
    record(by_signal, "amended_by_signal").await;
    record(amended_parent, "amended_parent").await;
    record(amended_child, "amended_child").await;
    record(partial, "partial").await;
    record(less, "item_cancelled").await;
    record(resumed, "resumed").await;
}
