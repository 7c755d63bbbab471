//! Tasks that call nothing: sleeping and computing.

use engine::{Answer, CallEffect, Event, Run, Settlement, Simulation, Standstill, World};
use model::{Actor, Duration, OrderState, TaskState, Timestamp, Value};
use plan::{Body, Definition, DefinitionIndex, Ensure, Expr, ReactionKind, Sleep};

use crate::build;

/// Every call goes well at once.
struct Fine;

impl World for Fine {
    fn call(&mut self, _: &CallEffect, _: Timestamp) -> Answer {
        let result = Value::record([("id", Value::text("1")), ("ok", Value::Bool(true))]);
        Answer { settlement: Settlement::Succeeded(result), after: Duration::ZERO }
    }
}

fn simulate(tasks: Vec<Definition>) -> Simulation<Fine> {
    let chain = tasks.into_iter().enumerate().map(|(n, task)| (task, n.checked_sub(1).into_iter().collect()));
    let run = Run::new(build::order_id(), build::plan(chain.collect(), &[]));
    Simulation::new(run, Fine, Timestamp::EPOCH)
}

fn settled(tasks: Vec<Definition>) -> Simulation<Fine> {
    let mut simulation = simulate(tasks);
    assert_ne!(simulation.run(100), Standstill::OutOfSteps);
    simulation
}

fn until(time: &str) -> Definition {
    build::bodied("rest", Body::Sleep(Sleep::Until(build::text(time))))
}

#[test]
fn a_sleep_lasts_as_long_as_it_says() {
    let simulation = settled(vec![build::sleep("rest", 3_600), build::milestone("done")]);
    assert_eq!(simulation.order().state(), OrderState::Completed);
    assert_eq!(simulation.now(), Timestamp::from_millis(3_600_000));
}

#[test]
fn who_sleeps_says_for_how_long() {
    let mut simulation = simulate(vec![build::sleep("rest", 3_600)]);
    simulation.step();
    let task = simulation.order().view().tasks.remove(0);
    assert_eq!((task.state, task.waiting_for.as_deref()), (TaskState::Running, Some("1h to pass")));
    assert_eq!(task.until, Some(Timestamp::from_millis(3_600_000)));
}

#[test]
fn a_sleep_until_a_time_ends_then_and_at_once_if_it_has_passed() {
    for (time, ends) in [("1970-01-01T02:00:00Z", 7_200_000), ("1969-12-31T00:00:00Z", 0)] {
        let simulation = settled(vec![until(time)]);
        assert_eq!(simulation.order().state(), OrderState::Completed, "{time}");
        assert_eq!(simulation.now(), Timestamp::from_millis(ends), "{time}");
    }
    let simulation = settled(vec![until("soon")]);
    assert_eq!(simulation.order().state(), OrderState::Held);
}

#[test]
fn a_cancelled_order_sleeps_no_more() {
    let mut simulation = simulate(vec![build::task("one"), build::sleep("rest", 3_600)]);
    while simulation.order().view().tasks[1].state != TaskState::Running {
        assert!(simulation.step());
    }
    let cancel =
        Event::Cancel { id: "c1".parse().unwrap(), by: Actor::new("anna"), reason: "moved away".to_owned() };
    simulation.handle(cancel).unwrap();
    simulation.run(100);
    assert_eq!(simulation.order().state(), OrderState::Cancelled);
    assert!(simulation.now() < Timestamp::from_millis(3_600_000));
}

#[test]
fn a_computed_value_is_a_result_like_any_other() {
    let computed = build::bodied("sum", Body::Let(build::text("five")));
    let read = build::formula(Expr::Task(DefinitionIndex(0)), "sum");
    let simulation = settled(vec![computed, build::bodied("again", Body::Let(read))]);
    let view = simulation.order().view();
    assert_eq!((view.state, &view.tasks[1].result), (OrderState::Completed, &Value::text("five")));
}

#[test]
fn a_computed_value_can_be_ensured_and_one_that_fails_holds() {
    let mut wrong = build::bodied("sum", Body::Let(build::text("five")));
    let never = build::formula(Expr::Value(Value::Bool(false)), "false");
    wrong.ensure = vec![Ensure { condition: never, otherwise: build::reaction(ReactionKind::Rollback) }];
    assert_eq!(settled(vec![wrong]).order().state(), OrderState::Failed);

    let missing = build::bodied("sum", Body::Let(build::result_field("nothing")));
    let simulation = settled(vec![missing]);
    let held = simulation.order().held().unwrap();
    assert!(held.reason.contains("test.blueprint:1: `result.nothing`"), "{}", held.reason);
}
