//! An item of an order as callers see it.

use model::{Action, ItemId, ItemKind, ItemState, OrderRequest, Value};
use serde::Serialize;
use store::ItemRow;
use utoipa::ToSchema;
use utoipa::openapi::schema::ObjectBuilder;

use crate::orders::view::{action, words};

/// A line of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Item)]
pub(crate) struct ItemView {
    /// Its id, unique within the order.
    #[schema(value_type = String)]
    id: ItemId,
    /// The kind that the blueprint found it to be.
    #[schema(value_type = Option<String>)]
    kind: Option<ItemKind>,
    /// What is ordered.
    offering: String,
    /// What is to happen to it.
    #[schema(schema_with = action)]
    action: Action,
    /// How many.
    quantity: u32,
    /// Its state. It is final when nothing can take it back any more, so with the end of the order, unless the item has failed or
    /// was cancelled alone.
    #[schema(schema_with = item_state)]
    state: ItemState,
    /// Why it has failed or was cancelled, alone.
    reason: Option<String>,
    /// What the customer sees of it.
    customer_status: Option<String>,
    /// Whether an amendment has taken it out of the order. What it was is then in the version before.
    removed: bool,
    /// The product it is about.
    #[schema(value_type = serde_json::Value)]
    product: Value,
    /// What its kind asks for.
    #[schema(value_type = Object)]
    attributes: Value,
}

impl ItemView {
    /// The view of an item; `request` says what was ordered.
    pub(super) fn new(row: ItemRow, request: &OrderRequest) -> Self {
        let sent = request.items.iter().find(|item| item.id == row.id);
        let (product, attributes) = match sent {
            Some(item) => (item.product.clone(), item.attributes.clone()),
            None => (Value::Null, Value::record::<String>([])),
        };
        Self {
            id: row.id,
            kind: row.kind,
            offering: row.offering,
            action: row.action,
            quantity: row.quantity,
            state: row.state,
            reason: row.reason,
            customer_status: row.customer_status,
            removed: row.removed,
            product,
            attributes,
        }
    }
}

fn item_state() -> ObjectBuilder {
    words("The state of the item.", ItemState::ALL.iter().map(|state| state.as_str()))
}
