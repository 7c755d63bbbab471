//! The states of items, and cancelling one of them.

use engine::{Event, Handled, Rejected};
use model::{Actor, Fact, ItemState, OrderState, TaskState};
use plan::{Definition, ReactionKind, Undo};

use crate::build;
use crate::case::Case;
use crate::isolate::{SECOND_FAILS, plan};
use crate::world::Luck;

fn state(case: &Case, id: &str) -> ItemState {
    let view = case.simulation.order().view();
    view.items.into_iter().find(|item| item.id.as_str() == id).unwrap().state
}

fn cancel_item(case: &mut Case, item: &str) -> Result<Handled, Rejected> {
    let item = item.to_owned();
    case.ask(|id| Event::CancelItem { id, item, by: Actor::new("anna"), reason: "one will do".to_owned() })
}

fn item(id: &str) -> model::ItemId {
    id.parse().unwrap()
}

fn task(id: &str) -> model::TaskId {
    id.parse().unwrap()
}

/// Every state that an item was in, from before the order began.
fn story(mut case: Case, id: &str) -> Vec<&'static str> {
    let mut story = vec![state(&case, id)];
    loop {
        let moved = case.simulation.step();
        if story.last() != Some(&state(&case, id)) {
            story.push(state(&case, id));
        }
        if !moved {
            return story.into_iter().map(ItemState::as_str).collect();
        }
    }
}

#[test]
fn an_item_goes_from_pending_to_completed_with_its_order() {
    let case = Case::new(plan(&["1", "2"], |_| ()), &[]);
    // Before the first event it is as its order is.
    assert_eq!(story(case, "1"), ["acknowledged", "pending", "inProgress", "completed"]);
}

#[test]
fn an_item_that_fails_alone_ends_before_its_order() {
    let case = Case::new(plan(&["1", "2"], |_| ()), &[("do_route", SECOND_FAILS)]);
    assert_eq!(story(case, "2"), ["acknowledged", "pending", "inProgress", "failed"]);
    let mut case = Case::new(plan(&["1", "2"], |_| ()), &[("do_route", SECOND_FAILS)]);
    while state(&case, "2") != ItemState::Failed {
        assert!(case.simulation.step());
    }
    assert_eq!((case.state(), state(&case, "1")), (OrderState::InProgress, ItemState::InProgress));
    let case = case.at_standstill();
    assert_eq!((case.state(), state(&case, "1")), (OrderState::Partial, ItemState::Completed));
    let items = case.simulation.order().view().items;
    assert_eq!((items[0].reason.as_deref(), items[1].reason.is_some()), (None, true));
}

#[test]
fn only_the_item_whose_task_needs_a_person_is_held() {
    let held = |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(build::HOLD));
    let case = Case::new(plan(&["1", "2"], held), &[("do_route", SECOND_FAILS)]).at_standstill();
    assert_eq!(case.state(), OrderState::Held);
    assert_eq!((state(&case, "1"), state(&case, "2")), (ItemState::InProgress, ItemState::Held));
}

#[test]
fn items_are_cancelled_with_their_order() {
    let mut case = Case::new(plan(&["1", "2"], |_| ()), &[]).until(2);
    case.cancel().unwrap();
    assert_eq!(
        (state(&case, "1"), state(&case, "2")),
        (ItemState::PendingCancellation, ItemState::PendingCancellation)
    );
    let case = case.at_standstill();
    assert_eq!((state(&case, "1"), state(&case, "2")), (ItemState::Cancelled, ItemState::Cancelled));
}

#[test]
fn an_item_can_be_cancelled_alone_and_the_order_completes_without_it() {
    let mut case = Case::new(plan(&["1", "2"], |_| ()), &[]).until(2);
    assert_eq!(cancel_item(&mut case, "2"), Ok(Handled::Applied));
    assert_eq!((case.state(), state(&case, "2")), (OrderState::InProgress, ItemState::PendingCancellation));
    assert_eq!(cancel_item(&mut case, "2"), Err(Rejected::ItemBeingUndone { item: item("2") }));
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Completed, "nothing that is still wanted is missing");
    assert_eq!((state(&case, "1"), state(&case, "2")), (ItemState::Completed, ItemState::Cancelled));
    assert_eq!(case.held_effects(), ["allocate[1]", "bill", "prepare", "route[1]"]);
    let facts = case.facts();
    let at = |name: &str| facts.iter().position(|fact| *fact == name).unwrap();
    assert!(at("ItemCancelAccepted") < at("TaskUndone") && at("TaskUndone") < at("ItemCancelled"));
}

#[test]
fn an_item_whose_tasks_are_done_can_be_cancelled_until_something_needs_it() {
    // `route[1]` takes two seconds longer, as it is tried by a person again: until then `bill` waits for both items.
    let held = |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(build::HOLD));
    let luck: &[(&str, &[Luck])] = &[("do_route", &[Luck::Refused, Luck::Fine])];
    let mut case = Case::new(plan(&["1", "2"], held), luck).at_standstill();
    assert_eq!((case.task("route[1]"), case.task("route[2]")), (TaskState::Held, TaskState::Succeeded));
    assert_eq!(cancel_item(&mut case, "2"), Ok(Handled::Applied));
    case.act(engine::OperatorAction::Retry, "route[1]").unwrap();
    assert_eq!(case.task("bill"), TaskState::Waiting, "it waits until nothing is left of the item");
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Completed);
    assert_eq!(case.held_effects(), ["allocate[1]", "bill", "prepare", "route[1]"]);
}

