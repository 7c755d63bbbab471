//! Items that fail alone.

use std::sync::Arc;

use engine::{Handled, OperatorAction, Rejected};
use model::{OrderState, TaskState};
use plan::{Definition, DefinitionIndex, Expr, Plan, ReactionKind, Task, TaskIndex, Undo};

use crate::build::{self, HOLD};
use crate::case::Case;
use crate::world::Luck;

/// `prepare`; then for each of the items `allocate`, `route` after it; `bill` after both of all items.
///
/// `bill` says in its call how many items have an address.
pub(crate) fn plan(items: &[&str], change: impl FnOnce(&mut [Definition])) -> Arc<Plan> {
    let mut definitions = vec![
        build::task("prepare"),
        build::isolated(build::task("allocate")),
        build::isolated(build::task("route")),
        build::task("bill"),
    ];
    let addresses = Expr::Task(DefinitionIndex(1));
    let argument =
        plan::Argument { name: "of".to_owned(), value: build::formula(addresses, "line.allocate") };
    build::body(&mut definitions[3]).call.arguments = vec![argument];
    change(&mut definitions);
    let mut tasks = vec![task(0, None, vec![])];
    for (n, _) in items.iter().enumerate() {
        let allocate = tasks.len();
        tasks.push(task(1, Some(n), vec![0]));
        tasks.push(task(2, Some(n), vec![allocate]));
    }
    let all = (1..tasks.len()).collect();
    tasks.push(task(3, None, all));
    let mut parts = build::parts(definitions.into_iter().map(|d| (d, vec![])).collect(), &[]);
    parts.items = items.iter().map(|id| build::item(id)).collect();
    parts.tasks = tasks;
    Arc::new(Plan::new(parts).unwrap())
}

fn task(definition: usize, item: Option<usize>, after: Vec<usize>) -> Task {
    Task {
        definition: DefinitionIndex(definition),
        item,
        after: after.into_iter().map(TaskIndex).collect(),
        skipped: None,
    }
}

/// Both items ask at the same time: the first answer is that of the first.
pub(crate) const SECOND_FAILS: &[Luck] = &[Luck::Fine, Luck::Refused];

#[test]
fn an_item_that_fails_is_undone_alone_and_the_order_ends_partial() {
    let case = Case::new(plan(&["1", "2"], |_| ()), &[("do_route", SECOND_FAILS)]).at_standstill();
    assert_eq!(case.state(), OrderState::Partial);
    assert_eq!(case.held_effects(), ["allocate[1]", "bill", "prepare", "route[1]"]);
    assert_eq!((case.task("allocate[2]"), case.task("route[2]")), (TaskState::Undone, TaskState::Dropped));
    let told = case.facts();
    let at = |name: &str| told.iter().position(|fact| *fact == name).unwrap();
    assert!(at("ItemRollingBack") < at("TaskUndone") && at("TaskUndone") < at("ItemFailed"));
    assert_eq!(told.last(), Some(&"OrderPartiallyCompleted"));
    assert!(!told.contains(&"OrderHeld") && !told.contains(&"OrderRollingBack"));
}

#[test]
fn what_needs_a_failed_item_sees_its_tasks_as_skipped() {
    let case = Case::new(plan(&["1", "2"], |_| ()), &[("do_route", SECOND_FAILS)]).at_standstill();
    let bill = case.simulation.order().events().iter().find_map(|event| match &event.fact {
        model::Fact::TaskStarted { task, arguments, .. } if task.to_string() == "bill" => Some(arguments),
        _ => None,
    });
    let of = bill.unwrap().field("of").unwrap().to_string();
    assert!(of.ends_with(",null]"), "{of}");
    // It begins only when nothing of the item is left.
    let log = case.log();
    assert_eq!(log[log.len() - 2..], ["undo_allocate", "do_bill"]);
}

#[test]
fn tasks_of_a_failed_item_that_have_not_begun_never_do() {
    let case = Case::new(plan(&["1", "2"], |_| ()), &[("do_allocate", SECOND_FAILS)]).at_standstill();
    assert_eq!((case.state(), case.task("route[2]")), (OrderState::Partial, TaskState::Dropped));
    assert_eq!(case.log().iter().filter(|call| **call == "do_route").count(), 1);
}

#[test]
fn an_order_of_which_no_item_is_left_is_rolled_back_and_fails() {
    let both: &[Luck] = &[Luck::Refused, Luck::Refused];
    let case = Case::new(plan(&["1", "2"], |_| ()), &[("do_route", both)]).at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
    assert_eq!(case.task("bill"), TaskState::Dropped);
    let case = Case::new(plan(&["1"], |_| ()), &[("do_route", &[Luck::Refused])]).at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
}

#[test]
fn an_order_past_a_point_of_no_return_ends_partial_without_any_item() {
    let point = |tasks: &mut [Definition]| {
        tasks[0].point_of_no_return = true;
        build::body(&mut tasks[0]).undo = Undo::Nothing { why: String::new() };
    };
    let case = Case::new(plan(&["1"], point), &[("do_route", &[Luck::Refused])]).at_standstill();
    assert_eq!(case.state(), OrderState::Partial);
    assert_eq!(case.held_effects(), ["bill", "prepare"]);
}

