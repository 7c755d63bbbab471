//! Which orders an order waits for before it begins: those that have a key in common with it, and those that it names.
//!
//! It waits only for orders that were accepted before it, and for all of them that are open then. So orders can't wait for each
//! other in a circle, and one that is cancelled while it waits lets nobody pass those before it. Who waits for an order is told
//! by an intent, in the transaction that writes its end.

use std::collections::{BTreeMap, BTreeSet};

use model::{ExternalId, Order, OrderId, OrderState, SequenceKey, Timestamp, limits};
use plan::Plan;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::accept::AcceptError;
use crate::columns::{At, Word, column};
use crate::database::{DatabaseError, cannot};

/// Tells the locks of keys from other advisory locks.
const LOCKS_OF_KEYS: i64 = 0x6f72_6465_7277;

/// How long an order that was told may take to show that it has heard, before it is told again.
const MENDED_AFTER: model::Duration = model::Duration::from_secs(60);

/// An order that another one comes after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// The order.
    pub order: OrderId,
    /// Its sender's id.
    pub external_id: Option<ExternalId>,
    /// Its state.
    pub state: OrderState,
    /// What the two have in common; none if it was named.
    pub key: Option<SequenceKey>,
}

/// Why an order can't take its place among others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It names orders that are not there.
    #[error("there is no order `{name}`")]
    Unknown {
        /// The first of them.
        name: ExternalId,
        /// Its place among those named.
        place: usize,
    },
    /// It names itself.
    #[error("the order would wait for itself: `{name}` → `{name}`")]
    Circular {
        /// As it calls itself.
        name: ExternalId,
        /// Its place among those named.
        place: usize,
    },
    /// Too many orders are before it.
    #[error("{found} open orders come before this one, and at most {limit} are waited for")]
    TooMany {
        /// How many.
        found: usize,
        /// [`limits::PREDECESSORS`].
        limit: usize,
    },
}

/// Gives a new order its place after others: writes down what it waits for, and answers it.
pub(crate) async fn take_place(
    conn: &mut PgConnection,
    order: &Order,
    plan: &Plan,
) -> Result<Vec<OrderId>, AcceptError> {
    let keys: Vec<&str> = plan.sequence().iter().map(SequenceKey::as_str).collect();
    if keys.is_empty() && order.request.after_order.is_empty() {
        return Ok(Vec::new());
    }
    // One after another: who comes second finds what the first has written.
    lock_keys(conn, &keys).await.map_err(cannot("lock the keys of an order"))?;
    let mut before: BTreeMap<Uuid, BTreeSet<Option<String>>> = BTreeMap::new();
    for id in find_named(conn, order).await? {
        before.entry(id).or_default().insert(None);
    }
    let sharing = find_sharing(conn, &keys).await.map_err(cannot("find orders with a key in common"))?;
    for (id, key) in sharing {
        before.entry(id).or_default().insert(Some(key));
    }
    let ids: Vec<Uuid> = before.keys().copied().collect();
    let open = lock_open(conn, &ids).await.map_err(cannot("lock the orders before an order"))?;
    before.retain(|id, _| open.contains(id));
    if before.len() > limits::PREDECESSORS {
        let (found, limit) = (before.len(), limits::PREDECESSORS);
        return Err(PlaceError::TooMany { found, limit }.into());
    }
    write_place(conn, order.id, &keys, &before).await.map_err(cannot("write what an order waits for"))?;
    Ok(before.into_keys().map(OrderId::new).collect())
}

async fn lock_keys(conn: &mut PgConnection, keys: &[&str]) -> Result<(), sqlx::Error> {
    // In the order of the keys, as everyone does, so nobody waits in a circle.
    for key in keys {
        sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, $2))", *key, LOCKS_OF_KEYS)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The orders that an order names, by our ids or their senders'.
async fn find_named(conn: &mut PgConnection, order: &Order) -> Result<Vec<Uuid>, AcceptError> {
    let names = &order.request.after_order;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = names.iter().filter_map(|name| Uuid::parse_str(name.as_str()).ok()).collect();
    let rows = sqlx::query!(
        "select id, external_id from orders where id = any($1) or external_id = any($2)",
        &ids,
        &column(names, ExternalId::as_str) as _,
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("find the orders that an order names"))?;
    let mut found = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let ours = Uuid::parse_str(name.as_str()).ok();
        let by_id = rows.iter().find(|row| Some(row.id) == ours);
        let named =
            by_id.or_else(|| rows.iter().find(|row| row.external_id.as_deref() == Some(name.as_str())));
        match named {
            Some(row) if row.id == order.id.uuid() => {
                return Err(PlaceError::Circular { name: name.clone(), place }.into());
            }
            Some(row) => found.push(row.id),
            None => return Err(PlaceError::Unknown { name: name.clone(), place }.into()),
        }
    }
    Ok(found)
}

async fn find_sharing(conn: &mut PgConnection, keys: &[&str]) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!("select order_id, key from order_keys where key = any($1)", keys as _)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.key)).collect())
}

