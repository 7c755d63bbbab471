//! Orders that wait for their start date, for other orders, or for both.

use std::sync::Arc;

use engine::{Event, Handled, Rejected, Run, Simulation};
use model::{Actor, Fact, OrderId, OrderState, TaskState, Timestamp, Value};
use plan::{Plan, PlanParts};

use crate::build;
use crate::case::{Case, Script};

/// `a`, then `report` waits for a signal; not before so many seconds.
fn parts(start: Option<i64>) -> PlanParts {
    let tasks = vec![(build::task("a"), vec![]), (build::wait("report"), vec![0])];
    let mut parts = build::parts(tasks, &[]);
    if let Some(seconds) = start {
        let start = Timestamp::from_millis(seconds * 1_000).to_string();
        parts.order = Value::record([("id", Value::text("1")), ("requested_start", Value::text(start))]);
    }
    parts
}

fn order(n: u8) -> OrderId {
    format!("0190a6c8-0000-7000-8000-0000000000{n:02}").parse().unwrap()
}

fn case(start: Option<i64>, after: &[u8]) -> Case {
    let plan = Arc::new(Plan::new(parts(start)).unwrap());
    let run = Run::new(build::order_id(), plan).after(after.iter().map(|n| order(*n)));
    Case::of(Simulation::new(run, Script::default(), Timestamp::EPOCH))
}

fn ended(case: &mut Case, n: u8) -> Handled {
    case.simulation.handle(Event::OrderEnded { order: order(n) }).unwrap()
}

fn pending(until: Option<i64>, after: &[u8]) -> Fact {
    Fact::OrderPending {
        until: until.map(|seconds| Timestamp::from_millis(seconds * 1_000)),
        after: after.iter().map(|n| order(*n)).collect(),
    }
}

fn last(case: &Case) -> Fact {
    case.simulation.order().events().last().unwrap().fact.clone()
}

