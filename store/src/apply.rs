//! Applies order events to the rows that people read: the mirror's group commit.
//!
//! Each event is applied once, in the order of its number, in one transaction with its own row (which is also
//! the outbox) and the notification of live readers. What an event changes is decided in `progress`.

use std::collections::BTreeMap;

use model::{
    Actor, DeliveryId, Fact, HoldFor, OrderEvent, OrderId, OrderState, TaskId, TaskState, Timestamp,
};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::amended::{Told, forget_proposals, load_proposals, write_amendments};
use crate::children::insert_children;
use crate::columns::{At, Whole, Word, bigint, column, text};
use crate::database::{DatabaseError, cannot};
use crate::events::insert_events;
use crate::items::{ItemChanges, save_items};
use crate::listen::notify;
use crate::progress::{Blocked, OrderProgress, PlacedTask, Progress, Refusal, TaskProgress};
use crate::residue::insert_residue;
use crate::rows::{blocked, order_progress, task_progress};
use crate::waits::tell_followers;

/// How far the events of one order were applied. What comes before the number is applied in every case.
#[derive(Debug)]
pub enum Outcome {
    /// All of them, or they were known already.
    Applied {
        /// The number of the event that comes next.
        next: u64,
    },
    /// Events are missing; those beyond the gap are not applied.
    Gap {
        /// The number of the first missing one.
        expected: u64,
    },
    /// An event can't follow those before it. Neither it nor those after it are applied.
    Refused {
        /// Its number.
        number: u64,
        /// Why not.
        cause: Refusal,
    },
    /// The database will never take these events. None of them is applied.
    Failed {
        /// Why not.
        cause: DatabaseError,
    },
    /// There is no such order.
    UnknownOrder,
}

/// The events of each order by number: sorted, no number twice.
type Batch<'a> = BTreeMap<OrderId, BTreeMap<u64, &'a OrderEvent>>;

/// Applies events of one order; see [`apply_batch`].
///
/// # Errors
/// Postgres is away or busy; nothing is applied, and the call may be made again.
pub async fn apply_events(
    conn: &mut PgConnection,
    order: OrderId,
    events: &[OrderEvent],
) -> Result<Outcome, DatabaseError> {
    let batch = Batch::from([(order, events.iter().map(|event| (event.number, event)).collect())]);
    let outcomes = apply_isolated(conn, &batch).await?;
    Ok(outcomes.into_iter().next().map_or(Outcome::UnknownOrder, |(_, outcome)| outcome))
}

/// Applies events of many orders in one transaction. They may come in any order, twice, and with events that
/// are applied already. An order that can't be applied does not hold up the others. Answers once per order,
/// sorted by order.
///
/// The whole batch is in memory and in one transaction, so the caller bounds it; some hundred events pay
/// best.
///
/// # Errors
/// Postgres is away or busy; nothing is applied, and the call may be made again.
pub async fn apply_batch(
    conn: &mut PgConnection,
    events: &[(OrderId, Vec<OrderEvent>)],
) -> Result<Vec<(OrderId, Outcome)>, DatabaseError> {
    let mut batch = Batch::new();
    for (order, events) in events {
        batch.entry(*order).or_default().extend(events.iter().map(|event| (event.number, event)));
    }
    match apply_together(conn, &batch).await {
        // Somebody's data is to blame: find out whose, and let the others through.
        Err(cause) if cause.is_permanent() => apply_isolated(conn, &batch).await,
        result => result,
    }
}

/// Applies each order in a transaction of its own.
async fn apply_isolated(
    conn: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<Vec<(OrderId, Outcome)>, DatabaseError> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for (order, events) in batch {
        match apply_together(conn, &Batch::from([(*order, events.clone())])).await {
            Ok(mut outcome) => outcomes.append(&mut outcome),
            Err(cause) if cause.is_permanent() => outcomes.push((*order, Outcome::Failed { cause })),
            Err(outage) => return Err(outage),
        }
    }
    Ok(outcomes)
}

