//! Plans and expressions, through what the crate shows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should stop"
)]

mod comparing;
mod documents;
mod durations;
mod expressions;
mod plans;
mod remaining;
