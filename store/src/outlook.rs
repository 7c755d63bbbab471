//! What a reader wants to know of orders beyond their own events' sum: what each waits for, who cancelled it, and that its
//! workflow was ended from outside.
//!
//! It is looked up for a page of orders at once, each question one statement; what no order of the page can have is not looked for.

use std::collections::BTreeMap;

use model::{Actor, Fact, HoldFor, OrderEvent, OrderId, OrderState, TaskId, TaskState, Timestamp};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::columns::{At, Whole, Word, column};
use crate::database::{DatabaseError, cannot};
use crate::events::EventColumns;
use crate::expected::{Expectation, Expected, expectation};
use crate::progress::{Blocked, TaskProgress};
use crate::rows::task_progress;
use crate::summary::OrderSummary;
use crate::tasks::{ACTIVE_STATES, UNDO_STATES};
use crate::waits::tell_followers;

/// Who wants, or wanted, an order cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
    /// When the order was told.
    pub at: Timestamp,
}

/// Fills in what the orders wait for and who cancelled them.
pub(crate) async fn look_ahead(
    conn: &mut PgConnection,
    orders: &mut [OrderSummary],
) -> Result<(), sqlx::Error> {
    let held = among(orders, |state| state == OrderState::Held);
    let mut cancels = select_cancels(conn, &among(orders, is_cancelled), &held).await?;
    let mut starts = select_starts(conn, &among(orders, is_to_begin)).await?;
    let under_way = among(orders, is_under_way);
    let mut tasks = select_expected(conn, &under_way).await?;
    let mut held_children = select_held_children(conn, &under_way).await?;
    let idle = |order: &&OrderSummary| {
        matches!(order.progress.state, OrderState::InProgress) && !tasks.contains_key(&order.id.uuid())
    };
    let idle: Vec<_> = orders.iter().filter(idle).map(|order| order.id.uuid()).collect();
    let mut kin = select_kin(conn, &idle).await?;
    for order in orders {
        let id = order.id.uuid();
        order.cancel = cancels.remove(&id);
        order.expected = match (order.stopped_at, order.progress.state) {
            (_, state) if state.is_final() => None,
            (Some(at), _) => whole(Expectation::Stopped { at }),
            (None, OrderState::Acknowledged) => {
                whole(to_begin(order, starts.remove(&id).unwrap_or(Expectation::Begin)))
            }
            (None, OrderState::Pending) => whole(pending(order)),
            (None, OrderState::AssessingCancellation) => whole(Expectation::Assessment),
            (None, state) => {
                // Of an order that is paused as a whole, the task to act on may itself go on.
                let blocked = order.progress.blocked.as_ref().filter(|_| state == OrderState::Held);
                let person = blocked.map(person);
                let task = || held_children.remove(&id).or_else(|| tasks.remove(&id));
                person.or_else(task).or_else(|| kin.remove(&id)).or_else(|| whole(Expectation::Progress))
            }
        };
    }
    Ok(())
}

/// What an order waits for that has not begun: what it is to wait for, unless nobody has been told of it.
fn to_begin(order: &OrderSummary, start: Expectation) -> Expectation {
    let waits = order.progress.pending_until.is_some() || !order.progress.pending_after.is_empty();
    if waits && !matches!(start, Expectation::LateStart { .. }) { pending(order) } else { start }
}

fn pending(order: &OrderSummary) -> Expectation {
    let (at, after) = (order.progress.pending_until, order.progress.pending_after.clone());
    Expectation::Start { at, after }
}

const fn whole(what: Expectation) -> Option<Expected> {
    Some(Expected { task: None, what })
}

fn person(blocked: &Blocked) -> Expected {
    let Blocked { task, reason, hold_for } = blocked.clone();
    Expected { task: Some(task), what: Expectation::Person { hold_for, reason } }
}

fn among(orders: &[OrderSummary], which: impl Fn(OrderState) -> bool) -> Vec<Uuid> {
    orders.iter().filter(|order| which(order.progress.state)).map(|order| order.id.uuid()).collect()
}

pub(crate) const fn is_cancelled(state: OrderState) -> bool {
    matches!(
        state,
        OrderState::AssessingCancellation | OrderState::PendingCancellation | OrderState::Cancelled
    )
}

