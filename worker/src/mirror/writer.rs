//! Writes what is known to be true: one batch across orders at a time, the next one gathering meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contract::{ClientError, OrderClient, Standing};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use model::{Fact, OrderEvent, OrderId, OrderState};
use sqlx::PgPool;
use store::{Attempt, Outcome, apply_batch, record_attempts};
use tokio::sync::{mpsc, watch};

use super::News;
use super::error::MirrorError;
use super::held::{Due, Held, is_stale};
use super::mender::MendQueue;
use crate::clock;
use crate::measure::MirrorMeter;

/// How long a batch gathers, for Postgres to commit once for many orders. Readers hardly notice.
const LINGER: Duration = Duration::from_millis(100);

/// How long it gathers once it holds something that somebody waits for.
const HURRY: Duration = Duration::from_millis(15);

/// Most events of one batch.
const BATCH: usize = 500;

/// Most events and attempts in memory while Postgres is away: about 100 MB. What comes after is read from the workflows
/// once Postgres is back.
const BUFFER: usize = 100_000;

/// Most looks at orders that are under way at a time.
const LOOKS: usize = 16;

/// The rest after Postgres did not take a batch, doubled up to the longest: it is to catch up within seconds.
const FIRST_REST: Duration = Duration::from_millis(100);
const LONGEST_REST: Duration = Duration::from_secs(2);

/// How long the last events of a worker that ends may take.
const LAST_WORDS: Duration = Duration::from_secs(10);

type Batch = (Vec<(OrderId, Vec<OrderEvent>)>, Vec<Attempt>);
type Write = BoxFuture<'static, (Batch, Result<Vec<(OrderId, Outcome)>, MirrorError>)>;
type Look = BoxFuture<'static, (OrderId, Instant, Result<Standing, ClientError>)>;

/// The writer of one worker.
pub(super) struct Writer {
    pool: PgPool,
    client: OrderClient,
    mender: MendQueue,
    lost: Arc<AtomicBool>,
    held: Held,
    /// Events to be written.
    ready: BTreeMap<OrderId, Vec<OrderEvent>>,
    ready_events: usize,
    /// Whether somebody waits for one of them.
    awaited: bool,
    attempts: Vec<Attempt>,
    /// The batch that is being written, if one is.
    writing: FuturesUnordered<Write>,
    /// When the next batch may be written.
    write_at: Option<Instant>,
    rest: Duration,
    /// Whether somebody was told that reports come late.
    warned_late: bool,
    looks: FuturesUnordered<Look>,
    meter: MirrorMeter,
}

impl Writer {
    pub(super) fn new(pool: PgPool, client: OrderClient, mender: MendQueue, lost: Arc<AtomicBool>) -> Self {
        Self {
            pool,
            client,
            mender,
            lost,
            held: Held::default(),
            ready: BTreeMap::new(),
            ready_events: 0,
            awaited: false,
            attempts: Vec::new(),
            writing: FuturesUnordered::new(),
            write_at: None,
            rest: FIRST_REST,
            warned_late: false,
            looks: FuturesUnordered::new(),
            meter: MirrorMeter::new(),
        }
    }

