//! Takes an order: everything that is promised to its sender is written in one transaction, or none of it is.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Actor, Duration, ExternalId, Fact, ItemId, ItemKind, Order, OrderEvent, OrderId, OrderRequest,
    OrderState, TaskState, Timestamp,
};
use plan::{Body, Plan, Sleep, TaskIndex};
use sqlx::{Connection, PgConnection};

use crate::columns::{At, column, json, text};
use crate::database::{DatabaseError, cannot};
use crate::events::insert_events;
use crate::intents::{IntentId, Steering, add_intent};
use crate::keys::{KeyReused, Keyed, find_key, point_key, take_key};
use crate::listen::notify;
use crate::waits::{PlaceError, take_place};

/// How long the start of a new order is left to whoever accepted it, before a sweeper takes it over.
pub const START_GRACE: Duration = Duration::from_secs(5);

/// Longest text that a search looks into, in characters: an order of a thousand items is found by its first
/// ones.
const SEARCH_CHARS: usize = 4_000;

/// An order that is valid, with what will be done for it.
#[derive(Clone, Copy, Debug)]
pub struct NewOrder<'a> {
    /// The order under its new id.
    pub order: &'a Order,
    /// What will be done.
    pub plan: &'a Plan,
    /// Who sent it.
    pub author: &'a Actor,
    /// The caller's idempotency key, if they sent one.
    pub key: Option<&'a Keyed>,
}

impl NewOrder<'_> {
    /// Its start date, if that is still to come. What a task runs begins when the task does.
    #[must_use]
    pub fn starts_later(&self) -> Option<Timestamp> {
        let start = self.order.request.requested_start.filter(|_| self.plan.parameters().is_none());
        start.filter(|start| *start > self.order.submitted_at)
    }
}

/// What became of a request to accept an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The order is written down.
    Created {
        /// The intent to start it. It is due after [`START_GRACE`]; finish it when Temporal has the order
        /// sooner.
        start: IntentId,
        /// The orders that must have ended before it begins.
        after: Vec<OrderId>,
    },
    /// The same order came before, under this id. Nothing was written.
    Existing(OrderId),
}

/// Why an order was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The key stands for another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// It has no place among other orders.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Postgres could not write it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The order that was accepted under this key or external id, whatever is asked of it now: a repetition is recognised
/// even if its order would not be accepted any more. A key that comes new with a known external id stands for that
/// order from `now` on.
///
/// None means that it may be new; only [`accept_order`] is sure.
///
/// # Errors
/// The key came before with another request, or Postgres is away.
pub async fn find_accepted(
    conn: &mut PgConnection,
    external_id: Option<&ExternalId>,
    key: Option<&Keyed>,
    now: Timestamp,
) -> Result<Option<OrderId>, AcceptError> {
    if let Some(key) = key
        && let Some(known) = find_key(conn, key).await?
    {
        return Ok(Some(known));
    }
    let Some(external_id) = external_id else { return Ok(None) };
    let known = sqlx::query_scalar!("select id from orders where external_id = $1", external_id.as_ref())
        .fetch_optional(&mut *conn)
        .await
        .map_err(cannot("find an order by its external id"))?
        .map(OrderId::new);
    match (known, key) {
        // Whoever has taken the key since then says what it stands for.
        (Some(order), Some(key)) => Ok(Some(take_key(conn, key, order, now).await?.unwrap_or(order))),
        (known, _) => Ok(known),
    }
}

