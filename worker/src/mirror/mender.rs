//! Finds what the mirror lacks, and fills it in from the workflows themselves.
//!
//! Three ways lead here: a gap that shows in the numbers; a worker that ended without a word, after which every open order
//! is compared with its workflow; and orders whose end Temporal knows and Postgres does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contract::{ClientError, Closed, OrderClient};
use futures::stream::{self, StreamExt as _};
use model::{OrderEvent, OrderId, OrderState, Timestamp};
use sqlx::{PgConnection, PgPool};
use store::{DatabaseError, Outcome, WorkerId, apply_events};
use tokio::sync::{mpsc, watch};

use super::error::MirrorError;
use crate::clock::now;

/// Most orders that wait to be mended at the word of the writer. Beyond it, every open order is audited instead.
const QUEUE: usize = 10_000;

/// How many orders are mended at a time. Each may have a workflow replayed.
const AT_A_TIME: usize = 4;

/// Most of them mended in one go, and how long that may take.
const MENDED: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);

/// How often this looks around.
const ROUND: Duration = Duration::from_secs(2);

/// Most orders audited in one round: a bound on what an audit costs the workers, about 25 a second.
const AUDITS: u32 = 50;

/// A worker that was not seen for so long is lost. It is seen once in a round.
const SILENCE: model::Duration = model::Duration::from_secs(10);

/// How often ended workflows are listed, and how far the server's list lags behind at the most.
const SWEEP: Duration = Duration::from_secs(10);
const LAG: model::Duration = model::Duration::from_secs(5);

/// How far back the first list reaches.
const FIRST_SWEEP: model::Duration = model::Duration::from_secs(600);

/// Most ended workflows of one list; if there are more, a shorter time is listed.
const SWEPT: usize = 1_000;

/// Most orders whose end is remembered as written, so that it need not be looked up.
const REMEMBERED: usize = 20_000;

/// What the writer tells the mender.
#[derive(Clone, Copy, Debug)]
enum Note {
    /// Something is missing of an order.
    Sick(OrderId),
    /// Postgres has the end of an order.
    Ended(OrderId),
}

/// Takes the writer's notes.
#[derive(Clone, Debug)]
pub(super) struct MendQueue {
    notes: mpsc::Sender<Note>,
    lost: Arc<AtomicBool>,
}

impl MendQueue {
    /// One that nobody reads, for a writer that has no order events.
    pub(super) fn closed(lost: Arc<AtomicBool>) -> Self {
        Self { notes: mpsc::channel(1).0, lost }
    }

    /// Has what is missing of an order filled in, soon.
    pub(super) fn mend(&self, order: OrderId) {
        if self.notes.try_send(Note::Sick(order)).is_err() {
            self.lost.store(true, Ordering::Relaxed);
        }
    }

    /// Postgres has the end of an order. If this goes unheard, it is looked up.
    pub(super) fn ended(&self, order: OrderId) {
        let _ = self.notes.try_send(Note::Ended(order));
    }
}

/// The mender of one worker.
pub(super) struct Mender {
    id: WorkerId,
    name: String,
    pool: PgPool,
    client: OrderClient,
    lost: Arc<AtomicBool>,
    notes: mpsc::Receiver<Note>,
    /// To be mended, and not before when.
    sick: BTreeMap<OrderId, Instant>,
    /// Orders whose end Postgres has.
    ended: BTreeSet<OrderId>,
    swept_until: Timestamp,
    swept_at: Option<Instant>,
}

impl Mender {
    pub(super) fn new(
        id: WorkerId,
        name: String,
        pool: PgPool,
        client: OrderClient,
        lost: Arc<AtomicBool>,
    ) -> (MendQueue, Self) {
        let (queue, notes) = mpsc::channel(QUEUE);
        let mender = Self {
            id,
            name,
            pool,
            client,
            lost: lost.clone(),
            notes,
            sick: BTreeMap::new(),
            ended: BTreeSet::new(),
            swept_until: before(now(), FIRST_SWEEP),
            swept_at: None,
        };
        (MendQueue { notes: queue, lost }, mender)
    }

