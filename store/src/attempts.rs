//! Attempts of calls: how often a system was asked, how long each time took, how it ended.
//!
//! Seen by the worker around each call rather than by the engine, so they are not numbered: the start and the
//! end of an attempt may be recorded in any order, any number of times.

use std::collections::BTreeMap;

use model::{Direction, OrderId, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::columns::{At, Whole, Word, column, text};
use crate::database::{DatabaseError, cannot};

/// One attempt of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The order it is for.
    pub order: OrderId,
    /// The task that makes it.
    pub task: TaskId,
    /// Whether it does or undoes.
    pub direction: Direction,
    /// The generation of the task, from 1.
    pub generation: u32,
    /// Which attempt of this generation, from 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How it ended; none while it is out.
    pub end: Option<AttemptEnd>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    /// When.
    pub at: Timestamp,
    /// In short.
    pub outcome: AttemptOutcome,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// How many attempts there may be in this generation, if that is known.
    pub allowed: Option<u32>,
    /// When the next one begins; none if none will follow, or nobody knows when.
    pub next_at: Option<Timestamp>,
}

/// What became of an attempt, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The system did it.
    Succeeded,
    /// The system will not do it.
    Refused,
    /// It has not been done; another attempt may help.
    Failed,
    /// Nobody knows whether it has been done.
    Unknown,
}

impl AttemptOutcome {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// Records attempts. An end is never taken back by a record that knows only the start. Attempts for orders
/// that don't exist are dropped. The caller bounds the batch.
///
/// # Errors
/// Postgres is away; nothing is recorded.
pub async fn record_attempts(conn: &mut PgConnection, attempts: &[Attempt]) -> Result<(), DatabaseError> {
    // Once per row, and in one order for everyone, so that nobody waits in a circle.
    let mut rows = BTreeMap::new();
    for attempt in attempts {
        let key = (attempt.order, &attempt.task, attempt.direction, attempt.generation, attempt.attempt);
        rows.entry(key)
            .and_modify(|known: &mut &Attempt| {
                if attempt.end.is_some() {
                    *known = attempt;
                }
            })
            .or_insert(attempt);
    }
    let rows: Vec<&Attempt> = rows.into_values().collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        insert into task_attempts as known
            (order_id, task, direction, generation, attempt, started_at, ended_at, outcome, error, allowed, next_at)
        select new.*
        from unnest(
            $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
            $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::bigint[], $11::timestamptz[]
        ) as new (
            order_id, task, direction, generation, attempt, started_at, ended_at, outcome, error, allowed, next_at
        )
        where exists (select from orders where orders.id = new.order_id)
        order by new.order_id, new.task, new.direction, new.generation, new.attempt
        on conflict (order_id, task, direction, generation, attempt) do update set
            started_at = excluded.started_at, ended_at = excluded.ended_at,
            outcome = excluded.outcome, error = excluded.error,
            allowed = excluded.allowed, next_at = excluded.next_at
        where excluded.ended_at is not null or known.ended_at is null
        "#,
        &column(&rows, |a| a.order.uuid()),
        &column(&rows, |a| a.task.to_string()),
        &column(&rows, |a| a.direction.as_str()) as _,
        &column(&rows, |a| i64::from(a.generation)),
        &column(&rows, |a| i64::from(a.attempt)),
        &column(&rows, |a| At(a.started_at)) as _,
        &column(&rows, |a| a.end.as_ref().map(|end| At(end.at))) as _,
        &column(&rows, |a| a.end.as_ref().map(|end| end.outcome.as_str())) as _,
        &column(&rows, |a| a.end.as_ref().and_then(|end| end.error.as_deref()).map(text)) as _,
        &column(&rows, |a| a.end.as_ref().and_then(|end| end.allowed).map(i64::from)) as _,
        &column(&rows, |a| a.end.as_ref().and_then(|end| end.next_at).map(At)) as _,
    )
    .execute(conn)
    .await
    .map_err(cannot("record attempts"))?;
    Ok(())
}

/// The attempts of all tasks of an order, by task and in the order they were made.
///
/// # Errors
/// Postgres is away, or a stored attempt can't be read.
pub async fn load_attempts(conn: &mut PgConnection, order: OrderId) -> Result<Vec<Attempt>, DatabaseError> {
    struct Row {
        task: Word<TaskId>,
        direction: Word<Direction>,
        generation: Whole<u32>,
        attempt: Whole<u32>,
        started_at: At,
        ended_at: Option<At>,
        outcome: Option<Word<AttemptOutcome>>,
        error: Option<String>,
        allowed: Option<Whole<u32>>,
        next_at: Option<At>,
    }
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            task as "task: _", direction as "direction: _", generation as "generation: _",
            attempt as "attempt: _", started_at as "started_at: _", ended_at as "ended_at: _",
            outcome as "outcome: _", error, allowed as "allowed: _", next_at as "next_at: _"
        from task_attempts
        where order_id = $1
        order by task, direction, generation, attempt
        "#,
        order.uuid(),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("load attempts"))?;
    let read = |row: Row| {
        let end = match (row.ended_at, row.outcome) {
            (Some(at), Some(outcome)) => Some(AttemptEnd {
                at: at.0,
                outcome: outcome.0,
                error: row.error,
                allowed: row.allowed.map(|allowed| allowed.0),
                next_at: row.next_at.map(|at| at.0),
            }),
            _ => None,
        };
        Attempt {
            order,
            task: row.task.0,
            direction: row.direction.0,
            generation: row.generation.0,
            attempt: row.attempt.0,
            started_at: row.started_at.0,
            end,
        }
    };
    Ok(rows.into_iter().map(read).collect())
}
