//! Wakes live streams when their order has new events: one connection listens for all streams of the process.
//!
//! News only say that there is something to read. A stream that hears nothing for a while reads all the same,
//! so a broken listener costs seconds of delay and no event.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::OrderId;
use sqlx::PgPool;
use store::{Heard, Listener};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long to wait before listening again after Postgres went away.
const RECONNECT_PAUSE: Duration = Duration::from_secs(2);

/// Who waits for news of which order. Has an entry per order that a live stream follows or a reader waits for, and
/// so is bounded as they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct News(Arc<Mutex<BTreeMap<OrderId, watch::Sender<()>>>>);

/// Hears of one order while it is held.
#[derive(Debug)]
pub(crate) struct Subscription {
    news: News,
    order: OrderId,
    receiver: watch::Receiver<()>,
}

impl News {
    /// Hears of every event of an order that is committed from now on.
    pub(crate) fn subscribe(&self, order: OrderId) -> Subscription {
        let receiver = self.waiting().entry(order).or_insert_with(|| watch::Sender::new(())).subscribe();
        Subscription { news: self.clone(), order, receiver }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<OrderId, watch::Sender<()>>> {
        // The map is whole after every operation on it, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, order: OrderId) {
        if let Some(sender) = self.waiting().get(&order) {
            sender.send_replace(());
        }
    }

    fn wake_all(&self) {
        self.waiting().values().for_each(|sender| sender.send_modify(|()| {}));
    }

    /// Listens until `ending`, through every outage of Postgres.
    pub(crate) async fn listen(&self, pool: &PgPool, ending: &CancellationToken) {
        let listening = async {
            loop {
                if let Err(error) = self.listen_once(pool).await {
                    tracing::warn!(error = crate::error::chain(&error), "live streams hear nothing for now");
                }
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
        };
        ending.run_until_cancelled(listening).await;
    }

    async fn listen_once(&self, pool: &PgPool) -> Result<(), store::DatabaseError> {
        let mut listener = Listener::connect(pool).await?;
        self.wake_all();
        loop {
            match listener.next().await? {
                Heard::Events { order, newest: _ } => self.wake(order),
                Heard::Interrupted => self.wake_all(),
            }
        }
    }
}

impl Subscription {
    /// Waits for news, or for `patience` without any.
    pub(crate) async fn wait(&mut self, patience: Duration) {
        // The sender lives in the map for as long as this subscription does.
        let _ = tokio::time::timeout(patience, self.receiver.changed()).await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut waiting = self.news.waiting();
        // This receiver is still counted.
        if waiting.get(&self.order).is_some_and(|sender| sender.receiver_count() <= 1) {
            waiting.remove(&self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_for_an_order_are_woken_and_nobody_else() {
        let news = News::default();
        let (a, b) = (OrderId::new(Uuid::from_u128(1)), OrderId::new(Uuid::from_u128(2)));
        let (mut first, mut second, mut other) = (news.subscribe(a), news.subscribe(a), news.subscribe(b));
        let start = tokio::time::Instant::now();
        news.wake(a);
        first.wait(LONG).await;
        second.wait(LONG).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        other.wait(LONG).await;
        assert_eq!(start.elapsed(), LONG);
    }

    #[test]
    fn orders_that_nobody_follows_take_no_room() {
        let news = News::default();
        let order = OrderId::new(Uuid::from_u128(1));
        let (first, second) = (news.subscribe(order), news.subscribe(order));
        drop(first);
        assert_eq!(news.waiting().len(), 1);
        drop(second);
        assert_eq!(news.waiting().len(), 0);
    }
}
