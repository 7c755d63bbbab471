//! The client and the simulator, each over real sockets on this machine.
//!
//! Nothing here sleeps to wait for something: servers say when a request has come, and clients when it has ended.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::needless_pass_by_value,
    reason = "a test that finds something amiss should stop there"
)]

mod answers;
mod config;
mod deliveries;
mod faults;
mod ledger;
mod requests;
mod server;
mod simulator;
mod sockets;