#[test]
fn an_item_counts_as_left_while_something_else_is_done_for_it() {
    // As if `allocate` stood in an `each` of the same kind that does not isolate.
    let outside = |tasks: &mut [Definition]| tasks[1].isolate = false;
    let case = Case::new(plan(&["1"], outside), &[("do_route", &[Luck::Refused])]).at_standstill();
    assert_eq!(case.state(), OrderState::Partial);
    assert_eq!(case.held_effects(), ["allocate[1]", "bill", "prepare"]);
}

#[test]
fn an_undo_of_an_item_that_fails_holds_the_order_and_is_never_dropped() {
    let luck: &[(&str, &[Luck])] = &[("do_route", SECOND_FAILS), ("undo_allocate", &[Luck::Failed])];
    let mut case = Case::new(plan(&["1", "2"], |_| ()), luck).at_standstill();
    assert_eq!((case.state(), case.task("allocate[2]")), (OrderState::Held, TaskState::UndoFailed));
    assert_eq!(case.task("bill"), TaskState::Waiting, "what needs the item waits for the person too");
    let item = "2".parse().unwrap();
    assert_eq!(case.act(OperatorAction::Rollback, "allocate[2]"), Err(Rejected::ItemBeingUndone { item }));
    assert_eq!(case.act(OperatorAction::Retry, "allocate[2]"), Ok(Handled::Applied));
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Partial);
    assert_eq!(case.held_effects(), ["allocate[1]", "bill", "prepare", "route[1]"]);
}

#[test]
fn a_person_can_roll_an_isolated_item_back_alone() {
    let held = |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(HOLD));
    let mut case = Case::new(plan(&["1", "2"], held), &[("do_route", SECOND_FAILS)]).at_standstill();
    assert_eq!((case.state(), case.task("route[2]")), (OrderState::Held, TaskState::Held));
    case.act(OperatorAction::Rollback, "route[2]").unwrap();
    assert_eq!(case.state(), OrderState::InProgress);
    let case = case.at_standstill();
    assert_eq!((case.state(), case.task("allocate[2]")), (OrderState::Partial, TaskState::Undone));
}

#[test]
fn past_a_point_of_no_return_of_its_own_an_item_is_held() {
    let point = |tasks: &mut [Definition]| {
        tasks[1].point_of_no_return = true;
        build::body(&mut tasks[1]).undo = Undo::Nothing { why: String::new() };
    };
    let case = Case::new(plan(&["1", "2"], point), &[("do_route", SECOND_FAILS)]).at_standstill();
    assert_eq!((case.state(), case.task("route[2]")), (OrderState::Held, TaskState::Held));
    let why = case.why_held();
    assert!(
        why.ends_with("the item can't be rolled back: `allocate[2]` is a point of no return and has begun")
    );
}

#[test]
fn fail_ends_an_item_and_leaves_what_was_done_for_it() {
    let fail = |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(ReactionKind::Fail));
    let case = Case::new(plan(&["1", "2"], fail), &[("do_route", SECOND_FAILS)]).at_standstill();
    assert_eq!(case.state(), OrderState::Partial);
    assert_eq!(case.held_effects(), ["allocate[1]", "allocate[2]", "bill", "prepare", "route[1]"]);
    let case = Case::new(plan(&["1"], fail), &[("do_route", &[Luck::Refused])]).at_standstill();
    assert_eq!(case.state(), OrderState::Failed);
    assert_eq!(case.held_effects(), ["allocate[1]", "prepare"]);
}

#[test]
fn a_cancel_takes_over_the_items_that_are_going_back() {
    let luck: &[(&str, &[Luck])] = &[("do_route", SECOND_FAILS)];
    let mut case = Case::new(plan(&["1", "2"], |_| ()), luck);
    while case.task("allocate[2]") != TaskState::Undoing {
        assert!(case.simulation.step());
    }
    case.cancel().unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Cancelled, vec![]));
    assert_eq!(case.log().iter().filter(|call| **call == "undo_allocate").count(), 2);
}

#[test]
fn a_call_in_flight_of_an_item_that_is_given_up_settles_and_is_undone() {
    // `route` does not wait for `allocate` here, and fails while that is still out.
    let mut parts = plan::PlanParts::from((*plan(&["1", "2"], |_| ())).clone());
    for task in &mut parts.tasks {
        if task.definition == DefinitionIndex(2) {
            task.after = vec![TaskIndex(0)];
        }
    }
    let plan = Arc::new(Plan::new(parts).unwrap());
    let luck: &[(&str, &[Luck])] =
        &[("do_route", &[Luck::Refused]), ("do_allocate", &[Luck::LostAfterEffect])];
    let case = Case::new(plan, luck).at_standstill();
    assert_eq!(case.state(), OrderState::Partial);
    assert!(!case.held_effects().contains(&"allocate[1]".to_owned()), "{:?}", case.held_effects());
}