/// Writes an order with its items, tasks, first event, start intent and idempotency key. The same external
/// id, the same idempotency key or the same order id gives the order that is there already, also when both
/// requests come at once.
///
/// # Errors
/// The key came before with another request, the order can't come after those that it is to come after, or Postgres is away;
/// nothing is written.
pub async fn accept_order(conn: &mut PgConnection, new: &NewOrder<'_>) -> Result<Accepted, AcceptError> {
    let mut tx = conn.begin().await.map_err(cannot("begin to accept an order"))?;
    let id = new.order.id;
    if let Some(key) = new.key
        && let Some(known) = take_key(&mut tx, key, id, new.order.submitted_at).await?
    {
        return Ok(Accepted::Existing(known));
    }
    if !insert_order(&mut tx, new).await.map_err(cannot("write an order"))? {
        let known = find_order(&mut tx, new).await.map_err(cannot("find the order that came before"))?;
        if let Some(key) = new.key {
            point_key(&mut tx, key, known).await?;
        }
        tx.commit().await.map_err(cannot("commit an idempotency key"))?;
        return Ok(Accepted::Existing(known));
    }
    write_parts(&mut tx, new).await.map_err(cannot("write the parts of an order"))?;
    let after = take_place(&mut tx, new.order, new.plan).await?;
    let start = add_intent(&mut tx, id, &Steering::Start, new.order.submitted_at, START_GRACE)
        .await?
        .ok_or(sqlx::Error::RowNotFound)
        .map_err(cannot("find the order just written"))?;
    notify(&mut tx, &[(id, 0)]).await.map_err(cannot("notify live readers"))?;
    tx.commit().await.map_err(cannot("commit an order"))?;
    Ok(Accepted::Created { start, after })
}

/// Writes an order that nobody needs to start. False if it is there already.
pub(crate) async fn write_order(conn: &mut PgConnection, new: &NewOrder<'_>) -> Result<bool, sqlx::Error> {
    let is_new = insert_order(conn, new).await?;
    if is_new {
        write_parts(conn, new).await?;
    }
    Ok(is_new)
}

/// The items, the tasks and the first event of an order.
pub(crate) async fn write_parts(conn: &mut PgConnection, new: &NewOrder<'_>) -> Result<(), sqlx::Error> {
    insert_items(conn, new).await?;
    write_tasks(conn, new.order.id, new.plan, new.order.submitted_at).await?;
    let event = OrderEvent { number: 0, at: new.order.submitted_at, fact: Fact::OrderAccepted {} };
    insert_events(conn, &[(new.order.id, &event)]).await
}

