//! The worker against a real Temporal server and a real Postgres.
//!
//! Postgres is the one of `DATABASE_URL`; each test has a database of its own. Temporal is the one of
//! `ORDERWRIGHT_TEST_TEMPORAL` (`host:port`), or a development server that a test starts for itself; each test has a
//! task queue of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "a test that goes wrong should stop"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "what `clippy.toml` bans is banned in workflow code"
)]

mod amending;
mod app;
mod asking;
mod crash;
mod fallout;
mod long_orders;
mod mirror;
mod orders;
mod pending;
mod plans;
mod proxy;
mod queues;
mod replay;
mod retries;
mod server;
mod signals;
mod steering;
mod whole_orders;
mod world;