const fn is_to_begin(state: OrderState) -> bool {
    matches!(state, OrderState::Acknowledged)
}

const fn is_under_way(state: OrderState) -> bool {
    matches!(state, OrderState::InProgress | OrderState::Held | OrderState::PendingCancellation)
}

/// The cancel that was accepted, or else the last one. Of an order that is held, only the one that was accepted: a person is needed
/// to undo what was done.
pub(crate) async fn select_cancels(
    conn: &mut PgConnection,
    ids: &[Uuid],
    held: &[Uuid],
) -> Result<BTreeMap<Uuid, Cancel>, sqlx::Error> {
    if ids.is_empty() && held.is_empty() {
        return Ok(BTreeMap::new());
    }
    struct Row {
        order_id: Uuid,
        number: Whole<u64>,
        at: At,
        r#type: String,
        data: serde_json::Value,
    }
    let rows = sqlx::query_as!(
        Row,
        r#"
        select distinct on (order_id)
            order_id, number as "number: _", at as "at: _", type, data as "data: _"
        from order_events as asked
        where type = 'CancelRequested'
          and (
              order_id = any($1)
              or order_id in (
                  select orders.id from orders
                  where orders.id = any($2)
                    and exists (select from tasks where tasks.order_id = orders.id and tasks.state = 'undo_failed')
                    and exists (
                        select from order_events as accepted
                        where accepted.order_id = orders.id and accepted.type = 'CancelAccepted'
                    )
              )
          )
          and not exists (
              select from order_events as accepted
              where accepted.order_id = asked.order_id and accepted.type = 'CancelAccepted'
                and accepted.number < asked.number
          )
        order by order_id, number desc
        "#,
        ids,
        held,
    )
    .fetch_all(conn)
    .await?;
    let mut cancels = BTreeMap::new();
    for row in rows {
        let columns = EventColumns { number: row.number, at: row.at, r#type: row.r#type, data: row.data };
        let OrderEvent { at, fact, number: _ } = columns.try_into()?;
        if let Fact::CancelRequested { by, reason, id: _ } = fact {
            cancels.insert(row.order_id, Cancel { by, reason, at });
        }
    }
    Ok(cancels)
}

/// Orders that Temporal has not been told of, and why not.
async fn select_starts(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Expectation>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query!(
        "select order_id, last_error from intents where order_id = any($1) and kind = 'start'",
        ids,
    )
    .fetch_all(conn)
    .await?;
    let start = |error: Option<String>| match error {
        Some(error) => Expectation::LateStart { error },
        None => Expectation::Start { at: None, after: Vec::new() },
    };
    Ok(rows.into_iter().map(|row| (row.order_id, start(row.last_error))).collect())
}

/// Orders of which no task is under way, and that wait for the one that they are part of, or for those that they run.
async fn select_kin(conn: &mut PgConnection, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Expected>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query!(
        r#"
        select
            id, parent_id,
            exists (
                select from order_events where order_id = orders.id and type = 'OrderAnswered'
            ) as "answered!",
            exists (
                select from orders as child where child.parent_id = orders.id and child.ended_at is null
            ) as "has_children!"
        from orders
        where id = any($1)
        "#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    let kin = rows.into_iter().filter_map(|row| {
        let what = match row.parent_id.filter(|_| row.answered) {
            Some(parent) => Expectation::ParentEnd { order: OrderId::new(parent) },
            None if row.has_children => Expectation::ChildrenEnd,
            None => return None,
        };
        Some((row.id, Expected { task: None, what }))
    });
    Ok(kin.collect())
}

/// Orders of which a task runs one that needs a person, directly or by way of others: of several, the one that began first.
async fn select_held_children(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Expected>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query!(
        r#"
        select distinct on (child.parent_id)
            child.parent_id as "root!", child.parent_task as "task!: Word<TaskId>", held.id,
            held.blocked_task as "blocked_task!: Word<TaskId>", held.blocked_reason as "reason!",
            held.hold_for as "hold_for!: Word<HoldFor>"
        from orders child
        cross join lateral order_family(child.id) as member (id)
        join orders held on held.id = member.id
        where child.parent_id = any($1) and child.ended_at is null
            and held.state = $2 and held.blocked_task is not null and held.stopped_at is null
        order by child.parent_id, held.submitted_at, held.id
        "#,
        ids,
        OrderState::Held.as_str(),
    )
    .fetch_all(conn)
    .await?;
    let expected = rows.into_iter().map(|row| {
        let (order, task) = (OrderId::new(row.id), row.blocked_task.0);
        let what = Expectation::ChildPerson { order, task, hold_for: row.hold_for.0, reason: row.reason };
        (row.root, Expected { task: Some(row.task.0), what })
    });
    Ok(expected.collect())
}

