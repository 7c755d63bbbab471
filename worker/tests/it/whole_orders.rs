//! What is about an order as a whole: items that fail alone, time that runs out, orders that tasks run.

use model::{BlueprintName, Duration, Fact, ItemState, OrderId, OrderState, TaskState, Type, Value};
use plan::{
    Body, Deadline, Definition, Expr, Formula, Plan, PlanItem, PlanParts, Reaction, ReactionKind, RunBody,
    SubBlueprint,
};
use sqlx::PgPool;

use crate::amending::update;
use crate::app::{App, until};
use crate::plans::{Spec, call, plan, wait};
use crate::world::Behaviour;

const DAY: Duration = Duration::from_secs(86_400);

fn changed(plan: Plan, change: impl FnOnce(&mut PlanParts)) -> Plan {
    let mut parts = PlanParts::from(plan);
    change(&mut parts);
    Plan::new(parts).unwrap()
}

/// `fiber[1]`; `allocate[2]` and the last task, `name`, after it, which are undone alone; then `bill`.
pub(crate) fn two_items(name: &'static str, last: Spec) -> Plan {
    let rollback = ReactionKind::Rollback;
    let tasks = vec![
        call("fiber", "network.activate"),
        call("allocate", "ipam.allocate").after(&[]).on_failure(rollback),
        last.after(&["allocate"]).on_failure(rollback),
        call("bill", "billing.start").after(&["fiber", "allocate", name]),
    ];
    changed(plan(tasks), |parts| {
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
        let said = Formula {
            expr: Expr::Value(Value::text("Set aside")),
            text: "\"Set aside\"".to_owned(),
            line: 1,
        };
        parts.definitions[1].status = Some(said);
    })
}

