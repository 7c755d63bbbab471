//! The record of what happened: one order's events, and those of all orders in the order they were committed.

use std::fmt;
use std::str::FromStr;

use model::{Fact, InvalidName, OrderEvent, OrderId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::columns::{At, Whole, bigint, column, json};
use crate::database::{DatabaseError, cannot};

/// Most events that one call loads: a page that a reader can hold.
pub const EVENT_PAGE: u32 = 1_000;

/// A place in the stream of all orders' events. Its text is opaque to readers; they hand back what they got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCursor {
    transaction: u64,
    position: u64,
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction, self.position)
    }
}

impl FromStr for EventCursor {
    type Err = InvalidName;
    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let read = || {
            let (transaction, position) = given.split_once('-')?;
            Some(Self { transaction: transaction.parse().ok()?, position: position.parse().ok()? })
        };
        read().ok_or_else(|| InvalidName {
            text: given.chars().take(80).collect(),
            expected: "an event cursor (as it was handed out)",
        })
    }
}

/// An order event with all that its envelope needs (CloudEvents: `type` and `data` are the fact's, `time` its
/// instant, `subject` the order).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicEvent {
    /// Where to go on after it.
    pub cursor: EventCursor,
    /// Whose it is.
    pub order: OrderId,
    /// What happened.
    pub event: OrderEvent,
}

impl PublicEvent {
    /// The same for every delivery of this event, and for no other: `order/number`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.order, self.event.number)
    }
}

/// An event as it is read from its row.
pub(crate) struct EventColumns {
    pub(crate) number: Whole<u64>,
    pub(crate) at: At,
    pub(crate) r#type: String,
    pub(crate) data: serde_json::Value,
}

impl TryFrom<EventColumns> for OrderEvent {
    type Error = sqlx::Error;
    fn try_from(row: EventColumns) -> Result<Self, sqlx::Error> {
        let fact = serde_json::json!({ "type": row.r#type, "data": row.data });
        let fact: Fact = model::from_json(&fact).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?;
        Ok(Self { number: row.number.0, at: row.at.0, fact })
    }
}

/// One event of an order.
pub(crate) async fn load_event(
    conn: &mut PgConnection,
    order: OrderId,
    number: u64,
) -> Result<Option<OrderEvent>, sqlx::Error> {
    let row = sqlx::query_as!(
        EventColumns,
        r#"
        select number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where order_id = $1 and number = $2
        "#,
        order.uuid(),
        bigint(number),
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// The event by which an order was amended last, or last before the event of this number.
pub(crate) async fn last_amendment(
    conn: &mut PgConnection,
    order: OrderId,
    before: Option<u64>,
) -> Result<Option<OrderEvent>, sqlx::Error> {
    let row = sqlx::query_as!(
        EventColumns,
        r#"
        select number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where order_id = $1 and type = 'OrderAmended' and ($2::bigint is null or number < $2)
        order by number desc
        limit 1
        "#,
        order.uuid(),
        before.map(bigint),
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// The events of an order by number, from the first or after `after`, at most `limit` and at most
/// [`EVENT_PAGE`]. None for an unknown order.
///
/// # Errors
/// Postgres is away, or a stored event can't be read.
pub async fn load_events(
    conn: &mut PgConnection,
    order: OrderId,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<OrderEvent>, DatabaseError> {
    let rows = sqlx::query_as!(
        EventColumns,
        r#"
        select number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where order_id = $1 and number > $2
        order by number
        limit $3
        "#,
        order.uuid(),
        after.map_or(-1, bigint),
        i64::from(limit.min(EVENT_PAGE)),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("load order events"))?;
    rows.into_iter().map(|row| row.try_into().map_err(cannot("read an order event"))).collect()
}

/// The events of all orders after `after`, in an order in which nothing is ever added behind a cursor; at
/// most `limit` and at most [`EVENT_PAGE`]. Two events of one order come in the order of their numbers.
///
/// Events show up once every transaction that began before theirs has ended: at once, or late, never out of
/// order.
///
/// # Errors
/// Postgres is away, or a stored event can't be read.
pub async fn tail_events(
    conn: &mut PgConnection,
    after: EventCursor,
    limit: u32,
) -> Result<Vec<PublicEvent>, DatabaseError> {
    struct Row {
        transaction: String,
        position: Whole<u64>,
        order_id: Uuid,
        number: Whole<u64>,
        at: At,
        r#type: String,
        data: serde_json::Value,
    }
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            transaction::text as "transaction!", position as "position: _", order_id,
            number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where (transaction, position) > ($1::text::xid8, $2)
          and transaction < pg_snapshot_xmin(pg_current_snapshot())
        order by transaction, position
        limit $3
        "#,
        after.transaction.to_string(),
        bigint(after.position),
        i64::from(limit.min(EVENT_PAGE)),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("load the events of all orders"))?;
    let read = |row: Row| {
        let transaction = row.transaction.parse().map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?;
        let event = EventColumns { number: row.number, at: row.at, r#type: row.r#type, data: row.data };
        Ok(PublicEvent {
            cursor: EventCursor { transaction, position: row.position.0 },
            order: OrderId::new(row.order_id),
            event: event.try_into()?,
        })
    };
    rows.into_iter().map(|row| read(row).map_err(cannot("read an order event"))).collect()
}

/// Writes events that were just applied, in the order given.
pub(crate) async fn insert_events(
    conn: &mut PgConnection,
    events: &[(OrderId, &OrderEvent)],
) -> Result<(), sqlx::Error> {
    #[derive(serde::Serialize)]
    struct Data<'a>(&'a serde_json::Value);
    let mut data = Vec::with_capacity(events.len());
    for (_, event) in events {
        let fact = serde_json::to_value(&event.fact).map_err(|cause| sqlx::Error::Encode(Box::new(cause)))?;
        data.push(json(&Data(fact.get("data").unwrap_or(&serde_json::Value::Null)))?);
    }
    sqlx::query!(
        r#"
        insert into order_events (order_id, number, at, type, data)
        select new.order_id, new.number, new.at, new.type, new.data::json
        from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[])
            with ordinality as new (order_id, number, at, type, data, place)
        order by new.place
        "#,
        &column(events, |(order, _)| order.uuid()),
        &column(events, |(_, event)| bigint(event.number)),
        &column(events, |(_, event)| At(event.at)) as _,
        &column(events, |(_, event)| event.fact.name()) as _,
        &data,
    )
    .execute(conn)
    .await?;
    Ok(())
}
