//! Calling external systems over HTTP, and simulating them.
//!
//! [`Systems`] reads `systems.toml` and makes calls: one attempt at a time, each with an outcome that says whether
//! anything was done. [`Directory`] reads the same file for those who call nothing. [`sim`] answers such calls as systems would, and remembers every effect. Neither knows of
//! blueprints, plans or Temporal.

mod client;
mod config;
mod directory;
pub mod sim;
mod template;

#[cfg(test)]
mod test;

pub use client::Systems;
pub use config::{LoadError, Problem};
pub use directory::{Directory, Gap};
