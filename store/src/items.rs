//! What has become of each item of an order.
//!
//! An item's state is never told: it follows from its order, its standing and its tasks by [`ItemState::of`], and is worked out
//! in the transaction that changes any of these. So it depends on the rows as they are, and not on how they came to be.

use std::collections::BTreeMap;

use model::{Action, Fact, ItemId, ItemKind, ItemState, OrderId, Standing, TaskState};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::columns::{Whole, Word, column, text};
use crate::database::{DatabaseError, cannot};
use crate::progress::Progress;
use crate::summary::OrderSummary;

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
    /// Its state.
    pub state: ItemState,
    /// Why it has failed or was cancelled, alone.
    pub reason: Option<String>,
    /// What the customer sees of it; none if nothing that was said to them is true now.
    pub customer_status: Option<String>,
    /// Whether an amendment has taken it out of the order.
    pub removed: bool,
}

/// What events have changed of the items of an order.
#[derive(Debug, Default)]
pub(crate) struct ItemChanges {
    /// Something that all of them depend on.
    pub(crate) all: bool,
    /// Their order is cancelled, and they with it.
    cancelled: bool,
    pub(crate) of: BTreeMap<ItemId, ItemChange>,
}

/// What events have changed of an item: of a task of it, if nothing else is said.
#[derive(Debug, Default)]
pub(crate) struct ItemChange {
    standing: Option<(Standing, Option<String>)>,
    customer_status: Option<Option<String>>,
}

impl ItemChanges {
    /// Notes what a fact means for items.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the standing says which facts have a reason")]
    pub(crate) fn note(&mut self, fact: &Fact) {
        if let Some(item) = fact.task_state().and_then(|(task, _)| task.item.as_ref()) {
            self.of.entry(item.clone()).or_default();
        }
        if let Some((item, standing)) = fact.standing() {
            let reason = match fact {
                Fact::ItemRollingBack { reason, .. }
                | Fact::ItemFailed { reason, .. }
                | Fact::ItemCancelAccepted { reason, .. } => Some(reason.clone()),
                _ => None,
            };
            let change = self.of.entry(item.clone()).or_default();
            let before = change.standing.take().and_then(|(_, reason)| reason);
            change.standing = Some((standing, reason.or(before)));
        }
        self.cancelled |= matches!(fact, Fact::CancelAccepted { .. });
        // What is done for an item may be another thing from now on.
        self.all |= matches!(fact, Fact::OrderAmended { .. });
        if let Fact::CustomerStatusChanged { status, item: Some(item) } = fact {
            self.of.entry(item.clone()).or_default().customer_status = Some(status.clone());
        }
    }

    fn is_empty(&self) -> bool {
        !self.all && self.of.is_empty()
    }
}

/// An item as it was, and what its tasks are now.
struct Before {
    order_id: Uuid,
    item: Word<ItemId>,
    state: Word<ItemState>,
    standing: Word<Standing>,
    reason: Option<String>,
    customer_status: Option<String>,
    tasks: Vec<String>,
}

/// An item as it is.
struct After {
    order: OrderId,
    item: ItemId,
    state: ItemState,
    standing: Standing,
    reason: Option<String>,
    customer_status: Option<String>,
}

/// Brings the items of orders up to date, whose own rows and whose tasks' rows are written already.
pub(crate) async fn save_items(
    conn: &mut PgConnection,
    orders: &mut BTreeMap<OrderId, Progress>,
) -> Result<(), sqlx::Error> {
    let moved = |(id, progress): (&OrderId, &Progress)| (!progress.items.is_empty()).then_some(*id);
    if orders.iter().find_map(moved).is_none() {
        return Ok(());
    }
    let mut changed = Vec::new();
    for before in select_changing(conn, orders).await? {
        let order = OrderId::new(before.order_id);
        if let Some(progress) = orders.get_mut(&order) {
            changed.extend(before.after(order, progress)?);
        }
    }
    update_items(conn, &changed).await
}

impl Before {
    /// The item as it is after what has changed; none if it is as it was.
    fn after(self, order: OrderId, progress: &mut Progress) -> Result<Option<After>, sqlx::Error> {
        let tasks = self.tasks.iter().map(|state| state.parse::<TaskState>());
        let tasks: Vec<_> =
            tasks.collect::<Result<_, _>>().map_err(|wrong| sqlx::Error::Decode(Box::new(wrong)))?;
        let item = self.item.0;
        let change = progress.items.of.remove(&item).unwrap_or_default();
        let (standing, reason) = match change.standing {
            Some((standing, reason)) => (standing, reason.or_else(|| self.reason.clone())),
            None => (self.standing.0, self.reason.clone()),
        };
        let standing = match standing {
            Standing::Wanted | Standing::Failing if progress.items.cancelled => Standing::Cancelling,
            standing @ (Standing::Wanted
            | Standing::Failing
            | Standing::Failed
            | Standing::Cancelling
            | Standing::Cancelled) => standing,
        };
        let customer_status = change.customer_status.unwrap_or_else(|| self.customer_status.clone());
        let state = ItemState::of(progress.order.state, progress.paused.is_some(), standing, tasks);
        let same = (state, standing) == (self.state.0, self.standing.0)
            && (&reason, &customer_status) == (&self.reason, &self.customer_status);
        Ok((!same).then_some(After { order, item, state, standing, reason, customer_status }))
    }
}

