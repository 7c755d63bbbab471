//! What an order's record says of what was delivered to it: signals, cancels, and what people did.
//!
//! Deliveries are found by the text of their events, not by their JSON: Postgres can't look into a document with the
//! character NUL in it, which payloads may have. What is found by its text is read, and then compared.

use model::{DeliveryId, Fact, OrderEvent, OrderId, SignalName, TaskId, Timestamp};
use sqlx::PgConnection;

use crate::database::{DatabaseError, cannot};
use crate::events::EventColumns;

/// A signal that came before the task it is for waited for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSignal {
    /// Its delivery.
    pub id: DeliveryId,
    /// Its name.
    pub signal: SignalName,
    /// The task that it names; without it, the first that will wait for such a signal takes it.
    pub task: Option<TaskId>,
    /// Since when it is kept.
    pub at: Timestamp,
}

/// What became of a delivery, as its order's events tell it, oldest first. Empty if nobody has told Postgres of it: it has
/// not come, or only just.
///
/// # Errors
/// Postgres is away, or a stored event can't be read.
pub async fn load_delivery(
    conn: &mut PgConnection,
    order: OrderId,
    id: &DeliveryId,
) -> Result<Vec<OrderEvent>, DatabaseError> {
    let rows = sqlx::query_as!(
        EventColumns,
        r#"
        select number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where order_id = $1
          and type in (
              'CancelRequested', 'CancelAccepted', 'CancelRefused', 'ItemCancelAccepted', 'ItemCancelRefused', 'OperatorActed',
              'SignalKept', 'SignalReceived', 'SignalRefused', 'OrderPaused', 'PauseLifted', 'OrderAmended', 'AmendmentRefused'
          )
          and strpos(data::text, $2) > 0
        order by number
        "#,
        order.uuid(),
        written(id),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("look for a delivery"))?;
    let mut events = read(rows).map_err(cannot("read a delivery"))?;
    events.retain(|event| event.fact.delivery() == Some(id));
    Ok(events)
}

/// The signals that are kept for an order's tasks, oldest first.
pub(crate) async fn select_kept(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<KeptSignal>, sqlx::Error> {
    let rows = sqlx::query_as!(
        EventColumns,
        r#"
        select number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where order_id = $1 and type = 'SignalKept'
        order by number
        "#,
        order.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    let Some(first) = rows.first().map(|row| row.number) else { return Ok(Vec::new()) };
    let mut kept: Vec<KeptSignal> = read(rows)?.into_iter().filter_map(KeptSignal::of).collect();
    let ids: Vec<String> = kept.iter().map(|signal| written(&signal.id)).collect();
    let rows = sqlx::query_as!(
        EventColumns,
        r#"
        select number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where order_id = $1 and number > $2
          and (
              type in ('OrderRollingBack', 'CancelAccepted')
              or type in ('SignalReceived', 'SignalRefused')
                  and exists (select from unnest($3::text[]) as kept (id) where strpos(data::text, kept.id) > 0)
          )
        order by number
        "#,
        order.uuid(),
        crate::columns::bigint(first.0),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    for event in read(rows)? {
        if let Fact::OrderRollingBack { .. } | Fact::CancelAccepted { .. } = event.fact {
            // An order that turns back takes no more signals.
            kept.clear();
        } else if let Some(id) = event.fact.delivery() {
            kept.retain(|signal| signal.id != *id);
        }
    }
    Ok(kept)
}

impl KeptSignal {
    fn of(event: OrderEvent) -> Option<Self> {
        let Fact::SignalKept { id, signal, task, payload: _ } = event.fact else { return None };
        Some(Self { id, signal, task, at: event.at })
    }
}

fn read(rows: Vec<EventColumns>) -> Result<Vec<OrderEvent>, sqlx::Error> {
    rows.into_iter().map(TryInto::try_into).collect()
}

/// How a delivery's id stands in the text of an event.
fn written(id: &DeliveryId) -> String {
    format!(r#""id":{}"#, serde_json::Value::from(id.as_str()))
}