    /// Mends until it is told to stop, and then takes the worker off the list of those that live.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut round = tokio::time::interval(ROUND);
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last_failure = None;
        loop {
            tokio::select! {
                note = self.notes.recv() => match note {
                    Some(note) => {
                        self.heed(note);
                        while let Ok(note) = self.notes.try_recv() {
                            self.heed(note);
                        }
                        self.mend().await;
                    }
                    // The writer has ended: nothing more will be missing.
                    None => break,
                },
                _ = round.tick() => {
                    let failure = self.look_around().await.err().map(|e| crate::error::chain(&e));
                    if failure != last_failure && let Some(cause) = &failure {
                        tracing::warn!(%cause, "the mirror can't be checked; it goes on by itself");
                    }
                    last_failure = failure;
                }
                Ok(()) = stop.changed() => {}
            }
        }
        self.mend().await;
        if self.sick.is_empty()
            && let Err(cause) = self.leave().await
        {
            tracing::warn!(cause = %crate::error::chain(&cause), "the worker can't be signed off; its orders will be audited");
        }
    }

    async fn leave(&self) -> Result<(), MirrorError> {
        let mut conn = self.pool.acquire().await?;
        Ok(store::end_worker(&mut conn, self.id).await?)
    }

    async fn look_around(&mut self) -> Result<(), MirrorError> {
        self.sign_in().await?;
        self.mend().await;
        self.audit().await?;
        if self.swept_at.is_none_or(|at| at.elapsed() >= SWEEP) {
            self.sweep().await?;
            self.swept_at = Some(Instant::now());
        }
        Ok(())
    }

    /// Says that this worker lives, and looks for those that do no more.
    async fn sign_in(&self) -> Result<(), MirrorError> {
        let mut conn = self.pool.acquire().await?;
        if !store::see_worker(&mut conn, self.id, now()).await? {
            store::begin_worker(&mut conn, self.id, &self.name, now()).await?;
        }
        if self.lost.load(Ordering::Relaxed) {
            store::declare_lost(&mut conn, self.id, now()).await?;
            self.lost.store(false, Ordering::Relaxed);
        }
        let found = store::find_lost_workers(&mut conn, now(), SILENCE).await?;
        if found > 0 {
            tracing::info!(
                found,
                "a worker was lost; the orders that are open are compared with their workflows"
            );
        }
        Ok(())
    }

    fn heed(&mut self, note: Note) {
        match note {
            Note::Sick(order) => {
                self.sick.entry(order).or_insert_with(Instant::now);
            }
            Note::Ended(order) => {
                self.ended.insert(order);
            }
        }
    }

    /// Fills in what is missing of the orders that the writer has named. Those that can't be are tried again.
    async fn mend(&mut self) {
        let now = Instant::now();
        let due: Vec<OrderId> =
            self.sick.iter().filter(|(_, at)| **at <= now).map(|(order, _)| *order).take(MENDED).collect();
        for order in &due {
            self.sick.insert(*order, now + ROUND);
        }
        for order in self.fill_all(due.into_iter().map(|order| (order, None)).collect()).await {
            self.sick.remove(&order);
        }
    }

    /// Compares orders with their workflows that have not been since a worker was lost.
    async fn audit(&self) -> Result<(), MirrorError> {
        let began = now();
        let mut conn = self.pool.acquire().await?;
        let due = store::orders_to_audit(&mut conn, AUDITS).await?;
        drop(conn);
        if due.is_empty() {
            return Ok(());
        }
        let audited = self.fill_all(due.into_iter().map(|(order, next)| (order, Some(next))).collect()).await;
        let mut conn = self.pool.acquire().await?;
        Ok(store::mark_audited(&mut conn, &audited, began).await?)
    }

    /// Looks for orders whose end Temporal knows and Postgres does not.
    async fn sweep(&mut self) -> Result<(), MirrorError> {
        // The end stands still: one that moved with the clock would be chased for ever, a millisecond at a time.
        let end = before(now(), LAG);
        let mut to = end;
        while self.swept_until < end {
            let closed = self.client.closed_between(self.swept_until, to, SWEPT).await?;
            let span = to.since(self.swept_until).as_millis();
            if closed.len() >= SWEPT && span > 1 {
                to = before(to, model::Duration::from_millis(span / 2));
                continue;
            }
            self.close(closed).await?;
            self.swept_until = to;
            to = end;
        }
        while self.ended.len() > REMEMBERED {
            self.ended.pop_first();
        }
        Ok(())
    }

    async fn close(&mut self, closed: Vec<Closed>) -> Result<(), MirrorError> {
        let mut missing = Vec::new();
        for seen in closed {
            if self.ended.contains(&seen.order) {
                continue;
            }
            let mut conn = self.pool.acquire().await?;
            match ending(&mut conn, seen.order).await? {
                Ending::Written => {
                    self.ended.insert(seen.order);
                }
                Ending::Missing { next } if seen.completed => missing.push((seen.order, Some(next))),
                // A workflow that was reset has ended, and goes on as another of its runs.
                Ending::Missing { .. } if self.is_open(seen.order).await? => {}
                Ending::Missing { .. } => {
                    if store::note_stopped(&mut conn, seen.order, seen.at).await? {
                        tracing::warn!(order.id = %seen.order, "the workflow of an open order was ended from outside");
                    }
                    self.ended.insert(seen.order);
                }
                Ending::NotOurs => {}
            }
        }
        self.fill_all(missing).await;
        Ok(())
    }

    async fn is_open(&self, order: OrderId) -> Result<bool, ClientError> {
        match self.client.describe(order).await {
            Ok(standing) => Ok(standing.open),
            Err(ClientError::NotFound) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Fills in what is missing of orders, from a number on where it is known. Answers those that lack nothing now; it
    /// takes no longer than [`PATIENCE`].
    async fn fill_all(&self, orders: Vec<(OrderId, Option<u64>)>) -> Vec<OrderId> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut filled = stream::iter(orders)
            .map(|(order, next)| async move { (order, self.fill(order, next).await) })
            .buffer_unordered(AT_A_TIME);
        let mut whole = Vec::new();
        while let Ok(Some((order, result))) = tokio::time::timeout_at(deadline, filled.next()).await {
            match result {
                Ok(()) => whole.push(order),
                Err(cause) if cause.is_permanent() => {
                    tracing::error!(order.id = %order, cause = %crate::error::chain(&cause), "an order can't be mended");
                    whole.push(order);
                }
                Err(cause) => {
                    tracing::debug!(order.id = %order, cause = %crate::error::chain(&cause), "an order can't be mended yet");
                }
            }
        }
        whole
    }

    async fn fill(&self, order: OrderId, next: Option<u64>) -> Result<(), MirrorError> {
        let mut conn = self.pool.acquire().await?;
        let next = match next {
            Some(next) => next,
            None => match next_event(&mut conn, order).await? {
                Some(next) => next,
                None => return Ok(()),
            },
        };
        drop(conn);
        let mut reading = self.client.events_from(order, next);
        loop {
            let page = match reading.next_page().await {
                Ok(Some(page)) => page,
                // It was never started, or Temporal has forgotten it: there is nothing to read.
                Ok(None) | Err(ClientError::NotFound) => return Ok(()),
                Err(other) => return Err(other.into()),
            };
            let mut conn = self.pool.acquire().await?;
            match apply_events(&mut conn, order, &page).await? {
                Outcome::Applied { .. } => {}
                Outcome::UnknownOrder => return Ok(()),
                stuck @ (Outcome::Gap { .. } | Outcome::Refused { .. } | Outcome::Failed { .. }) => {
                    tracing::error!(order.id = %order, ?stuck, "the order events of a workflow can't be applied");
                    return Ok(());
                }
            }
        }
    }
}

