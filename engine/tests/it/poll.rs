//! Tasks that ask a system until its answer is the one they wait for.

use std::sync::Arc;

use engine::{Handled, OperatorAction};
use model::{Duration, OrderState, TaskState, Timestamp, Value, limits};
use plan::{Plan, ReactionKind};

use crate::build;
use crate::case::Case;
use crate::world::Luck;

/// A poll every ten seconds; each answer takes a second.
fn one(within: Duration) -> Arc<Plan> {
    build::plan(vec![(build::poll("a", within), vec![])], &[])
}

const MINUTE: Duration = Duration::from_secs(60);

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

#[test]
fn it_asks_until_the_answer_is_the_one_that_is_waited_for() {
    let case = Case::new(one(MINUTE), &[("look_a", &[Luck::NotOk, Luck::NotOk])]).at_standstill();
    assert_eq!(case.state(), OrderState::Completed);
    assert_eq!(case.log(), ["look_a"; 3]);
    // Three answers of a second, ten seconds after each other.
    assert_eq!(case.simulation.now(), seconds(23));
    let result = case.simulation.order().view().tasks[0].result.clone();
    assert_eq!(result.field("id"), Some(&Value::text("seen")));
}

#[test]
fn a_question_that_fails_is_one_answer_that_did_not_come() {
    let luck = [Luck::Failed, Luck::Refused, Luck::LostBeforeEffect, Luck::Misshapen];
    let case = Case::new(one(MINUTE), &[("look_a", &luck)]).at_standstill();
    assert_eq!((case.state(), case.log().len()), (OrderState::Completed, 5));
    let facts = ["OrderStarted", "TaskStarted", "TaskSucceeded", "OrderCompleted"];
    assert_eq!(case.facts(), facts, "questions are not told one by one");
}

#[test]
fn while_it_asks_it_says_what_for_and_until_when() {
    let case = Case::new(one(MINUTE), &[("look_a", &[Luck::NotOk])]).until(5);
    assert_eq!(case.task("a"), TaskState::Running);
    assert_eq!(case.waiting_for("a").as_deref(), Some("`result.ok` of net.look_a, asked every 10s"));
    assert_eq!(case.simulation.order().view().tasks[0].until, Some(seconds(60)));
}

#[test]
fn when_its_time_is_up_the_reaction_says_what_follows() {
    let luck: &[(&str, &[Luck])] = &[("look_a", &[Luck::NotOk, Luck::NotOk, Luck::NotOk, Luck::Failed])];
    let case = Case::new(one(Duration::from_secs(40)), luck).at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Held, TaskState::Held));
    assert_eq!(case.simulation.now(), seconds(40));
    assert_eq!(case.why_held(), "`result.ok` of net.look_a did not hold within 40s; last of all, Failed");

    let mut task = build::poll("a", Duration::from_secs(5));
    task.on_failure = Some(build::reaction(ReactionKind::Rollback));
    task.on_timeout = Some(build::reaction(ReactionKind::Skip));
    let case = Case::new(build::plan(vec![(task, vec![])], &[]), &[("look_a", &[Luck::NotOk])]);
    let case = case.at_standstill();
    assert_eq!((case.state(), case.task("a")), (OrderState::Completed, TaskState::Skipped));
    let reason = case.simulation.order().view().tasks[0].reason.clone().unwrap();
    assert!(reason.ends_with(r#"last of all, it answered {"id":"seen","ok":false}"#), "{reason}");
}

#[test]
fn an_answer_that_is_under_way_when_the_time_is_up_still_counts() {
    let within = Duration::from_millis(11_500);
    let came = Case::new(one(within), &[("look_a", &[Luck::NotOk])]).at_standstill();
    assert_eq!((came.state(), came.simulation.now()), (OrderState::Completed, seconds(12)));
    let in_vain = Case::new(one(within), &[("look_a", &[Luck::NotOk, Luck::NotOk])]).at_standstill();
    assert_eq!((in_vain.state(), in_vain.simulation.now()), (OrderState::Held, seconds(12)));
    assert_eq!(in_vain.log().len(), 2);
}

#[test]
fn a_person_has_a_poll_begun_anew() {
    let luck: &[(&str, &[Luck])] = &[("look_a", &[Luck::NotOk])];
    let mut case = Case::new(one(Duration::from_secs(5)), luck).at_standstill();
    assert_eq!(case.act(OperatorAction::Retry, "a"), Ok(Handled::Applied));
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn a_system_that_nobody_says_how_to_reach_needs_a_person_at_once() {
    let case = Case::new(one(MINUTE), &[("look_a", &[Luck::Unserved])]).at_standstill();
    assert_eq!((case.state(), case.why_held().as_str()), (OrderState::Held, "Unserved"));
    assert_eq!(case.simulation.now(), seconds(1));
}

#[test]
fn a_cancelled_order_asks_no_more() {
    // While a question is out, and between two.
    for at in [0, 5] {
        let mut case = Case::new(one(MINUTE), &[("look_a", &[Luck::NotOk; 9])]).until(at);
        assert_eq!(case.cancel(), Ok(Handled::Applied));
        let case = case.at_standstill();
        assert_eq!((case.state(), case.task("a")), (OrderState::Cancelled, TaskState::Dropped));
        assert!(case.simulation.now() <= seconds(1), "{:?}", case.simulation.now());
        assert_eq!(case.log().len(), 1);
    }
}

#[test]
fn the_polls_of_an_order_do_not_ask_without_end() {
    let limit = limits::ORDER_POLLS as usize;
    let never = vec![Luck::NotOk; limit + 1];
    let mut case = Case::new(one(Duration::from_secs(30 * 86_400)), &[("look_a", &never)]);
    case.simulation.run(4 * limit);
    assert_eq!((case.state(), case.log().len()), (OrderState::Held, limit));
    assert_eq!(case.why_held(), "the polls of the order have asked 100000 times, which is the limit");
    // Nothing runs on behind the person's back.
    assert!(!case.simulation.step());
}

#[test]
fn a_poll_that_waits_for_something_else_now_is_begun_anew() {
    let until = |wanted: &str| {
        let mut poll = build::poll("a", MINUTE);
        let plan::Body::Poll(body) = &mut poll.body else { panic!("it polls") };
        let expr = plan::Expr::Binary {
            op: plan::BinaryOp::Equal,
            on: plan::Operands::Any,
            left: Box::new(crate::amend::order_field("wanted")),
            right: Box::new(plan::Expr::Value(Value::text("yes"))),
        };
        body.until = build::formula(expr, "order.wanted == \"yes\"");
        crate::amend::with_order(vec![(poll, vec![])], &[("wanted", wanted)])
    };
    let mut case = Case::new(Arc::new(until("no")), &[]).until(25);
    assert_eq!(case.task("a"), TaskState::Running);
    let (plan, by) = (Box::new(until("yes")), model::Actor::new("anna"));
    let told = case.simulation.order().assess((*plan).clone()).unwrap().tasks[0].differences[0].what.clone();
    assert_eq!(told, "net.look_a(until order.wanted)");
    case.ask(|id| engine::Event::Amend { id, plan, by, reason: "now".to_owned(), token: None }).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}
