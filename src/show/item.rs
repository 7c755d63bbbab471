//! The items of an order.

use std::collections::BTreeMap;

use console::style;
use model::ItemState;

use super::table::Table;
use crate::remote::Item;

/// All items, one a line.
pub(crate) fn item_list(items: &[Item]) -> Table {
    let mut table = Table::indented(2);
    for item in items {
        let offering = style(&item.offering).dim().to_string();
        table.row([item.id.to_string(), item_state(item.state), offering, notes(item)]);
    }
    table
}

/// How many items are in which state, where they are not all in one.
pub(crate) fn item_counts(counts: &BTreeMap<ItemState, u64>) -> Option<String> {
    let said = counts.iter().map(|(state, items)| format!("{items} {state}"));
    (counts.len() > 1).then(|| said.collect::<Vec<_>>().join(", "))
}

fn notes(item: &Item) -> String {
    let seen = item.customer_status.as_ref().map(|text| format!("customer sees: {text}"));
    item.reason.iter().cloned().chain(seen).collect::<Vec<_>>().join(", ")
}

fn item_state(state: ItemState) -> String {
    let text = style(state.as_str());
    match state {
        ItemState::Completed => text.green(),
        ItemState::Held => text.yellow(),
        ItemState::Rejected | ItemState::Failed => text.red(),
        ItemState::Cancelled => text.dim(),
        ItemState::Acknowledged
        | ItemState::Pending
        | ItemState::InProgress
        | ItemState::AssessingCancellation
        | ItemState::PendingCancellation => text.cyan(),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[test]
    fn items_say_what_has_become_of_them_and_what_the_customer_sees() {
        let items: Vec<Item> = serde_json::from_value(json!([
            {"id": "1", "offering": "HOME_FIBER_1G", "state": "inProgress", "reason": null, "customer_status": "Appointment confirmed"},
            {"id": "2", "offering": "SIM", "state": "failed", "reason": "409 no number is free", "customer_status": null},
            {"id": "10", "offering": "TV", "state": "pending", "reason": null, "customer_status": null},
        ]))
        .unwrap();
        expect![[r#"
            items:
              1   inProgress  HOME_FIBER_1G  customer sees: Appointment confirmed
              2   failed      SIM            409 no number is free
              10  pending     TV"#]]
        .assert_eq(&format!("items:\n{}", item_list(&items)));
    }

    #[test]
    fn items_are_counted_where_they_differ() {
        let mut counts = BTreeMap::from([(ItemState::Completed, 2)]);
        assert_eq!(item_counts(&counts), None);
        counts.insert(ItemState::Failed, 1);
        assert_eq!(item_counts(&counts).as_deref(), Some("2 completed, 1 failed"));
    }
}
