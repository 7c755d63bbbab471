//! What there is to count, for those who watch a deployment: open orders, held tasks, promises not kept yet.

use model::{HoldFor, OrderState, Timestamp};
use sqlx::PgConnection;

use crate::columns::{At, Whole, Word};
use crate::database::{DatabaseError, cannot};

/// Most rows that one number counts: a bound on what counting costs, some tens of milliseconds.
pub const CENSUS_LIMIT: u32 = 100_000;

/// One count of everything. What there is none of is left out; no number exceeds [`CENSUS_LIMIT`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Orders that have not ended, by state.
    pub open_orders: Vec<(OrderState, u64)>,
    /// Orders whose workflow was ended from outside.
    pub stopped_orders: u64,
    /// Open orders that may not be done in time, or are late already.
    pub orders_at_risk: u64,
    /// Tasks that wait for a person, by whom they wait for.
    pub held_tasks: Vec<(HoldFor, u64)>,
    /// Intents that Temporal has not been told, by kind.
    pub intents: Vec<IntentCount>,
}

/// The intents of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentCount {
    /// `start`, `cancel`, `deliver` or `operate`.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// When the oldest was promised.
    pub oldest: Timestamp,
}

/// Counts.
///
/// # Errors
/// Postgres is away.
pub async fn take_census(conn: &mut PgConnection) -> Result<Census, DatabaseError> {
    struct Orders {
        state: Word<OrderState>,
        count: Whole<u64>,
    }
    struct Held {
        hold_for: Word<HoldFor>,
        count: Whole<u64>,
    }
    struct Intents {
        kind: String,
        count: Whole<u64>,
        oldest: At,
    }
    let limit = i64::from(CENSUS_LIMIT);
    let orders = sqlx::query_as!(
        Orders,
        r#"
        select state as "state: _", count(*) as "count!: _"
        from (select state from orders where ended_at is null limit $1) as open
        group by state order by state
        "#,
        limit,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(cannot("count open orders"))?;
    let stopped = sqlx::query_scalar!(
        r#"
        select count(*) as "count!: Whole<u64>"
        from (select from orders where stopped_at is not null limit $1) as stopped
        "#,
        limit,
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(cannot("count orders that were stopped"))?;
    let at_risk = sqlx::query_scalar!(
        r#"
        select count(*) as "count!: Whole<u64>"
        from (
            select from orders
            where (at_risk_since is not null or overdue_since is not null) and ended_at is null limit $1
        ) as late
        "#,
        limit,
    )
    .fetch_one(&mut *conn)
    .await
    .map_err(cannot("count orders at risk"))?;
    let held = sqlx::query_as!(
        Held,
        r#"
        select hold_for as "hold_for!: _", count(*) as "count!: _"
        from (select hold_for from tasks where hold_for is not null limit $1) as held
        group by hold_for order by hold_for
        "#,
        limit,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(cannot("count held tasks"))?;
    let intents = sqlx::query_as!(
        Intents,
        r#"
        select kind, count(*) as "count!: _", min(created_at) as "oldest!: _"
        from (select kind, created_at from intents order by id limit $1) as waiting
        group by kind order by kind
        "#,
        limit,
    )
    .fetch_all(&mut *conn)
    .await
    .map_err(cannot("count intents"))?;
    let intent = |row: Intents| IntentCount { kind: row.kind, count: row.count.0, oldest: row.oldest.0 };
    Ok(Census {
        open_orders: orders.into_iter().map(|row| (row.state.0, row.count.0)).collect(),
        stopped_orders: stopped.0,
        orders_at_risk: at_risk.0,
        held_tasks: held.into_iter().map(|row| (row.hold_for.0, row.count.0)).collect(),
        intents: intents.into_iter().map(intent).collect(),
    })
}