/// The states of the items: what Postgres has, once it has the whole record, is what the workflow says.
async fn items(app: &App, order: OrderId) -> Vec<(String, ItemState)> {
    app.mirrored(order).await;
    let view = app.client.state(order).await.unwrap();
    let told: Vec<_> =
        view.items.into_iter().map(|item| (item.id, item.state, item.reason, item.customer_status)).collect();
    let rows = load(app, order).await.items;
    let stored: Vec<_> =
        rows.into_iter().map(|item| (item.id, item.state, item.reason, item.customer_status)).collect();
    assert_eq!(stored, told, "Postgres has other items of order {order} than its workflow");
    stored.into_iter().map(|(id, state, ..)| (id.to_string(), state)).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_item_that_fails_alone_leaves_a_partial_order(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.route", vec![Behaviour::Refuse("no route")]);
    let order = app.order(two_items("route", call("route", "network.route"))).await;
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
    let ended = [("1".to_owned(), ItemState::Completed), ("2".to_owned(), ItemState::Failed)];
    assert_eq!(items(&app, order).await, ended);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_item_is_cancelled_alone_and_the_order_completes(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(two_items("visit", wait("visit", "report", DAY))).await;
    app.task_in(order, "visit[2]", TaskState::Running).await;
    let under_way = [("1".to_owned(), ItemState::InProgress), ("2".to_owned(), ItemState::InProgress)];
    assert_eq!(items(&app, order).await, under_way);
    let one = contract::CancelRequest { item: Some("2".to_owned()), ..cancel() };
    app.client.cancel(order, &one).await.unwrap();
    app.in_state(order, OrderState::Completed).await;
    let ended = [("1".to_owned(), ItemState::Completed), ("2".to_owned(), ItemState::Cancelled)];
    assert_eq!(items(&app, order).await, ended);
    assert!(app.world.calls().contains(&"un_allocate#1".to_owned()), "{:?}", app.world.calls());
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

/// The same, but that it is collected at the site of the order.
pub(crate) fn shipping_from(site: &str) -> Plan {
    changed(shipping(ReactionKind::Rollback), |parts| {
        parts.order = Value::record([("site", Value::text(site))]);
        let Body::Call(body) = &mut parts.sub_blueprints[0].definitions[0].body else { panic!("it calls") };
        let expr = Expr::Field { of: Box::new(Expr::Order), name: "site".to_owned(), safe: false };
        let value = Formula { expr, text: "order.site".to_owned(), line: 1 };
        body.call.arguments.push(plan::Argument { name: "site".to_owned(), value });
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
        item: None,
    }
}

/// Ends an order's workflow from outside.
pub(crate) async fn terminate(app: &App, order: OrderId) {
    let sdk = contract::connect(&app.config.temporal).await.unwrap();
    let handle = sdk.get_workflow_handle::<temporalio_client::UntypedWorkflow>(order.to_string());
    handle.terminate(temporalio_client::WorkflowTerminateOptions::default()).await.unwrap();
}

pub(crate) fn retry(task: &str) -> contract::ActRequest {
    contract::ActRequest {
        id: "op-1".parse().unwrap(),
        task: task.to_owned(),
        by: model::Actor::new("grace"),
        note: "terminated by mistake".to_owned(),
        act: engine::OperatorAction::Retry.into(),
    }
}

pub(crate) async fn arrive(app: &App, child: OrderId) {
    let said = contract::DeliverRequest {
        id: "parcel-1".parse().unwrap(),
        signal: "arrived".to_owned(),
        task: None,
        payload: Value::record([("outcome", Value::text("done"))]),
    };
    // Temporal takes nothing in the moment in which an order goes on in another run; whoever says it says it again.
    until("the child order is told", async || app.client.signal_deliver(child, &said).await.ok()).await;
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
    app.client.act(order, &retry("deliver")).await.unwrap();
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

/// As `shipping`, but that `ship` has another order haul it before the arrival.
pub(crate) fn hauling() -> Plan {
    changed(shipping(ReactionKind::Rollback), |parts| {
        let ship = &mut parts.sub_blueprints[0];
        let mut haul = ship.clone();
        haul.name = "haul".parse().unwrap();
        haul.definitions.truncate(1);
        haul.after.truncate(1);
        let blueprint = haul.name.clone();
        let run = RunBody { blueprint, arguments: vec![], result: Type::Record(vec![]), within: None };
        ship.definitions[0].body = Body::Run(Box::new(run));
        parts.sub_blueprints.push(haul);
    })
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_child_order_has_undone_by_itself_is_not_taken_for_done(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(hauling()).await;
    let child = arrival(&app, order).await;
    let grandchild = child.child(&"collect".parse().unwrap(), 1);
    terminate(&app, child).await;
    app.in_state(grandchild, OrderState::Cancelled).await;
    app.task_in(order, "deliver", TaskState::Held).await;
    app.client.act(order, &retry("deliver")).await.unwrap();
    // Asked for again under its key, the collection would be answered as it was, and is given back since.
    let view = app.task_in(child, "collect", TaskState::Held).await;
    assert_eq!(
        view.blocked.unwrap().reason,
        "its order was cancelled by temporal: the workflow `order` was asked to cancel"
    );
    assert_eq!(app.world.calls(), ["order#1", "collect#1", "un_collect#1"]);
    // Begun anew it is another order, with keys of its own.
    app.client.act(child, &retry("collect")).await.unwrap();
    arrive(&app, arrival(&app, order).await).await;
    app.in_state(order, OrderState::Completed).await;
    let calls = app.world.calls();
    assert_eq!(calls.iter().filter(|call| call.starts_with("collect")).count(), 2, "{calls:?}");
    app.mirrored(order).await;
}

/// Amends an order as the API does, which first writes down what it is to be.
async fn amend_written(app: &App, order: OrderId, version: u32, wanted: contract::AmendRequest) {
    let request = load(app, order).await.request;
    let new = store::NewVersion {
        order,
        delivery: &wanted.id,
        version,
        author: &wanted.by,
        reason: &wanted.reason,
        request_hash: &wanted.plan.hash(),
        request: &request,
        plan: &wanted.plan,
        differences: &[],
        tasks: &[],
    };
    let mut conn = app.pool.acquire().await.unwrap();
    store::propose_version(&mut conn, &new, model::Timestamp::EPOCH).await.unwrap();
    app.client.amend(order, &wanted).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_is_amended_with_its_parent_under_way_or_done(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.close("billing.start");
    let order = app.order(shipping_from("UTR-7")).await;
    let child = arrival(&app, order).await;
    amend_written(&app, order, 2, update("A-1", shipping_from("AMS-1"))).await;
    app.when(child, "the child is amended", |view| view.version == 2).await;
    arrive(&app, child).await;
    app.task_in(order, "deliver", TaskState::Succeeded).await;
    amend_written(&app, order, 3, update("A-2", shipping_from("RTM-3"))).await;
    app.when(child, "the child is amended again, and waits for its parent", |view| {
        view.version == 3 && view.waits_to_end.is_some()
    })
    .await;
    app.task_in(order, "deliver", TaskState::Succeeded).await;
    app.world.open("billing.start");
    app.in_state(order, OrderState::Completed).await;
    app.in_state(child, OrderState::Completed).await;
    let calls = app.world.calls();
    let collected =
        ["order#1", "collect#1", "un_collect#1", "collect#1", "start#1", "un_collect#1", "collect#1"];
    assert_eq!(calls[..7], collected, "nobody waits for the parcel again, and what is after it goes on");
    app.mirrored(order).await;
    let record = app.mirrored(child).await;
    let by: Vec<_> = record
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::OrderAmended { by, version, .. } => Some((by.to_string(), *version)),
            _ => None,
        })
        .collect();
    assert_eq!(by, [(format!("order {order}"), 2), (format!("order {order}"), 3)]);
    let stored = store::load_plan(&mut app.pool.acquire().await.unwrap(), child).await.unwrap().unwrap();
    assert_eq!(stored.order().field("site"), Some(&Value::text("RTM-3")), "readers see what is carried out");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_that_can_not_be_amended_is_shown_as_it_is_until_a_person_has_it_run_anew(
    pool: PgPool,
) {
    let app = App::start(pool).await;
    let for_good = |site: &str| {
        changed(shipping_from(site), |parts| {
            let Body::Call(body) = &mut parts.sub_blueprints[0].definitions[0].body else {
                panic!("it calls")
            };
            body.undo = plan::Undo::Nothing { why: "it is eaten".to_owned() };
        })
    };
    let order = app.order(for_good("UTR-7")).await;
    let child = arrival(&app, order).await;
    amend_written(&app, order, 2, update("A-1", for_good("AMS-1"))).await;
    let held = app.task_in(order, "deliver", TaskState::Held).await;
    let why = held.blocked.unwrap().reason;
    assert!(why.starts_with(&format!("the order {child} can't be amended: ")), "{why}");
    app.mirrored(order).await;
    let planned = async |order| {
        let plan = store::load_plan(&mut app.pool.acquire().await.unwrap(), order).await.unwrap().unwrap();
        plan.order().field("site").cloned()
    };
    assert_eq!(planned(child).await, Some(Value::text("UTR-7")));
    let retry = contract::ActRequest {
        id: "r-1".parse().unwrap(),
        task: "deliver".to_owned(),
        by: model::Actor::new("ann"),
        note: "take it again".to_owned(),
        act: model::OperatorAction::Retry.into(),
    };
    app.client.act(order, &retry).await.unwrap();
    app.in_state(child, OrderState::Cancelled).await;
    let again = order.child(&"deliver".parse().unwrap(), 2);
    until("another child waits for the arrival", async || {
        let view = app.client.state(again).await.ok()?;
        (view.tasks[1].state == TaskState::Running).then_some(())
    })
    .await;
    arrive(&app, again).await;
    app.in_state(order, OrderState::Completed).await;
    app.mirrored(order).await;
    assert_eq!(planned(again).await, Some(Value::text("AMS-1")));
}
