//! The integration tests: one binary, one module per subject.
//!
//! `./dev test` gives them a PostgreSQL cluster (`DATABASE_URL`) and a Temporal dev server (`ORDERWRIGHT_TEST_TEMPORAL`)
//! that all share. Tests that kill servers start their own, and have `own_servers` in their path so that nextest runs
//! them one at a time; tests of minutes are ignored and have `takes_minutes` in their path.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is how a test fails, in its helpers too"
)]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one kind of fact among all")]

mod amendments;
mod asking;
mod by_hand;
mod cancels;
mod cli;
mod edges;
mod fallout;
mod faults;
mod fmt;
mod lsp;
mod metrics;
mod mirror;
mod orders;
mod own_servers;
mod plans;
mod queues;
mod reconcile;
mod rules;
mod samples;
mod scenarios;
mod signals;
mod support;
mod testing;
mod transcripts;
mod unserved;
mod visible;
