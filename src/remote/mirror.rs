//! The mirror against Temporal, as far as the commands show it.

use model::{OrderId, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// An order whose rows were made again.
#[derive(Debug, Deserialize)]
pub(crate) struct Rebuilt {
    pub(crate) events: u64,
    pub(crate) needed: Vec<OrderId>,
}

/// A page of the orders that Temporal has.
#[derive(Debug, Deserialize)]
pub(crate) struct TemporalOrders {
    pub(crate) orders: Vec<OrderId>,
    pub(crate) next: Option<String>,
}

/// What was found on a page of orders.
#[derive(Debug, Deserialize)]
pub(crate) struct Reconciled {
    pub(crate) looked_at: u64,
    /// Each a [`Finding`].
    pub(crate) findings: Vec<Value>,
    pub(crate) next: Option<String>,
}

/// Something that is wrong with an order.
#[derive(Debug, Deserialize)]
pub(crate) struct Finding {
    pub(crate) kind: String,
    pub(crate) order: OrderId,
    pub(crate) since: Option<Timestamp>,
    pub(crate) detail: String,
    pub(crate) mended: bool,
    pub(crate) remedy: String,
}
