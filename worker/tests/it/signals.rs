//! Signals and updates of every kind, welcome or not.

use contract::{ClientError, DeliverRequest, connect, names, payload::encode};
use engine::{Handled, Rejected};
use model::{DeliveryId, Duration, Fact, OrderId, OrderState, TaskState, Value};
use plan::Plan;
use sqlx::PgPool;
use temporalio_client::{
    UntypedQuery, UntypedSignal, UntypedUpdate, UntypedWorkflow, WorkflowExecuteUpdateOptions,
    WorkflowFetchHistoryOptions, WorkflowHandle,
};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::app::App;
use crate::plans::{call, plan, wait};

const DAY: Duration = Duration::from_secs(86_400);

fn waiting_plan() -> Plan {
    plan(vec![call("book", "workforce.book"), wait("field_work", "report", DAY)])
}

fn report(id: &str) -> DeliverRequest {
    DeliverRequest {
        id: DeliveryId::new(id).unwrap(),
        signal: "report".to_owned(),
        task: None,
        payload: Value::record([("outcome", Value::text("done"))]),
    }
}

async fn handle(app: &App, order: OrderId) -> WorkflowHandle<temporalio_client::Client, UntypedWorkflow> {
    connect(&app.config.temporal).await.unwrap().get_workflow_handle(order.to_string())
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_signal_ends_a_wait(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(waiting_plan()).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    app.client.signal_deliver(order, &report("evt-1")).await.unwrap();
    app.in_state(order, OrderState::Completed).await;
    let names: Vec<_> = app.mirrored(order).await.iter().map(|e| e.fact.name()).collect();
    assert_eq!(names[4..], ["SignalReceived", "TaskSucceeded", "OrderCompleted"], "{names:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_second_delivery_changes_nothing(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(plan(vec![wait("one", "report", DAY), wait("two", "report", DAY)])).await;
    app.task_in(order, "one", TaskState::Running).await;
    assert_eq!(app.client.deliver(order, &report("evt-1")).await.unwrap(), Handled::Applied);
    let before = app.task_in(order, "two", TaskState::Running).await;
    // The same update is answered by Temporal itself, the same signal by the order.
    assert_eq!(app.client.deliver(order, &report("evt-1")).await.unwrap(), Handled::Applied);
    app.client.signal_deliver(order, &report("evt-1")).await.unwrap();
    assert_eq!(app.client.deliver(order, &report("evt-2")).await.unwrap(), Handled::Applied);
    let after = app.in_state(order, OrderState::Completed).await;
    assert_eq!(
        after.events,
        before.events + 3,
        "received, succeeded, the order's end: {:?}",
        app.record(order).await
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_signal_that_comes_early_is_kept(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.close("workforce.book");
    let order = app.order(waiting_plan()).await;
    app.task_in(order, "book", TaskState::Running).await;
    assert_eq!(app.client.deliver(order, &report("evt-1")).await.unwrap(), Handled::Kept);
    app.world.open("workforce.book");
    app.in_state(order, OrderState::Completed).await;
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_signal_for_no_one_or_of_the_wrong_shape_is_refused_with_the_reason(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(waiting_plan()).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    let refused = async |request: DeliverRequest| match app.client.deliver(order, &request).await {
        Err(ClientError::Rejected(Rejected::Signal { reason })) => reason,
        other => panic!("{other:?}"),
    };
    let nobody = DeliverRequest { signal: "alarm".to_owned(), ..report("evt-1") };
    assert_eq!(refused(nobody).await, "no task of this order waits for `alarm`");
    let wrong = DeliverRequest { payload: Value::text("done"), ..report("evt-2") };
    assert!(refused(wrong).await.starts_with("`report` is not of the shape that was declared"));
    let elsewhere = DeliverRequest { task: Some("nowhere".to_owned()), ..report("evt-3") };
    assert_eq!(refused(elsewhere).await, "the order has no task `nowhere`");
    app.client.deliver(order, &report("evt-4")).await.unwrap();
    app.in_state(order, OrderState::Completed).await;
    app.mirrored(order).await;
}

/// Whatever anybody may send.
fn garbage() -> Vec<RawValue> {
    let bytes = |encoding: &str, data: &[u8]| {
        RawValue::new(vec![Payload {
            metadata: [("encoding".to_owned(), encoding.as_bytes().to_vec())].into(),
            data: data.to_vec(),
            ..Payload::default()
        }])
    };
    vec![
        RawValue::new(vec![]),
        RawValue::new(vec![Payload::default()]),
        RawValue::new([encode(&1).payloads, encode(&2).payloads].concat()),
        bytes("json/plain", b""),
        bytes("json/plain", b"{\"signal\": "),
        bytes("json/plain", b"\xff\xfe"),
        bytes("json/plain", b"1e999999"),
        bytes("json/plain", "[".repeat(100_000).as_bytes()),
        bytes("json/plain", br#"{"signal": 7, "id": {}, "task": [], "payload": null}"#),
        bytes(
            "json/plain",
            br#"{"signal": "report", "payload": {"outcome": 123456789012345678901234567890123}}"#,
        ),
        bytes(
            "json/plain",
            format!(r#"{{"signal": "report", "payload": "{}"}}"#, "x".repeat(300_000)).as_bytes(),
        ),
        bytes("json/plain", br#""just text""#),
        bytes("binary/null", b""),
        bytes("binary/plain", b"\x00\x01\x02"),
        bytes("binary/protobuf", b"\x08\x96\x01"),
        bytes("binary/encrypted", b"?"),
    ]
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn no_payload_breaks_an_order(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(waiting_plan()).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    let handle = handle(&app, order).await;
    for raw in garbage() {
        let signal = UntypedSignal::<UntypedWorkflow>::new(names::DELIVER);
        handle.signal(signal, raw.clone(), Default::default()).await.unwrap();
        for name in [names::DELIVER, names::RETRY, names::ROLLBACK, names::COMPLETE] {
            let update = UntypedUpdate::<UntypedWorkflow>::new(name);
            let options = WorkflowExecuteUpdateOptions::default();
            handle.execute_update(update, raw.clone(), options).await.expect("an answer, if only a refusal");
        }
        for name in [names::STATE, names::PLAN, names::DELTAS] {
            let query = UntypedQuery::<UntypedWorkflow>::new(name);
            handle.query(query, raw.clone(), Default::default()).await.expect("an answer");
        }
        let unknown = UntypedSignal::<UntypedWorkflow>::new("no_such_signal");
        handle.signal(unknown, raw, Default::default()).await.unwrap();
    }
    assert_eq!(app.client.deliver(order, &report("evt-1")).await.unwrap(), Handled::Applied);
    app.in_state(order, OrderState::Completed).await;
    let refusals = app.mirrored(order).await.iter().filter(|e| e.fact.name() == "SignalRefused").count();
    assert_eq!(refusals, 2 * garbage().len());
    let history = handle.fetch_history(WorkflowFetchHistoryOptions::default()).into_events().await.unwrap();
    let failed = history.iter().filter(|e| e.event_type() == EventType::WorkflowTaskFailed).count();
    assert_eq!(failed, 0, "a workflow task failed");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancel_that_can_not_be_understood_is_refused_on_the_record(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(waiting_plan()).await;
    app.task_in(order, "field_work", TaskState::Running).await;
    let handle = handle(&app, order).await;
    let cancel = async |raw: RawValue| {
        let signal = UntypedSignal::<UntypedWorkflow>::new(names::CANCEL);
        handle.signal(signal, raw, Default::default()).await.unwrap();
    };
    cancel(encode(&[1, 2])).await;
    cancel(encode(&7)).await;
    cancel(encode(&Value::record([("by", Value::Bool(true))]))).await;
    // It takes signals in the order in which they come.
    cancel(encode(&"moved house")).await;
    app.in_state(order, OrderState::Cancelled).await;
    let record = app.mirrored(order).await;
    let refused: Vec<_> = record
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::SignalRefused { signal, reason, .. } => Some(format!("{signal}: {reason}")),
            _ => None,
        })
        .collect();
    assert_eq!(
        refused,
        [
            "cancel: expected a record, found a list",
            "cancel: expected a record, found a number",
            "cancel: `by`: expected a text, found a bool"
        ]
    );
    let wanted = record.iter().filter(|event| event.fact.name() == "CancelRequested");
    assert_eq!(wanted.count(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_input_that_is_no_order_fails_the_workflow_and_nothing_else(pool: PgPool) {
    let app = App::start(pool).await;
    let client = connect(&app.config.temporal).await.unwrap();
    for raw in garbage() {
        let id = uuid::Uuid::now_v7().to_string();
        let options = temporalio_client::WorkflowStartOptions::new(app.client.task_queue(), &id).build();
        let handle =
            client.start_workflow(UntypedWorkflow::new(names::WORKFLOW), raw, options).await.unwrap();
        let error = handle.get_result(Default::default()).await.unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("the order can't be read"), "{text}");
    }
    let order = app.order(plan(vec![call("one", "a.one")])).await;
    app.in_state(order, OrderState::Completed).await;
}
