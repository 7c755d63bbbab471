//! Where handlers hand over what is to be carried at once.

use contract::Acceptance;
use model::OrderId;
use plan::Plan;
use store::IntentId;
use tokio::sync::{Mutex, Notify, mpsc};

/// How many accepted orders may wait to be started from memory: some seconds of a busy process. What does not
/// fit is started by the sweeper.
const QUEUE: usize = 1_024;

/// An order that was just accepted.
#[derive(Debug)]
pub(crate) struct Start {
    /// The order.
    pub(crate) order: OrderId,
    /// The promise to start it.
    pub(crate) intent: IntentId,
    /// What will be done.
    pub(crate) plan: Plan,
    /// The orders that must have ended before.
    pub(crate) after: Vec<OrderId>,
    /// The order as it was accepted.
    pub(crate) accepted: Acceptance,
}

/// Between handlers and those who keep their promises.
#[derive(Debug)]
pub(crate) struct Helm {
    starts: mpsc::Sender<Start>,
    /// Locked by the one that starts orders, for as long as it runs.
    pub(super) queue: Mutex<mpsc::Receiver<Start>>,
    promised: Notify,
}

impl Default for Helm {
    fn default() -> Self {
        let (starts, queue) = mpsc::channel(QUEUE);
        Self { starts, queue: Mutex::new(queue), promised: Notify::new() }
    }
}

impl Helm {
    /// Hands over an accepted order.
    pub(crate) fn start(&self, start: Start) {
        if let Err(full) = self.starts.try_send(start) {
            let order = full.into_inner().order;
            tracing::debug!(order.id = %order, "order {order} is left to the sweeper");
        }
    }

    /// Wakes the sweeper: there is a new intent that is due.
    pub(crate) fn wake(&self) {
        self.promised.notify_one();
    }

    /// Waits to be woken.
    pub(super) async fn promised(&self) {
        self.promised.notified().await;
    }
}
