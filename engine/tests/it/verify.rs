//! Calls without an answer that are read back.

use std::sync::Arc;

use engine::{CallEffect, Effect, Event, Handled, OperatorAction, Run, Settlement};
use model::{Direction, Fact, OrderState, TaskState, Timestamp, Value};
use plan::{Plan, ReactionKind, Retry};

use crate::build;
use crate::case::Case;
use crate::world::Luck;

/// One task, read back by a query whose answer is its own, or only tells.
fn one(answers: bool) -> Arc<Plan> {
    build::plan(vec![(build::verified(build::task("a"), answers), vec![])], &[])
}

#[test]
fn what_was_done_is_not_made_again() {
    let case = Case::new(one(true), &[("do_a", &[Luck::LostAfterEffect])]).at_standstill();
    assert_eq!(case.state(), OrderState::Completed);
    assert_eq!(case.log(), ["do_a", "read_a"]);
    let result = case.simulation.order().view().tasks[0].result.clone();
    assert!(result.field("id").unwrap().as_text().unwrap().ends_with("/a/1/forward"), "{result}");
}

#[test]
fn while_it_is_read_back_a_task_is_unknown_and_says_what_it_waits_for() {
    // The call ends after a second, and the query takes another.
    let case = Case::new(one(true), &[("do_a", &[Luck::LostAfterEffect])]).until(1);
    assert_eq!(case.task("a"), TaskState::Unknown);
    assert_eq!(case.waiting_for("a").as_deref(), Some("net.read_a to tell whether it was done"));
    let told = case.simulation.order().events().iter().find_map(|event| match &event.fact {
        Fact::TaskOutcomeUnknown { waiting_for, .. } => waiting_for.clone(),
        _ => None,
    });
    assert_eq!(told, case.waiting_for("a"));
}

#[test]
fn what_was_not_done_is_made_again_under_its_key() {
    let case = Case::new(one(true), &[("do_a", &[Luck::LostBeforeEffect])]).at_standstill();
    assert_eq!(case.state(), OrderState::Completed);
    // The ledger knows both calls of `do_a` by the same key: otherwise it would have gone into two deeds.
    assert_eq!(case.log(), ["do_a", "read_a", "do_a"]);
    assert_eq!(case.held_effects(), ["a"]);
}

#[test]
fn a_query_that_answers_something_else_has_the_call_bring_its_answer() {
    let case = Case::new(one(false), &[("do_a", &[Luck::LostAfterEffect])]).at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Completed, TaskState::Succeeded));
    assert_eq!(case.log(), ["do_a", "read_a", "do_a"]);
    assert_eq!(case.held_effects(), ["a"]);
}

#[test]
fn a_call_that_is_lost_again_and_again_is_left_to_the_blueprint() {
    let lost: &[Luck] = &[Luck::LostBeforeEffect; 4];
    let case = Case::new(one(true), &[("do_a", lost)]).at_standstill();
    assert_eq!(case.log(), ["do_a", "read_a", "do_a", "read_a", "do_a", "read_a", "do_a"]);
    assert_eq!((case.state(), case.task("a")), (OrderState::Held, TaskState::Held));
    let why = "LostBeforeEffect; net.read_a said 3 times that it was not done, and was not asked after the last call";
    assert_eq!(case.why_held(), why);

    // What was done and does not answer is told, too.
    let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::LostAfterEffect; 4])];
    let case = Case::new(one(false), luck).at_standstill();
    assert_eq!(case.why_held(), "LostAfterEffect; net.read_a said 3 times that it was done");

    let mut task = build::verified(build::task("a"), true);
    task.on_timeout = Some(build::reaction(ReactionKind::Rollback));
    let case = Case::new(build::plan(vec![(task, vec![])], &[]), &[("do_a", lost)]).at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Failed, TaskState::Dropped));
    // The last is read back on the way back: it was not done, and is not asked for again.
    assert_eq!(case.log()[6..], ["do_a", "read_a"]);
}

