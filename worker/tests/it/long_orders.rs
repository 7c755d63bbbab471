//! Orders that go on in other workflow runs because their histories are long: nobody notices.

use contract::{CancelRequest, DeliverRequest, NoteRequest};
use engine::Handled;
use model::{Actor, Duration, Fact, OrderEvent, OrderId, OrderState, TaskState, Value};
use plan::{Plan, PlanParts, ReactionKind};
use sqlx::PgPool;

use crate::app::{App, until, within};
use crate::mirror::DAY;
use crate::plans::{Spec, call, plan, poll, wait};
use crate::whole_orders::{arrival, arrive, limited, shipping, terminate};
use crate::world::Behaviour;

/// So short a history that every few tasks lead to another workflow run.
const EVENTS: u32 = 30;

/// So short a history that a poll goes on in another workflow run after every question.
const ONE_QUESTION: u32 = 6;

fn report(id: &str, signal: &str) -> DeliverRequest {
    DeliverRequest {
        id: id.parse().unwrap(),
        signal: signal.to_owned(),
        task: None,
        payload: Value::record([("outcome", Value::text("done"))]),
    }
}

fn note(id: &str) -> NoteRequest {
    NoteRequest { id: id.parse().unwrap(), by: Actor::new("anna"), note: "a moment".to_owned() }
}

fn cancel() -> CancelRequest {
    let reason = "moved away".to_owned();
    CancelRequest { id: "c-1".parse().unwrap(), by: Actor::new("anna"), reason, item: None }
}

/// Waits until an order has gone on in so many workflow runs.
async fn goes_on(app: &App, order: OrderId, runs: usize) {
    until("the order goes on in another workflow run", async || {
        (app.runs_before(order).await >= runs).then_some(())
    })
    .await;
}

/// Waits for the end of an order that takes minutes.
async fn ends(app: &App, order: OrderId) {
    within(Duration::from_secs(900), "the order ends", async || {
        let standing = app.client.describe(order).await.ok()?;
        (!standing.open).then_some(())
    })
    .await;
}

/// What was told, but for the times.
fn facts(record: &[OrderEvent]) -> Vec<Fact> {
    let timeless = |event: &OrderEvent| {
        let mut fact = event.fact.clone();
        if let Fact::TaskStarted { until, .. } = &mut fact {
            *until = None;
        }
        fact
    };
    record.iter().map(timeless).collect()
}

/// Calls, one after the other; each takes six events of the history.
fn steps() -> Vec<Spec> {
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
        .map(|name| call(name, &format!("network.{name}")))
        .into()
}

/// Calls, some questions, another call, a wait and a last call.
fn busy() -> Plan {
    let mut tasks = steps();
    tasks.extend([
        poll("prove", "network.read", Duration::from_millis(1), DAY),
        call("activate", "network.activate"),
        wait("visit", "report", DAY),
        call("bill", "billing.start"),
    ]);
    plan(tasks)
}

