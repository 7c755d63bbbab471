//! Points of no return in orders that tasks run.

use std::sync::Arc;

use engine::{ChildId, ChildReport, Event, OperatorAction, Rejected};
use model::{Actor, Duration, OrderState, TaskState};
use plan::{Deadline, Definition, Plan, PlanParts, ReactionKind, SubBlueprint};

use crate::build::{self, HOLD};
use crate::case::Case;
use crate::child::{arrival, child_state, in_child};
use crate::world::Luck;

/// `ship` collects, waits for a parcel to arrive, and hands it over, which can't be taken back.
fn ship() -> SubBlueprint {
    let mut hand_over = build::task("hand_over");
    hand_over.point_of_no_return = true;
    let tasks =
        vec![(build::task("collect"), vec![]), (build::wait("arrival"), vec![0]), (hand_over, vec![1])];
    build::sub_blueprint("ship", tasks)
}

/// `order`; `deliver` runs `ship`; `bill`.
fn parts(change: impl FnOnce(&mut [Definition])) -> PlanParts {
    let sub = ship();
    let mut tasks = vec![build::task("order"), build::run("deliver", &sub), build::task("bill")];
    change(&mut tasks);
    let edges = vec![vec![], vec![0], vec![1]];
    let mut parts = build::parts(tasks.into_iter().zip(edges).collect(), &[]);
    parts.sub_blueprints = vec![sub];
    parts
}

fn plan(change: impl FnOnce(&mut [Definition])) -> Arc<Plan> {
    Arc::new(Plan::new(parts(change)).unwrap())
}

/// The order when its child has come to the parcel's handover, and has not been let begin it.
fn at_the_point(plan: Arc<Plan>, luck: &[(&str, &[Luck])]) -> Case {
    let mut case = Case::new(plan, luck).until(2);
    in_child(&mut case, arrival).unwrap();
    case
}

/// The order when the parcel is being handed over.
fn past_the_point(plan: Arc<Plan>, luck: &[(&str, &[Luck])]) -> Case {
    let case = at_the_point(plan, luck).until(2);
    assert_eq!(case.log().last(), Some(&"do_hand_over"));
    case
}

fn deliver() -> Rejected {
    Rejected::PointOfNoReturn { task: "deliver".parse().unwrap() }
}

#[test]
fn a_cancel_before_a_child_passes_its_point_of_no_return_undoes_it() {
    let mut case = Case::new(plan(|_| ()), &[]).until(10);
    case.cancel().unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Cancelled, OrderState::Cancelled));
    assert_eq!(case.held_effects(), [""; 0]);
}

#[test]
fn a_cancel_after_a_child_passed_its_point_of_no_return_is_refused() {
    let mut case = past_the_point(plan(|_| ()), &[]);
    assert_eq!(case.cancel(), Err(deliver()));
    // It stays so when the child has ended.
    let mut case = case.until(3);
    assert_eq!((case.task("deliver"), child_state(&case)), (TaskState::Succeeded, OrderState::Completed));
    assert_eq!(case.cancel(), Err(deliver()));
    let case = case.at_standstill();
    assert_eq!((case.state(), case.facts().last()), (OrderState::Completed, Some(&"OrderCompleted")));
}

#[test]
fn a_cancel_that_crosses_the_question_for_leave_wins() {
    let mut case = at_the_point(plan(|_| ()), &[]);
    let child = case.simulation.children().next().unwrap();
    let waits = child.view().tasks[2].waiting_for.clone();
    let expected = "leave of the order that it is part of to pass a point of no return";
    assert_eq!(waits.as_deref(), Some(expected));
    case.cancel().unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Cancelled, OrderState::Cancelled));
    assert_eq!(case.log(), ["do_order", "do_collect", "undo_collect", "undo_order"]);
}

#[test]
fn a_rollback_past_a_childs_point_of_no_return_is_a_hold_that_names_the_task() {
    let rollback =
        |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(ReactionKind::Rollback));
    let mut case = past_the_point(plan(rollback), &[("do_bill", &[Luck::Refused])]).at_standstill();
    assert_eq!((case.state(), case.task("bill")), (OrderState::Held, TaskState::Held));
    let why = "Refused; the order can't be rolled back: `deliver` is a point of no return and has begun";
    assert_eq!(case.why_held(), why);
    let refused = case.act(OperatorAction::Rollback, "bill");
    assert_eq!(refused, Err(Rejected::PastRollback { task: "deliver".parse().unwrap() }));
    case.act(OperatorAction::Retry, "bill").unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn an_order_whose_time_is_up_past_a_childs_point_of_no_return_is_paused() {
    let mut parts = parts(|_| ());
    let on_timeout = Some(build::reaction(ReactionKind::Rollback));
    parts.deadline = Some(Deadline { within: Duration::from_millis(2_500), at_risk: None, on_timeout });
    let case = past_the_point(Arc::new(Plan::new(parts).unwrap()), &[]).at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Held, OrderState::Completed));
    assert!(
        case.why_held().ends_with("`deliver` is a point of no return and has begun"),
        "{}",
        case.why_held()
    );
}