async fn apply_together(
    conn: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<Vec<(OrderId, Outcome)>, DatabaseError> {
    let mut tx = conn.begin().await.map_err(cannot("begin to apply order events"))?;
    let mut outcomes = BTreeMap::new();
    let mut has_changed = false;
    for mut round in rounds(batch) {
        // An order that has stopped goes no further.
        round.retain(|id, _| matches!(outcomes.get(id), None | Some(Outcome::Applied { .. })));
        let (of_round, changes) = apply_round(&mut tx, &round).await?;
        outcomes.extend(of_round);
        has_changed |= changes;
    }
    if has_changed {
        tx.commit().await.map_err(cannot("commit order events"))?;
    }
    Ok(outcomes.into_iter().collect())
}

/// Divides a batch where orders are amended: rows of an order are other ones from then on, so what was before is written first.
/// What comes of events is the same however they are divided into batches.
fn rounds<'a>(batch: &Batch<'a>) -> Vec<Batch<'a>> {
    let mut rounds: Vec<Batch<'a>> = Vec::new();
    for (order, events) in batch {
        let mut pieces = vec![BTreeMap::new()];
        for (number, event) in events {
            let is_amended = matches!(event.fact, Fact::OrderAmended { .. });
            if is_amended && pieces.last().is_some_and(|piece| !piece.is_empty()) {
                pieces.push(BTreeMap::new());
            }
            if let Some(piece) = pieces.last_mut() {
                piece.insert(*number, *event);
            }
        }
        if rounds.len() < pieces.len() {
            rounds.resize_with(pieces.len(), Batch::new);
        }
        for (round, piece) in rounds.iter_mut().zip(pieces) {
            round.insert(*order, piece);
        }
    }
    rounds
}

