//! The store against a real Postgres, the one that `DATABASE_URL` names. Each test has a database of its own.

mod accept;
mod attempts;
mod blueprints;
mod events;
mod fixture;
mod intents;
mod lists;
mod mirror;
mod reading;
mod workers;
