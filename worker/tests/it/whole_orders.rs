//! What is about an order as a whole: items that fail alone, time that runs out, orders that tasks run.

use model::{BlueprintName, Duration, Fact, OrderId, OrderState, TaskState, Type, Value};
use plan::{
    Body, Deadline, Definition, Plan, PlanItem, PlanParts, Reaction, ReactionKind, RunBody, SubBlueprint,
};
use sqlx::PgPool;

use crate::app::{App, until};
use crate::plans::{call, plan, wait};
use crate::world::Behaviour;

const DAY: Duration = Duration::from_secs(86_400);

fn changed(plan: Plan, change: impl FnOnce(&mut PlanParts)) -> Plan {
    let mut parts = PlanParts::from(plan);
    change(&mut parts);
    Plan::new(parts).unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_item_that_fails_alone_leaves_a_partial_order(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.route", vec![Behaviour::Refuse("no route")]);
    let rollback = ReactionKind::Rollback;
    let tasks = vec![
        call("fiber", "network.activate"),
        call("allocate", "ipam.allocate").after(&[]).on_failure(rollback),
        call("route", "network.route").after(&["allocate"]).on_failure(rollback),
        call("bill", "billing.start").after(&["fiber", "allocate", "route"]),
    ];
    let order = app
        .order(changed(plan(tasks), |parts| {
            let item = |id: &str| PlanItem {
                id: id.parse().unwrap(),
                kind: "line".parse().unwrap(),
                value: Value::record([("id", Value::text(id))]),
            };
            parts.items = vec![item("1"), item("2")];
            for (task, on) in [(0, 0), (1, 1), (2, 1)] {
                parts.tasks[task].item = Some(on);
                parts.definitions[task].each = Some("line".parse().unwrap());
                parts.definitions[task].isolate = on == 1;
            }
        }))
        .await;
    let view = app.in_state(order, OrderState::Partial).await;
    let states: Vec<_> = view.tasks.iter().map(|task| (task.id.to_string(), task.state)).collect();
    let expected = [
        ("fiber[1]", TaskState::Succeeded),
        ("allocate[2]", TaskState::Undone),
        ("route[2]", TaskState::Dropped),
        ("bill", TaskState::Succeeded),
    ];
    assert_eq!(states, expected.map(|(id, state)| (id.to_owned(), state)));
    let record = app.mirrored(order).await;
    assert!(record.iter().any(|event| matches!(event.fact, Fact::ItemFailed { .. })));
    let standing = app.client.describe(order).await.unwrap();
    assert_eq!((standing.open, standing.state), (false, Some(OrderState::Partial)));
}

pub(crate) fn limited(within: Duration, on_timeout: Option<ReactionKind>) -> Plan {
    changed(plan(vec![call("one", "a.one"), wait("visit", "report", DAY)]), |parts| {
        parts.deadline = Some(Deadline {
            within,
            at_risk: Some(Duration::from_millis(100)),
            on_timeout: on_timeout.map(|kind| Reaction { kind, reason: None }),
        });
    })
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_at_risk_is_marked_and_goes_on(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(limited(DAY, Some(ReactionKind::Rollback))).await;
    let view = app.when(order, "the order is at risk", |view| view.at_risk_since.is_some()).await;
    assert_eq!((view.state, view.overdue_since), (OrderState::InProgress, None));
    app.mirrored(order).await;
    let stored = load(&app, order).await.summary.progress;
    assert_eq!((stored.at_risk_since, stored.overdue_since), (view.at_risk_since, None));
    let census = store::take_census(&mut app.pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(census.orders_at_risk, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_whose_time_is_up_is_undone_or_waits_for_a_person(pool: PgPool) {
    let app = App::start(pool).await;
    let within = Duration::from_millis(300);
    let undone = app.order(limited(within, Some(ReactionKind::Rollback))).await;
    app.in_state(undone, OrderState::Failed).await;
    let record = app.mirrored(undone).await;
    let names: Vec<_> = record.iter().map(|event| event.fact.name()).collect();
    let at = |name: &str| names.iter().position(|n| *n == name).unwrap();
    assert!(
        at("OrderAtRisk") < at("OrderOverdue") && at("OrderOverdue") < at("OrderRollingBack"),
        "{names:?}"
    );

    let hold = ReactionKind::Hold(model::HoldFor::Operations);
    let held = app.order(limited(within, Some(hold))).await;
    let view = app.in_state(held, OrderState::Held).await;
    assert_eq!(view.blocked.as_ref().unwrap().task.to_string(), "visit");
    app.mirrored(held).await;
    let stored = load(&app, held).await.summary.progress.blocked.unwrap();
    assert_eq!(
        (stored.task.to_string().as_str(), stored.reason.as_str()),
        ("visit", "not done within 300ms")
    );
}

async fn load(app: &App, order: OrderId) -> store::OrderRow {
    let mut conn = app.pool.acquire().await.unwrap();
    store::load_order(&mut conn, order).await.unwrap().unwrap()
}

fn name() -> BlueprintName {
    "ship".parse().unwrap()
}

/// `order`; `deliver` runs `ship`, which collects and waits for the arrival; `bill`.
pub(crate) fn shipping(on_failure: ReactionKind) -> Plan {
    let sub =
        PlanParts::from(plan(vec![call("collect", "courier.collect"), wait("arrival", "arrived", DAY)]));
    let nothing = Type::Record(vec![]);
    let deliver = RunBody { blueprint: name(), arguments: vec![], result: nothing.clone(), within: None };
    let tasks = vec![
        call("order", "shop.order"),
        call("deliver", "a.b"),
        call("bill", "billing.start").on_failure(on_failure),
    ];
    changed(plan(tasks), |parts| {
        parts.definitions[1].body = Body::Run(Box::new(deliver));
        parts.sub_blueprints = vec![SubBlueprint {
            name: name(),
            parameters: vec![],
            returns: None,
            result: nothing,
            on_failure: sub.on_failure,
            deadline: None,
            after: sub
                .tasks
                .iter()
                .map(|t| t.after.iter().map(|a| plan::DefinitionIndex(a.0)).collect())
                .collect(),
            definitions: sub.definitions.into_iter().collect::<Vec<Definition>>(),
        }];
    })
}

/// The same, but that what is collected can't be given back.
pub(crate) fn irrevocable() -> Plan {
    changed(shipping(ReactionKind::Rollback), |parts| {
        parts.sub_blueprints[0].definitions[0].point_of_no_return = true;
    })
}

/// The child that `deliver` runs, once it waits for the arrival; and what it waits for, said.
pub(crate) async fn arrival(app: &App, order: OrderId) -> OrderId {
    let view = app.task_in(order, "deliver", TaskState::Running).await;
    let child = view.tasks[1].child.unwrap();
    assert_eq!(child, order.child(&"deliver".parse().unwrap(), 1));
    app.task_in(child, "arrival", TaskState::Running).await;
    child
}

fn cancel() -> contract::CancelRequest {
    contract::CancelRequest {
        id: "c-1".parse().unwrap(),
        by: model::Actor::new("anna"),
        reason: "moved away".to_owned(),
    }
}

/// Ends an order's workflow from outside.
async fn terminate(app: &App, order: OrderId) {
    let sdk = contract::connect(&app.config.temporal).await.unwrap();
    let handle = sdk.get_workflow_handle::<temporalio_client::UntypedWorkflow>(order.to_string());
    handle.terminate(temporalio_client::WorkflowTerminateOptions::default()).await.unwrap();
}

pub(crate) async fn arrive(app: &App, child: OrderId) {
    let said = contract::DeliverRequest {
        id: "parcel-1".parse().unwrap(),
        signal: "arrived".to_owned(),
        task: None,
        payload: Value::record([("outcome", Value::text("done"))]),
    };
    app.client.signal_deliver(child, &said).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_runs_beside_its_parent_and_ends_with_it(pool: PgPool) {
    let mut app = App::start(pool).await;
    app.world.close("billing.start");
    let order = app.order(shipping(ReactionKind::Rollback)).await;
    let child = arrival(&app, order).await;
    let row = until("Postgres has the child order", async || {
        let mut conn = app.pool.acquire().await.unwrap();
        let row = store::load_order(&mut conn, child).await.unwrap()?;
        (row.tasks[1].progress.state == TaskState::Running).then_some(row)
    })
    .await;
    let parent = row.summary.parent.unwrap();
    assert_eq!((parent.order, parent.task.to_string().as_str()), (order, "deliver"));
    let listed = &load(&app, order).await.children[0];
    assert_eq!((listed.order, &listed.blueprint, listed.state), (child, &name(), OrderState::InProgress));

    // Whoever takes the orders over knows all of it from the histories.
    app.stop_worker().await;
    app.start_worker();
    arrive(&app, child).await;
    app.task_in(order, "deliver", TaskState::Succeeded).await;
    let waits = app.when(child, "the child waits for its parent", |view| view.waits_to_end.is_some()).await;
    assert_eq!(waits.state, OrderState::InProgress);
    let expected = format!("is done; waits for the order {order}, which it is part of, to end");
    until("readers see what the child waits for", async || {
        let next = load(&app, child).await.summary.expected?.to_string();
        (next == expected).then_some(())
    })
    .await;
    app.world.open("billing.start");
    app.in_state(order, OrderState::Completed).await;
    app.in_state(child, OrderState::Completed).await;
    assert_eq!(app.world.calls(), ["order#1", "collect#1", "start#1"]);
    for order in [order, child] {
        app.mirrored(order).await;
        until("the workflow has ended", async || {
            app.client.describe(order).await.ok().filter(|standing| !standing.open)
        })
        .await;
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_rollback_takes_back_a_child_order_that_is_done(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("billing.start", vec![Behaviour::Refuse("no account")]);
    let order = app.order(shipping(ReactionKind::Rollback)).await;
    let child = arrival(&app, order).await;
    arrive(&app, child).await;
    app.in_state(order, OrderState::Failed).await;
    app.in_state(child, OrderState::Cancelled).await;
    let calls = app.world.calls();
    assert_eq!(calls, ["order#1", "collect#1", "start#1", "un_collect#1", "un_order#1"]);
    app.mirrored(order).await;
    app.mirrored(child).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancel_takes_back_a_child_order_that_is_under_way(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(shipping(ReactionKind::Rollback)).await;
    let child = arrival(&app, order).await;
    app.client.cancel(order, &cancel()).await.unwrap();
    app.in_state(order, OrderState::Cancelled).await;
    app.in_state(child, OrderState::Cancelled).await;
    assert_eq!(app.world.calls(), ["order#1", "collect#1", "un_collect#1", "un_order#1"]);
    app.mirrored(child).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_whose_parent_is_terminated_undoes_itself(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(shipping(ReactionKind::Rollback)).await;
    let child = arrival(&app, order).await;
    terminate(&app, order).await;
    app.in_state(child, OrderState::Cancelled).await;
    assert_eq!(app.world.calls(), ["order#1", "collect#1", "un_collect#1"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancel_is_refused_once_a_child_order_has_passed_a_point_of_no_return(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.close("courier.collect");
    let order = app.order(irrevocable()).await;
    let child = order.child(&"deliver".parse().unwrap(), 1);
    app.task_in(child, "collect", TaskState::Running).await;
    let refusal = app.client.cancel(order, &cancel()).await.unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the order can't be cancelled any more: `deliver` is a point of no return and has begun"
    );
    app.world.open("courier.collect");
    arrive(&app, arrival(&app, order).await).await;
    app.in_state(order, OrderState::Completed).await;
    app.in_state(child, OrderState::Completed).await;
    assert_eq!(app.world.calls(), ["order#1", "collect#1", "start#1"]);
    app.mirrored(order).await;
    app.mirrored(child).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_that_is_terminated_is_begun_again_by_a_retry(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(shipping(ReactionKind::Rollback)).await;
    let child = arrival(&app, order).await;
    terminate(&app, child).await;
    let view = app.task_in(order, "deliver", TaskState::Held).await;
    let blocked = view.blocked.unwrap();
    assert_eq!(blocked.task.to_string(), "deliver");
    assert!(
        blocked.reason.starts_with(&format!("the order {child} was ended from outside")),
        "{}",
        blocked.reason
    );
    let retry = contract::ActRequest {
        id: "op-1".parse().unwrap(),
        task: "deliver".to_owned(),
        by: model::Actor::new("grace"),
        note: "terminated by mistake".to_owned(),
    };
    app.client.act(order, engine::OperatorAction::Retry, &retry).await.unwrap();
    // It is the same order: what it asks for, it asks for under the same keys.
    assert_eq!(arrival(&app, order).await, child);
    arrive(&app, child).await;
    app.in_state(order, OrderState::Completed).await;
    app.in_state(child, OrderState::Completed).await;
    let collected: Vec<_> =
        app.world.requests().into_iter().filter(|call| call.operation.as_str() == "collect").collect();
    assert_eq!((collected.len(), &collected[0].key), (2, &collected[1].key));
    app.mirrored(order).await;
    let stored = until("Postgres has the end of the child order", async || {
        Some(load(&app, child).await).filter(|row| row.summary.progress.ended_at.is_some())
    })
    .await;
    assert_eq!((stored.summary.progress.state, stored.summary.stopped_at), (OrderState::Completed, None));
}
