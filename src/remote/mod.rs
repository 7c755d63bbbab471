//! The API as its callers see it: where it is, how it is asked, what its answers mean.
//!
//! `api` asks and reads, `problem` says what went wrong, `stream` follows an order's events, `views` are the documents as
//! far as the commands read them, `address` finds the API. How things look is the work of `show`.

mod address;
mod api;
mod problem;
mod stream;
mod views;

pub(crate) use address::{ApiArgs, default_address};
pub(crate) use api::{Api, read};
pub(crate) use stream::{EventStream, Received};
pub(crate) use views::{Cancel, Child, KeptSignal, Order, OrderPage, Published, Submitted, Task, Verdict};
