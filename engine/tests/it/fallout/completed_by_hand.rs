//! Tasks completed by hand.

use super::*;

#[test]
fn a_held_task_brings_what_a_person_says_to_those_that_read_it() {
    let mut case =
        Case::new(two(build::task("a"), reader(of_a(false))), &[("do_a", &[Luck::Failed])]).until(1);
    assert_eq!(case.complete("a", r#"{"id": "by-hand", "ok": true, "more": 1}"#), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Completed, TaskState::Succeeded));
    assert_eq!(case.last_arguments("TaskStarted", "b"), json(r#"{"of": "by-hand"}"#));
    let told = case.facts();
    let at = |name: &str| told.iter().position(|fact| *fact == name).unwrap();
    assert!(at("OperatorActed") < at("OrderResumed") && at("OrderResumed") < at("TaskSucceeded"));
}

#[test]
fn what_was_done_by_hand_is_undone_if_the_order_turns_back() {
    // The call was lost and a person sees that it was done.
    let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::LostAfterEffect]), ("do_b", &[Luck::Refused])];
    let mut case = Case::new(two(build::task("a"), build::task("b")), luck).until(1);
    let done = format!(r#"{{"id": "{}/a/1/forward", "ok": true}}"#, build::order_id());
    case.complete("a", &done).unwrap();
    let mut case = case.until(2);
    assert_eq!(case.act(OperatorAction::Rollback, "b"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!(case.log(), ["do_a", "do_b", "undo_a"]);
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
    let events = case.simulation.order().events();
    let why = events.iter().find_map(|event| match &event.fact {
        Fact::OrderRollingBack { reason } => Some(reason.as_str()),
        _ => None,
    });
    assert!(why.unwrap().starts_with("rolled back by op: seen ("), "{why:?}");
}

#[test]
fn the_result_must_be_of_the_declared_type_and_what_is_ensured_must_hold() {
    let mut a = build::task("a");
    a.ensure = vec![build::ensure_ok(ReactionKind::Rollback)];
    a.ensure[0].otherwise.reason = Some(build::result_field("id"));
    let mut case = Case::new(two(a, build::task("b")), &[("do_a", &[Luck::Failed])]).until(1);
    let Err(Rejected::Result { faults, .. }) = case.complete("a", r#"{"id": 7}"#) else { panic!() };
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults, ["/id: expected a text, found a number", "/ok: missing: expected true or false"]);
    let not_ok = Act::Complete { result: json(r#"{"id": "x", "ok": false}"#) };
    assert_eq!(
        case.refused("a", not_ok),
        "what came of `a` is not of the shape that was declared: `result.ok` does not hold: x"
    );
    assert_eq!(case.complete("a", RESULT), Ok(Handled::Applied));
}

#[test]
fn a_poll_takes_only_what_it_waits_for() {
    let poll = build::poll("a", model::Duration::from_secs(20));
    let luck: &[(&str, &[Luck])] = &[("look_a", &[Luck::NotOk, Luck::NotOk, Luck::NotOk])];
    let mut case = Case::new(two(poll, build::task("b")), luck).at_standstill();
    let not_ok = Act::Complete { result: json(r#"{"id": "x", "ok": false}"#) };
    assert!(case.refused("a", not_ok).ends_with("`result.ok` does not hold"));
    assert_eq!(case.complete("a", RESULT), Ok(Handled::Applied));
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn a_wait_and_a_manual_task_that_came_too_late_can_be_completed() {
    for task in [build::wait("a"), build::manual("a")] {
        let mut case = Case::new(two(task, build::task("b")), &[]).at_standstill();
        assert_eq!(case.task("a"), TaskState::Held);
        assert_eq!(case.complete("a", r#"{"ok": true}"#), Ok(Handled::Applied));
        assert_eq!(case.at_standstill().state(), OrderState::Completed);
    }
}

#[test]
fn the_note_is_the_evidence() {
    let mut case = Case::new(two(build::task("a"), build::task("b")), &[("do_a", &[Luck::Failed])]).until(1);
    let (task, by, action) =
        ("a".parse().unwrap(), Actor::new("ann"), Act::Complete { result: json(RESULT) });
    let refused = case.ask(|id| engine::Event::Act { id, action, task, by, note: " ".to_owned() });
    assert_eq!(refused.unwrap_err().to_string(), "what is done with `a` needs a note that says why");
}
