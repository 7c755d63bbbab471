//! Reads orders: one whole, or many by what people look for.

use std::fmt;
use std::str::FromStr;

use model::{
    Action, Actor, BlueprintName, BlueprintRef, Customer, ExternalId, Hash, HoldFor, InvalidName, ItemId,
    ItemKind, OrderId, OrderRequest, OrderState, TaskId, TaskState, Timestamp, Value,
};
use plan::Plan;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::columns::{At, Whole, Word, text};
use crate::database::{DatabaseError, cannot};
use crate::progress::{Blocked, OrderProgress, TaskProgress};

/// Most orders on one page of a list.
pub const ORDER_PAGE: u32 = 200;

/// An order as a list shows it: what it was accepted as, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSummary {
    /// Its id.
    pub id: OrderId,
    /// The sender's id.
    pub external_id: Option<ExternalId>,
    /// The blueprint version its plan was made from.
    pub blueprint: BlueprintRef,
    /// The hash of that version.
    pub blueprint_hash: Hash,
    /// The hash of its plan.
    pub plan_hash: Hash,
    /// Who ordered.
    pub customer: Customer,
    /// A word the sender sorts orders by.
    pub category: Option<String>,
    /// Who sent it.
    pub author: Actor,
    /// When it was accepted.
    pub submitted_at: Timestamp,
    /// What its events have made of it.
    pub progress: OrderProgress,
}

/// An order with everything that readers see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The order itself.
    pub summary: OrderSummary,
    /// What was sent.
    pub request: OrderRequest,
    /// Its items, as sent.
    pub items: Vec<ItemRow>,
    /// The tasks of its plan, in the plan's order.
    pub tasks: Vec<TaskRow>,
}

/// An item of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// Its id, unique within the order.
    pub id: ItemId,
    /// The kind the blueprint sorted it into, if it names one.
    pub kind: Option<ItemKind>,
    /// What is ordered.
    pub offering: String,
    /// What is to happen to it.
    pub action: Action,
    /// How many.
    pub quantity: u32,
}

/// A task of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// The task.
    pub id: TaskId,
    /// What it does, for people.
    pub title: String,
    /// What its events have made of it.
    pub progress: TaskProgress,
    /// How often its call was attempted in this generation.
    pub attempts: u32,
    /// How often its undo was attempted.
    pub undo_attempts: u32,
    /// The arguments of its last call; null before the first.
    pub arguments: Value,
    /// Its result; null before there is one.
    pub result: Value,
}

/// What orders to list; what is not given does not narrow the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Those in this state.
    pub state: Option<OrderState>,
    /// Those of this blueprint, in any version.
    pub blueprint: Option<BlueprintName>,
    /// Those of the customer with this id.
    pub customer: Option<String>,
    /// Those with this text in their ids, their customer or their offerings, in upper or lower case.
    pub q: Option<String>,
}

/// A place in a list of orders. Its text is opaque to readers; they hand back what they got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderCursor {
    submitted_at: Timestamp,
    id: OrderId,
}

impl fmt::Display for OrderCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.submitted_at.as_millis(), self.id.uuid().simple())
    }
}

impl FromStr for OrderCursor {
    type Err = InvalidName;
    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let read = || {
            let (millis, id) = given.rsplit_once('-')?;
            Some(Self { submitted_at: Timestamp::from_millis(millis.parse().ok()?), id: id.parse().ok()? })
        };
        read().ok_or_else(|| InvalidName {
            text: given.chars().take(80).collect(),
            expected: "an order cursor (as it was handed out)",
        })
    }
}

/// A part of a list of orders, the newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<OrderSummary>,
    /// Where to go on; none if this is the end.
    pub next: Option<OrderCursor>,
}

struct OrderColumns {
    id: Uuid,
    external_id: Option<Word<ExternalId>>,
    blueprint_name: Word<BlueprintName>,
    blueprint_version: Whole<u32>,
    blueprint_hash: Word<Hash>,
    plan_hash: Word<Hash>,
    customer_id: String,
    customer_name: Option<String>,
    category: Option<String>,
    author: Word<Actor>,
    state: Word<OrderState>,
    customer_status: Option<String>,
    blocked_task: Option<Word<TaskId>>,
    blocked_reason: Option<String>,
    hold_for: Option<Word<HoldFor>>,
    reason: Option<String>,
    pending_until: Option<At>,
    submitted_at: At,
    started_at: Option<At>,
    ended_at: Option<At>,
    updated_at: At,
    next_event: Whole<u64>,
}