/// The items that something has changed of, or of whose orders something has changed that all of them depend on.
async fn select_changing(
    conn: &mut PgConnection,
    orders: &BTreeMap<OrderId, Progress>,
) -> Result<Vec<Before>, sqlx::Error> {
    let whole: Vec<Uuid> =
        orders.iter().filter(|(_, progress)| progress.items.all).map(|(id, _)| id.uuid()).collect();
    let some: Vec<(Uuid, &str)> = orders
        .iter()
        .filter(|(_, progress)| !progress.items.all)
        .flat_map(|(id, progress)| progress.items.of.keys().map(|item| (id.uuid(), item.as_str())))
        .collect();
    sqlx::query_as!(
        Before,
        r#"
        with wanted as (
            select order_id, item from order_items where order_id = any($1)
            union all
            select order_id, item from unnest($2::uuid[], $3::text[]) as named (order_id, item)
        )
        select
            items.order_id, items.item as "item: _", items.state as "state: _", items.standing as "standing: _",
            items.reason, items.customer_status,
            array(
                select distinct tasks.state from tasks
                where tasks.order_id = items.order_id and tasks.task like '%[%'
                    and split_part(tasks.task, '[', 2) = items.item || ']'
            ) as "tasks!"
        from order_items items
        join wanted on wanted.order_id = items.order_id and wanted.item = items.item
        "#,
        &whole,
        &column(&some, |(order, _)| *order),
        &column(&some, |(_, item)| *item) as _,
    )
    .fetch_all(conn)
    .await
}

async fn update_items(conn: &mut PgConnection, items: &[After]) -> Result<(), sqlx::Error> {
    if items.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        update order_items set
            state = new.state, standing = new.standing, reason = new.reason, customer_status = new.customer_status
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
            as new (order_id, item, state, standing, reason, customer_status)
        where order_items.order_id = new.order_id and order_items.item = new.item
        "#,
        &column(items, |item| item.order.uuid()),
        &column(items, |item| item.item.as_str()) as _,
        &column(items, |item| item.state.as_str()) as _,
        &column(items, |item| item.standing.as_str()) as _,
        &column(items, |item| item.reason.as_deref().map(text)) as _,
        &column(items, |item| item.customer_status.as_deref().map(text)) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The items that an order is still carried out for, in its order: neither taken out of it, nor given up alone.
///
/// # Errors
/// Postgres is away.
pub async fn open_items(conn: &mut PgConnection, order: OrderId) -> Result<Vec<ItemId>, DatabaseError> {
    let items = sqlx::query_scalar!(
        r#"
        select item as "item: Word<ItemId>" from order_items
        where order_id = $1 and not removed and standing = 'wanted'
        order by position
        "#,
        order.uuid(),
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("list the items of an order"))?;
    Ok(items.into_iter().map(|item| item.0).collect())
}

/// The items of an order, as they were sent.
pub(crate) async fn select_items(conn: &mut PgConnection, id: OrderId) -> Result<Vec<ItemRow>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            item as "item: Word<ItemId>", kind as "kind: Word<ItemKind>", offering,
            action as "action: Word<Action>", quantity as "quantity: Whole<u32>",
            state as "state: Word<ItemState>", reason, customer_status, removed
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
        state: row.state.0,
        reason: row.reason,
        customer_status: row.customer_status,
        removed: row.removed,
    });
    Ok(items.collect())
}

/// Fills in how many items of each order are in which state.
pub(crate) async fn count_items(
    conn: &mut PgConnection,
    orders: &mut [OrderSummary],
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select order_id, state as "state: Word<ItemState>", count(*) as "items!: Whole<u64>"
        from order_items
        where order_id = any($1) and not removed
        group by order_id, state
        "#,
        &column(orders, |order| order.id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    let mut counts: BTreeMap<Uuid, BTreeMap<ItemState, u64>> = BTreeMap::new();
    for row in rows {
        counts.entry(row.order_id).or_default().insert(row.state.0, row.items.0);
    }
    for order in orders {
        order.items = counts.remove(&order.id.uuid()).unwrap_or_default();
    }
    Ok(())
}