/// Those of the orders that have not come to an end. None of them comes to one before this transaction is over, so that whoever
/// writes its end finds what is written here.
async fn lock_open(conn: &mut PgConnection, ids: &[Uuid]) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let open = sqlx::query_scalar!(
        r#"
        select id from orders
        where id = any($1) and ended_at is null and stopped_at is null
        order by id
        for share
        "#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(open.into_iter().collect())
}

pub(crate) async fn write_place(
    conn: &mut PgConnection,
    order: OrderId,
    keys: &[&str],
    before: &BTreeMap<Uuid, BTreeSet<Option<String>>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into order_keys (key, order_id) select key, $1 from unnest($2::text[]) as new (key)",
        order.uuid(),
        keys as _,
    )
    .execute(&mut *conn)
    .await?;
    if before.is_empty() {
        return Ok(());
    }
    let waits: Vec<(Uuid, Option<&str>)> =
        before.iter().flat_map(|(id, keys)| keys.iter().map(|key| (*id, key.as_deref()))).collect();
    sqlx::query!(
        r#"
        insert into order_waits (order_id, after_id, key)
        select $1, after_id, key from unnest($2::uuid[], $3::text[]) as new (after_id, key)
        "#,
        order.uuid(),
        &column(&waits, |(id, _)| *id),
        &column(&waits, |(_, key)| *key) as _,
    )
    .execute(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = before.keys().copied().collect();
    sqlx::query!("update orders set pending_after = $2 where id = $1", order.uuid(), &ids)
        .execute(conn)
        .await?;
    Ok(())
}

/// Promises to tell those who wait for these orders that they have ended, or were stopped. One that was stopped keeps its keys: if
/// somebody has it go on, others wait for it as before.
pub(crate) async fn tell_followers(conn: &mut PgConnection, ended: &[Uuid]) -> Result<(), sqlx::Error> {
    if ended.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        with
            gone as (
                delete from order_keys
                where order_id in (select id from orders where id = any($1) and ended_at is not null)
            )
        insert into intents (order_id, kind, payload, created_at, due_at)
        select f.id, 'order_ended', json_build_object('order', p.id), at, at
        from (select distinct order_id, after_id from order_waits where after_id = any($1)) as waits
        join orders f on f.id = waits.order_id and f.state in ('acknowledged', 'pending')
        join orders p on p.id = waits.after_id
        cross join lateral (select coalesce(p.stopped_at, p.updated_at) as at) as told
        order by f.id, p.id
        "#,
        ended,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Promises once more to tell those who wait for an order that has ended and do not show that they have heard of it for a
/// minute: at most `limit`. Answers how many promises it made.
///
/// # Errors
/// Postgres is away; nothing is promised.
pub async fn mend_waits(conn: &mut PgConnection, now: Timestamp, limit: u32) -> Result<u64, DatabaseError> {
    let told_before = Timestamp::from_millis(
        now.as_millis().saturating_sub(i64::try_from(MENDED_AFTER.as_millis()).unwrap_or(i64::MAX)),
    );
    let mended = sqlx::query!(
        r#"
        insert into intents (order_id, kind, payload, created_at, due_at)
        select f.id, 'order_ended', json_build_object('order', waits.after_id), $1, $1
        from orders f
        cross join lateral unnest(f.pending_after) as waits (after_id)
        left join orders p on p.id = waits.after_id
        where f.state = 'pending'
          and (p.id is null or coalesce(p.ended_at, p.stopped_at) < $2)
          and not exists (select from intents where intents.order_id = f.id)
        order by f.id, waits.after_id
        limit $3
        "#,
        At(now) as _,
        At(told_before) as _,
        i64::from(limit),
    )
    .execute(conn)
    .await
    .map_err(cannot("mend what orders wait for"))?;
    Ok(mended.rows_affected())
}

/// The orders that an order waited for when it was accepted, by their ids.
///
/// # Errors
/// Postgres is away.
pub async fn load_predecessors(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<OrderId>, DatabaseError> {
    let ids = sqlx::query_scalar!(
        "select distinct after_id from order_waits where order_id = $1 order by after_id",
        order.uuid(),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("load what an order waits for"))?;
    Ok(ids.into_iter().map(OrderId::new).collect())
}

/// The same, as people read them.
pub(crate) async fn select_predecessors(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<Predecessor>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            p.id, p.external_id as "external_id: Word<ExternalId>", p.state as "state: Word<OrderState>",
            waits.key as "key: Word<SequenceKey>"
        from order_waits as waits
        join orders p on p.id = waits.after_id
        where waits.order_id = $1
        order by p.submitted_at, p.id, waits.key
        "#,
        order.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let predecessors = rows.into_iter().map(|row| Predecessor {
        order: OrderId::new(row.id),
        external_id: row.external_id.map(|id| id.0),
        state: row.state.0,
        key: row.key.map(|key| key.0),
    });
    Ok(predecessors.collect())
}