    /// Writes until it is told to stop and the queue is empty. True if nothing was left behind.
    pub(super) async fn run(
        mut self,
        mut queue: mpsc::Receiver<News>,
        mut stop: watch::Receiver<bool>,
    ) -> bool {
        let mut deadline = None;
        let mut open = true;
        loop {
            self.look_at_due();
            self.begin_write();
            self.meter.held(self.held.len());
            if !open && self.is_idle() {
                return !self.lost.load(Ordering::Relaxed);
            }
            let wake = [self.held.next_due(), self.write_at, deadline].into_iter().flatten().min();
            tokio::select! {
                news = queue.recv(), if open => match news {
                    Some(news) => self.hear(news),
                    None => open = false,
                },
                Some((batch, result)) = self.writing.next() => self.written(batch, result),
                Some((order, looked, standing)) = self.looks.next() => self.looked(order, looked, standing),
                Ok(()) = stop.changed(), if deadline.is_none() => {
                    deadline = Some(Instant::now() + LAST_WORDS);
                }
                () = sleep_until(wake) => {
                    if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                        return false;
                    }
                }
            }
        }
    }

    /// Whether Postgres did not take the last batch.
    fn is_resting(&self) -> bool {
        self.rest > FIRST_REST
    }

    fn is_idle(&self) -> bool {
        self.held.len() == 0 && self.ready.is_empty() && self.attempts.is_empty() && self.writing.is_empty()
    }

    fn hear(&mut self, news: News) {
        let now = Instant::now();
        match news {
            News::Progress(progress) if is_stale(&progress, clock::now()) => {
                if !std::mem::replace(&mut self.warned_late, true) {
                    tracing::warn!(
                        "a workflow task took seconds, or the clocks of this machine and Temporal's differ; what comes late \
                         is read from the workflows again"
                    );
                }
                self.mender.mend(progress.order);
            }
            News::Progress(progress) => {
                let order = progress.order;
                let taken = self.held.take(progress, now);
                self.add(order, taken);
            }
            News::CallRuns { order, ordered_at } => {
                let taken = self.held.call_runs(order, ordered_at, now);
                self.add(order, taken);
            }
            News::RunEnded { run } => {
                if let Some((order, taken)) = self.held.run_ended(&run) {
                    self.add(order, taken);
                }
            }
            News::Attempt(attempt) => self.attempts.push(attempt),
        }
        if self.ready_events + self.held.len() + self.attempts.len() > BUFFER {
            tracing::warn!("Postgres has been away for long: {BUFFER} events are given up, to be read later");
            self.lost.store(true, Ordering::Relaxed);
            self.held.clear();
            self.ready.clear();
            self.ready_events = 0;
            self.attempts.clear();
        }
        self.gather();
    }

    fn add(&mut self, order: OrderId, mut events: Vec<OrderEvent>) {
        if !events.is_empty() {
            self.ready_events += events.len();
            self.awaited |= events.iter().any(is_awaited);
            self.ready.entry(order).or_default().append(&mut events);
            self.gather();
        }
    }

    /// Sees to it that what is there will be written.
    fn gather(&mut self) {
        let something = !self.ready.is_empty() || !self.attempts.is_empty();
        if !something || !self.writing.is_empty() || self.is_resting() {
            return;
        }
        let at = Instant::now() + if self.awaited { HURRY } else { LINGER };
        self.write_at = Some(self.write_at.map_or(at, |before| before.min(at)));
    }

    fn begin_write(&mut self) {
        if !self.writing.is_empty() || self.write_at.is_none_or(|at| at > Instant::now()) {
            return;
        }
        self.write_at = None;
        self.awaited = false;
        let mut events = Vec::new();
        let mut size = 0;
        while size < BATCH
            && let Some((order, of_order)) = self.ready.pop_first()
        {
            size += of_order.len();
            events.push((order, of_order));
        }
        self.ready_events -= size;
        let attempts = self.attempts.drain(..self.attempts.len().min(BATCH)).collect();
        let pool = self.pool.clone();
        self.writing.push(Box::pin(async move {
            let batch = (events, attempts);
            let result = write(&pool, &batch).await;
            (batch, result)
        }));
    }

    fn written(&mut self, batch: Batch, result: Result<Vec<(OrderId, Outcome)>, MirrorError>) {
        match result {
            Ok(outcomes) => {
                self.rest = FIRST_REST;
                self.meter.committed(&batch.0, clock::now());
                for (order, events) in &batch.0 {
                    let ends =
                        |event: &OrderEvent| event.fact.order_state().is_some_and(OrderState::is_final);
                    if events.iter().any(ends) {
                        self.mender.ended(*order);
                    }
                    for event in events {
                        // Its row is there now. What it told before that was not taken.
                        if let Fact::ChildOrderStarted { order: child, .. } = &event.fact {
                            self.mender.mend(*child);
                        }
                    }
                }
                for (order, outcome) in outcomes {
                    self.heed(order, outcome);
                }
                self.gather();
            }
            Err(cause) => {
                let cause = crate::error::chain(&cause);
                tracing::warn!(%cause, "Postgres does not take order events; they wait");
                let (events, mut attempts) = batch;
                for (order, mut of_order) in events {
                    self.ready_events += of_order.len();
                    let later = self.ready.remove(&order).unwrap_or_default();
                    of_order.extend(later);
                    self.ready.insert(order, of_order);
                }
                attempts.append(&mut self.attempts);
                self.attempts = attempts;
                self.write_at = Some(Instant::now() + self.rest);
                self.rest = (self.rest * 2).min(LONGEST_REST);
            }
        }
    }

    fn heed(&mut self, order: OrderId, outcome: Outcome) {
        match outcome {
            Outcome::Applied { .. } => {}
            Outcome::Gap { expected } => {
                tracing::info!(order.id = %order, expected, "order events are missing from {expected} on");
                self.mender.mend(order);
            }
            Outcome::Refused { number, cause } => {
                let cause = crate::error::chain(&cause);
                tracing::error!(order.id = %order, number, %cause, "an order event does not follow from those before it");
            }
            Outcome::Failed { cause } => {
                let cause = crate::error::chain(&cause);
                tracing::error!(order.id = %order, %cause, "Postgres refuses the events of an order");
            }
            // A child order whose parent is not so far here, and which will be mended; or one that somebody started without us.
            Outcome::UnknownOrder => tracing::debug!(order.id = %order, "an order is not known to Postgres"),
        }
    }

    fn look_at_due(&mut self) {
        let room = LOOKS.saturating_sub(self.looks.len());
        for (order, due) in self.held.due(Instant::now(), room) {
            match due {
                Due::Mend => self.mender.mend(order),
                Due::Look => {
                    let client = self.client.clone();
                    self.looks.push(Box::pin(async move {
                        let looked = Instant::now();
                        (order, looked, client.describe(order).await)
                    }));
                }
            }
        }
    }

    fn looked(&mut self, order: OrderId, looked: Instant, standing: Result<Standing, ClientError>) {
        match standing {
            Ok(standing) => {
                let taken = self.held.stands(order, &standing, looked);
                self.add(order, taken);
            }
            // It is looked at again, and read from the workflow after a while.
            Err(cause) => tracing::debug!(order.id = %order, %cause, "an order can't be looked at"),
        }
    }
}

/// Whether somebody is likely to wait for an order event: for the end of an order, for one that needs a person, or for
/// what became of a request.
fn is_awaited(event: &OrderEvent) -> bool {
    let state = event.fact.order_state();
    state.is_some_and(|state| state.is_final() || state == OrderState::Held)
        || event.fact.delivery().is_some()
}

async fn write(pool: &PgPool, batch: &Batch) -> Result<Vec<(OrderId, Outcome)>, MirrorError> {
    let (events, attempts) = batch;
    let mut conn = pool.acquire().await?;
    let outcomes = apply_batch(&mut conn, events).await?;
    match record_attempts(&mut conn, attempts).await {
        // Events are applied once, attempts any number of times: both are sent again.
        Err(outage) if !outage.is_permanent() => return Err(outage.into()),
        Err(cause) => {
            tracing::error!(cause = %crate::error::chain(&cause), "attempts can't be recorded");
        }
        Ok(()) => {}
    }
    Ok(outcomes)
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
