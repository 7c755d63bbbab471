//! What Postgres is told before an order hears of it, for Temporal to keep as well: so that an order's rows can be made again
//! when they are lost.
//!
//! Nothing that is done for an order depends on it. It says what people sent, where a plan has only what expressions see of that.

use model::{Actor, Difference, Hash, OrderRequest, Timestamp};
use serde::{Deserialize, Serialize};

/// An order as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// When.
    pub at: Timestamp,
    /// Who sent it.
    pub author: Actor,
    /// As it was sent.
    pub request: OrderRequest,
}

/// A version of an order as it was written down when its amendment was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// When.
    pub at: Timestamp,
    /// Which version it would be.
    pub version: u32,
    /// The order as it is to be.
    pub request: OrderRequest,
    /// What recognises a repetition.
    pub request_hash: Hash,
    /// What is different in the order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}