/// Has the poll of an order get its answer after so many questions.
fn answer_after(app: &App, questions: usize) {
    let mut told = vec![Behaviour::Tell(false); questions];
    told.push(Behaviour::Tell(true));
    app.world.script("network.read", told);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_goes_on_in_other_runs_has_the_record_of_one_that_does_not(pool: PgPool) {
    let app = App::start(pool).await;
    let mut records = Vec::new();
    for events in [u32::MAX, EVENTS] {
        answer_after(&app, 4);
        let order = app.paced_order(busy(), events).await;
        app.task_in(order, "visit", TaskState::Running).await;
        app.client.deliver(order, &report("r-1", "report")).await.unwrap();
        app.in_state(order, OrderState::Completed).await;
        if events == EVENTS {
            goes_on(&app, order, 3).await;
        } else {
            assert_eq!(app.runs_before(order).await, 0);
        }
        records.push(facts(&app.mirrored(order).await));
        let standing = app.client.describe(order).await.unwrap();
        assert_eq!((standing.open, standing.state), (false, Some(OrderState::Completed)));
    }
    assert_eq!(records[0], records[1]);
    assert_eq!(app.world.requests().len(), 2 * (12 + 5), "every call and every question once");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn signals_waits_and_cancels_go_on_in_the_next_run(pool: PgPool) {
    let app = App::start(pool).await;
    answer_after(&app, 2);
    let order = app.paced_order(busy(), EVENTS).await;
    // It comes before anybody waits for it, and is kept.
    assert_eq!(app.client.deliver(order, &report("r-1", "report")).await.unwrap(), Handled::Kept);
    app.world.close("billing.start");
    app.task_in(order, "bill", TaskState::Running).await;
    goes_on(&app, order, 2).await;
    assert_eq!(app.client.deliver(order, &report("r-1", "report")).await.unwrap(), Handled::Duplicate);
    assert_eq!(app.client.plan(order).await.unwrap(), busy());
    app.client.cancel(order, &cancel()).await.unwrap();
    app.world.open("billing.start");
    app.in_state(order, OrderState::Cancelled).await;
    app.mirrored(order).await;
    let calls = app.world.calls();
    let undone = ["un_start#1", "un_activate#1", "un_ten#1"];
    assert_eq!(calls[calls.len() - 12..][..3], undone, "{calls:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn timers_have_what_is_left_of_their_time(pool: PgPool) {
    let app = App::start(pool).await;
    let within = Duration::from_secs(6);
    let mut tasks = steps();
    tasks.push(wait("visit", "report", DAY));
    let mut parts = PlanParts::from(plan(tasks));
    parts.deadline = PlanParts::from(limited(within, Some(ReactionKind::Rollback))).deadline;
    let order = app.paced_order(Plan::new(parts).unwrap(), EVENTS).await;
    goes_on(&app, order, 2).await;
    app.in_state(order, OrderState::Failed).await;
    let record = app.mirrored(order).await;
    let at = |is: fn(&Fact) -> bool| record.iter().find(|event| is(&event.fact)).unwrap().at;
    let late = at(|fact| matches!(fact, Fact::OrderOverdue {}))
        .since(at(|fact| matches!(fact, Fact::OrderStarted {})));
    assert!(late >= within && late < within.saturating_add(Duration::from_secs(2)), "{late:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn requests_that_come_while_an_order_goes_on_are_all_answered_once(pool: PgPool) {
    let app = App::start(pool).await;
    *app.world.pace.lock().unwrap() = std::time::Duration::from_millis(200);
    answer_after(&app, 0);
    app.world.close("network.activate");
    let order = app.paced_order(busy(), EVENTS).await;
    for n in 0..60 {
        let said = report(&format!("r-{n}"), "report");
        if n % 2 == 0 {
            app.client.signal_deliver(order, &said).await.unwrap();
        } else {
            assert_eq!(app.client.deliver(order, &said).await.unwrap(), Handled::Kept);
        }
    }
    let last = "activate#1".to_owned();
    until("the last call is made", async || app.world.calls().contains(&last).then_some(())).await;
    app.world.open("network.activate");
    app.in_state(order, OrderState::Completed).await;
    goes_on(&app, order, 2).await;
    let record = app.mirrored(order).await;
    let kept = record.iter().filter(|event| matches!(event.fact, Fact::SignalKept { .. })).count();
    assert_eq!(kept, 60, "{:?}", facts(&record));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_that_goes_on_all_the_time_is_steered_at_any_moment(pool: PgPool) {
    let app = App::start(pool).await;
    app.world.script("network.read", vec![Behaviour::Tell(false); 10_000]);
    let asking = vec![
        call("start", "network.start"),
        poll("prove", "network.read", Duration::from_millis(1), DAY),
        wait("visit", "report", DAY),
    ];
    let order = app.paced_order(plan(asking), ONE_QUESTION).await;
    app.task_in(order, "prove", TaskState::Running).await;
    // Every question leads to another workflow run, and every request meets one that ends or begins.
    const ROUNDS: usize = 20;
    for n in 0..ROUNDS {
        let (early, late) = (report(&format!("e-{n}"), "report"), report(&format!("l-{n}"), "report"));
        let (pause, resume) = (note(&format!("p-{n}")), note(&format!("q-{n}")));
        let (kept, signalled, view) = tokio::join!(
            app.client.deliver(order, &early),
            app.client.signal_deliver(order, &late),
            app.client.state(order),
        );
        assert_eq!(kept.unwrap(), Handled::Kept);
        signalled.unwrap();
        assert_eq!(view.unwrap().state, OrderState::InProgress);
        assert_eq!(app.client.pause(order, &pause).await.unwrap(), Handled::Applied);
        assert_eq!(app.client.resume(order, &resume).await.unwrap(), Handled::Applied);
    }
    assert_eq!(app.client.cancel(order, &cancel()).await.unwrap(), Handled::Applied);
    app.in_state(order, OrderState::Cancelled).await;
    goes_on(&app, order, ROUNDS).await;
    let record = app.mirrored(order).await;
    let count = |is: fn(&Fact) -> bool| record.iter().filter(|event| is(&event.fact)).count();
    assert_eq!(count(|fact| matches!(fact, Fact::SignalKept { .. })), 2 * ROUNDS, "{:?}", facts(&record));
    assert_eq!(app.world.effects(), ["start/1/forward", "start/1/undo"]);
}

/// An order that asks beside the child order it runs, until it may go on.
fn asking_parent() -> Plan {
    let mut parts = PlanParts::from(shipping(ReactionKind::Rollback));
    let asking = PlanParts::from(plan(vec![poll("prove", "network.read", Duration::from_millis(1), DAY)]));
    let prove = plan::DefinitionIndex(parts.definitions.len());
    parts.definitions.extend(asking.definitions);
    parts.tasks.insert(0, plan::Task { definition: prove, ..asking.tasks[0].clone() });
    for task in &mut parts.tasks[1..] {
        task.after.iter_mut().for_each(|after| after.0 += 1);
    }
    // Bills when both are done.
    parts.tasks[3].after.push(plan::TaskIndex(0));
    Plan::new(parts).unwrap()
}

/// Such an order, once it has gone on in other workflow runs than the one that began its child.
async fn parent_in_another_run(pool: PgPool) -> (App, OrderId, OrderId) {
    let app = App::start(pool).await;
    app.world.script("network.read", vec![Behaviour::Tell(false); 10_000]);
    let order = app.paced_order(asking_parent(), EVENTS).await;
    let child = order.child(&"deliver".parse().unwrap(), 1);
    app.task_in(child, "arrival", TaskState::Running).await;
    goes_on(&app, order, 2).await;
    (app, order, child)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_finds_its_parent_in_whichever_run_it_is(pool: PgPool) {
    let (app, order, child) = parent_in_another_run(pool).await;
    arrive(&app, child).await;
    app.task_in(order, "deliver", TaskState::Succeeded).await;
    answer_after(&app, 0);
    app.in_state(order, OrderState::Completed).await;
    app.in_state(child, OrderState::Completed).await;
    app.mirrored(order).await;
    app.mirrored(child).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_parent_takes_back_the_child_order_of_an_earlier_run(pool: PgPool) {
    let (app, order, child) = parent_in_another_run(pool).await;
    app.client.cancel(order, &cancel()).await.unwrap();
    app.in_state(order, OrderState::Cancelled).await;
    app.in_state(child, OrderState::Cancelled).await;
    assert!(app.world.effects().iter().any(|effect| effect.contains("collect")));
    app.mirrored(order).await;
    app.mirrored(child).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_parent_learns_that_the_child_order_of_an_earlier_run_was_terminated(pool: PgPool) {
    let (app, order, child) = parent_in_another_run(pool).await;
    terminate(&app, child).await;
    let view = app.task_in(order, "deliver", TaskState::Held).await;
    assert_eq!(view.blocked.unwrap().reason, format!("the order {child} was ended from outside"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_learns_that_its_parent_was_terminated_in_a_later_run(pool: PgPool) {
    let (app, order, child) = parent_in_another_run(pool).await;
    terminate(&app, order).await;
    app.in_state(child, OrderState::Cancelled).await;
    assert!(app.world.calls().contains(&"un_collect#1".to_owned()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_child_order_goes_on_in_other_runs_under_the_same_parent(pool: PgPool) {
    let app = App::start(pool).await;
    let mut parts = PlanParts::from(shipping(ReactionKind::Rollback));
    let asking = PlanParts::from(plan(vec![poll("prove", "network.read", Duration::from_millis(1), DAY)]));
    let sub = &mut parts.sub_blueprints[0];
    sub.definitions.extend(asking.definitions);
    sub.after.push(vec![plan::DefinitionIndex(1)]);
    let order = app.paced_order(Plan::new(parts).unwrap(), EVENTS).await;
    answer_after(&app, 20);
    let child = arrival(&app, order).await;
    arrive(&app, child).await;
    app.in_state(order, OrderState::Completed).await;
    app.in_state(child, OrderState::Completed).await;
    assert!(app.runs_before(child).await > 2);
    app.mirrored(order).await;
    app.mirrored(child).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_the_mirror_missed_is_read_from_the_runs_that_told_it(pool: PgPool) {
    let mut app = App::without_worker(pool.clone()).await;
    // The first worker never reaches Postgres.
    app.pool = crate::proxy::nowhere();
    app.start_worker();
    app.pool = pool;
    answer_after(&app, 0);
    let order = app.paced_order(busy(), EVENTS).await;
    app.task_in(order, "visit", TaskState::Running).await;
    goes_on(&app, order, 2).await;
    app.stop_worker().await;

    app.start_worker();
    app.client.signal_deliver(order, &report("r-1", "report")).await.unwrap();
    app.in_state(order, OrderState::Completed).await;
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn many_calls_at_once_take_turns(pool: PgPool) {
    let app = App::start(pool).await;
    let most = model::limits::CALLS_IN_FLIGHT;
    let order = app.order(wide(most + 100)).await;
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(app.world.effects().len(), most + 100);
    app.mirrored(order).await;
}

/// So many tasks that do not depend on each other.
fn wide(tasks: usize) -> Plan {
    let mut parts = PlanParts::from(plan(vec![call("line", "network.activate")]));
    parts.definitions[0].each = Some("line".parse().unwrap());
    parts.items = (0..tasks)
        .map(|n| plan::PlanItem {
            id: n.to_string().parse().unwrap(),
            kind: "line".parse().unwrap(),
            value: Value::record([("id", Value::text(n.to_string()))]),
        })
        .collect();
    let line = parts.tasks[0].clone();
    parts.tasks = (0..tasks).map(|item| plan::Task { item: Some(item), ..line.clone() }).collect();
    Plan::new(parts).unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_order_of_fifteen_hundred_tasks_is_carried_out_and_mirrored(pool: PgPool) {
    let app = App::start(pool).await;
    let order = app.order(wide(1_500)).await;
    let view = app.in_state(order, OrderState::Completed).await;
    assert!(view.tasks.iter().all(|task| task.state == TaskState::Succeeded));
    assert_eq!(app.world.requests().len(), 1_500);
    assert!(app.runs_before(order).await >= 1, "more events than one workflow run should have");
    app.mirrored(order).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
#[ignore = "takes minutes: ./dev test --full"]
async fn an_order_of_ten_thousand_tasks_is_undone_whole(pool: PgPool) {
    let app = App::start(pool).await;
    let last = model::limits::PLAN_TASKS - 1;
    app.world.script("billing.start", vec![Behaviour::Refuse("no account")]);
    let order = app.order(billed(wide(last))).await;
    ends(&app, order).await;
    let view = app.in_state(order, OrderState::Failed).await;
    assert_eq!(view.tasks.iter().filter(|task| task.state == TaskState::Undone).count(), last);
    assert_eq!(app.world.effects().len(), 2 * last, "each was done once, and undone once");
    app.mirrored(order).await;
}

/// With a last task that bills once everything else is done, or else takes it all back.
fn billed(plan: Plan) -> Plan {
    let mut parts = PlanParts::from(plan);
    let all = (0..parts.tasks.len()).map(plan::TaskIndex).collect();
    let bill = PlanParts::from(crate::plans::plan(vec![
        call("bill", "billing.start").on_failure(ReactionKind::Rollback),
    ]));
    let definition = plan::DefinitionIndex(parts.definitions.len());
    parts.definitions.extend(bill.definitions);
    parts.tasks.push(plan::Task { definition, after: all, ..bill.tasks[0].clone() });
    Plan::new(parts).unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
#[ignore = "takes minutes: ./dev test --full"]
async fn a_poll_of_hundreds_of_questions_goes_on_in_other_runs(pool: PgPool) {
    // The server's timers ring after a second at the earliest.
    const QUESTIONS: usize = 200;
    let app = App::start(pool).await;
    answer_after(&app, QUESTIONS);
    let poll = poll("prove", "network.read", Duration::from_millis(1), DAY);
    let order = app.paced_order(plan(vec![poll]), EVENTS).await;
    ends(&app, order).await;
    app.in_state(order, OrderState::Completed).await;
    assert_eq!(app.world.calls().len(), QUESTIONS + 1, "every question once");
    goes_on(&app, order, 5).await;
    let record = app.mirrored(order).await;
    assert_eq!(record.len(), 4, "questions are not told one by one: {:?}", facts(&record));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_timer_of_ten_years_is_taken_and_stopped(pool: PgPool) {
    let app = App::start(pool).await;
    let decade = Duration::from_secs(model::limits::DURATION_DAYS * 86_400);
    let order = app.order(plan(vec![call("one", "a.one"), wait("visit", "report", decade)])).await;
    app.task_in(order, "visit", TaskState::Running).await;
    app.client.cancel(order, &cancel()).await.unwrap();
    app.in_state(order, OrderState::Cancelled).await;
    app.mirrored(order).await;
}
