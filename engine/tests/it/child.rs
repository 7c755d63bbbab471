//! Orders that tasks run.

use std::sync::Arc;

use engine::{Event, Handled, OperatorAction, Rejected};
use model::{Actor, Duration, Fact, OrderState, TaskState};
use plan::{Body, Definition, Plan, ReactionKind, SubBlueprint, Undo};

use crate::build::{self, HOLD};
use crate::case::Case;
use crate::world::Luck;

/// `ship` collects, waits for a parcel to arrive, and hands it over.
fn ship() -> SubBlueprint {
    let tasks = vec![
        (build::task("collect"), vec![]),
        (build::wait("arrival"), vec![0]),
        (build::task("hand_over"), vec![1]),
    ];
    build::sub_blueprint("ship", tasks)
}

/// `order`; `deliver` runs `ship`; `bill`.
fn plan(sub: SubBlueprint, change: impl FnOnce(&mut [Definition])) -> Arc<Plan> {
    let mut tasks = vec![build::task("order"), build::run("deliver", &sub), build::task("bill")];
    tasks[1].on_failure = Some(build::reaction(HOLD));
    change(&mut tasks);
    let edges = vec![vec![], vec![0], vec![1]];
    let mut parts = build::parts(tasks.into_iter().zip(edges).collect(), &[]);
    parts.sub_blueprints = vec![sub];
    Arc::new(Plan::new(parts).unwrap())
}

pub(crate) fn child_state(case: &Case) -> OrderState {
    case.simulation.children().last().unwrap().state()
}

/// Has something happen to the child that was begun last.
pub(crate) fn in_child(
    case: &mut Case,
    event: impl FnOnce(model::DeliveryId) -> Event,
) -> Result<Handled, Rejected> {
    let child = case.simulation.children().last().unwrap().order_id();
    case.simulation.handle_in(child, event("child-request".parse().unwrap()))
}

pub(crate) fn arrival(id: model::DeliveryId) -> Event {
    let payload = serde_json::from_str(r#"{"ok": true}"#).unwrap();
    Event::Delivered { id, signal: "signal_arrival".to_owned(), task: None, payload }
}

#[test]
fn a_task_runs_a_blueprint_and_has_its_answer() {
    let mut case = Case::new(plan(ship(), |_| ()), &[]).until(10);
    let child = case.simulation.children().next().unwrap();
    assert_eq!(child.order_id(), build::order_id().child(&"deliver".parse().unwrap(), 1));
    assert_eq!(child.plan().blueprint().to_string(), "ship@1");
    assert_eq!(case.waiting_for("deliver"), Some(format!("the order {}", child.order_id())));
    in_child(&mut case, arrival).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Completed, OrderState::Completed));
    assert_eq!(case.log(), ["do_order", "do_collect", "do_hand_over", "do_bill"]);
    let view = case.simulation.order().view();
    let id = view.tasks[1].result.field("id").unwrap().as_text().unwrap();
    assert!(id.contains("/hand_over/1/forward"), "{id}");
}

#[test]
fn a_child_that_is_done_waits_for_the_end_of_its_parent() {
    let slow = |tasks: &mut [Definition]| tasks[2] = build::wait("bill");
    let mut case = Case::new(plan(ship(), slow), &[]).until(10);
    in_child(&mut case, arrival).unwrap();
    let mut case = case.until(20);
    assert_eq!((case.task("deliver"), child_state(&case)), (TaskState::Succeeded, OrderState::InProgress));
    let view = case.simulation.children().next().unwrap().view();
    assert_eq!(view.waits_to_end.as_deref(), Some("the order that it is part of"));
    // It is its parent's now.
    let by = Actor::new("anna");
    let cancel = |id| Event::Cancel { id, by, reason: "no".to_owned() };
    assert_eq!(in_child(&mut case, |_| cancel("c".parse().unwrap())), Err(Rejected::PartOfAnother));
    case.signal("signal_bill", r#"{"ok": true}"#).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Completed, OrderState::Completed));
    let at = |run: &engine::Run| run.events().last().unwrap().at;
    assert!(at(case.simulation.children().next().unwrap()) <= at(case.simulation.order()));
}

#[test]
fn a_rollback_undoes_a_child_that_is_done() {
    let rollback =
        |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(ReactionKind::Rollback));
    let mut case = Case::new(plan(ship(), rollback), &[("do_bill", &[Luck::Refused])]).until(10);
    in_child(&mut case, arrival).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Failed, OrderState::Cancelled));
    assert_eq!(case.held_effects(), [""; 0]);
    assert_eq!(case.log()[4..], ["undo_hand_over", "undo_collect", "undo_order"]);
    assert_eq!(case.task("deliver"), TaskState::Undone);
}

#[test]
fn a_cancel_stops_a_child_that_is_under_way_and_undoes_it() {
    let mut case = Case::new(plan(ship(), |_| ()), &[]).until(10);
    case.cancel().unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Cancelled, OrderState::Cancelled));
    assert_eq!(case.log(), ["do_order", "do_collect", "undo_collect", "undo_order"]);
}

#[test]
fn an_undo_of_a_child_that_fails_waits_for_a_person_at_the_child() {
    let mut case = Case::new(plan(ship(), |_| ()), &[("undo_collect", &[Luck::Failed])]).until(10);
    case.cancel().unwrap();
    let mut case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::PendingCancellation, OrderState::Held));
    let (task, by) = ("collect".parse().unwrap(), Actor::new("op"));
    let retry = |id| Event::Act { id, action: OperatorAction::Retry.into(), task, by, note: String::new() };
    in_child(&mut case, retry).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Cancelled, vec![]));
}

