//! What was left behind: effects that a person accepted would not be taken back.
//!
//! A row says where to look; the order event that it points at has the arguments, the result, who accepted it and why.

use std::fmt;
use std::str::FromStr;

use model::{
    Actor, Customer, ExternalId, Fact, InvalidName, OrderEvent, OrderId, SystemName, TaskId, Timestamp, Value,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::columns::{At, Whole, Word, bigint, column};
use crate::database::{DatabaseError, cannot};
use crate::events::EventColumns;

/// Most of what was left behind on one page of a list.
pub const RESIDUE_PAGE: u32 = 200;

/// An effect that was left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residue {
    /// The order it was made for.
    pub order: OrderId,
    /// The sender's id of that order.
    pub external_id: Option<ExternalId>,
    /// Who ordered.
    pub customer: Customer,
    /// The number of the order event that tells of it.
    pub number: u64,
    /// When it was accepted.
    pub at: Timestamp,
    /// The task that made it.
    pub task: TaskId,
    /// `system.operation` that would have taken it back.
    pub call: String,
    /// The arguments of that call.
    pub arguments: Value,
    /// What the task brought back when it made it.
    pub result: Value,
    /// Who accepted it.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// What to list; what is not given does not narrow the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResidueFilter {
    /// What was left in this system.
    pub system: Option<SystemName>,
    /// What was left by this order and its child orders.
    pub order: Option<OrderId>,
    /// What was accepted then or later.
    pub since: Option<Timestamp>,
}

/// A place in a list of what was left behind. Its text is opaque to readers; they hand back what they got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResidueCursor {
    at: Timestamp,
    order: OrderId,
    number: u64,
}

impl fmt::Display for ResidueCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.at.as_millis(), self.order.uuid().simple(), self.number)
    }
}

impl FromStr for ResidueCursor {
    type Err = InvalidName;
    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let read = || {
            let (place, number) = given.rsplit_once('-')?;
            let (millis, order) = place.rsplit_once('-')?;
            let at = Timestamp::from_millis(millis.parse().ok()?);
            Some(Self { at, order: order.parse().ok()?, number: number.parse().ok()? })
        };
        read().ok_or_else(|| InvalidName {
            text: given.chars().take(80).collect(),
            expected: "a residue cursor (as it was handed out)",
        })
    }
}

/// A part of a list of what was left behind, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResiduePage {
    /// What was left behind.
    pub residue: Vec<Residue>,
    /// Where to go on; none if this is the end.
    pub next: Option<ResidueCursor>,
}

/// Writes a row for everything that these events tell was left behind.
pub(crate) async fn insert_residue(
    conn: &mut PgConnection,
    applied: &[(OrderId, &OrderEvent)],
) -> Result<(), sqlx::Error> {
    let left: Vec<(OrderId, &OrderEvent, &TaskId, &str)> = applied
        .iter()
        .filter_map(|(order, event)| {
            let Fact::ResidueAccepted { task, call, .. } = &event.fact else { return None };
            Some((*order, *event, task, call.as_str()))
        })
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        insert into residue (order_id, number, at, task, call)
        select * from unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[])
        "#,
        &column(&left, |(order, ..)| order.uuid()),
        &column(&left, |(_, event, ..)| bigint(event.number)),
        &column(&left, |(_, event, ..)| At(event.at)) as _,
        &column(&left, |(_, _, task, _)| task.to_string()),
        &column(&left, |(.., call)| *call) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
    order_id: Uuid,
    external_id: Option<Word<ExternalId>>,
    customer_id: String,
    customer_name: Option<String>,
    number: Whole<u64>,
    at: At,
    r#type: String,
    data: serde_json::Value,
}

impl TryFrom<Row> for Residue {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let columns = EventColumns { number: row.number, at: row.at, r#type: row.r#type, data: row.data };
        let OrderEvent { number, at, fact } = columns.try_into()?;
        let Fact::ResidueAccepted { task, call, arguments, result, by, reason } = fact else {
            return Err(sqlx::Error::Decode(format!("event {number} tells of no residue").into()));
        };
        Ok(Self {
            order: OrderId::new(row.order_id),
            external_id: row.external_id.map(|id| id.0),
            customer: Customer { id: row.customer_id, name: row.customer_name },
            number,
            at,
            task,
            call,
            arguments,
            result,
            by,
            reason,
        })
    }
}

/// Lists what was left behind, the newest first, from the first or after `after`, at most `limit` and at most
/// [`RESIDUE_PAGE`].
///
/// # Errors
/// Postgres is away, or a stored value can't be read.
pub async fn list_residue(
    conn: &mut PgConnection,
    filter: &ResidueFilter,
    after: Option<ResidueCursor>,
    limit: u32,
) -> Result<ResiduePage, DatabaseError> {
    let limit = limit.clamp(1, RESIDUE_PAGE);
    let mut rows = select_residue(conn, filter, after, limit).await.map_err(cannot("list what was left"))?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let residue = rows.into_iter().map(Residue::try_from).collect::<Result<Vec<_>, _>>();
    let residue = residue.map_err(cannot("read what was left"))?;
    let next = residue.last().filter(|_| more);
    let next = next.map(|last| ResidueCursor { at: last.at, order: last.order, number: last.number });
    Ok(ResiduePage { residue, next })
}

/// One more than `limit`, to see whether there are more.
async fn select_residue(
    conn: &mut PgConnection,
    filter: &ResidueFilter,
    after: Option<ResidueCursor>,
    limit: u32,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"
        select
            orders.id as "order_id", external_id as "external_id: _", customer_id, customer_name,
            told.number as "number: _", told.at as "at: _", told.type, told.data as "data: _"
        from residue
        join orders on orders.id = residue.order_id
        join order_events told on told.order_id = residue.order_id and told.number = residue.number
        where ($1::text is null or split_part(residue.call, '.', 1) = $1)
          and ($2::uuid is null or residue.order_id = any (array(select order_family($2))))
          and ($3::timestamptz is null or residue.at >= $3)
          and (
              $4::timestamptz is null or residue.at < $4
              or residue.at = $4 and (residue.order_id, residue.number) > ($5, $6)
          )
        order by residue.at desc, residue.order_id, residue.number
        limit $7
        "#,
        filter.system.as_ref().map(SystemName::as_str),
        filter.order.map(|order| order.uuid()),
        filter.since.map(At) as _,
        after.map(|cursor| At(cursor.at)) as _,
        after.map(|cursor| cursor.order.uuid()),
        after.map(|cursor| bigint(cursor.number)),
        i64::from(limit) + 1,
    )
    .fetch_all(conn)
    .await
}