/// False if an order of this id or external id is there. Waits for a transaction that is just writing it.
async fn insert_order(conn: &mut PgConnection, new: &NewOrder<'_>) -> Result<bool, sqlx::Error> {
    let Order { id, submitted_at, request } = new.order;
    let blueprint = new.plan.blueprint();
    let hash = new.plan.hash();
    let search = search_text(*id, request);
    let plan = String::from_utf8(new.plan.canonical_bytes())
        .map_err(|cause| sqlx::Error::Encode(Box::new(cause)))?;
    let written = sqlx::query!(
        r#"
        insert into orders (
            id, external_id, blueprint_name, blueprint_version, blueprint_hash, customer_id, customer_name,
            category, author, state, submitted_at, updated_at, next_event, search, request, plan, plan_hash,
            pending_until
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, 1, $12, $13::text::json, $14, $15, $16)
        on conflict do nothing
        "#,
        id.uuid(),
        request.external_id.as_ref().map(AsRef::as_ref),
        blueprint.name.as_str(),
        i64::from(blueprint.version),
        new.plan.blueprint_hash().as_str(),
        text(&request.customer.id) as _,
        request.customer.name.as_deref().map(text) as _,
        request.category.as_deref().map(text) as _,
        new.author.as_str(),
        OrderState::Acknowledged.as_str(),
        At(*submitted_at) as _,
        text(&search) as _,
        json(request)?,
        plan,
        hash.as_str(),
        new.starts_later().map(At) as _,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

async fn find_order(conn: &mut PgConnection, new: &NewOrder<'_>) -> Result<OrderId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "select id from orders where external_id = $1 or id = $2 order by external_id = $1 desc limit 1",
        new.order.request.external_id.as_ref().map(AsRef::as_ref),
        new.order.id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(OrderId::new(id))
}

/// What people type when they look for an order: its ids, its customer, what is ordered.
pub(crate) fn search_text(id: OrderId, request: &OrderRequest) -> String {
    let mut words = vec![id.to_string()];
    words.extend(request.external_id.as_ref().map(ToString::to_string));
    words.push(request.customer.id.clone());
    words.extend(request.customer.name.clone());
    let offerings: BTreeSet<&str> = request.items.iter().map(|item| item.offering.as_str()).collect();
    words.extend(offerings.into_iter().map(str::to_owned));
    words.join("\n").to_lowercase().chars().take(SEARCH_CHARS).collect()
}

async fn insert_items(conn: &mut PgConnection, new: &NewOrder<'_>) -> Result<(), sqlx::Error> {
    let items = &new.order.request.items;
    let kinds: BTreeMap<&ItemId, &ItemKind> =
        new.plan.items().iter().map(|item| (&item.id, &item.kind)).collect();
    sqlx::query!(
        r#"
        insert into order_items (order_id, item, position, kind, offering, action, quantity)
        select $1, item, place - 1, kind, offering, action, quantity
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
            with ordinality as new (item, kind, offering, action, quantity, place)
        "#,
        new.order.id.uuid(),
        &column(items, |item| item.id.as_str()) as _,
        &column(items, |item| kinds.get(&item.id).map(|kind| kind.as_str())) as _,
        &column(items, |item| text(&item.offering)) as _,
        &column(items, |item| item.action.as_str()) as _,
        &column(items, |item| i64::from(item.quantity)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The whole plan, so that a reader sees at once what will be done and what is left out. Of tasks that are there already, their
/// places, and what is called if they have not begun.
pub(crate) async fn write_tasks(
    conn: &mut PgConnection,
    order: OrderId,
    plan: &Plan,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let tasks: Vec<TaskIndex> = plan.indices().collect();
    let skipped = |task: &TaskIndex| plan.task(*task).skipped.as_deref();
    let state = |task| if skipped(task).is_some() { TaskState::Skipped } else { TaskState::Waiting };
    let call = |task: &TaskIndex| plan.definition(*task).call().map(|body| body.call.label());
    let role = |task: &TaskIndex| match &plan.definition(*task).body {
        Body::Manual(body) => Some(body.role.as_str()),
        Body::Call(_)
        | Body::Wait { .. }
        | Body::Poll(_)
        | Body::Sleep(_)
        | Body::Run(_)
        | Body::Let(_)
        | Body::Milestone => None,
    };
    sqlx::query!(
        r#"
        insert into tasks as known (order_id, task, position, title, role, state, call, undo_call, reason, ended_at)
        select
            $1, task, place - 1, title, role, state, call, undo_call, reason,
            case when reason is not null then $2::timestamptz end
        from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
            with ordinality as new (task, title, role, state, call, undo_call, reason, place)
        on conflict (order_id, task) do update set
            position = excluded.position, title = excluded.title, role = excluded.role,
            call = case when known.state = 'waiting' then excluded.call else known.call end,
            undo_call = case when known.state = 'waiting' then excluded.undo_call else known.undo_call end
        "#,
        order.uuid(),
        At(at) as _,
        &column(&tasks, |task| plan.id(*task).to_string()),
        &column(&tasks, |task| title(&plan.definition(*task).body)),
        &column(&tasks, role) as _,
        &column(&tasks, |task| state(task).as_str()) as _,
        &column(&tasks, call) as _,
        &column(&tasks, |task| plan.definition(*task).undo().map(plan::Call::label)) as _,
        &column(&tasks, |task| skipped(task).map(text)) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a task does, for people.
fn title(body: &Body) -> String {
    match body {
        Body::Call(body) => format!("call {}", body.call.label()),
        Body::Wait { signal, .. } => format!("wait for {signal}"),
        Body::Manual(body) => format!("by hand, for {}", body.role),
        Body::Poll(body) => format!("poll {}", body.query.label()),
        Body::Sleep(Sleep::For(length)) => format!("sleep {length}"),
        Body::Sleep(Sleep::Until(time)) => format!("sleep until {}", time.text),
        Body::Run(body) => format!("run {}", body.blueprint),
        Body::Let(_) => "compute a value".to_owned(),
        Body::Milestone => "milestone".to_owned(),
    }
}
