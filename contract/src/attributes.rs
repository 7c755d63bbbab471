//! The search attributes that let the Temporal Web UI answer "which orders are held at this task".

use model::OrderState;
use plan::Plan;
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributeUpdate, SearchAttributes};

/// The state of the order.
pub const ORDER_STATE: SearchAttributeKey<String> = SearchAttributeKey::keyword("OrderState");

/// The blueprint version its plan is made by: `home_fiber@3`.
pub const BLUEPRINT: SearchAttributeKey<String> = SearchAttributeKey::keyword("Blueprint");

/// Who ordered.
pub const CUSTOMER_ID: SearchAttributeKey<String> = SearchAttributeKey::keyword("CustomerId");

/// The task that holds the order up; not set while none does.
pub const HELD_TASK: SearchAttributeKey<String> = SearchAttributeKey::keyword("HeldTask");

/// Takes [`HELD_TASK`] away. An empty list clears a keyword on every server; what the SDK's own `value_unset` sends, an
/// empty payload, the server 1.32 takes for a bad value, and fails the workflow task.
#[must_use]
pub fn no_held_task() -> SearchAttributeUpdate {
    SearchAttributeKey::keyword_list(HELD_TASK.name()).value_set(Vec::new())
}

/// The names of all of them; each is a keyword.
pub const NAMES: [&str; 4] = ["OrderState", "Blueprint", "CustomerId", "HeldTask"];

/// The state that a new order's attributes say. It begins at once, so that the attribute need not change, which would
/// be an event in every history.
pub const FIRST_STATE: OrderState = OrderState::InProgress;

/// The attributes an order's workflow starts with.
#[must_use]
pub fn first_attributes(plan: &Plan) -> SearchAttributes {
    SearchAttributes::new([
        ORDER_STATE.value_set(FIRST_STATE.as_str().to_owned()),
        BLUEPRINT.value_set(plan.blueprint().to_string()),
        CUSTOMER_ID.value_set(customer(plan).to_owned()),
    ])
}

/// Who ordered, as the plan knows it.
pub(crate) fn customer(plan: &Plan) -> &str {
    let id = plan.order().field("customer").and_then(|customer| customer.field("id"));
    id.and_then(model::Value::as_text).unwrap_or_default()
}
