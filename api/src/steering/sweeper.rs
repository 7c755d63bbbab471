//! The long way: keeps the promises that are due in Postgres, whoever made them.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use store::{Intent, IntentId};
use tokio::time::Instant;

use crate::app::{App, now};
use crate::error::chain;
use crate::steering::carry::{CarryError, carry};
use crate::steering::starter::finish;

/// How long the sweeper rests when nothing is due and nobody wakes it.
const REST: Duration = Duration::from_secs(1);

/// How long a claim holds: longer than Temporal may take for one intent, connecting included.
const LEASE: model::Duration = model::Duration::from_secs(30);

/// How many intents are claimed, and carried, at a time.
const CLAIMED: u32 = 64;

/// How often idempotency keys that are over their time are forgotten, and how many at a time: twice as many
/// as a busy process takes.
const PURGE_EVERY: Duration = Duration::from_secs(60);
const PURGED: u32 = 20_000;

/// How many ends of orders are told once more at a time.
const MENDED: u32 = 1_000;

/// Sweeps for as long as it is polled.
pub(super) async fn run(app: &App) {
    let mut purged = Instant::now();
    loop {
        let swept = sweep(app).await;
        if let Err(error) = &swept {
            tracing::warn!(error = chain(error), "promises could not be read");
        }
        if purged.elapsed() >= PURGE_EVERY {
            purged = Instant::now();
            purge(app).await;
            mend(app).await;
        }
        match swept {
            // There may be more; the next intent of an order comes after the one before.
            Ok(Swept::Some) => {}
            Ok(Swept::Outage) => wait_for_temporal(app).await,
            Ok(Swept::Nothing) | Err(_) => {
                let _ = tokio::time::timeout(REST, app.helm().promised()).await;
            }
        }
    }
}

/// What one round came to.
enum Swept {
    /// Nothing was due.
    Nothing,
    /// Something was due, and at least one promise was kept or Temporal answered.
    Some,
    /// Temporal is away.
    Outage,
}

async fn sweep(app: &App) -> Result<Swept, CarryError> {
    let intents = store::claim_intents(&mut *app.pool().acquire().await?, now(), LEASE, CLAIMED).await?;
    if intents.is_empty() {
        return Ok(Swept::Nothing);
    }
    let mut carried: FuturesUnordered<_> = intents.into_iter().map(|intent| keep(app, intent)).collect();
    let mut kept = Vec::new();
    let mut outage = false;
    while let Some(result) = carried.next().await {
        match result {
            Ok(intent) => kept.push(intent),
            Err(error) => outage |= error.is_outage(),
        }
    }
    if !kept.is_empty() {
        finish(app, kept).await;
    }
    Ok(if outage { Swept::Outage } else { Swept::Some })
}

/// Keeps one promise, or lets it rest.
async fn keep(app: &App, intent: Intent) -> Result<IntentId, CarryError> {
    let order = intent.order;
    match carry(app, order, intent.steering.clone()).await {
        Ok(()) => Ok(intent.id),
        Err(error) => {
            let why = chain(&error);
            tracing::warn!(order.id = %order, error = why, "order {order} could not be told what was promised");
            let mut connection = app.pool().acquire().await?;
            store::delay_intent(&mut connection, &intent, &why, now()).await?;
            Err(error)
        }
    }
}

/// Waits until Temporal answers, instead of trying every promise in vain and making each rest longer.
async fn wait_for_temporal(app: &App) {
    while let Err(error) = app.client().check_alive().await {
        tracing::warn!(error = chain(&error), "waiting for Temporal");
        tokio::time::sleep(REST).await;
    }
}

/// Tells orders once more of the ends of others that they wait for, and should have heard of: nothing is known to lose that, and
/// an order that waits for nobody would wait for ever.
async fn mend(app: &App) {
    let mended = async {
        let mut connection = app.pool().acquire().await?;
        Ok::<_, CarryError>(store::mend_waits(&mut connection, now(), MENDED).await?)
    };
    match mended.await {
        Ok(0) => {}
        Ok(told) => tracing::warn!("{told} ends of orders are told once more to those that wait for them"),
        Err(error) => tracing::warn!(error = chain(&error), "what orders wait for could not be looked at"),
    }
}

async fn purge(app: &App) {
    let purged = async {
        let mut connection = app.pool().acquire().await?;
        Ok::<_, CarryError>(store::purge_keys(&mut connection, now(), PURGED).await?)
    };
    if let Err(error) = purged.await {
        tracing::warn!(error = chain(&error), "old idempotency keys could not be forgotten");
    }
}