impl From<OrderColumns> for OrderSummary {
    fn from(row: OrderColumns) -> Self {
        Self {
            id: OrderId::new(row.id),
            external_id: row.external_id.map(|id| id.0),
            blueprint: BlueprintRef { name: row.blueprint_name.0, version: row.blueprint_version.0 },
            blueprint_hash: row.blueprint_hash.0,
            plan_hash: row.plan_hash.0,
            customer: Customer { id: row.customer_id, name: row.customer_name },
            category: row.category,
            author: row.author.0,
            submitted_at: row.submitted_at.0,
            progress: OrderProgress {
                state: row.state.0,
                customer_status: row.customer_status,
                blocked: Blocked::from_columns(row.blocked_task, row.blocked_reason, row.hold_for),
                reason: row.reason,
                pending_until: row.pending_until.map(|at| at.0),
                started_at: row.started_at.map(|at| at.0),
                ended_at: row.ended_at.map(|at| at.0),
                updated_at: row.updated_at.0,
                next_event: row.next_event.0,
            },
        }
    }
}

/// Loads an order as it is at one moment. Not to be called within a transaction: it begins its own.
///
/// # Errors
/// Postgres is away, or a stored value can't be read.
pub async fn load_order(conn: &mut PgConnection, id: OrderId) -> Result<Option<OrderRow>, DatabaseError> {
    let mut tx = conn
        .begin_with("begin isolation level repeatable read read only")
        .await
        .map_err(cannot("begin to load an order"))?;
    let Some(row) = select_order(&mut tx, id).await.map_err(cannot("load an order"))? else {
        return Ok(None);
    };
    let request = select_request(&mut tx, id).await.map_err(cannot("load the request of an order"))?;
    let items = select_items(&mut tx, id).await.map_err(cannot("load the items of an order"))?;
    let tasks = select_tasks(&mut tx, id).await.map_err(cannot("load the tasks of an order"))?;
    tx.commit().await.map_err(cannot("finish loading an order"))?;
    Ok(Some(OrderRow { summary: row.into(), request, items, tasks }))
}

