//! Orders that tasks of other orders run.
//!
//! Nobody sends them, so their rows are written when their parent's record tells of their beginning, in the same
//! transaction: from the parent's plan, which holds theirs.

use model::{
    Actor, BlueprintName, DeliveryId, Fact, HandedOn, HoldFor, Order, OrderEvent, OrderId, OrderRequest,
    OrderState, TaskId, Timestamp, Value,
};
use plan::Plan;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::accept::{NewOrder, write_order};
use crate::amended::write_plan;
use crate::columns::{At, Word};
use crate::events::{EventColumns, last_amendment, load_event};
use crate::outlook::{Cancel, is_cancelled, select_cancels};
use crate::progress::Blocked;
use crate::rows::blocked;

/// The order that another one is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The order.
    pub order: OrderId,
    /// Its task that runs this one.
    pub task: TaskId,
}

/// An order that is part of another, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildRow {
    /// Its id.
    pub order: OrderId,
    /// The task of its parent that runs it.
    pub task: TaskId,
    /// The blueprint that it carries out.
    pub blueprint: BlueprintName,
    /// Its state.
    pub state: OrderState,
    /// What it needs a person for, while it does.
    pub blocked: Option<Blocked>,
    /// Why it was rejected, failed, or is being rolled back.
    pub reason: Option<String>,
    /// Who cancelled it, or asks for that now.
    pub cancel: Option<Cancel>,
    /// When its workflow was ended from outside, if nothing has happened since.
    pub stopped_at: Option<Timestamp>,
    /// When it began.
    pub submitted_at: Timestamp,
}

/// Writes the rows of the orders that these events of others have begun.
pub(crate) async fn insert_children(
    conn: &mut PgConnection,
    applied: &[(OrderId, &OrderEvent)],
) -> Result<(), sqlx::Error> {
    for (parent, event) in applied {
        if let Fact::ChildOrderStarted { task, order, blueprint } = &event.fact {
            insert_child(conn, *parent, event, task, *order, blueprint).await?;
        }
        if let Fact::TaskAmending { handed_on: Some(HandedOn { order, .. }), .. } = &event.fact {
            plan_child(conn, *order, event.at).await?;
        }
    }
    Ok(())
}

/// The plan that an order carried out when the event of this number happened.
async fn load_plan_at(conn: &mut PgConnection, order: OrderId, number: u64) -> Result<Plan, sqlx::Error> {
    let amended = last_amendment(conn, order, Some(number)).await?;
    let delivery = amended.as_ref().and_then(|event| event.fact.delivery());
    let plan = sqlx::query_scalar!(
        r#"
        select coalesce(
            (select plan from order_versions where order_id = $1 and delivery = $2), plan
        ) as "plan!"
        from orders where id = $1
        "#,
        order.uuid(),
        delivery.map_or("", DeliveryId::as_str),
    )
    .fetch_one(conn)
    .await?;
    serde_json::from_str(&plan).map_err(|wrong| sqlx::Error::Decode(wrong.into()))
}

/// Writes the plan of a child order as the last amendment has it that its parent has handed on and that it has taken. Its own record
/// says which that is, and its parent's what with; nothing, if either is not here yet: then it is written with that. The child's row is
/// locked, so whoever comes second sees what the first has written.
pub(crate) async fn plan_child(
    conn: &mut PgConnection,
    child: OrderId,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let parent =
        sqlx::query_scalar!("select parent_id from orders where id = $1 for no key update", child.uuid())
            .fetch_optional(&mut *conn)
            .await?;
    let Some(parent) = parent.flatten().map(OrderId::new) else { return Ok(()) };
    let Some(amended) = last_amendment(conn, child, None).await? else { return Ok(()) };
    let Some((number, blueprint, arguments)) = handed_on(conn, parent, child, &amended).await? else {
        return Ok(());
    };
    let plan = child_plan(&load_plan_at(conn, parent, number).await?, &blueprint, arguments)?;
    write_plan(conn, child, at, &plan).await
}

