//! Orders that a person pauses.

use engine::{Event, Handled, OperatorAction, Rejected};
use model::{Actor, Fact, OrderState, TaskState};
use plan::ReactionKind;

use crate::build::{self, HOLD};
use crate::case::Case;
use crate::world::Luck;

fn pause(case: &mut Case) -> Result<Handled, Rejected> {
    case.ask(|id| Event::Pause { id, by: Actor::new("ann"), note: "night work".to_owned() })
}

fn resume(case: &mut Case) -> Result<Handled, Rejected> {
    case.ask(|id| Event::Resume { id, by: Actor::new("bob"), note: "done".to_owned() })
}

/// `a`, `report` waits for a signal beside `b`, `c` after both.
fn case(luck: &[(&str, &[Luck])]) -> Case {
    let plan = build::plan(
        vec![
            (build::task("a"), vec![]),
            (build::wait("report"), vec![0]),
            (build::task("b"), vec![0]),
            (build::task("c"), vec![1, 2]),
        ],
        &[],
    );
    Case::new(plan, luck)
}

#[test]
fn a_paused_order_begins_nothing_more_and_what_is_under_way_goes_on() {
    let mut case = case(&[]).until(1);
    assert_eq!(pause(&mut case), Ok(Handled::Applied));
    assert_eq!((case.state(), case.why_held().as_str()), (OrderState::Held, "paused by ann: night work"));
    case.signal("signal_report", r#"{"ok": true}"#).unwrap();
    let mut case = case.until(100);
    let states = [case.task("report"), case.task("b"), case.task("c")];
    assert_eq!(states, [TaskState::Succeeded, TaskState::Succeeded, TaskState::Waiting]);
    assert_eq!(resume(&mut case), Ok(Handled::Applied));
    assert_eq!(case.state(), OrderState::InProgress);
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Completed);
    let record = case.simulation.order().events().iter().map(|event| &event.fact);
    let said: Vec<_> = record
        .filter_map(|fact| match fact {
            Fact::OrderPaused { id: Some(_), by: Some(by), reason, .. } => {
                Some((by.as_str(), reason.as_str()))
            }
            Fact::PauseLifted { by, note, .. } => Some((by.as_str(), note.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(said, [("ann", "night work"), ("bob", "done")]);
}

#[test]
fn an_order_is_paused_once_and_resumed_once() {
    let mut case = case(&[]).until(1);
    assert_eq!(resume(&mut case), Err(Rejected::NotPaused));
    pause(&mut case).unwrap();
    assert_eq!(pause(&mut case), Err(Rejected::Paused));
    resume(&mut case).unwrap();
    assert_eq!(resume(&mut case), Err(Rejected::NotPaused));
}

#[test]
fn the_same_request_again_changes_nothing() {
    let mut case = case(&[]).until(1);
    let pause =
        || Event::Pause { id: "p-1".parse().unwrap(), by: Actor::new("ann"), note: "night work".to_owned() };
    assert_eq!(case.simulation.handle(pause()), Ok(Handled::Applied));
    resume(&mut case).unwrap();
    assert_eq!(case.simulation.handle(pause()), Ok(Handled::Duplicate));
    assert_eq!(case.state(), OrderState::InProgress);
}

#[test]
fn an_order_that_is_resumed_stays_held_while_a_task_needs_somebody() {
    let mut case = case(&[("do_b", &[Luck::Failed])]).until(1);
    pause(&mut case).unwrap();
    let mut case = case.until(10);
    assert_eq!(case.task("b"), TaskState::Held);
    resume(&mut case).unwrap();
    assert_eq!(case.state(), OrderState::Held);
    assert_eq!(case.simulation.order().held().unwrap().task.to_string(), "b");
    case.act(OperatorAction::Retry, "b").unwrap();
    assert_eq!(case.state(), OrderState::InProgress);
}

#[test]
fn what_a_person_tries_again_meanwhile_is_tried_and_the_order_stays_paused() {
    let mut case = case(&[("do_b", &[Luck::Failed])]).until(1);
    pause(&mut case).unwrap();
    let mut case = case.until(10);
    case.act(OperatorAction::Retry, "b").unwrap();
    let mut case = case.until(20);
    assert_eq!((case.state(), case.task("b")), (OrderState::Held, TaskState::Succeeded));
    resume(&mut case).unwrap();
    assert_eq!(case.state(), OrderState::InProgress);
}

#[test]
fn a_paused_order_is_not_let_go_by_acting_on_a_task_that_is_not_held() {
    let mut case = case(&[]).until(1);
    pause(&mut case).unwrap();
    let refused = case.act(OperatorAction::Retry, "report").unwrap_err();
    assert!(matches!(refused, Rejected::NotHeld { .. }), "{refused:?}");
    let next = case.act(OperatorAction::Retry, "c").unwrap_err();
    assert_eq!(
        next.to_string(),
        "`c` is not held, but the order as a whole is paused: `resume` has it go on"
    );
    assert_eq!(case.state(), OrderState::Held);
}

#[test]
fn a_paused_order_can_be_cancelled() {
    let mut case = case(&[]).until(1);
    pause(&mut case).unwrap();
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Cancelled, vec![]));
}

#[test]
fn an_order_that_goes_back_or_has_ended_can_not_be_paused() {
    let mut back = case(&[]).until(1);
    back.cancel().unwrap();
    assert_eq!(pause(&mut back), Err(Rejected::BeingUndone));
    let mut over = back.at_standstill();
    assert_eq!(pause(&mut over), Err(Rejected::Ended { state: OrderState::Cancelled }));
    assert_eq!(resume(&mut over), Err(Rejected::Ended { state: OrderState::Cancelled }));
}

#[test]
fn a_rollback_lifts_the_pause() {
    let mut plan_tasks = vec![(build::task("a"), vec![]), (build::task("b"), vec![0])];
    plan_tasks[1].0.on_failure = Some(build::reaction(ReactionKind::Rollback));
    let mut case = Case::new(build::plan(plan_tasks, &[]), &[("do_b", &[Luck::Failed])]).until(1);
    pause(&mut case).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
}

#[test]
fn a_deadline_takes_over_what_a_person_has_paused_with_what_they_said() {
    let tasks = vec![(build::task("a"), vec![]), (build::wait("report"), vec![0])];
    let mut parts = build::parts(tasks, &[]);
    parts.deadline = Some(plan::Deadline {
        within: model::Duration::from_secs(100),
        at_risk: None,
        on_timeout: Some(build::reaction(HOLD)),
    });
    let mut case = Case::new(std::sync::Arc::new(plan::Plan::new(parts).unwrap()), &[]).until(1);
    pause(&mut case).unwrap();
    let mut case = case.until(100);
    assert_eq!(case.why_held(), "not done within 1m40s; before that paused by ann: night work");
    assert_eq!(resume(&mut case), Ok(Handled::Applied));
    assert_eq!(case.state(), OrderState::InProgress);
}

#[test]
fn a_paused_order_takes_nothing_back_before_it_goes_on() {
    let with_b =
        || vec![(build::task("a"), vec![]), (build::task("b"), vec![0]), (build::wait("c"), vec![1])];
    let without_b = vec![(build::task("a"), vec![]), (build::wait("c"), vec![0])];
    let mut case = Case::new(build::plan(with_b(), &[]), &[]).until(10);
    pause(&mut case).unwrap();
    let plan = Box::new((*build::plan(without_b, &[])).clone());
    let by = Actor::new("ann");
    case.ask(|id| Event::Amend { id, plan, by, reason: "without b".to_owned(), token: None }).unwrap();
    let mut case = case.until(20);
    assert_eq!(case.log(), ["do_a", "do_b"], "the systems are left alone");
    resume(&mut case).unwrap();
    let case = case.until(30);
    assert_eq!(case.log(), ["do_a", "do_b", "undo_b"]);
}

#[test]
fn a_pause_moves_on_when_an_amendment_takes_out_where_the_order_is_paused() {
    let plan = |tasks: &[&str]| {
        let tasks = tasks.iter().enumerate().map(|(n, name)| {
            let task = if *name == "a" { build::task(name) } else { build::wait(name) };
            (task, (0..n).collect())
        });
        build::plan(tasks.collect(), &[])
    };
    let mut case = Case::new(plan(&["a", "b", "c"]), &[]).until(10);
    pause(&mut case).unwrap();
    let paused_at = |case: &Case| case.simulation.order().held().unwrap().task.to_string();
    assert_eq!(paused_at(&case), "b");
    let (plan, by) = (Box::new((*plan(&["a", "c"])).clone()), Actor::new("ann"));
    case.ask(|id| Event::Amend { id, plan, by, reason: "without b".to_owned(), token: None }).unwrap();
    assert_eq!(paused_at(&case), "c");
}
