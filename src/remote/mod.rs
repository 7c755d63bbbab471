//! The API as its callers see it: where it is, how it is asked, what its answers mean.
//!
//! `api` asks and reads, `problem` says what went wrong, `stream` follows an order's events, `views` are the documents as
//! far as the commands read them, `address` finds the API. How things look is the work of `show`.

mod address;
mod api;
mod fallout;
mod harmless;
mod mirror;
mod problem;
mod stream;
mod views;

pub(crate) use address::{ApiArgs, default_address};
pub(crate) use api::{Api, Refusal, Request, read};
pub(crate) use fallout::{
    Bulk, BulkTask, Residue, ResiduePage, WorkGroup, WorkGroups, WorkItem, WorkPage, WorkSort,
};
pub(crate) use mirror::{Finding, Rebuilt, Reconciled, TemporalOrders};
pub(crate) use stream::{EventStream, Received};
pub(crate) use views::{
    Amendment, Blocked, Cancel, Child, Item, KeptSignal, Order, OrderPage, Pause, Predecessor, Published,
    Submitted, Task, TaskChange, Verdict, Version, Versions,
};