#[test]
fn after_a_person_had_it_tried_again_it_is_read_back_anew() {
    let lost: &[Luck] = &[Luck::LostBeforeEffect; 5];
    let mut case = Case::new(one(true), &[("do_a", lost)]).at_standstill();
    assert_eq!(case.act(OperatorAction::Retry, "a"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Completed);
    assert_eq!(case.log()[7..], ["do_a", "read_a", "do_a"]);
}

#[test]
fn a_query_that_fails_for_good_needs_a_person_and_says_why() {
    for (luck, why) in [
        (Luck::Refused, "Refused"),
        (Luck::Failed, "Failed"),
        (Luck::LostBeforeEffect, "LostBeforeEffect"),
        (Luck::Unserved, "Unserved"),
        (Luck::Misshapen, "it answered in a shape that was not declared: "),
    ] {
        let lost = ("do_a", &[Luck::LostAfterEffect][..]);
        let mut case = Case::new(one(true), &[lost, ("read_a", &[luck])]).at_standstill();
        assert_eq!((case.state(), case.task("a")), (OrderState::Held, TaskState::Held), "{luck:?}");
        let expected = format!("it may or may not have been done, and net.read_a could not tell: {why}");
        assert!(case.why_held().starts_with(&expected), "{}", case.why_held());
        assert_eq!(case.act(OperatorAction::Retry, "a"), Ok(Handled::Applied));
        let case = case.at_standstill();
        assert_eq!((case.state(), case.held_effects()), (OrderState::Completed, vec!["a".to_owned()]));
    }
}

#[test]
fn on_the_way_back_what_was_done_is_undone_and_what_was_not_is_not_asked_for() {
    // Cancelled while the call is out, while it is read back, and while a person is to look at it.
    for at in [0, 1] {
        for (luck, log) in [
            (Luck::LostAfterEffect, &["do_a", "read_a", "undo_a"][..]),
            (Luck::LostBeforeEffect, &["do_a", "read_a"]),
        ] {
            let mut case = Case::new(one(true), &[("do_a", &[luck])]).until(at);
            assert_eq!(case.cancel(), Ok(Handled::Applied));
            let case = case.at_standstill();
            assert_eq!((case.state(), case.log()), (OrderState::Cancelled, log.to_vec()), "{luck:?} at {at}");
            assert_eq!(case.held_effects(), Vec::<String>::new());
        }
    }
    let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::LostAfterEffect]), ("read_a", &[Luck::Failed])];
    let mut held = Case::new(one(true), luck).at_standstill();
    assert_eq!(held.cancel(), Ok(Handled::Applied));
    let held = held.at_standstill();
    assert_eq!(held.state(), OrderState::Cancelled);
    assert_eq!(held.log(), ["do_a", "read_a", "read_a", "undo_a"]);
}

#[test]
fn on_the_way_back_the_call_brings_what_the_undo_needs_if_the_query_does_not() {
    let mut case = Case::new(one(false), &[("do_a", &[Luck::LostAfterEffect])]).until(0);
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Cancelled);
    assert_eq!(case.log(), ["do_a", "read_a", "do_a", "undo_a"]);
    assert_eq!(case.held_effects(), Vec::<String>::new());
}

#[test]
fn an_undo_whose_need_can_not_be_learned_waits_for_a_person() {
    let luck: &[(&str, &[Luck])] = &[("do_a", &[Luck::LostAfterEffect]), ("read_a", &[Luck::Failed])];
    let mut case = Case::new(one(true), luck).until(0);
    assert_eq!(case.cancel(), Ok(Handled::Applied));
    let mut case = case.at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Held, TaskState::UndoFailed));
    assert_eq!(case.act(OperatorAction::Retry, "a"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Cancelled);
    assert_eq!(case.log(), ["do_a", "read_a", "read_a", "undo_a"]);
}

#[test]
fn a_task_that_is_left_out_is_read_back_before_it_is_undone() {
    let mut task = build::verified(build::task("a"), true);
    task.on_timeout = Some(build::reaction(ReactionKind::Skip));
    let plan = build::plan(vec![(task, vec![])], &[]);
    let mut lost = vec![Luck::LostBeforeEffect; 3];
    lost.push(Luck::LostAfterEffect);
    let case = Case::new(plan, &[("do_a", &lost)]).at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Completed, TaskState::Skipped));
    assert_eq!(case.log()[6..], ["do_a", "read_a", "undo_a"]);
}

#[test]
fn a_question_has_its_own_key_each_time_and_the_usual_patience() {
    let mut run = Run::new(build::order_id(), one(true));
    let mut settle = |event: Event| -> CallEffect {
        run.handle_event(event, Timestamp::EPOCH).unwrap();
        match run.poll_effect() {
            Some(Effect::Call(call)) => *call,
            other => panic!("{other:?}"),
        }
    };
    let lost = |call: &CallEffect| Event::CallSettled {
        call: call.id,
        settlement: Settlement::Unknown { reason: "lost".to_owned() },
    };
    let not_done = Value::record([("id", Value::text("")), ("ok", Value::Bool(false))]);
    let first = settle(Event::Start);
    let asked = settle(lost(&first));
    let answer = Event::CallSettled { call: asked.id, settlement: Settlement::Succeeded(not_done) };
    let again = settle(answer);
    let asked_again = settle(lost(&again));
    let keys = [&first, &asked, &again, &asked_again].map(|call| {
        assert_eq!(call.direction, Direction::Forward);
        call.key.as_str().split_once('/').unwrap().1.to_owned()
    });
    assert_eq!(keys, ["a/1/forward", "a/1/verify-1", "a/1/forward", "a/1/verify-2"]);
    assert_eq!((first.retry, asked.retry), (Retry::NONE, Retry::DEFAULT));
}
