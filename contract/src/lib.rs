//! What crosses the wire to Temporal: names, payloads in their first version, and the client for orders.
//!
//! The worker answers what is said here; everyone else speaks through [`OrderClient`]. An order's workflow has the
//! order's id. A name or a field that histories hold is never changed: what is added is optional.

mod amend;
pub mod attributes;
mod call;
mod client;
mod deltas;
mod family;
mod input;
pub mod names;
pub mod payload;
mod request;
mod resumed;
mod written;

pub use amend::{Amend, AmendRequest, AssessAnswer, AssessRequest, Replan, Replanned, Wanted};
pub use call::{CallAnswer, CallFailure, CallFailureDetails, CallInput, Earlier, Inquiry};
pub use client::{
    Amended, ChildPreview, ClientConfig, ClientError, Closed, ConnectError, Listed, ListedOrder, OrderClient,
    Preview, QueueStanding, Reading, Standing, Started, connect,
};
pub use deltas::{Deltas, DeltasRequest};
pub use family::{Hail, HandOn, Recall, ReportRequest};
pub use input::{ChildInput, FORMAT, OrderInput, Outcome, Pace, Route, Routes};
pub use request::{ActRequest, Answer, CancelRequest, DeliverRequest, Malformed, NoteRequest, OrderEnded};
pub use resumed::{CallsMade, OpenChild, Resumed, RunningTimer, Underway};
pub use written::{Acceptance, Proposal};
