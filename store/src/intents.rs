//! Steering intents: what Temporal is still to be told about an order.
//!
//! An intent is written in the transaction that promises it, claimed by whoever carries it, and deleted when
//! Temporal has it. A claim is a lease: if its holder dies, the intent is due again when the lease ends, so
//! what an intent asks for must be safe to ask twice (the start of a workflow by id, a signal by delivery
//! id). Intents of one order are handed out one at a time, oldest first: a start before its cancel.

use model::{Actor, DeliveryId, Duration, OrderId, TaskId, Timestamp, Value};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::columns::{At, Whole, json, text};
use crate::database::{DatabaseError, cannot};

/// Longest rest after failures: how late an intent may come once Temporal is back.
pub const LONGEST_REST: Duration = Duration::from_secs(30);

/// Names an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(i64);

/// What Temporal is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Steering {
    /// Start the order's workflow.
    Start,
    /// An order that this one comes after has ended.
    OrderEnded {
        /// Which.
        order: OrderId,
    },
    /// Somebody wants the order cancelled, or one of its items.
    Cancel {
        /// Its delivery.
        id: DeliveryId,
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
        /// The item, as it came; without it, the order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<String>,
    },
    /// A signal for one of the order's tasks.
    Deliver {
        /// Its delivery.
        id: DeliveryId,
        /// Its name, as it came.
        signal: String,
        /// The task it is for, as it came; without it, the one task that waits for such a signal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<String>,
        /// What it carries.
        payload: Value,
    },
    /// A person acts on a task.
    Operate {
        /// Its delivery.
        id: DeliveryId,
        /// `retry` or `rollback`.
        action: String,
        /// The task.
        task: TaskId,
        /// Who.
        by: Actor,
        /// Their note.
        note: String,
    },
}

/// An intent, claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its id.
    pub id: IntentId,
    /// The order to steer.
    pub order: OrderId,
    /// What to tell it.
    pub steering: Steering,
    /// When it was promised.
    pub created_at: Timestamp,
    /// How often it has been claimed, this time included.
    pub attempts: u32,
}

/// Promises to tell Temporal something. For `grace` it is left to the caller, who may carry and finish it at
/// once; then it is due for everyone. None if there is no such order.
///
/// # Errors
/// Postgres is away; nothing is promised.
pub async fn add_intent(
    conn: &mut PgConnection,
    order: OrderId,
    steering: &Steering,
    now: Timestamp,
    grace: Duration,
) -> Result<Option<IntentId>, DatabaseError> {
    let unwritable = |cause| cannot("write an intent")(sqlx::Error::Encode(Box::new(cause)));
    let steering = serde_json::to_value(steering).map_err(unwritable)?;
    let payload = json(&steering.get("payload")).map_err(cannot("write an intent"))?;
    let id = sqlx::query_scalar!(
        r#"
        insert into intents (order_id, kind, payload, created_at, due_at)
        select id, $2, $3::text::json, $4, $5 from orders where id = $1
        returning id
        "#,
        order.uuid(),
        steering.get("kind").and_then(serde_json::Value::as_str),
        payload,
        At(now) as _,
        At(now.plus(grace)) as _,
    )
    .fetch_optional(conn)
    .await
    .map_err(cannot("write an intent"))?;
    Ok(id.map(IntentId))
}

/// Claims intents that are due, oldest first, at most `limit` and one of each order. They are the caller's
/// for `lease`: finish or delay each before it ends.
///
/// # Errors
/// Postgres is away, or a stored intent can't be read.
pub async fn claim_intents(
    conn: &mut PgConnection,
    now: Timestamp,
    lease: Duration,
    limit: u32,
) -> Result<Vec<Intent>, DatabaseError> {
    struct Row {
        id: i64,
        order_id: uuid::Uuid,
        kind: String,
        payload: serde_json::Value,
        created_at: At,
        attempts: Whole<u32>,
    }
    let mut rows = sqlx::query_as!(
        Row,
        r#"
        with due as (
            select id from intents as candidate
            where due_at <= $1
              and not exists (
                  select from intents as earlier
                  where earlier.order_id = candidate.order_id and earlier.id < candidate.id
              )
            order by due_at, id
            limit $2
            for update skip locked
        )
        update intents set attempts = attempts + 1, due_at = $3
        from due
        where intents.id = due.id
        returning
            intents.id, order_id, kind, payload as "payload: _", created_at as "created_at: _",
            attempts as "attempts: _"
        "#,
        At(now) as _,
        i64::from(limit),
        At(now.plus(lease)) as _,
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("claim intents"))?;
    rows.sort_unstable_by_key(|row| row.id);
    let read = |row: Row| {
        let steering = serde_json::json!({ "kind": row.kind, "payload": row.payload });
        let steering = model::from_json(&steering).map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
        Ok(Intent {
            id: IntentId(row.id),
            order: OrderId::new(row.order_id),
            steering,
            created_at: row.created_at.0,
            attempts: row.attempts.0,
        })
    };
    rows.into_iter().map(|row| read(row).map_err(cannot("read an intent"))).collect()
}

/// Temporal has them, or will never take them: forgets intents. Those that are gone already don't matter.
///
/// # Errors
/// Postgres is away; they are carried again.
pub async fn finish_intents(conn: &mut PgConnection, ids: &[IntentId]) -> Result<(), DatabaseError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sqlx::query!("delete from intents where id = any($1)", &ids)
        .execute(conn)
        .await
        .map_err(cannot("finish intents"))?;
    Ok(())
}

/// Temporal could not be told: lets a claimed intent rest, 1 s after the first failure, doubling up to
/// [`LONGEST_REST`]. There is no last attempt, because a promise is not given up.
///
/// # Errors
/// Postgres is away; the intent is due when its lease ends.
pub async fn delay_intent(
    conn: &mut PgConnection,
    intent: &Intent,
    error: &str,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let error: String = error.chars().take(model::limits::REASON_BYTES).collect();
    sqlx::query!(
        "update intents set due_at = $2, last_error = $3 where id = $1",
        intent.id.0,
        At(now.plus(rest(intent.attempts))) as _,
        text(&error) as _,
    )
    .execute(conn)
    .await
    .map_err(cannot("delay an intent"))?;
    Ok(())
}

fn rest(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    Duration::from_secs(1).saturating_mul(1_u64 << doublings).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_the_longest() {
        let rests: Vec<String> = [1, 2, 3, 5, 6, u32::MAX].map(|n| rest(n).to_string()).to_vec();
        assert_eq!(rests, ["1s", "2s", "4s", "16s", "30s", "30s"]);
    }
}
