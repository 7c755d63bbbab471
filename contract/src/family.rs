//! What parents and child orders say to each other. Both are workflows of ours: nobody else sends these.

use engine::{ChildId, ChildReport};
use model::{Actor, DeliveryId};
use serde::{Deserialize, Serialize};

/// A parent takes its child back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// Names the request; the same one again changes nothing.
    pub id: DeliveryId,
    /// The parent.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// A child has come to something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRequest {
    /// Which child, as its parent calls it.
    pub child: ChildId,
    /// To what.
    pub report: ChildReport,
}
