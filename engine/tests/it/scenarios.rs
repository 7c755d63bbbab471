//! Single cases, each a sentence of the documentation, run on the simulator in virtual time.

use std::sync::Arc;

use engine::{Event, Handled, OperatorAction, Rejected, Settlement};
use model::{Fact, OrderState, TaskState, Timestamp};
use plan::{Plan, ReactionKind, Undo};

use crate::build::{self, HOLD};
use crate::case::Case;
use crate::world::Luck;

/// a → (b ∥ c) → d, each with an undo.
fn diamond(change: impl FnOnce(&mut [plan::Definition; 4])) -> Arc<Plan> {
    let mut tasks = ["a", "b", "c", "d"].map(build::task);
    change(&mut tasks);
    let [a, b, c, d] = tasks;
    build::plan(vec![(a, vec![]), (b, vec![0]), (c, vec![0]), (d, vec![1, 2])], &[])
}

#[test]
fn a_plan_is_carried_out_in_parallel_where_it_allows() {
    let case = Case::new(diamond(|_| {}), &[]).at_standstill();
    assert_eq!(case.state(), OrderState::Completed);
    assert_eq!(case.log(), ["do_a", "do_b", "do_c", "do_d"]);
    // Three waves of a second each.
    assert_eq!(case.simulation.now(), Timestamp::from_millis(3_000));
}

#[test]
fn a_rollback_undoes_in_reverse_and_leaves_nothing() {
    let plan = diamond(|tasks| tasks[3].on_failure = Some(build::reaction(ReactionKind::Rollback)));
    let case = Case::new(plan, &[("do_d", &[Luck::Refused])]).at_standstill();
    assert_eq!(case.state(), OrderState::Failed);
    let undone: Vec<_> = case.log().into_iter().filter(|o| o.starts_with("undo")).collect();
    assert_eq!(undone, ["undo_c", "undo_b", "undo_a"]);
    assert_eq!(case.held_effects(), Vec::<String>::new());
    assert_eq!(case.task("d"), TaskState::Dropped);
}

