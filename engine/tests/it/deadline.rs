//! Orders that take too long.

use std::sync::Arc;

use engine::{Event, Handled, OperatorAction};
use model::{Actor, Duration, Fact, HoldFor, OrderState, TaskState, Timestamp};
use plan::{Deadline, Definition, Plan, Reaction, ReactionKind, Undo};

use crate::build::{self, HOLD};
use crate::case::Case;
use crate::world::Luck;

/// `a`, `report` waits for a signal, `b`; to be done within 100 s, at risk after 60 s.
fn plan(on_timeout: Option<ReactionKind>, change: impl FnOnce(&mut [Definition])) -> Arc<Plan> {
    let mut tasks = vec![build::task("a"), build::wait("report"), build::task("b")];
    change(&mut tasks);
    let edges = vec![vec![], vec![0], vec![1]];
    let mut parts = build::parts(tasks.into_iter().zip(edges).collect(), &[]);
    let reason = Some(build::text("too late"));
    parts.deadline = Some(Deadline {
        within: Duration::from_secs(100),
        at_risk: Some(Duration::from_secs(60)),
        on_timeout: on_timeout.map(|kind| Reaction { kind, reason }),
    });
    Arc::new(Plan::new(parts).unwrap())
}

#[test]
fn an_order_at_risk_is_marked_and_goes_on() {
    let mut case = Case::new(plan(None, |_| ()), &[]).until(59);
    assert_eq!(case.simulation.order().view().at_risk_since, None);
    case = case.until(60);
    let order = case.simulation.order();
    assert_eq!(order.view().at_risk_since, Some(Timestamp::from_millis(60_000)));
    let deadline = Timestamp::from_millis(100_000);
    assert_eq!(order.events().last().unwrap().fact, Fact::OrderAtRisk { deadline, reason: None });
    assert_eq!(case.state(), OrderState::InProgress);
    case.signal("signal_report", r#"{"ok": true}"#).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn without_a_reaction_nothing_follows_but_the_alarm() {
    let mut case = Case::new(plan(None, |_| ()), &[]).until(200);
    assert_eq!((case.state(), case.task("report")), (OrderState::InProgress, TaskState::Running));
    assert_eq!(case.simulation.order().view().overdue_since, Some(Timestamp::from_millis(100_000)));
    case.signal("signal_report", r#"{"ok": true}"#).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn an_order_that_ends_in_time_has_no_alarm_left() {
    let mut case = Case::new(plan(Some(HOLD), |_| ()), &[]).until(5);
    case.signal("signal_report", r#"{"ok": true}"#).unwrap();
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Completed);
    assert!(case.simulation.next_at().is_none(), "a timer is left");
}

#[test]
fn rollback_undoes_the_order_when_its_time_is_up() {
    let case = Case::new(plan(Some(ReactionKind::Rollback), |_| ()), &[]).at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
    let last = &case.simulation.order().events().last().unwrap().fact;
    assert_eq!(*last, Fact::OrderFailed { reason: "too late (not done within 1m40s)".to_owned() });
}

#[test]
fn fail_ends_the_order_and_leaves_what_was_done() {
    let case = Case::new(plan(Some(ReactionKind::Fail), |_| ()), &[]).at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec!["a".to_owned()]));
}

