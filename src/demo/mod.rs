//! What Orderwright does, shown with real orders: every sample order to its end, a cancel that rolls back, an order that
//! fails and leaves nothing behind, and a worker killed in the middle of an order.
//!
//! [`run`] is the story and fails if anything ends other than it must. `people` play those who act from outside, `systems`
//! looks at and upsets the simulated systems, `summary` is the table at the end.

mod people;
mod story;
mod summary;
mod systems;

pub(crate) use story::{Samples, run};
