//! Orders that tasks of other orders run.
//!
//! Nobody sends them, so their rows are written when their parent's record tells of their beginning, in the same
//! transaction: from the parent's plan, which holds theirs.

use model::{
    Actor, BlueprintName, Fact, HandedOn, Order, OrderEvent, OrderId, OrderRequest, OrderState, TaskId,
    Timestamp, Value,
};
use plan::Plan;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::accept::{NewOrder, write_order};
use crate::amended::write_plan;
use crate::columns::{At, Whole, Word, bigint};
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
        if let Fact::TaskAmending { handed_on: Some(HandedOn { order, .. }), .. } = &event.fact {
            plan_child(conn, *order, event.at).await?;
        }
    }
    Ok(())
}

/// The plan that an order carried out when the event of this number happened.
async fn load_plan_at(conn: &mut PgConnection, order: OrderId, number: u64) -> Result<Plan, sqlx::Error> {
    let plan = sqlx::query_scalar!(
        r#"
        select coalesce(
            (
                select plan from order_versions
                where order_id = $1 and delivery = coalesce(
                    (
                        select data ->> 'id' from order_events
                        where order_id = $1 and type = 'OrderAmended' and number < $2
                        order by number desc
                        limit 1
                    ),
                    ''
                )
            ),
            plan
        ) as "plan!"
        from orders where id = $1
        "#,
        order.uuid(),
        bigint(number),
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
    sqlx::query!("select id from orders where id = $1 for no key update", child.uuid())
        .fetch_optional(&mut *conn)
        .await?;
    let row = sqlx::query!(
        r#"
        with amended as (
            select orders.parent_id, told.data ->> 'id' as delivery
            from orders join order_events told on told.order_id = orders.id and told.type = 'OrderAmended'
            where orders.id = $1
            order by told.number desc
            limit 1
        )
        select
            told.order_id as parent, told.number as "number: Whole<u64>",
            told.data -> 'handed_on' ->> 'blueprint' as "blueprint!: Word<BlueprintName>",
            told.data -> 'arguments' as "arguments!: Json<Value>"
        from amended
        join order_events told on told.order_id = amended.parent_id and told.type = 'TaskAmending'
            and told.data -> 'handed_on' ->> 'order' = $2 and told.data -> 'handed_on' ->> 'id' = amended.delivery
        order by told.number desc
        limit 1
        "#,
        child.uuid(),
        child.to_string(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let parent = load_plan_at(conn, OrderId::new(row.parent), row.number.0).await?;
    let plan = child_plan(&parent, &row.blueprint.0, row.arguments.0)?;
    write_plan(conn, child, at, &plan).await
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
