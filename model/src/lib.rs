//! The words everything else is said in: ids, values and their types, orders, states and what may follow
//! what, order events, calls to systems, limits.
//!
//! Knows nothing of blueprints, plans, Temporal, Postgres or HTTP, and imports none of our other crates.
//! The clock and randomness are inputs: nothing here asks what time it is.

mod actor;
mod amendment;
mod call;
mod document;
mod draft;
mod event;
mod fault;
mod ids;
mod item_state;
pub mod limits;
mod operator;
mod order;
mod patch;
mod state;
pub mod time;
mod types;
mod value;

pub use actor::Actor;
pub use amendment::{AmendedItem, Difference, HandedOn, TaskChange, Verdict};
pub use call::{CallOutcome, CallRequest, Direction};
pub use document::{DocumentError, from_json};
pub use draft::OrderDraft;
pub use event::{Fact, HoldFor, OrderEvent};
pub use fault::{Fault, Pointer};
pub use ids::{
    BlueprintName, BlueprintRef, DeliveryId, ExternalId, Hash, IdempotencyKey, InvalidName, ItemId, ItemKind,
    OperationName, OrderId, QueueName, RoleName, SequenceKey, SignalName, SystemName, TaskId, TaskName,
};
pub use item_state::{ItemState, Standing};
pub use operator::OperatorAction;
pub use order::{Action, Customer, Item, Order, OrderRequest};
pub use state::{IllegalTransition, OrderState, TaskState};
pub use time::{Date, Duration, Timestamp};
pub use types::{Field, Type, UnknownFields};
pub use value::{InvalidNumber, Value};
