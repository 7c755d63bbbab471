//! The store against a real Postgres, the one that `DATABASE_URL` names. Each test has a database of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that goes wrong should stop"
)]

mod accept;
mod attempts;
mod blueprints;
mod census;
mod children;
mod deliveries;
mod events;
mod fallout;
mod fixture;
mod intents;
mod items;
mod lists;
mod migrations;
mod mirror;
mod outlook;
mod reading;
mod rebuild;
mod residue;
mod versions;
mod waits;
mod workers;
