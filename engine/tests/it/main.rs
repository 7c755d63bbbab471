//! The engine against the rules of docs/semantics.md, and against single cases that should read like the docs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that goes wrong should stop"
)]

mod amend;
mod amend_at_random;
mod bodies;
mod build;
mod case;
mod child;
mod deadline;
mod fallout;
mod family;
mod hand_on;
mod handover;
mod isolate;
mod items;
mod leave;
mod manual;
mod pause;
mod pending;
mod poll;
mod rules;
mod scenarios;
mod status;
mod verify;
mod world;
