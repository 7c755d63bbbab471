//! Rollbacks of an item and of an order.

use super::*;

/// Two items of their own, and `bill` after them.
fn items() -> Arc<Plan> {
    let mut allocate = build::isolated(build::task("allocate"));
    allocate.on_failure = Some(build::reaction(HOLD));
    let mut parts = build::parts(vec![(allocate, vec![]), (build::task("bill"), vec![])], &[]);
    parts.items = vec![build::item("1"), build::item("2")];
    parts.tasks = vec![
        plan::Task { definition: DefinitionIndex(0), item: Some(0), after: vec![], skipped: None },
        plan::Task { definition: DefinitionIndex(0), item: Some(1), after: vec![], skipped: None },
        plan::Task {
            definition: DefinitionIndex(1),
            item: None,
            after: vec![plan::TaskIndex(0), plan::TaskIndex(1)],
            skipped: None,
        },
    ];
    Arc::new(Plan::new(parts).unwrap())
}

const SECOND: &[(&str, &[Luck])] = &[("do_allocate", &[Luck::Fine, Luck::Failed])];

#[test]
fn an_operator_says_whether_the_item_or_the_order() {
    let mut case = Case::new(items(), SECOND).at_standstill();
    assert_eq!(case.task("allocate[2]"), TaskState::Held);
    let mut whole = Case::new(items(), SECOND).at_standstill();
    case.roll_back("allocate[2]", Scope::Item).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Partial);
    whole.roll_back("allocate[2]", Scope::Order).unwrap();
    let whole = whole.at_standstill();
    assert_eq!((whole.state(), whole.held_effects()), (OrderState::Failed, vec![]));
}

#[test]
fn what_is_of_no_item_is_rolled_back_with_the_order_alone() {
    let luck: &[(&str, &[Luck])] = &[("do_bill", &[Luck::Failed])];
    let mut case = Case::new(items(), luck).at_standstill();
    assert_eq!(
        case.refused("bill", Act::Rollback { scope: Some(Scope::Item) }),
        "`bill` is of no item that can be rolled back alone: only the order can"
    );
    case.roll_back("bill", Scope::Order).unwrap();
    assert_eq!(case.at_standstill().state(), OrderState::Failed);
}