#[test]
fn a_held_order_begins_nothing_more_until_a_person_lets_it_go_on() {
    let customer = ReactionKind::Hold(HoldFor::Customer);
    let mut case = Case::new(plan(Some(customer), |_| ()), &[]).until(100);
    let held = case.simulation.order().held().unwrap();
    assert_eq!((held.task.to_string().as_str(), held.hold_for), ("report", HoldFor::Customer));
    assert_eq!((case.state(), held.reason.as_str()), (OrderState::Held, "too late (not done within 1m40s)"));
    // What is under way goes on.
    case.signal("signal_report", r#"{"ok": true}"#).unwrap();
    let mut case = case.until(200);
    assert_eq!((case.task("report"), case.task("b")), (TaskState::Succeeded, TaskState::Waiting));
    // It is held at what is to be begun next.
    assert_eq!(case.act(OperatorAction::Retry, "b"), Ok(Handled::Applied));
    assert_eq!(case.state(), OrderState::InProgress);
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn a_held_order_can_be_rolled_back_or_cancelled() {
    let mut case = Case::new(plan(Some(HOLD), |_| ()), &[]).until(100);
    assert_eq!(case.act(OperatorAction::Rollback, "report"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
    let mut case = Case::new(plan(Some(HOLD), |_| ()), &[]).until(100);
    case.cancel().unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Cancelled);
}

#[test]
fn past_a_point_of_no_return_it_is_held_instead_of_rolled_back() {
    let point = |tasks: &mut [Definition]| {
        tasks[0].point_of_no_return = true;
        build::body(&mut tasks[0]).undo = Undo::Nothing { why: String::new() };
    };
    let case = Case::new(plan(Some(ReactionKind::Rollback), point), &[]).until(100);
    assert_eq!(case.state(), OrderState::Held);
    let why = case.why_held();
    assert!(
        why.ends_with("the order can't be rolled back: `a` is a point of no return and has begun"),
        "{why}"
    );
}

#[test]
fn an_order_that_goes_back_already_is_not_touched_by_its_deadline() {
    let mut case = Case::new(plan(Some(HOLD), |_| ()), &[("undo_a", &[crate::world::Luck::Failed])]).until(5);
    case.cancel().unwrap();
    let mut case = case.until(150);
    assert_eq!((case.state(), case.task("a")), (OrderState::Held, TaskState::UndoFailed));
    assert!(case.facts().contains(&"OrderOverdue") && !case.facts().contains(&"OrderPaused"));
    case.act(OperatorAction::Retry, "a").unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Cancelled);
}

/// `a`, `cool` sleeps 50 s, `b`, `settle` sleeps 30 s; to be done within so many seconds.
fn sleepy(seconds: u64, change: impl FnOnce(&mut [Definition])) -> Arc<Plan> {
    let mut tasks =
        vec![build::task("a"), build::sleep("cool", 50), build::task("b"), build::sleep("settle", 30)];
    change(&mut tasks);
    let edges = vec![vec![], vec![0], vec![1], vec![2]];
    let mut parts = build::parts(tasks.into_iter().zip(edges).collect(), &[]);
    let within = Duration::from_secs(seconds);
    parts.deadline = Some(Deadline { within, at_risk: None, on_timeout: None });
    Arc::new(Plan::new(parts).unwrap())
}

/// When the order was found to be at risk, in seconds from its beginning, and why.
fn at_risk(case: &Case) -> Option<(i64, String)> {
    let risks = case.simulation.order().events().iter().filter_map(|event| match &event.fact {
        Fact::OrderAtRisk { reason: Some(reason), .. } => {
            Some((event.at.as_millis() / 1_000, reason.clone()))
        }
        _ => None,
    });
    let risks: Vec<_> = risks.collect();
    assert!(risks.len() < 2, "it is said once: {risks:?}");
    risks.into_iter().next()
}

#[test]
fn an_order_that_can_not_be_done_in_time_is_at_risk_when_it_begins() {
    let case = Case::new(sleepy(79, |_| ()), &[]).at_standstill();
    let why = "from `a` on it can't be done before 1970-01-01T00:01:20.000Z".to_owned();
    assert_eq!(at_risk(&case), Some((0, why)));
    assert_eq!(case.state(), OrderState::Completed, "it goes on all the same");
}

#[test]
fn an_order_is_at_risk_as_soon_as_what_is_left_takes_too_long() {
    let case = Case::new(sleepy(81, |_| ()), &[]).at_standstill();
    let why = "from `settle` on it can't be done before 1970-01-01T00:01:22.000Z".to_owned();
    assert_eq!(at_risk(&case), Some((52, why)));
    let in_time = Case::new(sleepy(82, |_| ()), &[]).at_standstill();
    assert_eq!(at_risk(&in_time), None);
}

#[test]
fn what_may_be_left_out_is_not_counted() {
    let plan = sleepy(60, |tasks| {
        tasks[3].when = Some(build::formula(plan::Expr::Value(model::Value::Bool(false)), "false"));
    });
    let case = Case::new(plan, &[]).at_standstill();
    assert_eq!((at_risk(&case), case.state()), (None, OrderState::Completed));
}

#[test]
fn a_sleep_of_which_nobody_knew_counts_from_when_it_begins() {
    let plan = sleepy(60, |tasks| {
        tasks[3].when = Some(build::formula(plan::Expr::Value(model::Value::Bool(true)), "true"));
    });
    let case = Case::new(plan, &[]).until(53);
    let why = "from `settle` on it can't be done before 1970-01-01T00:01:22.000Z".to_owned();
    assert_eq!(at_risk(&case), Some((52, why)));
}

#[test]
fn an_amendment_has_an_order_judged_anew_by_what_is_left_then() {
    let amended_to = |cool: u64| {
        let mut case = Case::new(sleepy(79, |_| ()), &[]).until(0);
        assert!(case.simulation.order().view().at_risk_since.is_some());
        let plan = sleepy(79, |tasks| tasks[1] = build::sleep("cool", cool));
        let (by, reason) = (Actor::new("anna"), "another time".to_owned());
        let plan = Box::new((*plan).clone());
        case.ask(|id| Event::Amend { id, plan, by, reason, token: None }).unwrap();
        let order = case.simulation.order();
        let told = order.events().iter().filter(|event| matches!(event.fact, Fact::OrderAtRisk { .. }));
        (order.view().at_risk_since.is_some(), told.count())
    };
    assert_eq!(amended_to(10), (false, 1), "there is time enough");
    assert_eq!(amended_to(60), (true, 2), "it is said again, by what is left now");
}

#[test]
fn an_order_at_risk_by_what_is_left_is_not_so_again_by_its_declared_time() {
    let tasks = vec![(build::task("a"), vec![]), (build::sleep("cool", 50), vec![0])];
    let mut parts = build::parts(tasks, &[]);
    let (within, at_risk) = (Duration::from_secs(40), Some(Duration::from_secs(20)));
    parts.deadline = Some(Deadline { within, at_risk, on_timeout: None });
    let case = Case::new(Arc::new(Plan::new(parts).unwrap()), &[]).at_standstill();
    assert_eq!(case.facts().iter().filter(|fact| **fact == "OrderAtRisk").count(), 1);
    assert_eq!(case.simulation.order().view().at_risk_since, Some(Timestamp::EPOCH));
}

#[test]
fn a_pause_may_put_an_order_at_risk() {
    let mut case = Case::new(sleepy(100, |_| ()), &[]).until(0);
    let by = model::Actor::new("ann");
    case.ask(|id| engine::Event::Pause { id, by: by.clone(), note: "wait".to_owned() }).unwrap();
    let mut case = case.until(1);
    case.simulation.schedule(
        Duration::from_secs(39),
        engine::Event::Resume { id: "r".parse().unwrap(), by, note: "go".to_owned() },
    );
    let why = "from `cool` on it can't be done before 1970-01-01T00:02:00.000Z".to_owned();
    assert_eq!(at_risk(&case.at_standstill()), Some((40, why)));
}

#[test]
fn what_a_late_order_is_held_at_is_always_something_that_is_not_done() {
    let held = |tasks: &mut [Definition]| tasks[0].on_failure = Some(build::reaction(HOLD));
    let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::Refused])];
    let mut case = Case::new(plan(Some(HOLD), held), luck).until(200);
    assert_eq!(case.task("a"), TaskState::Held);
    case.complete("a", r#"{"id": "7", "ok": true}"#).unwrap();
    let order = case.simulation.order();
    let blocked = order.held().unwrap();
    assert_eq!((order.state(), blocked.task.to_string().as_str()), (OrderState::Held, "report"));
    let last = order.events().iter().rev().find_map(|event| match &event.fact {
        Fact::OrderPaused { task, .. } => Some(task.to_string()),
        _ => None,
    });
    assert_eq!(last.as_deref(), Some("report"));
    assert_eq!(case.act(OperatorAction::Retry, "report"), Ok(Handled::Applied));
    assert_eq!(case.task("report"), TaskState::Running);
}