/// Applies events of which no amendment comes after another event of its order, within a transaction. Tells whether anything
/// has changed.
async fn apply_round(
    tx: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<(Vec<(OrderId, Outcome)>, bool), DatabaseError> {
    let mut orders = lock_orders(tx, batch).await.map_err(cannot("lock orders"))?;
    let proposals =
        load_proposals(&mut *tx, &amended(batch)).await.map_err(cannot("load versions of orders"))?;
    for ((order, delivery), proposal) in proposals {
        if let Some(progress) = orders.get_mut(&order) {
            progress.proposals.insert(delivery, proposal);
        }
    }
    load_tasks(tx, batch, &mut orders).await.map_err(cannot("load tasks"))?;

    let mut outcomes = Vec::with_capacity(batch.len());
    let mut applied = Vec::new();
    for (id, events) in batch {
        let outcome = match orders.get_mut(id) {
            Some(progress) => advance(*id, progress, events, &mut applied),
            None => Outcome::UnknownOrder,
        };
        outcomes.push((*id, outcome));
    }
    if applied.is_empty() {
        return Ok((outcomes, false));
    }

    let changed = |id: &OrderId| applied.binary_search_by_key(id, |(order, _)| *order).is_ok();
    orders.retain(|id, _| changed(id));
    insert_events(tx, &applied).await.map_err(cannot("write order events"))?;
    write_amendments(tx, &applied, &orders).await.map_err(cannot("write versions of orders"))?;
    insert_children(tx, &applied).await.map_err(cannot("write child orders"))?;
    insert_residue(tx, &applied).await.map_err(cannot("write what was left behind"))?;
    save_tasks(tx, &orders).await.map_err(cannot("write tasks"))?;
    save_orders(tx, &orders).await.map_err(cannot("write orders"))?;
    save_items(tx, &mut orders).await.map_err(cannot("write items"))?;
    let ended: Vec<Uuid> =
        orders.iter().filter(|(_, of)| of.order.state.is_final()).map(|(id, _)| id.uuid()).collect();
    tell_followers(tx, &ended).await.map_err(cannot("promise to tell of the end of orders"))?;
    forget_proposals(tx, &ended).await.map_err(cannot("forget versions of orders that have ended"))?;
    let news: Vec<_> = orders.iter().map(|(id, of)| (*id, of.order.next_event.saturating_sub(1))).collect();
    notify(tx, &news).await.map_err(cannot("notify live readers"))?;
    Ok((outcomes, true))
}

/// The amendments that these events tell of.
#[expect(clippy::wildcard_enum_match_arm, reason = "one fact tells of them")]
fn amended<'a>(batch: &Batch<'a>) -> BTreeMap<(OrderId, &'a DeliveryId), Told<'a>> {
    let events = batch.iter().flat_map(|(order, events)| events.values().map(move |event| (*order, *event)));
    let amended = events.filter_map(|(order, event)| match &event.fact {
        Fact::OrderAmended { id, blueprint, order: told, items, .. } => {
            Some(((order, id), Told { blueprint, order: told, items }))
        }
        _ => None,
    });
    amended.collect()
}

/// Applies what follows without a gap, and notes each event that was.
fn advance<'a>(
    id: OrderId,
    progress: &mut Progress,
    events: &BTreeMap<u64, &'a OrderEvent>,
    applied: &mut Vec<(OrderId, &'a OrderEvent)>,
) -> Outcome {
    for (&number, &event) in events.range(progress.order.next_event..) {
        let expected = progress.order.next_event;
        if number != expected {
            return Outcome::Gap { expected };
        }
        if let Err(cause) = progress.apply(event) {
            return Outcome::Refused { number, cause };
        }
        applied.push((id, event));
    }
    Outcome::Applied { next: progress.order.next_event }
}

struct OrderColumns {
    id: Uuid,
    state: Word<OrderState>,
    customer_status: Option<String>,
    blocked_task: Option<Word<TaskId>>,
    blocked_reason: Option<String>,
    hold_for: Option<Word<HoldFor>>,
    reason: Option<String>,
    pending_until: Option<At>,
    started_at: Option<At>,
    ended_at: Option<At>,
    at_risk_since: Option<At>,
    at_risk_reason: Option<String>,
    overdue_since: Option<At>,
    updated_at: At,
    next_event: Whole<u64>,
    paused_task: Option<Word<TaskId>>,
    paused_reason: Option<String>,
    paused_for: Option<Word<HoldFor>>,
    paused_at: Option<At>,
    pending_after: Option<Vec<Uuid>>,
    paused_by: Option<Word<Actor>>,
}

/// Locks the orders of the batch, and those that tasks of theirs run which are amended, in the order of the ids, so that two batches
/// seldom wait for each other. If they do, Postgres stops one of them, and it is applied again.
async fn lock_orders(
    conn: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<BTreeMap<OrderId, Progress>, sqlx::Error> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "one fact tells of another order that is amended")]
    let amended = batch.values().flat_map(BTreeMap::values).filter_map(|event| match &event.fact {
        Fact::TaskAmending { handed_on: Some(handed_on), .. } => Some(&handed_on.order),
        _ => None,
    });
    let ids: Vec<Uuid> = batch.keys().chain(amended).map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        OrderColumns,
        r#"
        select
            id, state as "state: _", customer_status, blocked_task as "blocked_task: _", blocked_reason,
            hold_for as "hold_for: _", reason, pending_until as "pending_until: _",
            started_at as "started_at: _", ended_at as "ended_at: _", at_risk_since as "at_risk_since: _",
            at_risk_reason, overdue_since as "overdue_since: _", updated_at as "updated_at: _",
            next_event as "next_event: _", paused_task as "paused_task: _", paused_reason,
            paused_for as "paused_for: _", paused_at as "paused_at: _", pending_after, paused_by as "paused_by: _"
        from orders
        where id = any($1)
        order by id
        for no key update
        "#,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let orders = rows.into_iter().map(|row| (OrderId::new(row.id), row.into()));
    Ok(orders.filter(|(order, _)| batch.contains_key(order)).collect())
}

impl From<OrderColumns> for Progress {
    fn from(row: OrderColumns) -> Self {
        let paused = blocked(row.paused_task, row.paused_reason, row.paused_for);
        let paused = paused.zip(row.paused_at.map(|at| at.0));
        Self {
            order: order_progress!(row),
            paused,
            tasks: BTreeMap::new(),
            items: ItemChanges::default(),
            proposals: BTreeMap::new(),
        }
    }
}

struct TaskColumns {
    order_id: Uuid,
    task: Word<TaskId>,
    position: Whole<u64>,
    is_manual: bool,
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
}

