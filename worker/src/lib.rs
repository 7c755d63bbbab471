//! The Temporal worker: carries orders out, calls systems, and mirrors what happens to Postgres.
//!
//! `workflow` drives one `engine::Run` per order, `activity` makes calls through a [`Caller`], `replan` plans amended orders
//! through a [`Planner`], `mirror` writes what happened. No rule of the domain is in here: those are the engine's.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "what `clippy.toml` bans is banned in `workflow`, which denies it"
)]

mod activity;
mod caller;
mod clock;
mod config;
mod ending;
mod error;
mod inquiry;
mod measure;
mod mirror;
mod process;
mod prospect;
mod replan;
mod workflow;

pub use caller::Caller;
pub use config::WorkerConfig;
pub use process::{WorkerError, run};
pub use replan::{NotPlanned, Planner};
pub use workflow::OrderWorkflow;