#[test]
fn an_amendment_that_brings_another_deadline_is_counted_from_the_beginning_of_the_order() {
    let within = |seconds| {
        let mut parts = plan::PlanParts::from((*plan(None, |_| ())).clone());
        let within = Duration::from_secs(seconds);
        parts.deadline = Some(Deadline { within, at_risk: None, on_timeout: None });
        Box::new(Plan::new(parts).unwrap())
    };
    let overdue = |case: &Case| case.simulation.order().view().overdue_since.map(Timestamp::as_millis);
    let amend = |case: &mut Case, plan| {
        let (by, reason) = (Actor::new("anna"), "another time".to_owned());
        case.ask(|id| Event::Amend { id, plan, by, reason, token: None }).unwrap();
    };
    let mut case = Case::new(plan(None, |_| ()), &[]).until(50);
    amend(&mut case, within(300));
    let mut case = case.until(299);
    assert_eq!(overdue(&case), None);
    case = case.until(301);
    assert_eq!(overdue(&case), Some(300_000));
    // With more time it is neither late nor at risk, and its record says that it is judged anew.
    amend(&mut case, within(900));
    let view = case.simulation.order().view();
    assert_eq!((view.overdue_since, view.at_risk_since), (None, None));
    let renewed = case
        .simulation
        .order()
        .events()
        .iter()
        .filter(|event| matches!(event.fact, Fact::OrderAmended { judged_anew: true, .. }));
    assert_eq!(renewed.count(), 2);
    amend(&mut case, within(900));
    assert!(matches!(
        case.simulation.order().events().last().unwrap().fact,
        Fact::OrderAmended { judged_anew: false, .. }
    ));
    // One whose time would have been up is up at once.
    let mut case = Case::new(plan(None, |_| ()), &[]).until(61);
    let now = case.simulation.now().as_millis();
    amend(&mut case, within(30));
    assert_eq!(overdue(&case.until(62)), Some(now));
}
