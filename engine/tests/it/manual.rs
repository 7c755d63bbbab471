//! Tasks that a person does.

use std::sync::Arc;

use engine::{Handled, Rejected};
use model::{Actor, Fact, OrderState, TaskState, Timestamp, Value};
use plan::{Body, Plan, ReactionKind};

use crate::build;
use crate::case::Case;

/// a, then a manual task.
fn after_one() -> Arc<Plan> {
    build::plan(vec![(build::task("a"), vec![]), (build::manual("check"), vec![0])], &[])
}

#[test]
fn it_waits_for_its_person_and_takes_what_they_say() {
    let mut case = Case::new(after_one(), &[]).until(1);
    assert_eq!(case.task("check"), TaskState::Running);
    assert_eq!(case.waiting_for("check").as_deref(), Some("office: Check the contract"));
    let task = &case.simulation.order().view().tasks[1];
    assert_eq!(task.until, Some(Timestamp::from_millis(3_601_000)));

    assert_eq!(case.complete("check", r#"{"ok": true, "more": 1}"#), Ok(Handled::Applied));
    assert_eq!(case.state(), OrderState::Completed);
    let said = Value::record([("ok", Value::Bool(true))]);
    assert_eq!(case.simulation.order().view().tasks[1].result, said);
    let acted = case.simulation.order().events().iter().find_map(|event| match &event.fact {
        Fact::OperatorActed { action, by, note, result, .. } => Some((action, by, note, result)),
        _ => None,
    });
    let (by, note) = (Actor::new("ann"), "looked at it".to_owned());
    assert_eq!(acted, Some((&"complete".to_owned(), &by, &note, &said)));
}

#[test]
fn what_is_not_of_the_declared_shape_is_refused_with_every_fault() {
    let mut case = Case::new(after_one(), &[]).until(1);
    let Err(Rejected::Result { task, faults }) = case.complete("check", r#"{"ok": "yes"}"#) else {
        panic!("it was taken")
    };
    assert_eq!((task.to_string().as_str(), faults[0].pointer.as_str()), ("check", "/ok"));
    let nothing = case.complete("check", "null").unwrap_err();
    assert_eq!(
        nothing.to_string(),
        "what came of `check` is not of the shape that was declared: /ok: missing: expected true or false"
    );
    assert_eq!(case.task("check"), TaskState::Running);
    assert!(!case.facts().contains(&"OperatorActed"));
    assert_eq!(case.complete("check", r#"{"ok": true}"#), Ok(Handled::Applied));
}

#[test]
fn where_nothing_is_asked_nothing_need_be_said() {
    let mut task = build::manual("check");
    if let Body::Manual(body) = &mut task.body {
        body.fields = model::Type::Record(Vec::new());
    }
    let mut case = Case::new(build::plan(vec![(task, vec![])], &[]), &[]).until(0);
    assert_eq!(case.complete("check", "null"), Ok(Handled::Applied));
    assert_eq!(case.state(), OrderState::Completed);
}

#[test]
fn what_a_person_says_is_ensured_like_any_result() {
    let mut task = build::manual("check");
    task.ensure = vec![build::ensure_ok(ReactionKind::Rollback)];
    let plan = build::plan(vec![(build::task("a"), vec![]), (task, vec![0])], &[]);
    let mut case = Case::new(plan, &[]).until(1);
    assert_eq!(case.complete("check", r#"{"ok": false}"#), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
}

#[test]
fn only_a_task_that_waits_for_its_person_or_is_held_can_be_completed() {
    let mut case = Case::new(after_one(), &[]).until(0);
    let refused = |answer: Result<Handled, Rejected>| answer.unwrap_err().to_string();
    let ok = r#"{"ok": true}"#;
    assert_eq!(
        refused(case.complete("a", ok)),
        "`a` is running: only a task that is held, or waits for a person, can be completed"
    );
    assert_eq!(
        refused(case.complete("check", ok)),
        "`check` is waiting: only a task that is held, or waits for a person, can be completed"
    );
    assert_eq!(refused(case.complete("nothing", ok)), "the order has no task `nothing`");
    let mut case = case.until(1);
    assert_eq!(case.complete("check", ok), Ok(Handled::Applied));
    assert_eq!(refused(case.complete("check", ok)), "the order has ended: it is completed");
}

#[test]
fn a_second_delivery_is_answered_as_the_first_and_changes_nothing() {
    let plan = build::plan(vec![(build::manual("one"), vec![]), (build::manual("two"), vec![0])], &[]);
    let mut case = Case::new(plan, &[]).until(0);
    let complete = |task: &str| engine::Event::Act {
        id: "CRM-7".parse().unwrap(),
        action: engine::Act::Complete { result: Value::record([("ok", Value::Bool(true))]) },
        task: task.parse().unwrap(),
        by: Actor::new("ann"),
        note: "seen".to_owned(),
    };
    assert_eq!(case.simulation.handle(complete("one")), Ok(Handled::Applied));
    let told = case.facts().len();
    assert_eq!(case.simulation.handle(complete("one")), Ok(Handled::Duplicate));
    assert_eq!((case.facts().len(), case.task("two")), (told, TaskState::Running));
}

#[test]
fn when_nobody_does_it_in_time_the_reaction_says_what_follows() {
    let case = Case::new(after_one(), &[]).at_standstill();
    assert_eq!((case.state(), case.task("check")), (OrderState::Held, TaskState::Held));
    assert_eq!(case.why_held(), "office did not do it within 1h");
    assert_eq!(case.simulation.now(), Timestamp::from_millis(3_601_000));
}

#[test]
fn a_cancelled_order_waits_for_nobody() {
    let mut case = Case::new(after_one(), &[]).until(1);
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.task("check")), (OrderState::Cancelled, TaskState::Dropped));
    assert!(case.simulation.now() < Timestamp::from_millis(60_000));
}

#[test]
fn a_title_that_can_not_be_put_together_needs_a_person() {
    let mut task = build::manual("check");
    if let Body::Manual(body) = &mut task.body {
        body.title = build::result_field("nothing");
    }
    let case = Case::new(build::plan(vec![(task, vec![])], &[]), &[]).at_standstill();
    assert!(case.why_held().starts_with("test.blueprint:1: `result.nothing`"), "{}", case.why_held());
}
