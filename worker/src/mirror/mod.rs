//! The mirror: what happens to orders, written to Postgres for people to read.
//!
//! Workflows and activities hand over what happens and never wait. `held` keeps events until Temporal is known to have
//! them, `writer` applies them in batches across orders, `mender` fills what is missing from the workflows themselves: gaps, orders
//! that stood still when a worker was lost, orders whose end never came through.
//!
//! - **Invariant:** Postgres never has an order event that the order's history does not lead to.
//! - **Invariant:** no order waits for Postgres.

mod attempt;
mod error;
mod held;
mod mender;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::OrderClient;
use model::{CallRequest, OrderId};
use sqlx::PgPool;
use store::WorkerId;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::workflow::{Outlet, Progress};
use attempt::AttemptRecord;
use mender::{MendQueue, Mender};
use writer::Writer;

/// Most pieces of news on their way to the writer, which takes them in microseconds; a full queue means that this process
/// does not get to run.
const QUEUE: usize = 20_000;

/// What workflows and activities have to tell.
#[derive(Debug)]
enum News {
    /// An order has come to something.
    Progress(Progress),
    /// A call runs that was ordered by the order's workflow task at this length of the history.
    CallRuns { order: OrderId, ordered_at: u32 },
    /// Temporal took the end of a workflow run.
    RunEnded { run: String },
    /// An attempt has begun or ended.
    Attempt(store::Attempt),
}

/// Takes news for the mirror. Never waits; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct MirrorHandle {
    news: mpsc::Sender<News>,
    /// Whether something had to be given up.
    lost: Arc<AtomicBool>,
}

impl MirrorHandle {
    /// A call runs that was ordered by the order's workflow task at this length of the history.
    pub(crate) fn call_runs(&self, order: OrderId, ordered_at: u32) {
        self.tell(News::CallRuns { order, ordered_at });
    }

    /// Temporal took the end of a workflow run.
    pub(crate) fn run_ended(&self, run: &str) {
        self.tell(News::RunEnded { run: run.to_owned() });
    }

    /// An attempt begins.
    pub(crate) fn attempt(&self, request: &CallRequest, generation: u32) -> AttemptRecord {
        AttemptRecord::begin(self.clone(), request, generation)
    }

    fn tell(&self, news: News) {
        if self.news.try_send(news).is_err() {
            self.lost.store(true, Ordering::Relaxed);
        }
    }
}

impl Outlet for MirrorHandle {
    fn take(&self, progress: Progress) {
        self.tell(News::Progress(progress));
    }
}

/// The running mirror of one worker.
pub(crate) struct Mirror {
    handle: MirrorHandle,
    stop: watch::Sender<bool>,
    writer: JoinHandle<bool>,
    /// None if the worker carries out no orders: it has no order events, and nobody's are lost with it.
    mender: Option<JoinHandle<()>>,
}

impl Mirror {
    /// Begins to mirror what a worker does that makes calls and carries out no orders: their attempts.
    pub(crate) fn of_calls(pool: PgPool, client: OrderClient) -> Self {
        let (news, queue) = mpsc::channel(QUEUE);
        let (stop, stopped) = watch::channel(false);
        let lost = Arc::new(AtomicBool::new(false));
        let writer = Writer::new(pool, client, MendQueue::closed(lost.clone()), lost.clone());
        let writer = tokio::spawn(writer.run(queue, stopped));
        Self { handle: MirrorHandle { news, lost }, writer, mender: None, stop }
    }

    /// Begins to mirror what becomes of orders. `name` is what people know the worker by.
    pub(crate) fn start(id: WorkerId, name: String, pool: PgPool, client: OrderClient) -> Self {
        let (news, queue) = mpsc::channel(QUEUE);
        let (stop, stopped) = watch::channel(false);
        let handle = MirrorHandle { news, lost: Arc::new(AtomicBool::new(false)) };
        let (mender, mending) = Mender::new(id, name, pool.clone(), client.clone(), handle.lost.clone());
        let writer = Writer::new(pool, client, mender, handle.lost.clone());
        Self {
            handle,
            writer: tokio::spawn(writer.run(queue, stopped.clone())),
            mender: Some(tokio::spawn(mending.run(stopped))),
            stop,
        }
    }

    /// Where news is taken.
    pub(crate) fn handle(&self) -> MirrorHandle {
        self.handle.clone()
    }

    /// Writes what is left, and ends. Whatever could not be written is mended by the next worker.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(true);
        drop(self.handle);
        let clean = self.writer.await.unwrap_or(false);
        let Some(mender) = self.mender else {
            if !clean {
                tracing::warn!("the last attempts of calls are not recorded; what came of them is");
            }
            return;
        };
        if !clean {
            tracing::warn!("the mirror ends behind; what is missing will be read from the workflows");
            mender.abort();
        }
        let _ = mender.await;
    }
}
