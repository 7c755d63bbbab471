//! Which workers write the mirror, and which orders one of them may have left behind.
//!
//! Events on their way to Postgres are in a worker's memory only. A worker that ends cleanly has written them
//! all and is forgotten. After any other end, every order that was open is compared with its workflow, newest
//! first: a gap between events shows by itself, but an order that stands still shows none.

use model::{Duration, OrderId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::columns::{At, text};
use crate::database::{DatabaseError, cannot};

/// How long a lost worker is remembered. Its orders are audited within seconds; this is for people who ask.
const LOST_RETENTION: Duration = Duration::from_secs(7 * 86_400);

/// One life of one worker process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(Uuid);

impl WorkerId {
    /// Wraps a UUID made when the process starts.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

/// A worker begins to write the mirror. `name` is for people (host and process).
///
/// # Errors
/// Postgres is away.
pub async fn begin_worker(
    conn: &mut PgConnection,
    id: WorkerId,
    name: &str,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    sqlx::query!(
        r#"
        insert into workers (id, name, started_at, last_seen) values ($1, $2, $3, $3)
        on conflict (id) do update set last_seen = excluded.last_seen
        "#,
        id.0,
        text(name) as _,
        At(now) as _,
    )
    .execute(conn)
    .await
    .map_err(cannot("register a worker"))?;
    Ok(())
}

/// A worker is alive. False if it is not registered: it must begin again.
///
/// # Errors
/// Postgres is away.
pub async fn see_worker(
    conn: &mut PgConnection,
    id: WorkerId,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let seen = sqlx::query!("update workers set last_seen = $2 where id = $1", id.0, At(now) as _)
        .execute(conn)
        .await
        .map_err(cannot("see a worker"))?;
    Ok(seen.rows_affected() == 1)
}

/// A worker has written everything and ends. What was lost of it before stays on record.
///
/// # Errors
/// Postgres is away; the worker will count as lost, which costs an audit and nothing else.
pub async fn end_worker(conn: &mut PgConnection, id: WorkerId) -> Result<(), DatabaseError> {
    sqlx::query!("delete from workers where id = $1 and lost_at is null", id.0)
        .execute(conn)
        .await
        .map_err(cannot("end a worker"))?;
    Ok(())
}

/// How many workers were seen since `since`.
///
/// # Errors
/// Postgres is away.
pub async fn count_workers(conn: &mut PgConnection, since: Timestamp) -> Result<u64, DatabaseError> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from workers where last_seen >= $1"#,
        At(since) as _
    )
    .fetch_one(conn)
    .await
    .map_err(cannot("count workers"))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// A worker had to give up events before they reached Postgres: every open order is to be audited.
///
/// # Errors
/// Postgres is away.
pub async fn declare_lost(
    conn: &mut PgConnection,
    id: WorkerId,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    sqlx::query!("update workers set lost_at = $2 where id = $1", id.0, At(now) as _)
        .execute(conn)
        .await
        .map_err(cannot("declare a worker's events lost"))?;
    Ok(())
}

/// Finds workers that were not seen for `silence`, and answers how many. From now on the orders open until
/// now are to be audited. A worker that was only slow costs an audit and nothing else.
///
/// # Errors
/// Postgres is away.
pub async fn find_lost_workers(
    conn: &mut PgConnection,
    now: Timestamp,
    silence: Duration,
) -> Result<u64, DatabaseError> {
    let before = |length: Duration| {
        let millis = now.as_millis().saturating_sub_unsigned(length.as_millis());
        At(Timestamp::from_millis(millis))
    };
    // The latest loss stays: audits that are still due are known by it.
    sqlx::query!(
        "delete from workers where lost_at < $1 and lost_at < (select max(lost_at) from workers)",
        before(LOST_RETENTION) as _,
    )
    .execute(&mut *conn)
    .await
    .map_err(cannot("forget lost workers"))?;
    let lost = sqlx::query!(
        "update workers set lost_at = $1 where last_seen < $2 and (lost_at is null or lost_at < last_seen)",
        At(now) as _,
        before(silence) as _,
    )
    .execute(conn)
    .await
    .map_err(cannot("find lost workers"))?;
    Ok(lost.rows_affected())
}

/// Open orders that were not compared with their workflow since events were last lost, with the number of the
/// first event that the mirror lacks; the one that changed last comes first. At most `limit`.
///
/// # Errors
/// Postgres is away.
pub async fn orders_to_audit(
    conn: &mut PgConnection,
    limit: u32,
) -> Result<Vec<(OrderId, u64)>, DatabaseError> {
    let rows = sqlx::query!(
        r#"
        with lost as (select max(lost_at) as at from workers)
        select id, next_event
        from orders, lost
        where ended_at is null and submitted_at <= lost.at
          and (audited_at is null or audited_at < lost.at)
        order by updated_at desc, id desc
        limit $1
        "#,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("find orders to audit"))?;
    let read = |id, next: i64| (OrderId::new(id), u64::try_from(next).unwrap_or(0));
    Ok(rows.into_iter().map(|row| read(row.id, row.next_event)).collect())
}

/// Orders were compared with their workflow, and what was missing is applied. `at` is when the comparison
/// began: an audit says nothing about events that were lost later.
///
/// # Errors
/// Postgres is away; they are compared again.
pub async fn mark_audited(
    conn: &mut PgConnection,
    orders: &[OrderId],
    at: Timestamp,
) -> Result<(), DatabaseError> {
    let mut ids: Vec<Uuid> = orders.iter().map(|id| id.uuid()).collect();
    ids.sort_unstable();
    sqlx::query!(
        r#"
        update orders set audited_at = $2
        from (select id from orders where id = any($1) order by id for no key update) as audited
        where orders.id = audited.id
        "#,
        &ids,
        At(at) as _,
    )
    .execute(conn)
    .await
    .map_err(cannot("mark orders as audited"))?;
    Ok(())
}