#[test]
fn once_something_has_begun_with_an_item_it_is_not_cancelled_alone() {
    let mut case = Case::new(plan(&["1", "2"], |_| ()), &[]);
    while case.task("bill") != TaskState::Running {
        assert!(case.simulation.step());
    }
    let refused = Rejected::ItemInUse { item: item("1"), task: task("bill") };
    assert_eq!(cancel_item(&mut case, "1"), Err(refused));
    let last = case.simulation.order().events().last().unwrap();
    assert!(
        matches!(&last.fact, Fact::ItemCancelRefused { task: Some(task), .. } if task.to_string() == "bill")
    );
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn what_is_not_kept_apart_can_not_be_cancelled_alone() {
    let tied = |tasks: &mut [Definition]| tasks[1].isolate = false;
    let mut case = Case::new(plan(&["1", "2"], tied), &[]).until(2);
    let refused = Rejected::ItemNotAlone { item: item("1"), task: task("allocate[1]") };
    assert_eq!(cancel_item(&mut case, "1"), Err(refused));
    let point = |tasks: &mut [Definition]| {
        tasks[1].point_of_no_return = true;
        build::body(&mut tasks[1]).undo = Undo::Nothing { why: String::new() };
    };
    let mut case = Case::new(plan(&["1", "2"], point), &[]).until(2);
    let refused = Rejected::ItemPointOfNoReturn { item: item("1"), task: task("allocate[1]") };
    assert_eq!(cancel_item(&mut case, "1"), Err(refused));
    assert_eq!(cancel_item(&mut case, "3"), Err(Rejected::NoSuchItem { item: "3".to_owned() }));
    assert_eq!(state(&case, "1"), ItemState::InProgress, "it goes on as before");
}

#[test]
fn the_cancel_of_the_last_item_is_that_of_the_order() {
    let mut case = Case::new(plan(&["1", "2"], |_| ()), &[]).until(2);
    cancel_item(&mut case, "1").unwrap();
    cancel_item(&mut case, "2").unwrap();
    assert_eq!(case.state(), OrderState::PendingCancellation);
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Cancelled, vec![]));
    assert_eq!((state(&case, "1"), state(&case, "2")), (ItemState::Cancelled, ItemState::Cancelled));
    // An order of one item that is not kept apart is cancelled by it as well.
    let tied = |tasks: &mut [Definition]| tasks[1].isolate = false;
    let mut case = Case::new(plan(&["1"], tied), &[]).until(2);
    cancel_item(&mut case, "1").unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Cancelled);
}

#[test]
fn an_order_ends_partial_if_an_item_failed_and_completed_if_one_was_cancelled() {
    // Three items: the first is done, the second fails or is left in place, the third is cancelled.
    for (kind, left) in [(ReactionKind::Rollback, false), (ReactionKind::Fail, true)] {
        let reaction = |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(kind));
        let luck: &[(&str, &[Luck])] = &[("do_route", &[Luck::Fine, Luck::Refused])];
        let mut case = Case::new(plan(&["1", "2", "3"], reaction), luck).until(2);
        cancel_item(&mut case, "3").unwrap();
        let case = case.at_standstill();
        assert_eq!(case.state(), OrderState::Partial);
        let states = ["1", "2", "3"].map(|id| state(&case, id));
        assert_eq!(states, [ItemState::Completed, ItemState::Failed, ItemState::Cancelled]);
        assert_eq!(case.held_effects().contains(&"allocate[2]".to_owned()), left);
    }
}

#[test]
fn an_item_that_is_held_can_be_cancelled_and_the_order_goes_on() {
    let held = |tasks: &mut [Definition]| tasks[2].on_failure = Some(build::reaction(build::HOLD));
    let mut case = Case::new(plan(&["1", "2"], held), &[("do_route", SECOND_FAILS)]).at_standstill();
    assert_eq!(case.state(), OrderState::Held);
    cancel_item(&mut case, "2").unwrap();
    assert_eq!(case.state(), OrderState::InProgress);
    assert_eq!(case.at_standstill().state(), OrderState::Completed);
}

#[test]
fn an_item_that_has_failed_is_not_cancelled_any_more() {
    let mut case = Case::new(plan(&["1", "2"], |_| ()), &[("do_route", SECOND_FAILS)]);
    while state(&case, "2") != ItemState::Failed {
        assert!(case.simulation.step());
    }
    let refused = Rejected::ItemEnded { item: item("2"), state: ItemState::Failed };
    assert_eq!(cancel_item(&mut case, "2"), Err(refused));
}

/// Takes the second item out of the order.
fn take_out_second(case: &mut Case) {
    let plan = Box::new((*plan(&["1"], |_| ())).clone());
    let by = Actor::new("anna");
    case.ask(|id| Event::Amend { id, plan, by, reason: "one will do".to_owned(), token: None }).unwrap();
}

#[test]
fn an_item_that_an_amendment_took_out_is_not_one_that_the_order_goes_on_for() {
    let mut case = Case::new(plan(&["1", "2"], |_| ()), &[]).until(2);
    take_out_second(&mut case);
    let none = Rejected::ItemEnded { item: item("2"), state: ItemState::Cancelled };
    assert_eq!(cancel_item(&mut case, "2"), Err(none));
    cancel_item(&mut case, "1").unwrap();
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Cancelled, vec![]));
    // If the only one that is left fails, the order does.
    let luck: &[(&str, &[Luck])] = &[("do_route", &[Luck::Refused])];
    let mut case = Case::new(plan(&["1", "2"], |_| ()), luck).until(1);
    take_out_second(&mut case);
    let case = case.at_standstill();
    assert_eq!((case.state(), case.held_effects()), (OrderState::Failed, vec![]));
}
