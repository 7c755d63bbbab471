//! The `orderwright` command.
//!
//! [`main`] reads the command line and runs one command of `commands`. [`local`] starts the servers that a single
//! machine needs (PostgreSQL, Temporal) and is public because the integration tests and the benchmarks start, kill and
//! restart them too. Everything about orders is in the other crates of this workspace.

mod cli;
mod commands;
mod failure;
mod interrupt;
pub mod local;
mod logging;
mod up;

pub use cli::main;