#[test]
fn a_child_that_fails_fails_its_task_with_its_reason() {
    let mut sub = ship();
    sub.on_failure = build::reaction(ReactionKind::Rollback);
    let mut case = Case::new(plan(sub, |_| ()), &[("do_hand_over", &[Luck::Refused])]).until(10);
    in_child(&mut case, arrival).unwrap();
    let mut case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Held, OrderState::Failed));
    assert_eq!((case.task("deliver"), case.why_held().as_str()), (TaskState::Held, "Refused"));
    assert_eq!(case.held_effects(), ["order"]);
    // Tried again, it is another order.
    case.act(OperatorAction::Retry, "deliver").unwrap();
    let mut case = case.until(30);
    let ids: Vec<_> = case.simulation.children().map(engine::Run::order_id).collect();
    assert_eq!(ids[1], build::order_id().child(&"deliver".parse().unwrap(), 2));
    in_child(&mut case, arrival).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn a_child_that_takes_too_long_is_undone_before_its_task_fails() {
    let limited = |tasks: &mut [Definition]| {
        let Body::Run(body) = &mut tasks[1].body else { panic!("it runs") };
        body.within = Some(Duration::from_secs(60));
        tasks[1].on_timeout = Some(build::reaction(ReactionKind::Skip));
    };
    let case = Case::new(plan(ship(), limited), &[]).at_standstill();
    assert_eq!((case.state(), case.task("deliver")), (OrderState::Completed, TaskState::Skipped));
    assert_eq!(case.log(), ["do_order", "do_collect", "undo_collect", "do_bill"]);
    let failed = case.simulation.order().events().iter().find_map(|event| match &event.fact {
        Fact::TaskFailed { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(failed.as_deref(), Some("`ship` was not done within 1m"));
}

#[test]
fn a_child_past_a_point_of_no_return_is_waited_for() {
    let mut sub = ship();
    sub.definitions[0].point_of_no_return = true;
    build::body(&mut sub.definitions[0]).undo = Undo::Nothing { why: String::new() };
    let limited = |tasks: &mut [Definition]| {
        tasks[1].point_of_no_return = true;
        let Body::Run(body) = &mut tasks[1].body else { panic!("it runs") };
        body.within = Some(Duration::from_secs(60));
    };
    let mut case = Case::new(plan(sub, limited), &[]).until(65);
    assert_eq!((case.state(), case.task("deliver")), (OrderState::Held, TaskState::Held));
    assert!(case.why_held().starts_with("`ship` was not done within 1m, and it can't be taken back: "));
    assert!(matches!(case.cancel(), Err(Rejected::PointOfNoReturn { .. })));
    in_child(&mut case, arrival).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Completed, OrderState::Completed));
}

#[test]
fn fail_leaves_a_child_that_is_done_in_place() {
    let fail = |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(ReactionKind::Fail));
    let mut case = Case::new(plan(ship(), fail), &[("do_bill", &[Luck::Refused])]).until(10);
    in_child(&mut case, arrival).unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), child_state(&case)), (OrderState::Failed, OrderState::Completed));
    assert_eq!(case.held_effects(), ["order", "collect", "hand_over"]);
}

#[test]
fn an_answer_that_is_not_good_enough_is_undone_before_it_is_tried_again() {
    let never = |tasks: &mut [Definition]| {
        let condition = build::formula(plan::Expr::Value(model::Value::Bool(false)), "false");
        tasks[1].ensure = vec![plan::Ensure { condition, otherwise: build::reaction(HOLD) }];
    };
    let mut case = Case::new(plan(ship(), never), &[]).until(10);
    in_child(&mut case, arrival).unwrap();
    let mut case = case.at_standstill();
    assert_eq!(case.task("deliver"), TaskState::Held);
    case.act(OperatorAction::Retry, "deliver").unwrap();
    let case = case.until(40);
    assert_eq!(case.simulation.children().count(), 2);
    assert_eq!(case.log()[3..6], ["undo_hand_over", "undo_collect", "do_collect"]);
}

#[test]
fn blueprints_run_blueprints() {
    let inner = build::sub_blueprint("inner", vec![(build::task("deep"), vec![])]);
    let outer = build::sub_blueprint(
        "outer",
        vec![(build::task("wide"), vec![]), (build::run("again", &inner), vec![0])],
    );
    let tasks = vec![(build::run("start", &outer), vec![]), (build::task("bill"), vec![0])];
    let mut parts = build::parts(tasks, &[]);
    parts.definitions[1].on_failure = Some(build::reaction(ReactionKind::Rollback));
    parts.sub_blueprints = vec![outer, inner];
    let plan = Arc::new(Plan::new(parts).unwrap());
    let case = Case::new(plan.clone(), &[]).at_standstill();
    assert_eq!((case.state(), case.log()), (OrderState::Completed, vec!["do_wide", "do_deep", "do_bill"]));
    assert!(case.simulation.children().all(|child| child.state() == OrderState::Completed));
    let case = Case::new(plan, &[("do_bill", &[Luck::Refused])]).at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
    assert_eq!(case.log(), ["do_wide", "do_deep", "do_bill", "undo_deep", "undo_wide"]);
}
