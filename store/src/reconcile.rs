//! What is compared with Temporal when somebody asks whether the two agree.

use model::{OrderId, OrderState, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::columns::{At, Whole, Word, column};
use crate::database::{DatabaseError, cannot};

/// An order that has not ended, as far as Postgres knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its id.
    pub order: OrderId,
    /// Its state.
    pub state: OrderState,
    /// The number of the first event that Postgres lacks.
    pub next_event: u64,
    /// When it was accepted.
    pub submitted_at: Timestamp,
    /// When the last event happened that Postgres has.
    pub updated_at: Timestamp,
    /// When its workflow was ended from outside, if that is known.
    pub stopped_at: Option<Timestamp>,
    /// Whether a task of another order runs it, which starts it as well.
    pub is_child: bool,
    /// Whether it is promised to be started.
    pub is_promised: bool,
    /// Why it could not be started when that was tried last.
    pub last_error: Option<String>,
}

/// Orders that have not ended, by their ids, from the first or after `after`; at most `limit`.
///
/// # Errors
/// Postgres is away, or what is stored can't be read.
pub async fn open_orders(
    conn: &mut PgConnection,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OpenOrder>, DatabaseError> {
    let rows = sqlx::query!(
        r#"
        select
            orders.id, state as "state: Word<OrderState>", next_event as "next_event: Whole<u64>",
            submitted_at as "submitted_at: At", updated_at as "updated_at: At", stopped_at as "stopped_at: At",
            parent_id is not null as "is_child!", start.order_id is not null as "is_promised!", start.last_error as "last_error?"
        from orders
        left join lateral (
            select order_id, last_error from intents where order_id = orders.id and kind = 'start' order by intents.id limit 1
        ) start on true
        where ended_at is null and orders.id > $1
        order by orders.id
        limit $2
        "#,
        after.map_or(Uuid::nil(), |after| after.uuid()),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("list open orders"))?;
    let orders = rows.into_iter().map(|row| OpenOrder {
        order: OrderId::new(row.id),
        state: row.state.0,
        next_event: row.next_event.0,
        submitted_at: row.submitted_at.0,
        updated_at: row.updated_at.0,
        stopped_at: row.stopped_at.map(|at| at.0),
        is_child: row.is_child,
        is_promised: row.is_promised,
        last_error: row.last_error,
    });
    Ok(orders.collect())
}

/// Those of the orders that Postgres does not have.
///
/// # Errors
/// Postgres is away.
pub async fn unknown_orders(
    conn: &mut PgConnection,
    orders: &[OrderId],
) -> Result<Vec<OrderId>, DatabaseError> {
    let unknown = sqlx::query_scalar!(
        r#"
        select listed.id as "id!" from unnest($1::uuid[]) as listed (id)
        where not exists (select from orders where orders.id = listed.id)
        order by listed.id
        "#,
        &column(orders, |order| order.uuid()),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("find orders that are not there"))?;
    Ok(unknown.into_iter().map(OrderId::new).collect())
}

/// Those of the orders that have ended, as far as Postgres knows, and when.
///
/// # Errors
/// Postgres is away.
pub async fn ended_orders(
    conn: &mut PgConnection,
    orders: &[OrderId],
) -> Result<Vec<(OrderId, Timestamp)>, DatabaseError> {
    let ended = sqlx::query!(
        r#"select id, ended_at as "ended_at!: At" from orders where id = any($1) and ended_at is not null order by id"#,
        &column(orders, |order| order.uuid()),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("find orders that have ended"))?;
    Ok(ended.into_iter().map(|row| (OrderId::new(row.id), row.ended_at.0)).collect())
}

/// Promises to start an order that nothing is known of to have been started. False if that is promised already, and then it is
/// due now.
///
/// # Errors
/// Postgres is away; nothing is promised.
pub async fn promise_start(
    conn: &mut PgConnection,
    order: OrderId,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let hurried = sqlx::query!(
        "update intents set due_at = $2 where order_id = $1 and kind = 'start' and due_at > $2 and last_error is not null",
        order.uuid(),
        At(now) as _,
    )
    .execute(&mut *conn)
    .await
    .map_err(cannot("hurry the start of an order"))?;
    if hurried.rows_affected() > 0 {
        return Ok(false);
    }
    let promised = sqlx::query!(
        r#"
        insert into intents (order_id, kind, payload, created_at, due_at)
        select id, 'start', 'null'::json, $2, $2 from orders
        where id = $1 and not exists (select from intents where intents.order_id = orders.id and kind = 'start')
        "#,
        order.uuid(),
        At(now) as _,
    )
    .execute(conn)
    .await
    .map_err(cannot("promise to start an order"))?;
    Ok(promised.rows_affected() > 0)
}
