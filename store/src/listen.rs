//! Hears of new order events as they are committed, for live streams.

use model::OrderId;
use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{PgConnection, PgPool};

use crate::columns::{bigint, column};
use crate::database::{DatabaseError, cannot};

const CHANNEL: &str = "order_events";

/// What a listener hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An order has new events.
    Events {
        /// The order.
        order: OrderId,
        /// The number of the newest.
        newest: u64,
    },
    /// The connection broke and is there again. What came in between was not heard: read again from where you
    /// are.
    Interrupted,
}

/// A connection of its own that waits for news. It tells that there is something to read, not what.
#[derive(Debug)]
pub struct Listener(PgListener);

impl Listener {
    /// Connects as the pool does, beside it: a listener lasts, and must not use up the pool.
    ///
    /// # Errors
    /// Postgres is away.
    pub async fn connect(pool: &PgPool) -> Result<Self, DatabaseError> {
        let own = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_lazy_with(pool.connect_options().as_ref().clone());
        let mut listener = PgListener::connect_with(&own).await.map_err(cannot("listen for order events"))?;
        listener.listen(CHANNEL).await.map_err(cannot("listen for order events"))?;
        Ok(Self(listener))
    }

    /// Waits for the next news. Cancelling the wait loses nothing.
    ///
    /// # Errors
    /// The connection broke and could not be made again; drop the listener and connect anew after a while.
    pub async fn next(&mut self) -> Result<Heard, DatabaseError> {
        loop {
            match self.0.try_recv().await.map_err(cannot("hear of order events"))? {
                None => return Ok(Heard::Interrupted),
                Some(notification) => {
                    // Others may use the channel; what is not ours is not news.
                    if let Some(heard) = read(notification.payload()) {
                        return Ok(heard);
                    }
                }
            }
        }
    }
}

fn read(payload: &str) -> Option<Heard> {
    let (order, newest) = payload.split_once(' ')?;
    Some(Heard::Events { order: order.parse().ok()?, newest: newest.parse().ok()? })
}

/// Tells listeners, once the transaction commits, the newest event of each order.
pub(crate) async fn notify(conn: &mut PgConnection, news: &[(OrderId, u64)]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        select pg_notify($1, new.order_id::text || ' ' || new.number::text)
        from unnest($2::uuid[], $3::bigint[]) as new (order_id, number)
        "#,
        CHANNEL,
        &column(news, |(order, _)| order.uuid()),
        &column(news, |(_, newest)| bigint(*newest)),
    )
    .execute(conn)
    .await?;
    Ok(())
}