struct TaskColumns {
    order_id: Uuid,
    task: Word<TaskId>,
    state: Word<TaskState>,
    generation: Whole<u32>,
    call: Option<String>,
    undo_call: Option<String>,
    waiting_for: Option<String>,
    until: Option<At>,
    reason: Option<String>,
    hold_for: Option<Word<HoldFor>>,
    started_at: Option<At>,
    ended_at: Option<At>,
    begun_event: Option<Whole<u64>>,
    result_event: Option<Whole<u64>>,
    undo_event: Option<Whole<u64>>,
    person_since: Option<At>,
    next_at: Option<At>,
}

/// Of each order, what its most telling task waits for: a person, then an arrival, then another attempt, then an answer; of
/// several the first in the plan.
async fn select_expected(
    conn: &mut PgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Expected>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = sqlx::query_as!(
        TaskColumns,
        r#"
        select distinct on (t.order_id)
            t.order_id, t.task as "task: _", t.state as "state: _", t.generation as "generation: _", t.call,
            t.undo_call, t.waiting_for, t.until as "until: _", t.reason, t.hold_for as "hold_for: _",
            t.started_at as "started_at: _", t.ended_at as "ended_at: _",
            t.begun_event as "begun_event: _", t.result_event as "result_event: _", t.undo_event as "undo_event: _",
            t.person_since as "person_since: _", last.next_at as "next_at: _"
        from tasks t
        left join lateral (
            select case when a.ended_at is not null and t.state <> 'unknown' then a.next_at end as next_at
            from task_attempts a
            where a.order_id = t.order_id and a.task = t.task and a.generation = t.generation
              and a.direction = case when t.state = any($2) then 'undo' else 'forward' end
            order by a.attempt desc
            limit 1
        ) last on true
        where t.order_id = any($1) and (t.hold_for is not null or t.state = any($3))
        order by t.order_id, t.hold_for is null, t.waiting_for is null, last.next_at is null, t.position
        "#,
        ids,
        &column(&UNDO_STATES, |state| state.as_str()) as _,
        &column(&ACTIVE_STATES, |state| state.as_str()) as _,
    )
    .fetch_all(conn)
    .await?;
    let expected = |row: TaskColumns| {
        let (order, task, next_at) = (row.order_id, row.task.0, row.next_at.map(|at| at.0));
        let progress: TaskProgress = task_progress!(row);
        Some((order, Expected { task: Some(task), what: expectation(&progress, next_at)? }))
    };
    Ok(rows.into_iter().filter_map(expected).collect())
}

/// An order's workflow was ended from outside at that time: nothing more happens to it by itself. An order that has ended, or
/// to which something has happened since, is left as it is. Answers whether there is such an order.
///
/// # Errors
/// Postgres is away; nothing is noted.
pub async fn note_stopped(
    conn: &mut PgConnection,
    order: OrderId,
    at: Timestamp,
) -> Result<bool, DatabaseError> {
    let mut tx = conn.begin().await.map_err(cannot("begin to note that an order was stopped"))?;
    let noted = sqlx::query!(
        "update orders set stopped_at = $2 where id = $1 and ended_at is null and updated_at <= $2",
        order.uuid(),
        At(at) as _,
    )
    .execute(&mut *tx)
    .await
    .map_err(cannot("note that an order was stopped"))?;
    let is_noted = noted.rows_affected() > 0;
    if is_noted {
        // It does nothing more, so nobody waits for it.
        let told = tell_followers(&mut tx, &[order.uuid()]).await;
        told.map_err(cannot("promise to tell that an order was stopped"))?;
    }
    tx.commit().await.map_err(cannot("commit that an order was stopped"))?;
    Ok(is_noted)
}
