//! The worker against a real Temporal server and a real Postgres.
//!
//! Postgres is the one of `DATABASE_URL`; each test has a database of its own. Temporal is the one of
//! `ORDERWRIGHT_TEST_TEMPORAL` (`host:port`), or a development server that a test starts for itself; each test has a
//! task queue of its own.

mod app;
mod crash;
mod mirror;
mod orders;
mod plans;
mod proxy;
mod replay;
mod retries;
mod server;
mod signals;
mod steering;
mod world;