/// What an order has amended one with that a task of it runs: the number of its event that says so, the blueprint and its arguments.
async fn handed_on(
    conn: &mut PgConnection,
    parent: OrderId,
    child: OrderId,
    amended: &OrderEvent,
) -> Result<Option<(u64, BlueprintName, Value)>, sqlx::Error> {
    // Found by its text: Postgres can't look into a document with the character NUL in it.
    let rows = sqlx::query_as!(
        EventColumns,
        r#"
        select number as "number: _", at as "at: _", type, data as "data: _"
        from order_events
        where order_id = $1 and type = 'TaskAmending' and strpos(data::text, $2) > 0
        order by number desc
        "#,
        parent.uuid(),
        child.to_string(),
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let OrderEvent { number, fact, at: _ } = row.try_into()?;
        if let Fact::TaskAmending { handed_on: Some(told), arguments, .. } = fact
            && told.order == child
            && Some(&told.id) == amended.fact.delivery()
        {
            return Ok(Some((number, told.blueprint, arguments)));
        }
    }
    Ok(None)
}

async fn insert_child(
    conn: &mut PgConnection,
    parent: OrderId,
    event: &OrderEvent,
    task: &TaskId,
    child: OrderId,
    blueprint: &BlueprintName,
) -> Result<(), sqlx::Error> {
    let row = sqlx::query!(
        r#"select request as "request: Json<OrderRequest>", author as "author: Word<Actor>" from orders where id = $1"#,
        parent.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let parameters = given(conn, parent, event, task).await?;
    let plan = child_plan(&load_plan_at(conn, parent, event.number).await?, blueprint, parameters)?;
    let request = OrderRequest { external_id: None, items: Vec::new(), ..row.request.0 };
    let order = Order { id: child, submitted_at: event.at, request };
    let new = NewOrder { order: &order, plan: &plan, author: &row.author.0, key: None };
    if write_order(conn, &new).await? {
        sqlx::query!(
            "update orders set parent_id = $2, parent_task = $3 where id = $1",
            child.uuid(),
            parent.uuid(),
            task.to_string(),
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}

fn child_plan(parent: &Plan, blueprint: &BlueprintName, arguments: Value) -> Result<Plan, sqlx::Error> {
    parent.child(blueprint, arguments).map_err(|wrong| sqlx::Error::Decode(wrong.into()))
}

/// What a task has given the order that it runs: the arguments with which it began, right before.
async fn given(
    conn: &mut PgConnection,
    parent: OrderId,
    event: &OrderEvent,
    task: &TaskId,
) -> Result<Value, sqlx::Error> {
    let before = load_event(conn, parent, event.number.saturating_sub(1)).await?;
    match before.map(|event| event.fact) {
        Some(Fact::TaskStarted { task: begun, arguments, .. }) if begun == *task => Ok(arguments),
        _ => Err(sqlx::Error::Decode(format!("`{task}` has begun an order before it began itself").into())),
    }
}

/// The orders that tasks of an order run, as they began.
pub(crate) async fn select_children(
    conn: &mut PgConnection,
    parent: OrderId,
) -> Result<Vec<ChildRow>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            id, parent_task as "task!: Word<TaskId>", blueprint_name as "blueprint: Word<BlueprintName>",
            state as "state: Word<OrderState>", blocked_task as "blocked_task: Word<TaskId>", blocked_reason,
            hold_for as "hold_for: Word<HoldFor>", reason, stopped_at as "stopped_at: At",
            submitted_at as "submitted_at: At"
        from orders
        where parent_id = $1
        order by submitted_at, id
        "#,
        parent.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    let cancelled: Vec<_> = rows.iter().filter(|row| is_cancelled(row.state.0)).map(|row| row.id).collect();
    let mut cancels = select_cancels(conn, &cancelled, &[]).await?;
    let children = rows.into_iter().map(|row| ChildRow {
        order: OrderId::new(row.id),
        task: row.task.0,
        blueprint: row.blueprint.0,
        state: row.state.0,
        blocked: blocked(row.blocked_task, row.blocked_reason, row.hold_for),
        reason: row.reason,
        cancel: cancels.remove(&row.id),
        stopped_at: row.stopped_at.map(|at| at.0),
        submitted_at: row.submitted_at.0,
    });
    Ok(children.collect())
}