#[test]
fn the_order_at_the_top_is_asked_for_leave() {
    let mut deep = build::task("deep");
    deep.point_of_no_return = true;
    let inner = build::sub_blueprint("inner", vec![(deep, vec![])]);
    let outer = build::sub_blueprint("outer", vec![(build::run("again", &inner), vec![])]);
    let mut parts = build::parts(vec![(build::run("start", &outer), vec![])], &[]);
    parts.sub_blueprints = vec![outer, inner];
    let plan = Arc::new(Plan::new(parts).unwrap());
    let mut case = Case::new(plan.clone(), &[]).until(0);
    assert_eq!(case.log(), ["do_deep"]);
    assert_eq!(case.cancel(), Err(Rejected::PointOfNoReturn { task: "start".parse().unwrap() }));
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
    // The moment before: both have asked, and nobody has answered.
    let mut case = Case::new(plan, &[]);
    while case.simulation.children().count() < 2
        || case.simulation.children().nth(1).unwrap().view().tasks[0].waiting_for.is_none()
    {
        assert!(case.simulation.step());
    }
    case.cancel().unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), case.log()), (OrderState::Cancelled, vec![]));
    assert!(case.simulation.children().all(|child| child.state() == OrderState::Cancelled));
}

#[test]
fn fail_leaves_a_child_past_its_point_of_no_return_to_come_to_its_end() {
    let mut parts = parts(|_| ());
    // `bill` is no good, beside the delivery.
    parts.definitions[2] = build::sleep("bill", 1);
    let condition = build::formula(plan::Expr::Value(model::Value::Bool(false)), "false");
    let otherwise = build::reaction(ReactionKind::Fail);
    parts.definitions[2].ensure = vec![plan::Ensure { condition, otherwise }];
    parts.tasks[2].after = vec![plan::TaskIndex(0)];
    parts.sub_blueprints[0].definitions[0].point_of_no_return = true;
    let mut case = Case::new(Arc::new(Plan::new(parts).unwrap()), &[]).until(10);
    assert_eq!((case.state(), case.task("bill")), (OrderState::InProgress, TaskState::Dropped));
    in_child(&mut case, arrival).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Failed, OrderState::Completed));
    assert_eq!(case.held_effects(), ["order", "collect", "hand_over"]);
    assert_eq!(case.task("deliver"), TaskState::Succeeded);
}

#[test]
fn a_child_that_undoes_itself_after_all_leaves_its_parent_free_to_go_back() {
    let hold = |tasks: &mut [Definition]| tasks[1].on_failure = Some(build::reaction(HOLD));
    let mut case = past_the_point(plan(hold), &[("do_hand_over", &[Luck::Refused])]).at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::InProgress, OrderState::Held));
    // It may be tried again at any moment.
    assert_eq!(case.cancel(), Err(deliver()));
    let action = OperatorAction::Rollback.into();
    let (task, by) = ("hand_over".parse().unwrap(), Actor::new("op"));
    let rollback = Event::Act { id: "op-1".parse().unwrap(), action, task, by, note: String::new() };
    in_child(&mut case, |_| rollback).unwrap();
    let mut case = case.at_standstill();
    assert_eq!((case.task("deliver"), child_state(&case)), (TaskState::Held, OrderState::Failed));
    case.cancel().unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Cancelled, vec![]));
}

#[test]
fn a_child_that_is_gone_may_have_passed_its_point_of_no_return() {
    let mut case = past_the_point(plan(|_| ()), &[]);
    let report = ChildReport::Lost { reason: "the order was ended from outside".to_owned() };
    case.ask(|_| Event::ChildReported { child: ChildId(1), report }).unwrap();
    assert_eq!(case.task("deliver"), TaskState::Held);
    assert_eq!(case.cancel(), Err(deliver()));
}

#[test]
fn a_child_that_is_begun_again_to_be_undone_is_not_let_pass_its_point_of_no_return() {
    let mut case = Case::new(plan(|_| ()), &[]).until(10);
    let report = ChildReport::Lost { reason: "the order was ended from outside".to_owned() };
    case.ask(|_| Event::ChildReported { child: ChildId(1), report }).unwrap();
    case.cancel().unwrap();
    let mut case = case.until(10);
    assert_eq!(case.simulation.children().count(), 2);
    in_child(&mut case, arrival).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Cancelled, OrderState::Cancelled));
    assert_eq!(case.held_effects(), [""; 0]);
    assert!(!case.log().contains(&"do_hand_over"));
}

#[test]
fn a_recall_is_heard_however_much_has_been_delivered() {
    let mut case = Case::new(plan(|_| ()), &[]).until(10);
    let child = case.simulation.children().next().unwrap().order_id();
    for n in 0..model::limits::DELIVERIES {
        let (id, signal) = (format!("x{n}").parse().unwrap(), "deliver".to_owned());
        let _ = case.simulation.handle_in(child, Event::Malformed { id, signal, reason: String::new() });
    }
    case.cancel().unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Cancelled);
}
