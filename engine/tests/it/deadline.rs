//! Orders that take too long.

use std::sync::Arc;

use engine::{Handled, OperatorAction};
use model::{Duration, Fact, HoldFor, OrderState, TaskState, Timestamp};
use plan::{Deadline, Definition, Plan, Reaction, ReactionKind, Undo};

use crate::build::{self, HOLD};
use crate::case::Case;

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
    assert_eq!(order.events().last().unwrap().fact, Fact::OrderAtRisk { deadline });
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
    assert_eq!(case.act(OperatorAction::Retry, "report"), Ok(Handled::Applied));
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
