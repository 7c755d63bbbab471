//! Orders that tasks of other orders run.
//!
//! Nobody sends them, so their rows are written when their parent's record tells of their beginning, in the same
//! transaction: from the parent's plan, which holds theirs.

use model::{
    Actor, BlueprintName, Fact, Order, OrderEvent, OrderId, OrderRequest, OrderState, TaskId, Timestamp,
    Value,
};
use plan::Plan;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::accept::{NewOrder, write_order};
use crate::amended::write_plan;
use crate::columns::{At, Whole, Word};
use crate::events::load_event;

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
        if let Fact::TaskAmending { task, call, arguments, generation: _ } = &event.fact {
            amend_child(conn, *parent, event.at, task, call, arguments).await?;
        }
    }
    Ok(())
}

/// Writes the plan of the order that a task runs to which an amendment is handed on: it follows from its parent's, too. What
/// becomes of it, its own record tells.
async fn amend_child(
    conn: &mut PgConnection,
    parent: OrderId,
    at: Timestamp,
    task: &TaskId,
    call: &str,
    arguments: &Value,
) -> Result<(), sqlx::Error> {
    // Any other task calls a system.
    let Some(Ok(blueprint)) = call.strip_prefix("run ").map(BlueprintName::new) else { return Ok(()) };
    let row = sqlx::query!(
        r#"
        select child.id, parent.plan
        from orders child join orders parent on parent.id = child.parent_id
        where child.parent_id = $1 and child.parent_task = $2
        order by child.submitted_at desc, child.id desc
        limit 1
        "#,
        parent.uuid(),
        task.to_string(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(cause);
    let plan: Plan = serde_json::from_str(&row.plan).map_err(|wrong| unreadable(wrong.into()))?;
    let plan = plan.child(&blueprint, arguments.clone()).map_err(|wrong| unreadable(wrong.into()))?;
    write_plan(conn, OrderId::new(row.id), at, &plan).await
}

/// Writes the plan of such an order as the last amendment has it that its parent handed on to it; nothing, if there was none.
pub(crate) async fn amend_child_again(
    conn: &mut PgConnection,
    parent: &Parent,
    child: OrderId,
) -> Result<(), sqlx::Error> {
    let last = sqlx::query_scalar!(
        r#"
        select max(amended.number) as "number: Whole<u64>"
        from order_events amended
        where amended.order_id = $1 and amended.type = 'TaskAmending' and amended.data ->> 'task' = $2
          and amended.number > (
            select max(begun.number) from order_events begun
            where begun.order_id = $1 and begun.type = 'ChildOrderStarted' and begun.data ->> 'order' = $3
          )
        "#,
        parent.order.uuid(),
        parent.task.to_string(),
        child.to_string(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let Some(number) = last else { return Ok(()) };
    match load_event(conn, parent.order, number.0).await? {
        Some(OrderEvent { at, fact: Fact::TaskAmending { task, call, arguments, .. }, .. }) => {
            amend_child(conn, parent.order, at, &task, &call, &arguments).await
        }
        _ => Ok(()),
    }
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
        r#"select request as "request: Json<OrderRequest>", author as "author: Word<Actor>", plan from orders where id = $1"#,
        parent.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(cause);
    let plan: Plan = serde_json::from_str(&row.plan).map_err(|wrong| unreadable(wrong.into()))?;
    let parameters = given(conn, parent, event, task).await?;
    let plan = plan.child(blueprint, parameters).map_err(|wrong| unreadable(wrong.into()))?;
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
            state as "state: Word<OrderState>", submitted_at as "submitted_at: At"
        from orders
        where parent_id = $1
        order by submitted_at, id
        "#,
        parent.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let children = rows.into_iter().map(|row| ChildRow {
        order: OrderId::new(row.id),
        task: row.task.0,
        blueprint: row.blueprint.0,
        state: row.state.0,
        submitted_at: row.submitted_at.0,
    });
    Ok(children.collect())
}