async fn select_order(conn: &mut PgConnection, id: OrderId) -> Result<Option<OrderColumns>, sqlx::Error> {
    sqlx::query_as!(
        OrderColumns,
        r#"
        select
            id, external_id as "external_id: _", blueprint_name as "blueprint_name: _",
            blueprint_version as "blueprint_version: _", blueprint_hash as "blueprint_hash: _",
            plan_hash as "plan_hash: _", customer_id, customer_name, category, author as "author: _",
            state as "state: _", customer_status, blocked_task as "blocked_task: _", blocked_reason,
            hold_for as "hold_for: _", reason, pending_until as "pending_until: _",
            submitted_at as "submitted_at: _", started_at as "started_at: _", ended_at as "ended_at: _",
            updated_at as "updated_at: _", next_event as "next_event: _"
        from orders
        where id = $1
        "#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await
}

async fn select_request(conn: &mut PgConnection, id: OrderId) -> Result<OrderRequest, sqlx::Error> {
    let request = sqlx::query_scalar!(
        r#"select request as "request: Json<OrderRequest>" from orders where id = $1"#,
        id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(request.0)
}

async fn select_items(conn: &mut PgConnection, id: OrderId) -> Result<Vec<ItemRow>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            item as "item: Word<ItemId>", kind as "kind: Word<ItemKind>", offering,
            action as "action: Word<Action>", quantity as "quantity: Whole<u32>"
        from order_items
        where order_id = $1
        order by position
        "#,
        id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let items = rows.into_iter().map(|row| ItemRow {
        id: row.item.0,
        kind: row.kind.map(|kind| kind.0),
        offering: row.offering,
        action: row.action.0,
        quantity: row.quantity.0,
    });
    Ok(items.collect())
}

struct TaskColumns {
    task: Word<TaskId>,
    title: String,
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
    attempts: Whole<u32>,
    undo_attempts: Whole<u32>,
    begun: Option<Json<Value>>,
    result: Option<Json<Value>>,
}

impl From<TaskColumns> for TaskRow {
    fn from(row: TaskColumns) -> Self {
        let field = |event: Option<Json<Value>>, name| {
            event.and_then(|data| data.0.field(name).cloned()).unwrap_or_default()
        };
        Self {
            id: row.task.0,
            title: row.title,
            progress: TaskProgress {
                state: row.state.0,
                generation: row.generation.0,
                call: row.call,
                undo_call: row.undo_call,
                waiting_for: row.waiting_for,
                until: row.until.map(|at| at.0),
                reason: row.reason,
                hold_for: row.hold_for.map(|who| who.0),
                started_at: row.started_at.map(|at| at.0),
                ended_at: row.ended_at.map(|at| at.0),
                begun_event: row.begun_event.map(|number| number.0),
                result_event: row.result_event.map(|number| number.0),
            },
            attempts: row.attempts.0,
            undo_attempts: row.undo_attempts.0,
            arguments: field(row.begun, "arguments"),
            result: field(row.result, "result"),
        }
    }
}

async fn select_tasks(conn: &mut PgConnection, id: OrderId) -> Result<Vec<TaskRow>, sqlx::Error> {
    let rows = sqlx::query_as!(
        TaskColumns,
        r#"
        with attempts as (
            select task, direction, generation, max(attempt) as attempts
            from task_attempts
            where order_id = $1
            group by task, direction, generation
        )
        select
            t.task as "task: _", t.title, t.state as "state: _", t.generation as "generation: _", t.call,
            t.undo_call, t.waiting_for, t.until as "until: _", t.reason, t.hold_for as "hold_for: _",
            t.started_at as "started_at: _", t.ended_at as "ended_at: _",
            t.begun_event as "begun_event: _", t.result_event as "result_event: _",
            coalesce(forward.attempts, 0) as "attempts!: _", coalesce(undo.attempts, 0) as "undo_attempts!: _",
            begun.data as "begun?: _", result.data as "result?: _"
        from tasks t
        left join attempts forward
            on forward.task = t.task and forward.generation = t.generation and forward.direction = 'forward'
        left join attempts undo
            on undo.task = t.task and undo.generation = t.generation and undo.direction = 'undo'
        left join order_events begun on begun.order_id = t.order_id and begun.number = t.begun_event
        left join order_events result on result.order_id = t.order_id and result.number = t.result_event
        where t.order_id = $1
        order by t.position
        "#,
        id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The plan of an order.
///
/// # Errors
/// Postgres is away, or the stored plan can't be read: it was written by a later version.
pub async fn load_plan(conn: &mut PgConnection, id: OrderId) -> Result<Option<Plan>, DatabaseError> {
    let text = sqlx::query_scalar!("select plan from orders where id = $1", id.uuid())
        .fetch_optional(conn)
        .await
        .map_err(cannot("load a plan"))?;
    let read = |text: String| serde_json::from_str(&text).map_err(|e| sqlx::Error::Decode(Box::new(e)));
    text.map(read).transpose().map_err(cannot("read a plan"))
}

/// Lists orders, the newest first, from the first or after `after`, at most `limit` and at most
/// [`ORDER_PAGE`].
///
/// # Errors
/// Postgres is away, or a stored value can't be read.
pub async fn list_orders(
    conn: &mut PgConnection,
    filter: &OrderFilter,
    after: Option<OrderCursor>,
    limit: u32,
) -> Result<OrderPage, DatabaseError> {
    let limit = limit.clamp(1, ORDER_PAGE);
    let mut tx = conn.begin().await.map_err(cannot("begin to list orders"))?;
    // One statement for every combination of filters: planned for the one at hand, it uses that one's index.
    sqlx::query!("set local plan_cache_mode = force_custom_plan")
        .execute(&mut *tx)
        .await
        .map_err(cannot("prepare to list orders"))?;
    let mut rows = select_orders(&mut tx, filter, after, limit).await.map_err(cannot("list orders"))?;
    tx.commit().await.map_err(cannot("finish listing orders"))?;

    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let orders: Vec<OrderSummary> = rows.into_iter().map(Into::into).collect();
    let next = orders.last().filter(|_| more);
    let next = next.map(|last| OrderCursor { submitted_at: last.submitted_at, id: last.id });
    Ok(OrderPage { orders, next })
}

/// One more than `limit`, to see whether there are more.
async fn select_orders(
    conn: &mut PgConnection,
    filter: &OrderFilter,
    after: Option<OrderCursor>,
    limit: u32,
) -> Result<Vec<OrderColumns>, sqlx::Error> {
    sqlx::query_as!(
        OrderColumns,
        r#"
        select
            id, external_id as "external_id: _", blueprint_name as "blueprint_name: _",
            blueprint_version as "blueprint_version: _", blueprint_hash as "blueprint_hash: _",
            plan_hash as "plan_hash: _", customer_id, customer_name, category, author as "author: _",
            state as "state: _", customer_status, blocked_task as "blocked_task: _", blocked_reason,
            hold_for as "hold_for: _", reason, pending_until as "pending_until: _",
            submitted_at as "submitted_at: _", started_at as "started_at: _", ended_at as "ended_at: _",
            updated_at as "updated_at: _", next_event as "next_event: _"
        from orders
        where ($1::text is null or state = $1)
          and ($2::text is null or blueprint_name = $2)
          and ($3::text is null or customer_id = $3)
          and ($4::text is null or search like $4)
          and ($5::timestamptz is null or (submitted_at, id) < ($5, $6))
        order by submitted_at desc, id desc
        limit $7
        "#,
        filter.state.map(OrderState::as_str),
        filter.blueprint.as_ref().map(AsRef::as_ref),
        filter.customer.as_deref().map(text) as _,
        filter.q.as_deref().map(pattern) as _,
        after.map(|cursor| At(cursor.submitted_at)) as _,
        after.map(|cursor| cursor.id.uuid()),
        i64::from(limit) + 1,
    )
    .fetch_all(conn)
    .await
}

/// The `like` pattern for texts that contain `q`, taken literally.
fn pattern(q: &str) -> String {
    let mut pattern = String::from("%");
    for c in text(q).to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
