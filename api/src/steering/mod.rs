//! Keeps the promises that the API has made: what was accepted is started, cancelled and signalled on Temporal.
//!
//! Every promise is an intent in Postgres. What this process has just accepted goes the short way, from
//! memory; whatever that misses (a crash, a full queue, Temporal away) the sweeper finds in Postgres.
//! Carrying the same intent twice does no harm, so any number of processes do this side by side. Nothing here
//! decides anything about an order.

mod carry;
mod helm;
mod starter;
mod sweeper;
#[cfg(test)]
mod tests;

pub(crate) use helm::{Helm, Start};

use crate::app::App;

/// Keeps promises until the process ends: those just made here, and, if so configured, all that are due.
pub(crate) async fn steer(app: &App) {
    let work = async {
        if app.config().steering {
            tokio::join!(starter::run(app), sweeper::run(app));
        } else {
            starter::run(app).await;
        }
    };
    app.ending().run_until_cancelled(work).await;
}