/// What Postgres knows of an order's end.
enum Ending {
    /// It is written.
    Written,
    /// It is not, and this is the number of the first event that Postgres lacks.
    Missing { next: u64 },
    /// It is not an order of ours.
    NotOurs,
}

async fn ending(conn: &mut PgConnection, order: OrderId) -> Result<Ending, DatabaseError> {
    /// The end may be followed by the news that the customer sees something else, or nothing.
    const LAST: u32 = 4;
    let Some(next) = next_event(conn, order).await? else { return Ok(Ending::NotOurs) };
    let after = next.checked_sub(u64::from(LAST) + 1);
    let last = store::load_events(conn, order, after, LAST).await?;
    let ended = |event: &OrderEvent| event.fact.order_state().is_some_and(OrderState::is_final);
    Ok(if last.iter().any(ended) { Ending::Written } else { Ending::Missing { next } })
}

/// The number of the first event that Postgres lacks; none if it does not know the order.
async fn next_event(conn: &mut PgConnection, order: OrderId) -> Result<Option<u64>, DatabaseError> {
    match apply_events(conn, order, &[]).await? {
        Outcome::Applied { next } => Ok(Some(next)),
        Outcome::Gap { .. } | Outcome::Refused { .. } | Outcome::Failed { .. } | Outcome::UnknownOrder => {
            Ok(None)
        }
    }
}

fn before(at: Timestamp, length: model::Duration) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_sub_unsigned(length.as_millis()))
}
