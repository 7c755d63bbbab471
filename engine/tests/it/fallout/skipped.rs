//! Tasks left out by hand.

use super::*;

#[test]
fn an_order_goes_on_without_a_task_that_nothing_needs() {
    let mut case = Case::new(two(build::task("a"), build::task("b")), &[("do_a", &[Luck::Failed])]).until(1);
    assert_eq!(case.act(OperatorAction::Skip, "a"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Completed, TaskState::Skipped));
    let reason = case.simulation.order().view().tasks[0].reason.clone();
    assert_eq!(reason.as_deref(), Some("left out by op: seen"));
}

#[test]
fn a_task_whose_result_is_needed_is_not_left_out() {
    let mut case =
        Case::new(two(build::task("a"), reader(of_a(false))), &[("do_a", &[Luck::Failed])]).until(1);
    assert_eq!(
        case.refused("a", OperatorAction::Skip),
        "`a` can't be left out: `b` needs `a.id` of it. Complete it by hand"
    );
    assert_eq!(
        case.actions("a", RESULT),
        [OperatorAction::Retry, OperatorAction::Complete, OperatorAction::Rollback]
    );
}

#[test]
fn who_reckons_with_nothing_needs_nothing() {
    let mut case =
        Case::new(two(build::task("a"), reader(of_a(true))), &[("do_a", &[Luck::Failed])]).until(1);
    assert_eq!(case.act(OperatorAction::Skip, "a"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!(case.last_arguments("TaskStarted", "b"), json(r#"{"of": null}"#));
    // So does who reads a task that its blueprint skips when its time is up.
    let mut a = build::task("a");
    a.on_timeout = Some(build::reaction(ReactionKind::Skip));
    let mut case = Case::new(two(a, reader(of_a(false))), &[("do_a", &[Luck::Failed])]).until(1);
    assert_eq!(case.act(OperatorAction::Skip, "a"), Ok(Handled::Applied));
}

#[test]
fn a_task_that_was_left_out_itself_needs_nothing() {
    let plan = build::plan(vec![(build::task("a"), vec![]), (reader(of_a(false)), vec![0])], &[1]);
    let mut case = Case::new(plan, &[("do_a", &[Luck::Failed])]).until(1);
    case.act(OperatorAction::Skip, "a").unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn what_it_left_is_undone_first() {
    let mut a = build::task("a");
    a.ensure = vec![build::ensure_ok(HOLD)];
    let mut case = Case::new(two(a, build::task("b")), &[("do_a", &[Luck::NotOk])]).until(1);
    case.act(OperatorAction::Skip, "a").unwrap();
    let case = case.at_standstill();
    assert_eq!(case.log(), ["do_a", "undo_a", "do_b"]);
    assert_eq!((case.task("a"), case.held_effects()), (TaskState::Skipped, vec!["b".to_owned()]));
}

#[test]
fn nobody_skips_what_may_have_been_done() {
    let mut case =
        Case::new(two(build::task("a"), build::task("b")), &[("do_a", &[Luck::LostBeforeEffect])]).until(1);
    assert!(case.refused("a", OperatorAction::Skip).starts_with("`a` may or may not have been done"));
    assert_eq!(
        case.actions("a", RESULT),
        [OperatorAction::Retry, OperatorAction::Complete, OperatorAction::Rollback]
    );
}
