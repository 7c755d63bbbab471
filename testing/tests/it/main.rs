//! The integration tests: one binary, one module per subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is how a test fails, in its helpers too"
)]

mod bodies;
mod coverage;
mod exhaustive;
mod expectations;
mod long_waits;
mod samples;
mod steps;
mod support;
mod systems;
