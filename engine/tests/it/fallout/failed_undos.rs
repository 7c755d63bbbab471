//! Undos that failed: tried again, done by hand, or accepted.

use super::*;

/// b is refused, so a is undone, which fails.
fn stuck() -> Case {
    let mut b = build::task("b");
    b.on_failure = Some(build::reaction(ReactionKind::Rollback));
    let luck: &[(&str, &[Luck])] = &[("do_b", &[Luck::Refused]), ("undo_a", &[Luck::Failed])];
    let case = Case::new(two(sited("a"), b), luck).at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Held, TaskState::UndoFailed));
    case
}

const SETTLED: [OperatorAction; 3] = [OperatorAction::Retry, OperatorAction::Undone, OperatorAction::Accept];

#[test]
fn a_person_says_that_it_was_undone_by_hand() {
    let mut case = stuck();
    assert_eq!(case.actions("a", RESULT), SETTLED);
    case.act(OperatorAction::Undone, "a").unwrap();
    assert_eq!((case.state(), case.task("a")), (OrderState::Failed, TaskState::Undone));
    assert!(!case.facts().contains(&"ResidueAccepted"));
}

#[test]
fn a_person_accepts_what_is_left_and_the_record_says_so() {
    let mut case = stuck();
    case.act(OperatorAction::Accept, "a").unwrap();
    assert_eq!((case.state(), case.task("a")), (OrderState::Failed, TaskState::Undone));
    let id = format!("{}/a/1/forward", build::order_id());
    let residue = Fact::ResidueAccepted {
        task: "a".parse().unwrap(),
        call: "net.undo_a".to_owned(),
        arguments: Value::record([("id", Value::text(id.clone())), ("site", Value::text("1"))]),
        result: Value::record([("id", Value::text(id)), ("ok", Value::Bool(true))]),
        by: Actor::new("op"),
        reason: "seen".to_owned(),
    };
    assert!(case.simulation.order().events().iter().any(|event| event.fact == residue));
    let reason = case.simulation.order().view().tasks[0].reason.clone();
    assert_eq!(reason.as_deref(), Some("left in place by op: seen"));
    assert_eq!(case.held_effects(), ["a"]);
}

#[test]
fn a_cancel_comes_to_its_end_all_the_same() {
    let plan = two(build::task("a"), build::wait("b"));
    let mut case = Case::new(plan, &[("undo_a", &[Luck::Failed])]).until(1);
    case.cancel().unwrap();
    let mut case = case.at_standstill();
    assert_eq!(case.task("a"), TaskState::UndoFailed);
    case.act(OperatorAction::Accept, "a").unwrap();
    assert_eq!(case.state(), OrderState::Cancelled);
}

#[test]
fn what_was_to_follow_the_undo_follows() {
    for action in [OperatorAction::Undone, OperatorAction::Accept] {
        let mut a = build::task("a");
        a.ensure = vec![build::ensure_ok(HOLD)];
        let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::NotOk]), ("undo_a", &[Luck::Failed])];
        let mut case = Case::new(two(a, build::task("b")), luck).until(1);
        case.act(OperatorAction::Retry, "a").unwrap();
        let mut case = case.until(2);
        assert_eq!(
            case.actions("a", RESULT),
            [OperatorAction::Retry, OperatorAction::Rollback, OperatorAction::Undone, OperatorAction::Accept]
        );
        case.act(action, "a").unwrap();
        let case = case.at_standstill();
        assert_eq!((case.state(), case.log().len()), (OrderState::Completed, 4), "{action}");
    }
}

#[test]
fn nothing_else_is_done_with_it() {
    let mut case = stuck();
    for act in [Act::Skip, Act::Complete { result: json(RESULT) }] {
        assert_eq!(
            case.refused("a", act),
            "`a` could not be taken back: have that tried again, say that it is undone, or accept what is left"
        );
    }
    let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::Failed])];
    let mut case = Case::new(two(build::task("a"), build::task("b")), luck).until(1);
    for action in [OperatorAction::Undone, OperatorAction::Accept] {
        assert_eq!(
            case.refused("a", action),
            "`a` is held: only a task whose undo failed can be said to be undone, or accepted"
        );
    }
}

#[test]
fn it_is_accepted_for_a_reason() {
    let mut case = stuck();
    for action in [OperatorAction::Undone, OperatorAction::Accept] {
        let (task, by) = ("a".parse().unwrap(), Actor::new("ann"));
        let refused =
            case.ask(|id| engine::Event::Act { id, action: action.into(), task, by, note: String::new() });
        assert_eq!(refused, Err(Rejected::NoNote { task: "a".parse().unwrap() }));
    }
}
