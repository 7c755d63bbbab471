//! The language server: what editors ask about blueprints, in the Language Server Protocol.
//!
//! [`serve()`] reads messages and writes answers; [`Server`] is a value that takes a message and gives messages, and does nothing
//! else. It keeps the libraries that are open, and examines one anew when a file of it has changed. What there is to know about
//! a library comes from `dsl::index`; here it is only put into the protocol's words and places. Files are read through
//! [`Disk`], so nothing here touches a file system.

mod capabilities;
mod disk;
mod document;
mod frame;
mod libraries;
mod library;
mod message;
mod position;
mod publish;
mod requests;
mod serve;
mod server;

pub use disk::Disk;
pub use frame::MESSAGE_BYTES;
pub use message::{Id, Incoming, Outgoing};
pub use serve::{End, serve};
pub use server::Server;
