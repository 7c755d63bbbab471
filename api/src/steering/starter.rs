//! The short way: starts orders that this process has just accepted, without asking Postgres for them.

use futures::stream::{StreamExt as _, poll_fn};
use store::IntentId;

use crate::app::App;
use crate::error::chain;
use crate::steering::carry;
use crate::steering::helm::Start;

/// How many orders are being started at a time. Temporal's server takes a few milliseconds for each.
const AT_A_TIME: usize = 64;

/// How many promises are ticked off with one statement.
const TICKED_OFF: usize = 64;

/// Starts orders for as long as it is polled.
pub(super) async fn run(app: &App) {
    let mut queue = app.helm().queue.lock().await;
    poll_fn(|cx| queue.poll_recv(cx))
        .map(|accepted| start(app, accepted))
        .buffer_unordered(AT_A_TIME)
        .filter_map(std::future::ready)
        .ready_chunks(TICKED_OFF)
        .for_each(|started| finish(app, started))
        .await;
}

async fn start(app: &App, accepted: Start) -> Option<IntentId> {
    let Start { order, intent, plan, after, accepted } = accepted;
    match carry::start(app, order, plan, after, Some(accepted)).await {
        Ok(()) => Some(intent),
        Err(error) => {
            tracing::warn!(order.id = %order, error = chain(&error), "order {order} is not started yet");
            None
        }
    }
}

/// Ticks off promises that were kept. One that stays is kept once more, which does no harm.
pub(super) async fn finish(app: &App, kept: Vec<IntentId>) {
    let finished = async {
        let mut connection = app.pool().acquire().await?;
        store::finish_intents(&mut connection, &kept).await?;
        Ok::<_, carry::CarryError>(())
    };
    if let Err(error) = finished.await {
        tracing::warn!(
            error = chain(&error),
            "{} promises were kept and could not be ticked off",
            kept.len()
        );
    }
}
