//! The `orderwright` command.
//!
//! [`main`] reads the command line and runs one command of `commands`. [`local`] starts the servers that a single
//! machine needs (PostgreSQL, Temporal) and is public because the integration tests and the benchmarks start, kill and
//! restart them too. Everything about orders is in the other crates of this workspace.

mod cli;
mod commands;
mod demo;
mod deployment;
mod failure;
mod follow;
mod interrupt;
pub mod local;
mod logging;
mod output;
mod planning;
mod publish;
mod remote;
mod service;
mod show;
mod sources;
mod up;

pub use cli::main;
