//! Idempotency keys: a caller who repeats a request under the same key gets the order they got before.

use model::{Duration, Hash, IdempotencyKey, OrderId, Timestamp};
use sqlx::PgConnection;

use crate::columns::{At, Word};
use crate::database::{DatabaseError, cannot};

/// How long a key is remembered: longer than any caller goes on repeating a request. An external id is
/// remembered as long as its order.
pub const KEY_RETENTION: Duration = Duration::from_secs(7 * 86_400);

/// A caller's key and the request that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The key.
    pub key: IdempotencyKey,
    /// The SHA-256 of the request.
    pub request_hash: Hash,
}

/// A caller used one key for two different requests.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the idempotency key `{key}` came before with another request, for order {order}")]
pub struct KeyReused {
    /// The key.
    pub key: IdempotencyKey,
    /// The order it stands for.
    pub order: OrderId,
}

/// Takes a key for an order about to be written, or answers the order it stands for. Waits for a transaction
/// that is just taking the same key.
pub(crate) async fn take_key(
    conn: &mut PgConnection,
    keyed: &Keyed,
    order: OrderId,
    now: Timestamp,
) -> Result<Option<OrderId>, crate::AcceptError> {
    let taken = sqlx::query!(
        r#"
        insert into idempotency_keys (key, request_hash, order_id, created_at)
        values ($1, $2, $3, $4)
        on conflict do nothing
        "#,
        keyed.key.as_str(),
        keyed.request_hash.as_str(),
        order.uuid(),
        At(now) as _,
    )
    .execute(&mut *conn)
    .await
    .map_err(cannot("take an idempotency key"))?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    match find_key(conn, keyed).await? {
        Some(order) => Ok(Some(order)),
        None => Err(cannot("read an idempotency key")(sqlx::Error::RowNotFound).into()),
    }
}

/// The order that a key stands for.
pub(crate) async fn find_key(
    conn: &mut PgConnection,
    keyed: &Keyed,
) -> Result<Option<OrderId>, crate::AcceptError> {
    let known = sqlx::query!(
        r#"select request_hash as "request_hash: Word<Hash>", order_id from idempotency_keys where key = $1"#,
        keyed.key.as_str(),
    )
    .fetch_optional(conn)
    .await
    .map_err(cannot("read an idempotency key"))?;
    let Some(known) = known else { return Ok(None) };
    let order = OrderId::new(known.order_id);
    if known.request_hash.0 == keyed.request_hash {
        Ok(Some(order))
    } else {
        Err(KeyReused { key: keyed.key.clone(), order }.into())
    }
}

/// Lets a key that was just taken stand for an order that was there before.
pub(crate) async fn point_key(
    conn: &mut PgConnection,
    keyed: &Keyed,
    order: OrderId,
) -> Result<(), DatabaseError> {
    sqlx::query!(
        "update idempotency_keys set order_id = $2 where key = $1",
        keyed.key.as_str(),
        order.uuid()
    )
    .execute(conn)
    .await
    .map_err(cannot("point an idempotency key at its order"))?;
    Ok(())
}

/// Forgets keys older than [`KEY_RETENTION`], at most `limit` of them; answers how many.
///
/// # Errors
/// Postgres is away.
pub async fn purge_keys(conn: &mut PgConnection, now: Timestamp, limit: u32) -> Result<u64, DatabaseError> {
    let oldest = i64::try_from(KEY_RETENTION.as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp::from_millis(now.as_millis().saturating_sub(oldest));
    let purged = sqlx::query!(
        r#"
        delete from idempotency_keys
        where key in (select key from idempotency_keys where created_at < $1 order by created_at limit $2)
        "#,
        At(before) as _,
        i64::from(limit),
    )
    .execute(conn)
    .await
    .map_err(cannot("forget old idempotency keys"))?;
    Ok(purged.rows_affected())
}