/// Loads the tasks that the batch is about, for the others don't change, and those that need a person.
async fn load_tasks(
    conn: &mut PgConnection,
    batch: &Batch<'_>,
    orders: &mut BTreeMap<OrderId, Progress>,
) -> Result<(), sqlx::Error> {
    let mut touched: Vec<(OrderId, &TaskId)> = Vec::new();
    for (id, events) in batch {
        touched.extend(events.values().filter_map(|e| Some((*id, e.fact.task_state()?.0))));
        for event in events.values() {
            if let Fact::OrderAmended { tasks, .. } = &event.fact {
                touched.extend(tasks.iter().map(|change| (*id, &change.task)));
            }
        }
    }
    touched.sort_unstable();
    touched.dedup();
    let ids: Vec<OrderId> = batch.keys().copied().collect();
    let rows = sqlx::query_as!(
        TaskColumns,
        r#"
        with wanted as (
            select order_id, task from unnest($1::uuid[], $2::text[]) as touched (order_id, task)
            union
            select order_id, task from tasks where order_id = any($3) and hold_for is not null
        )
        select
            tasks.order_id, tasks.task as "task: _", position as "position: _",
            role is not null as "is_manual!", state as "state: _",
            generation as "generation: _", call, undo_call, waiting_for, until as "until: _", reason,
            hold_for as "hold_for: _", started_at as "started_at: _", ended_at as "ended_at: _",
            begun_event as "begun_event: _", result_event as "result_event: _",
            undo_event as "undo_event: _", person_since as "person_since: _"
        from tasks
        join wanted on wanted.order_id = tasks.order_id and wanted.task = tasks.task
        "#,
        &column(&touched, |(order, _)| order.uuid()),
        &column(&touched, |(_, task)| task.to_string()),
        &column(&ids, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let (order, id, task) = row.into();
        if let Some(progress) = orders.get_mut(&order) {
            progress.tasks.insert(id, task);
        }
    }
    Ok(())
}

impl From<TaskColumns> for (OrderId, TaskId, PlacedTask) {
    fn from(row: TaskColumns) -> Self {
        let task =
            PlacedTask { position: row.position.0, is_manual: row.is_manual, progress: task_progress!(row) };
        (OrderId::new(row.order_id), row.task.0, task)
    }
}

async fn save_tasks(
    conn: &mut PgConnection,
    orders: &BTreeMap<OrderId, Progress>,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(OrderId, &TaskId, &TaskProgress)> = orders
        .iter()
        .flat_map(|(order, progress)| progress.tasks.iter().map(|(id, task)| (*order, id, &task.progress)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        update tasks set
            state = new.state, generation = new.generation, call = new.call, undo_call = new.undo_call,
            waiting_for = new.waiting_for, until = new.until, reason = new.reason, hold_for = new.hold_for,
            started_at = new.started_at, ended_at = new.ended_at,
            begun_event = new.begun_event, result_event = new.result_event, undo_event = new.undo_event,
            person_since = new.person_since
        from unnest(
            $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
            $8::timestamptz[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[],
            $13::bigint[], $14::bigint[], $15::bigint[], $16::timestamptz[]
        ) as new (
            order_id, task, state, generation, call, undo_call, waiting_for, until, reason, hold_for,
            started_at, ended_at, begun_event, result_event, undo_event, person_since
        )
        where tasks.order_id = new.order_id and tasks.task = new.task
        "#,
        &column(&rows, |(order, ..)| order.uuid()),
        &column(&rows, |(_, id, _)| id.to_string()),
        &column(&rows, |(.., task)| task.state.as_str()) as _,
        &column(&rows, |(.., task)| i64::from(task.generation)),
        &column(&rows, |(.., task)| task.call.as_deref().map(text)) as _,
        &column(&rows, |(.., task)| task.undo_call.as_deref().map(text)) as _,
        &column(&rows, |(.., task)| task.waiting_for.as_deref().map(text)) as _,
        &column(&rows, |(.., task)| task.until.map(At)) as _,
        &column(&rows, |(.., task)| task.reason.as_deref().map(text)) as _,
        &column(&rows, |(.., task)| task.hold_for.map(HoldFor::as_str)) as _,
        &column(&rows, |(.., task)| task.started_at.map(At)) as _,
        &column(&rows, |(.., task)| task.ended_at.map(At)) as _,
        &column(&rows, |(.., task)| task.begun_event.map(bigint)) as _,
        &column(&rows, |(.., task)| task.result_event.map(bigint)) as _,
        &column(&rows, |(.., task)| task.undo_event.map(bigint)) as _,
        &column(&rows, |(.., task)| task.person_since.map(At)) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn save_orders(
    conn: &mut PgConnection,
    orders: &BTreeMap<OrderId, Progress>,
) -> Result<(), sqlx::Error> {
    let rows: Vec<(OrderId, &OrderProgress)> = orders.iter().map(|(id, of)| (*id, &of.order)).collect();
    let pauses: Vec<Option<&(Blocked, Timestamp)>> = orders.values().map(|of| of.paused.as_ref()).collect();
    sqlx::query!(
        r#"
        update orders set
            state = new.state, customer_status = new.customer_status, blocked_task = new.blocked_task,
            blocked_reason = new.blocked_reason, hold_for = new.hold_for, reason = new.reason,
            pending_until = new.pending_until, started_at = new.started_at, ended_at = new.ended_at,
            at_risk_since = new.at_risk_since, at_risk_reason = new.at_risk_reason, overdue_since = new.overdue_since,
            updated_at = new.updated_at, next_event = new.next_event, paused_task = new.paused_task,
            paused_reason = new.paused_reason, paused_for = new.paused_for, paused_at = new.paused_at,
            paused_by = new.paused_by, pending_after = new.pending_after::uuid[],
            stopped_at = case when orders.stopped_at >= new.updated_at then orders.stopped_at end
        from unnest(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::bigint[],
            $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[], $17::text[], $18::timestamptz[],
            $19::text[], $20::text[], $21::text[]
        ) as new (
            id, state, customer_status, blocked_task, blocked_reason, hold_for, reason,
            pending_until, started_at, ended_at, updated_at, next_event,
            at_risk_since, overdue_since, paused_task, paused_reason, paused_for, paused_at,
            paused_by, pending_after, at_risk_reason
        )
        where orders.id = new.id
        "#,
        &column(&rows, |(id, _)| id.uuid()),
        &column(&rows, |(_, order)| order.state.as_str()) as _,
        &column(&rows, |(_, order)| order.customer_status.as_deref().map(text)) as _,
        &column(&rows, |(_, order)| order.blocked.as_ref().map(|b| b.task.to_string())) as _,
        &column(&rows, |(_, order)| order.blocked.as_ref().map(|b| text(&b.reason))) as _,
        &column(&rows, |(_, order)| order.blocked.as_ref().map(|b| b.hold_for.as_str())) as _,
        &column(&rows, |(_, order)| order.reason.as_deref().map(text)) as _,
        &column(&rows, |(_, order)| order.pending_until.map(At)) as _,
        &column(&rows, |(_, order)| order.started_at.map(At)) as _,
        &column(&rows, |(_, order)| order.ended_at.map(At)) as _,
        &column(&rows, |(_, order)| At(order.updated_at)) as _,
        &column(&rows, |(_, order)| bigint(order.next_event)),
        &column(&rows, |(_, order)| order.at_risk_since.map(At)) as _,
        &column(&rows, |(_, order)| order.overdue_since.map(At)) as _,
        &column(&pauses, |pause| pause.map(|(p, _)| p.task.to_string())) as _,
        &column(&pauses, |pause| pause.map(|(p, _)| text(&p.reason))) as _,
        &column(&pauses, |pause| pause.map(|(p, _)| p.hold_for.as_str())) as _,
        &column(&pauses, |pause| pause.map(|(_, since)| At(*since))) as _,
        &column(&rows, |(_, order)| order.paused_by.as_ref().map(Actor::as_str)) as _,
        &column(&rows, |(_, order)| array_of(&order.pending_after)) as _,
        &column(&rows, |(_, order)| order.at_risk_reason.as_deref().map(text)) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ids as the text of an array: arrays of arrays can't be unnested one by one.
fn array_of(ids: &[OrderId]) -> Option<String> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| format!("{{{}}}", ids.join(",")))
}