#[test]
fn an_order_begins_at_its_start_date() {
    let day = 86_400;
    let case = case(Some(day), &[]).until(day - 1);
    assert_eq!((case.state(), case.task("a")), (OrderState::Pending, TaskState::Waiting));
    let view = case.simulation.order().view();
    assert_eq!(view.pending_until, Some(Timestamp::from_millis(day * 1_000)));
    assert_eq!(case.facts(), ["OrderPending"]);
    let mut case = case.until(day + 1);
    assert_eq!((case.state(), case.task("a")), (OrderState::InProgress, TaskState::Succeeded));
    assert_eq!(case.simulation.order().view().pending_until, None);
    case.signal("signal_report", r#"{"ok": true}"#).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn a_start_date_that_has_passed_is_at_once() {
    for start in [Some(0), Some(-5), None] {
        let case = case(start, &[]).until(1);
        assert_eq!(case.facts()[..2], ["OrderStarted", "TaskStarted"], "{start:?}");
    }
}

#[test]
fn an_order_follows_those_that_it_comes_after_however_they_end() {
    let mut case = case(None, &[7, 3]).until(100);
    assert_eq!((case.state(), last(&case)), (OrderState::Pending, pending(None, &[3, 7])));
    assert_eq!(ended(&mut case, 7), Handled::Applied);
    assert_eq!((case.state(), last(&case)), (OrderState::Pending, pending(None, &[3])));
    assert_eq!(case.simulation.order().view().pending_after, [order(3)]);
    assert_eq!(ended(&mut case, 7), Handled::Duplicate);
    assert_eq!(ended(&mut case, 3), Handled::Applied);
    assert_eq!(case.state(), OrderState::InProgress);
    assert_eq!(ended(&mut case, 3), Handled::Duplicate);
    assert_eq!(ended(&mut case, 9), Handled::Duplicate, "it never waited for that one");
}

#[test]
fn an_order_waits_for_its_date_and_for_others_whichever_comes_last() {
    let mut others_last = case(Some(50), &[3]).until(60);
    assert_eq!(last(&others_last), pending(None, &[3]));
    ended(&mut others_last, 3);
    assert_eq!(others_last.state(), OrderState::InProgress);

    let mut date_last = case(Some(50), &[3]).until(0);
    assert_eq!(last(&date_last), pending(Some(50), &[3]));
    ended(&mut date_last, 3);
    assert_eq!(last(&date_last), pending(Some(50), &[]));
    assert_eq!(date_last.until(50).state(), OrderState::InProgress);
}

#[test]
fn a_cancel_while_pending_leaves_nothing_to_do() {
    let mut case = case(Some(50), &[3]).until(10);
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    assert_eq!((case.state(), case.task("a")), (OrderState::Cancelled, TaskState::Dropped));
    assert!(case.log().is_empty() && case.simulation.next_at().is_none(), "something is left");
    assert_eq!(ended(&mut case, 3), Handled::Duplicate);
    assert_eq!(case.at_standstill().state(), OrderState::Cancelled);
}

#[test]
fn a_signal_that_comes_while_pending_is_kept() {
    let mut case = case(Some(50), &[]).until(10);
    assert_eq!(case.signal("signal_report", r#"{"ok": true}"#), Ok(Handled::Kept));
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn an_amendment_moves_the_start_date() {
    let amend = |case: &mut Case, start: Option<i64>| {
        let (plan, by) = (Box::new(Plan::new(parts(start)).unwrap()), Actor::new("ann"));
        let reason = "the customer called".to_owned();
        case.ask(|id| Event::Amend { id, plan, by, reason, token: None }).unwrap();
    };
    let mut later = case(Some(50), &[]).until(10);
    amend(&mut later, Some(90));
    assert_eq!(last(&later), pending(Some(90), &[]));
    let later = later.until(89);
    assert_eq!(later.state(), OrderState::Pending);
    assert_eq!(later.until(90).state(), OrderState::InProgress);

    let mut at_once = case(Some(50), &[]).until(10);
    amend(&mut at_once, None);
    assert_eq!(at_once.state(), OrderState::InProgress);

    let mut after_another = case(Some(50), &[3]).until(10);
    amend(&mut after_another, None);
    assert_eq!(last(&after_another), pending(None, &[3]));
}

#[test]
fn the_start_date_of_an_order_that_has_begun_stays() {
    let mut begun = case(Some(50), &[]).until(60);
    let amend = |case: &mut Case, start: Option<i64>| {
        let (plan, by) = (Box::new(Plan::new(parts(start)).unwrap()), Actor::new("ann"));
        case.ask(|id| Event::Amend { id, plan, by, reason: String::new(), token: None })
    };
    for start in [Some(90), Some(10), None] {
        assert_eq!(amend(&mut begun, start), Err(Rejected::StartDateOver), "{start:?}");
    }
    assert_eq!(amend(&mut begun, Some(50)), Ok(Handled::Applied));
}

#[test]
fn what_has_not_begun_can_not_be_paused() {
    let mut case = case(Some(50), &[]).until(10);
    let (by, note) = (Actor::new("ann"), "wait".to_owned());
    assert_eq!(case.ask(|id| Event::Pause { id, by, note }), Err(Rejected::NotBegun));
    assert_eq!(case.until(60).state(), OrderState::InProgress);
}

#[test]
fn the_time_of_a_deadline_counts_from_the_beginning() {
    let mut parts = parts(Some(1_000));
    let within = model::Duration::from_secs(100);
    parts.deadline = Some(plan::Deadline { within, at_risk: None, on_timeout: None });
    let run = Run::new(build::order_id(), Arc::new(Plan::new(parts).unwrap()));
    let case = Case::of(Simulation::new(run, Script::default(), Timestamp::EPOCH)).until(1_099);
    assert_eq!(case.simulation.order().view().overdue_since, None);
    let overdue = case.until(1_100).simulation.order().view().overdue_since;
    assert_eq!(overdue, Some(Timestamp::from_millis(1_100_000)));
}

#[test]
fn a_pending_order_goes_on_from_a_snapshot() {
    let plan = Arc::new(Plan::new(parts(Some(50))).unwrap());
    let mut run = Run::new(build::order_id(), plan.clone()).after([order(3)]);
    run.handle_event(Event::Start, Timestamp::EPOCH).unwrap();
    while run.poll_effect().is_some() {}
    let stored = serde_json::to_string(&run.snapshot()).unwrap();
    let mut run = Run::restore(plan, serde_json::from_str(&stored).unwrap());
    let at = Timestamp::from_millis(50_000);
    assert_eq!(run.handle_event(Event::TimerFired { timer: engine::TimerId(1) }, at), Ok(Handled::Applied));
    assert_eq!(run.state(), OrderState::Pending);
    run.handle_event(Event::OrderEnded { order: order(3) }, at).unwrap();
    assert_eq!(run.state(), OrderState::InProgress);
}

#[test]
fn what_tasks_run_begins_with_its_task_whatever_the_order_says() {
    let sub = build::sub_blueprint("delivery", vec![(build::task("a"), vec![])]);
    let mut parts = build::parts(vec![(build::run("deliver", &sub), vec![])], &[]);
    parts.sub_blueprints = vec![sub];
    let later = Timestamp::from_millis(50_000).to_string();
    parts.order = Value::record([("id", Value::text("1")), ("requested_start", Value::text(later))]);
    let child = Plan::new(parts).unwrap();
    let child =
        child.child(&"delivery".parse().unwrap(), Value::record([("site", Value::text("U"))])).unwrap();
    let mut run = Run::new(build::order_id(), Arc::new(child));
    run.handle_event(Event::Start, Timestamp::EPOCH).unwrap();
    assert_eq!(run.state(), OrderState::InProgress);
}
