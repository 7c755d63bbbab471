//! The way to Temporal for everyone but the worker: starts orders, steers them, asks about them.
//!
//! `connection` reaches the server, `start` starts, `steer` signals and updates, `read` queries, `preview` asks several orders, `reading` reads order events, `watch` looks from outside
//! at orders and workers, `record` reads everything there is of an order, `outcome` how it ended. Every call has a time limit, and every error says whose turn it is.

mod attributes;
mod connection;
mod error;
mod outcome;
mod preview;
mod read;
mod reading;
mod record;
mod start;
mod steer;
mod watch;

pub use connection::{ClientConfig, OrderClient, connect};
pub use error::{ClientError, ConnectError};
pub use preview::{ChildPreview, Preview};
pub use reading::Reading;
pub use record::Amended;
pub use start::Started;
pub use watch::{Closed, Listed, ListedOrder, QueueStanding, Standing};
