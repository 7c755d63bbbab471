//! The HTTP API: takes orders, shows what becomes of them, steers them.
//!
//! Every handler takes apart a request, makes one call of the domain and shows the answer. What is read comes
//! from Postgres; what steers an order goes to Temporal, or, where Temporal does not answer, into Postgres as
//! a promise that `steering` keeps. A process of the API holds nothing that another could not take over: any
//! number run side by side.
//!
//! - **Invariant:** no request writes to Postgres and tells Temporal in hope: what must follow is promised in
//!   the same transaction.
//! - **Invariant:** an error's cause is in the log and never in an answer.
//! - **Invariant:** no request and no answer is logged with its body.

mod app;
mod blueprints;
mod error;
mod extract;
mod fallout;
mod gauges;
mod guard;
mod hash;
mod health;
mod meta;
mod mirror;
mod news;
mod observe;
mod orders;
mod problem;
mod queues;
mod replan;
mod router;
mod routing;
mod serve;
mod steering;
#[cfg(test)]
mod testing;

pub use app::{App, Config, Limits};
pub use replan::{ReplanError, Replanner};
pub use router::openapi;
pub use routing::Routing;
pub use serve::{ServeError, serve};
