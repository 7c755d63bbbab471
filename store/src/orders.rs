//! Reads one order whole.

use model::{Duration, OrderId, OrderRequest, OrderState, TaskId, Timestamp};
use plan::Plan;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};

use crate::children::{ChildRow, select_children};
use crate::columns::{Word, text};
use crate::database::{DatabaseError, cannot};
use crate::deliveries::{KeptSignal, select_kept};
use crate::due::note_what_is_due;
use crate::items::{ItemRow, count_items, select_items};
use crate::outlook::look_ahead;
use crate::summary::{OrderSummary, select_orders};
use crate::tasks::{TaskRow, select_tasks};
use crate::waits::{Predecessor, select_predecessors};

/// An order with everything that readers see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The order itself.
    pub summary: OrderSummary,
    /// When its time is up, by the deadline of its blueprint; none if that has none, or before the order has begun.
    pub deadline: Option<Timestamp>,
    /// What was sent.
    pub request: OrderRequest,
    /// Its items, as sent.
    pub items: Vec<ItemRow>,
    /// The tasks of its plan, in the plan's order.
    pub tasks: Vec<TaskRow>,
    /// Signals that came before the task they are for waited for them, oldest first.
    pub kept: Vec<KeptSignal>,
    /// The orders that its tasks run, as they began.
    pub children: Vec<ChildRow>,
    /// The orders that it waited for when it was accepted, as those were.
    pub predecessors: Vec<Predecessor>,
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
    let row = select_orders!("where id = $1", id.uuid()).fetch_optional(&mut *tx).await;
    let Some(row) = row.map_err(cannot("load an order"))? else { return Ok(None) };
    let mut summary: OrderSummary = row.into();
    let ahead = look_ahead(&mut tx, std::slice::from_mut(&mut summary)).await;
    ahead.map_err(cannot("see what an order waits for"))?;
    let counted = count_items(&mut tx, std::slice::from_mut(&mut summary)).await;
    counted.map_err(cannot("count the items of an order"))?;
    let deadline = match summary.progress.started_at {
        Some(began) => select_time_allowed(&mut tx, id).await.map(|allowed| Some(began.plus(allowed?))),
        None => Ok(None),
    };
    let deadline = deadline.map_err(cannot("load the deadline of an order"))?;
    let request = select_request(&mut tx, id).await.map_err(cannot("load the request of an order"))?;
    let items = select_items(&mut tx, id).await.map_err(cannot("load the items of an order"))?;
    let mut tasks = select_tasks(&mut tx, id).await.map_err(cannot("load the tasks of an order"))?;
    let due = note_what_is_due(&mut tx, &summary, &items, &mut tasks).await;
    due.map_err(cannot("see what an amendment is still to do"))?;
    // Nothing is kept for an order that has ended.
    let kept = if summary.progress.state.is_final() {
        Vec::new()
    } else {
        select_kept(&mut tx, id).await.map_err(cannot("load the signals kept for an order"))?
    };
    let children =
        select_children(&mut tx, id).await.map_err(cannot("load the orders that an order runs"))?;
    let predecessors =
        select_predecessors(&mut tx, id).await.map_err(cannot("load what an order waits for"))?;
    tx.commit().await.map_err(cannot("finish loading an order"))?;
    Ok(Some(OrderRow { summary, deadline, request, items, tasks, kept, children, predecessors }))
}

/// How long an order may take, by its plan, which may be too large to be read for that alone.
async fn select_time_allowed(conn: &mut PgConnection, id: OrderId) -> Result<Option<Duration>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            case when strpos(plan, '\u0000') = 0 then plan::json -> 'deadline' ->> 'within' end
                as "within: Word<Duration>",
            case when strpos(plan, '\u0000') > 0 then plan end as whole
        from orders where id = $1
        "#,
        id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    // Postgres can't look into a document with the character NUL in it.
    let Some(whole) = row.whole else { return Ok(row.within.map(|within| within.0)) };
    let plan: Plan = serde_json::from_str(&whole).map_err(|wrong| sqlx::Error::Decode(wrong.into()))?;
    Ok(plan.deadline().map(|deadline| deadline.within))
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

/// The state of an order.
///
/// # Errors
/// Postgres is away, or the stored state can't be read.
pub async fn load_state(conn: &mut PgConnection, id: OrderId) -> Result<Option<OrderState>, DatabaseError> {
    let state = sqlx::query_scalar!(
        r#"select state as "state: Word<OrderState>" from orders where id = $1"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await
    .map_err(cannot("load the state of an order"))?;
    Ok(state.map(|state| state.0))
}

/// The tasks of an order that come of one task of its blueprint, in the plan's order and at most `limit`: those whose names before
/// the item are the name.
///
/// # Errors
/// Postgres is away, or a stored id can't be read.
pub async fn find_tasks(
    conn: &mut PgConnection,
    order: OrderId,
    name: &str,
    limit: u32,
) -> Result<Vec<TaskId>, DatabaseError> {
    let tasks = sqlx::query_scalar!(
        r#"
        select task as "task: Word<TaskId>" from tasks
        where order_id = $1 and split_part(task, '[', 1) = $2
        order by position
        limit $3
        "#,
        order.uuid(),
        &text(name) as _,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("find tasks"))?;
    Ok(tasks.into_iter().map(|task| task.0).collect())
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
