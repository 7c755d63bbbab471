//! The engine against the rules of docs/semantics.md, and against single cases that should read like the docs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that goes wrong should stop"
)]

mod bodies;
mod build;
mod case;
mod child;
mod deadline;
mod family;
mod isolate;
mod leave;
mod manual;
mod poll;
mod rules;
mod scenarios;
mod verify;
mod world;
