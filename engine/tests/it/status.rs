//! What the customer sees, of an order and of each of its items.

use std::sync::Arc;

use model::{Fact, OrderState};
use plan::{Definition, Plan};

use crate::build;
use crate::case::Case;
use crate::isolate::{SECOND_FAILS, plan};
use crate::world::Luck;

/// `prepare`, `allocate` and `bill` have a status; `route` has none.
fn telling() -> Arc<Plan> {
    plan(&["1", "2"], |tasks: &mut [Definition]| {
        tasks[0].status = Some(build::text("We are getting ready"));
        tasks[1].status = Some(build::text("Your number is set aside"));
        tasks[3].status = Some(build::text("You are online"));
    })
}

/// Who was told what, in order: an item, or the whole order as `*`.
fn told(case: &Case) -> Vec<String> {
    let line = |item: &Option<model::ItemId>, status: &Option<String>| {
        let of = item.as_ref().map_or("*", |item| item.as_str());
        format!("{of}: {}", status.as_deref().unwrap_or("-"))
    };
    let events = case.simulation.order().events().iter();
    let said = events.filter_map(|event| match &event.fact {
        Fact::CustomerStatusChanged { status, item } => Some(line(item, status)),
        _ => None,
    });
    said.collect()
}

fn of_item(case: &Case, id: &str) -> Option<String> {
    let view = case.simulation.order().view();
    view.items.into_iter().find(|item| item.id.as_str() == id).unwrap().customer_status
}

#[test]
fn an_item_has_the_status_of_its_own_tasks_and_the_order_the_latest_of_all() {
    let case = Case::new(telling(), &[]).at_standstill();
    assert_eq!(
        told(&case),
        [
            "*: We are getting ready",
            "1: Your number is set aside",
            "2: Your number is set aside",
            "*: Your number is set aside",
            "*: You are online",
        ]
    );
    assert_eq!(case.simulation.order().customer_status(), Some("You are online"));
    assert_eq!(
        of_item(&case, "1").as_deref(),
        Some("Your number is set aside"),
        "the order's own is not its"
    );
}

#[test]
fn what_was_said_of_an_item_that_fails_alone_is_taken_back() {
    let case = Case::new(telling(), &[("do_route", SECOND_FAILS)]).at_standstill();
    assert_eq!(case.state(), OrderState::Partial);
    assert_eq!((of_item(&case, "1").is_some(), of_item(&case, "2")), (true, None));
    assert!(told(&case).contains(&"2: -".to_owned()));
}

#[test]
fn nothing_is_said_any_more_of_the_items_of_an_order_that_ends_undone() {
    let mut case = Case::new(telling(), &[]).until(2);
    assert!(of_item(&case, "1").is_some());
    case.cancel().unwrap();
    let case = case.at_standstill();
    assert_eq!(case.state(), OrderState::Cancelled);
    assert_eq!((of_item(&case, "1"), of_item(&case, "2")), (None, None));
    assert_eq!(case.simulation.order().customer_status(), None);
}

#[test]
fn the_customer_sees_nothing_but_what_a_status_says() {
    // Everything that goes wrong here leaves its reason on the record, and none of it in what the customer sees.
    let luck: &[(&str, &[Luck])] = &[
        ("do_prepare", &[Luck::LostAfterEffect]),
        ("do_allocate", &[Luck::Refused]),
        ("do_route", &[Luck::Failed]),
    ];
    let written = ["We are getting ready", "Your number is set aside", "You are online"];
    for plan in [telling(), plan(&["1", "2"], |_| ())] {
        let has_status = plan.definitions().iter().any(|definition| definition.status.is_some());
        let case = Case::new(plan, luck).at_standstill();
        let told = told(&case);
        assert_eq!(has_status, !told.is_empty());
        for line in told {
            let (_, said) = line.split_once(": ").unwrap();
            assert!(said == "-" || written.contains(&said), "{line}");
        }
    }
}

#[test]
fn what_is_done_again_does_not_hide_what_has_been_reached_since() {
    let with = |site: &str| {
        let reads = vec![("site", crate::amend::order_field("site"))];
        let mut check =
            crate::amend::repeatable(crate::amend::without_undo(crate::amend::reads("check", reads)));
        check.status = Some(build::text("We check your address"));
        let mut activate = build::task("activate");
        activate.status = Some(build::text("You are online"));
        let tasks = vec![(check, vec![]), (activate, vec![0]), (build::wait("bill"), vec![1])];
        crate::amend::with_order(tasks, &[("site", site)])
    };
    let mut case = Case::new(Arc::new(with("UTR-7")), &[]).until(10);
    let (plan, by) = (Box::new(with("AMS-1")), model::Actor::new("anna"));
    case.ask(|id| engine::Event::Amend { id, plan, by, reason: "moved".to_owned(), token: None }).unwrap();
    let case = case.until(20);
    assert_eq!(case.log(), ["do_check", "do_activate", "do_check"]);
    assert_eq!(told(&case), ["*: We check your address", "*: You are online"]);
}

#[test]
fn nothing_is_said_of_what_is_being_undone() {
    let mut case = Case::new(telling(), &[]).until(3);
    case.cancel().unwrap();
    assert_eq!(case.simulation.order().customer_status(), None);
    let before = told(&case).len();
    assert_eq!(told(&case.at_standstill()).len(), before);
}
