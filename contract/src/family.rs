//! What parents and child orders say to each other. Both are workflows of ours: nobody else sends these.

use engine::{ChildId, ChildReport};
use model::{Actor, DeliveryId, OrderId};
use plan::Plan;
use serde::{Deserialize, Serialize};

use crate::Routes;

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

/// A parent has been amended, and its child with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandOn {
    /// Names the request; the same one again changes nothing.
    pub id: DeliveryId,
    /// How many amendments the child has been handed on with this one.
    pub amendment: u32,
    /// What is to be done.
    pub plan: Box<Plan>,
    /// How its calls are made.
    #[serde(default)]
    pub routes: Routes,
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

/// Asks whether somebody is there. A parent that says it goes on in another workflow run, of which Temporal tells its children
/// nothing: from then on they say themselves what Temporal would have told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hail {
    /// Who asks.
    pub from: OrderId,
}