#[test]
fn a_failed_task_holds_the_order_until_a_person_has_it_retried() {
    let mut case = Case::new(diamond(|_| {}), &[("do_b", &[Luck::Failed])]).at_standstill();
    assert_eq!(
        (case.state(), case.task("b"), case.task("c")),
        (OrderState::Held, TaskState::Held, TaskState::Succeeded)
    );
    let blocked = case.simulation.order().held().unwrap();
    assert_eq!((blocked.task.to_string().as_str(), blocked.reason.as_str()), ("b", "Failed"));
    let wrong = case.act(OperatorAction::Retry, "c").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "`c` is succeeded: only a task that is held, or whose undo failed, can be acted on"
    );
    assert_eq!(case.act(OperatorAction::Retry, "b"), Ok(Handled::Applied));
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn the_operator_can_roll_back_instead() {
    let mut case = Case::new(diamond(|_| {}), &[("do_b", &[Luck::Failed])]).at_standstill();
    assert_eq!(case.act(OperatorAction::Rollback, "b"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
    assert!(case.facts().contains(&"OrderResumed"));
}

#[test]
fn a_lost_answer_is_asked_for_again_under_its_key_before_it_is_undone() {
    let plan = diamond(|tasks| tasks[1].on_timeout = Some(build::reaction(ReactionKind::Rollback)));
    for (luck, calls) in [
        (Luck::LostAfterEffect, vec!["do_a", "do_b", "do_c", "do_b", "undo_c", "undo_b", "undo_a"]),
        (Luck::LostBeforeEffect, vec!["do_a", "do_b", "do_c", "do_b", "undo_c", "undo_b", "undo_a"]),
    ] {
        let case = Case::new(plan.clone(), &[("do_b", &[luck])]).at_standstill();
        assert_eq!(
            (case.state(), case.held_effects(), case.log()),
            (OrderState::Failed, vec![], calls),
            "{luck:?}"
        );
    }
    // A definite no means that there is nothing to undo.
    let case = Case::new(plan, &[("do_b", &[Luck::LostBeforeEffect, Luck::Refused])]).at_standstill();
    assert!(!case.log().contains(&"undo_b"));
    assert_eq!(case.task("b"), TaskState::Dropped);
}

#[test]
fn an_undo_that_fails_is_a_work_item_and_never_dropped() {
    let plan = diamond(|tasks| tasks[3].on_failure = Some(build::reaction(ReactionKind::Rollback)));
    let luck: &[(&str, &[Luck])] = &[("do_d", &[Luck::Refused]), ("undo_b", &[Luck::Failed])];
    let mut case = Case::new(plan, luck).at_standstill();
    assert_eq!(
        (case.state(), case.task("b"), case.task("c")),
        (OrderState::Held, TaskState::UndoFailed, TaskState::Undone)
    );
    assert_eq!(case.task("a"), TaskState::Succeeded, "what b depended on is not touched before b is undone");
    assert_eq!(case.act(OperatorAction::Rollback, "b"), Err(Rejected::BeingUndone));
    assert_eq!(case.act(OperatorAction::Retry, "b"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
}

#[test]
fn a_result_that_is_not_good_enough_is_undone_before_the_task_is_tried_again() {
    let plan = diamond(|tasks| tasks[0].ensure = vec![build::ensure_ok(HOLD)]);
    let mut case = Case::new(plan, &[("do_a", &[Luck::NotOk])]).at_standstill();
    assert_eq!(case.simulation.order().held().unwrap().reason, "`result.ok` does not hold");
    case.act(OperatorAction::Retry, "a").unwrap();
    let case = case.at_standstill();
    assert_eq!(case.log()[..3], ["do_a", "undo_a", "do_a"]);
    assert_eq!(case.state(), OrderState::Completed);
    assert_eq!(case.held_effects(), ["a", "b", "c", "d"]);
}

#[test]
fn a_fallback_is_called_when_the_first_choice_fails_for_good() {
    let plan =
        diamond(|tasks| build::body(&mut tasks[0]).fallbacks = vec![build::call("other_a", vec![], true)]);
    let case = Case::new(plan.clone(), &[("do_a", &[Luck::Refused])]).at_standstill();
    assert_eq!((case.state(), case.log()[1]), (OrderState::Completed, "other_a"));
    // Not when nobody knows: both might then be there.
    let case = Case::new(plan, &[("do_a", &[Luck::LostBeforeEffect])]).at_standstill();
    assert_eq!((case.state(), case.log()), (OrderState::Held, vec!["do_a"]));
}

#[test]
fn a_rejected_order_is_one_for_which_nothing_was_done() {
    let reject = |task: &mut plan::Definition| task.on_failure = Some(build::reaction(ReactionKind::Reject));
    let case =
        Case::new(diamond(|tasks| reject(&mut tasks[0])), &[("do_a", &[Luck::Refused])]).at_standstill();
    assert_eq!(case.state(), OrderState::Rejected);
    assert!(!case.facts().contains(&"TaskUndone"));
}

#[test]
fn fail_ends_the_order_and_leaves_what_was_done() {
    let plan = diamond(|tasks| tasks[3].on_failure = Some(build::reaction(ReactionKind::Fail)));
    let case = Case::new(plan, &[("do_d", &[Luck::Refused])]).at_standstill();
    assert_eq!(
        (case.state(), case.held_effects()),
        (OrderState::Failed, vec!["a".to_owned(), "b".to_owned(), "c".to_owned()])
    );
}

#[test]
fn skip_goes_on_without_the_task_and_without_what_it_left() {
    let plan = diamond(|tasks| {
        tasks[1].on_timeout = Some(build::reaction(ReactionKind::Skip));
        build::body(&mut tasks[2]).undo = Undo::Nothing { why: "it fades".to_owned() };
    });
    let case = Case::new(plan, &[("do_b", &[Luck::LostAfterEffect])]).at_standstill();
    assert_eq!((case.state(), case.task("b")), (OrderState::Completed, TaskState::Skipped));
    assert_eq!(case.held_effects(), ["a", "c", "d"]);
}

fn waiting() -> Arc<Plan> {
    let mut report = build::wait("report");
    report.ensure = vec![build::ensure_ok(HOLD)];
    report.on_timeout =
        Some(plan::Reaction { kind: HOLD, reason: Some(build::text("no report from the technician")) });
    build::plan(vec![(build::task("a"), vec![]), (report, vec![0]), (build::task("b"), vec![1])], &[])
}

#[test]
fn a_signal_lets_the_task_go_that_waits_for_it() {
    let mut case = Case::new(waiting(), &[]).until(5);
    assert_eq!(case.signal("signal_report", r#"{"ok": true}"#), Ok(Handled::Applied));
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn a_signal_that_comes_early_is_kept() {
    let mut case = Case::new(waiting(), &[]);
    assert_eq!(case.signal("signal_report", r#"{"ok": true}"#), Ok(Handled::Kept));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.simulation.now().as_millis()), (OrderState::Completed, 2_000));
}

#[test]
fn what_no_task_can_take_is_refused_and_changes_nothing() {
    let mut case = Case::new(waiting(), &[]).until(1);
    for (signal, payload, reason) in [
        (
            "signal_report",
            r#"{"ok": "yes"}"#,
            "`signal_report` is not of the shape that was declared: /ok: expected true or false, found a text",
        ),
        (
            "signal_report",
            "null",
            "`signal_report` is not of the shape that was declared: /ok: missing: expected true or false",
        ),
        ("other", "{}", "no task of this order waits for `other`"),
        ("1 2", "{}", "`1 2` is not a name (letters, digits and `_`, at most 64)"),
    ] {
        assert_eq!(case.signal(signal, payload).unwrap_err().to_string(), reason);
    }
    assert_eq!(case.task("report"), TaskState::Running);
    assert_eq!(case.facts().iter().filter(|name| **name == "SignalRefused").count(), 4);
}

#[test]
fn a_wait_that_runs_out_holds_and_waits_anew_on_retry() {
    let mut case = Case::new(waiting(), &[]).at_standstill();
    assert_eq!(case.simulation.now().as_millis(), 3_601_000);
    assert_eq!(
        case.simulation.order().held().unwrap().reason,
        "no report from the technician (nothing came within 1h)"
    );
    case.act(OperatorAction::Retry, "report").unwrap();
    assert_eq!(case.signal("signal_report", r#"{"ok": false}"#), Ok(Handled::Applied));
    assert_eq!(case.state(), OrderState::Held);
    // A report that comes while a person has the task is for when it waits again.
    assert_eq!(case.signal("signal_report", r#"{"ok": true}"#), Ok(Handled::Kept));
    case.act(OperatorAction::Retry, "report").unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn a_cancel_at_a_wait_undoes_what_was_done() {
    let mut case = Case::new(waiting(), &[]).until(5);
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    assert_eq!(case.state(), OrderState::PendingCancellation);
    assert_eq!(case.cancel(), Err(Rejected::BeingUndone));
    let mut case = case.at_standstill();
    assert_eq!((case.state(), case.log()), (OrderState::Cancelled, vec!["do_a", "undo_a"]));
    assert_eq!(case.cancel(), Err(Rejected::Ended { state: OrderState::Cancelled }));
}

#[test]
fn a_cancel_before_anything_was_done_has_nothing_to_undo() {
    let mut case = Case::new(waiting(), &[]);
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    assert_eq!((case.state(), case.log()), (OrderState::Cancelled, vec![]));
}

#[test]
fn what_can_not_be_understood_is_refused_on_the_record_and_changes_nothing() {
    let mut case = Case::new(waiting(), &[]).until(5);
    let reason = "expected a record, found a list";
    let malformed = Event::Malformed {
        id: "c-1".parse().unwrap(),
        signal: "cancel".to_owned(),
        reason: reason.to_owned(),
    };
    let refused = Err(Rejected::Signal { reason: reason.to_owned() });
    for _ in 0..2 {
        assert_eq!(case.simulation.handle(malformed.clone()), refused);
        assert_eq!((case.state(), case.task("report")), (OrderState::InProgress, TaskState::Running));
    }
    assert_eq!(case.facts().iter().filter(|name| **name == "SignalRefused").count(), 1);
    assert!(!case.facts().contains(&"CancelRequested"));
    assert_eq!(case.signal("signal_report", r#"{"ok": true}"#), Ok(Handled::Applied));
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn a_call_in_flight_settles_before_a_cancel_undoes_it() {
    let mut case = Case::new(diamond(|_| {}), &[]);
    case.simulation.step();
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    assert_eq!(case.state(), OrderState::PendingCancellation);
    let case = case.at_standstill();
    assert_eq!((case.state(), case.log()), (OrderState::Cancelled, vec!["do_a", "undo_a"]));
}

#[test]
fn a_call_that_is_lost_while_an_order_is_cancelled_is_asked_for_again_before_it_is_undone() {
    for lost in [Luck::LostAfterEffect, Luck::LostBeforeEffect] {
        let mut case = Case::new(diamond(|_| {}), &[("do_a", &[lost])]);
        case.simulation.step();
        assert_eq!(case.cancel(), Ok(Handled::Applied));
        let case = case.at_standstill();
        assert_eq!(
            (case.state(), case.held_effects(), case.log()),
            (OrderState::Cancelled, vec![], vec!["do_a", "do_a", "undo_a"]),
            "{lost:?}"
        );
    }
    // What is lost again and again is a person's.
    let lost: &[Luck] = &[Luck::LostAfterEffect; 2];
    let mut case = Case::new(diamond(|_| {}), &[("do_a", lost)]);
    case.simulation.step();
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    let mut case = case.at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Held, TaskState::UndoFailed));
    assert_eq!(case.act(OperatorAction::Retry, "a"), Ok(Handled::Applied));
    assert_eq!(case.at_standstill().state(), OrderState::Cancelled);
}

#[test]
fn past_the_point_of_no_return_a_cancel_is_refused_and_the_order_goes_on() {
    let plan = diamond(|tasks| tasks[3].point_of_no_return = true);
    let mut case = Case::new(plan.clone(), &[]).until(2);
    assert_eq!(case.task("d"), TaskState::Running);
    let refused = case.cancel().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the order can't be cancelled any more: `d` is a point of no return and has begun"
    );
    assert_eq!(case.state(), OrderState::InProgress);
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
    // One that failed for certain has not been passed.
    let mut case = Case::new(plan, &[("do_d", &[Luck::Refused])]).at_standstill();
    assert_eq!(case.state(), OrderState::Held);
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    assert_eq!(case.at_standstill().state(), OrderState::Cancelled);
}

#[test]
fn the_customer_sees_the_last_status_that_still_holds() {
    let plan = diamond(|tasks| {
        tasks[0].status = Some(build::text("Ordered"));
        tasks[3].status = Some(build::text("Activating"));
    });
    let case = Case::new(plan, &[("do_d", &[Luck::Failed])]).at_standstill();
    assert_eq!(case.simulation.order().customer_status(), Some("Ordered"));
    let said: Vec<_> = case
        .simulation
        .order()
        .events()
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::CustomerStatusChanged { status, item: None } => status.as_deref(),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["Ordered", "Activating", "Ordered"]);
}

#[test]
fn an_answer_in_the_wrong_shape_holds_and_says_what_is_wrong() {
    let case = Case::new(diamond(|_| {}), &[("do_a", &[Luck::Misshapen])]).at_standstill();
    assert_eq!(
        case.simulation.order().held().unwrap().reason,
        "net.do_a answered in a shape that was not declared: /ok: expected true or false, found a text"
    );
}

#[test]
fn a_call_that_the_deployment_can_not_make_holds_whatever_the_blueprint_wants_of_failures() {
    let plan = diamond(|tasks| tasks[1].on_failure = Some(build::reaction(ReactionKind::Reject)));
    let mut case = Case::new(plan, &[("do_b", &[Luck::Unserved, Luck::Unserved])]).at_standstill();
    for _ in 0..2 {
        assert_eq!((case.state(), case.task("b")), (OrderState::Held, TaskState::Held));
        assert_eq!(case.simulation.order().held().unwrap().reason, "Unserved");
        assert_eq!(case.act(OperatorAction::Retry, "b"), Ok(Handled::Applied));
        case = case.at_standstill();
    }
    assert_eq!(case.state(), OrderState::Completed);
}

#[test]
fn what_an_undo_needs_and_the_result_lacks_is_asked_for_again_on_retry() {
    let plan = diamond(|tasks| tasks[1].on_failure = Some(build::reaction(ReactionKind::Rollback)));
    let luck: &[Luck] = &[Luck::LacksId, Luck::LacksId, Luck::Failed, Luck::LostBeforeEffect];
    let mut case = Case::new(plan, &[("do_b", luck)]).at_standstill();
    let no_id = "its undo could not be put together: test.blueprint:1: `result.id`: ";
    for expected in [
        no_id,
        no_id,
        "what its undo needs could not be asked for: Failed",
        "what its undo needs could not be asked for: LostBeforeEffect",
    ] {
        assert_eq!((case.state(), case.task("b")), (OrderState::Held, TaskState::UndoFailed));
        let reason = case.simulation.order().held().unwrap().reason;
        assert!(reason.starts_with(expected), "{reason}");
        assert_eq!(case.held_effects(), ["a", "b"]);
        assert_eq!(case.act(OperatorAction::Retry, "b"), Ok(Handled::Applied));
        case = case.at_standstill();
    }
    // One effect: every call of `do_b` had the same key.
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
    assert_eq!(case.log().iter().filter(|operation| **operation == "undo_b").count(), 1);
}

#[test]
fn what_the_undo_of_a_held_task_lacks_is_asked_for_before_it_is_tried_again() {
    let mut case = Case::new(diamond(|_| {}), &[("do_b", &[Luck::LacksId])]).at_standstill();
    assert_eq!((case.state(), case.task("b")), (OrderState::Held, TaskState::Held));
    assert_eq!(case.act(OperatorAction::Retry, "b"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!(
        (case.state(), case.held_effects()),
        (OrderState::Completed, ["a", "b", "c", "d"].map(str::to_owned).to_vec())
    );
    assert_eq!(case.log(), ["do_a", "do_b", "do_c", "do_b", "undo_b", "do_b", "do_d"]);
}

#[test]
fn an_undo_that_the_deployment_can_not_make_holds_too() {
    let plan = diamond(|tasks| tasks[3].on_failure = Some(build::reaction(ReactionKind::Rollback)));
    let luck: &[(&str, &[Luck])] = &[("do_d", &[Luck::Refused]), ("undo_b", &[Luck::Unserved])];
    let mut case = Case::new(plan, luck).at_standstill();
    assert_eq!((case.state(), case.task("b")), (OrderState::Held, TaskState::UndoFailed));
    assert_eq!(case.act(OperatorAction::Retry, "b"), Ok(Handled::Applied));
    assert_eq!(case.at_standstill().held_effects(), Vec::<String>::new());
}

#[test]
fn a_lost_call_that_can_not_be_made_again_is_held_and_asked_under_the_same_key_on_retry() {
    let luck: &[(&str, &[Luck])] = &[("do_b", &[Luck::LostAfterEffect, Luck::Unserved])];
    let mut case = Case::new(diamond(|_| {}), luck).at_standstill();
    for _ in 0..2 {
        assert_eq!((case.state(), case.task("b")), (OrderState::Held, TaskState::Held));
        assert_eq!(case.act(OperatorAction::Retry, "b"), Ok(Handled::Applied));
        case = case.at_standstill();
    }
    assert_eq!(case.state(), OrderState::Completed);
    assert_eq!(case.held_effects(), ["a", "b", "c", "d"]);
}

#[test]
fn a_late_or_unknown_settlement_changes_nothing() {
    let mut case = Case::new(diamond(|_| {}), &[]).at_standstill();
    let events = case.simulation.order().events().len();
    let late = Event::CallSettled {
        call: engine::CallId(1),
        settlement: Settlement::Failed { reason: "late".to_owned() },
    };
    assert_eq!(case.simulation.handle(late), Ok(Handled::Duplicate));
    assert_eq!(case.simulation.order().events().len(), events);
}
