//! Keeps the promises that the API has made: what was accepted is started, cancelled and signalled on Temporal.
//!
//! Every promise is an intent in Postgres. What this process has just accepted goes the short way, from memory; whatever that
//! misses (a crash, a full queue, Temporal away) the sweeper finds in Postgres. Carrying the same intent twice does
//! no harm, so any number of processes do this side by side. Nothing here decides anything about an order.

mod carry;
mod helm;
mod starter;
mod sweeper;

pub(crate) use helm::{Helm, Start};

use crate::app::App;

/// Keeps promises until the process ends.
pub(crate) async fn steer(app: &App) {
    let work = async { tokio::join!(starter::run(app), sweeper::run(app)) };
    app.ending().run_until_cancelled(work).await;
}
