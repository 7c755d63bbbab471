//! What an amendment changes of an order's rows beside its state: the request, the plan, the items, the tasks.
//!
//! All of it is in the version that was written down before the order was asked. Where that is missing, as when rows are made
//! again of an order that an older version of this program amended, the order's own event says what there is to say; only its
//! plan is then still the one before. Of an order that another one runs nothing is written down: its plan follows from its parent's
//! (`children`).

use std::collections::{BTreeMap, BTreeSet};

use model::{
    Action, AmendedItem, BlueprintRef, Customer, DeliveryId, Fact, Item, Order, OrderEvent, OrderId,
    OrderRequest, TaskChange, TaskState, Timestamp, Value, Verdict,
};
use plan::{Body, Plan, PlanItem};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::accept::{search_text, write_tasks};
use crate::children::plan_child;
use crate::columns::{At, Word, column, json, text};
use crate::progress::{PlacedTask, Progress, TaskProgress};

/// Where a task goes of which nobody knows its place in the plan: behind all others.
const LAST_PLACE: u64 = 1_000_000;

/// The version that an amendment makes of an order, as it was written down.
#[derive(Debug)]
pub(crate) struct Proposal {
    pub(crate) plan: Plan,
    pub(crate) request: OrderRequest,
}

/// The order as an event says that it is from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    pub(crate) blueprint: &'a BlueprintRef,
    pub(crate) order: &'a Value,
    pub(crate) items: &'a [AmendedItem],
}

impl Told<'_> {
    /// Whether this plan is one of that order. What was written down last need not be what the order has taken.
    fn is_planned_by(&self, plan: &Plan) -> bool {
        let is_same = |(told, planned): (&AmendedItem, &PlanItem)| {
            told.id == planned.id && told.kind == planned.kind && told.value == planned.value
        };
        plan.blueprint() == self.blueprint
            && plan.order() == self.order
            && plan.items().len() == self.items.len()
            && self.items.iter().zip(plan.items()).all(is_same)
    }
}

/// Loads the versions that these events say the orders have from now on. One that can't be read, or is of another order than is
/// told, is as if it were not there.
pub(crate) async fn load_proposals(
    conn: &mut PgConnection,
    amended: &BTreeMap<(OrderId, &DeliveryId), Told<'_>>,
) -> Result<BTreeMap<(OrderId, DeliveryId), Proposal>, sqlx::Error> {
    if amended.is_empty() {
        return Ok(BTreeMap::new());
    }
    let wanted: Vec<(OrderId, &DeliveryId)> = amended.keys().copied().collect();
    let rows = sqlx::query!(
        r#"
        select
            order_id, delivery as "delivery: Word<DeliveryId>", plan as "plan!",
            request as "request!: Json<OrderRequest>"
        from order_versions
        join unnest($1::uuid[], $2::text[]) as wanted (wanted_order, wanted_delivery)
            on order_id = wanted_order and delivery = wanted_delivery
        where plan is not null and request is not null
        "#,
        &column(&wanted, |(order, _)| order.uuid()),
        &column(&wanted, |(_, delivery)| delivery.as_str()) as _,
    )
    .fetch_all(conn)
    .await?;
    let mut proposals = BTreeMap::new();
    for row in rows {
        let (order, delivery) = (OrderId::new(row.order_id), row.delivery.0);
        let told = amended.get(&(order, &delivery));
        if let Ok(plan) = serde_json::from_str::<Plan>(&row.plan)
            && told.is_some_and(|told| told.is_planned_by(&plan))
        {
            proposals.insert((order, delivery), Proposal { plan, request: row.request.0 });
        }
    }
    Ok(proposals)
}

/// Brings the tasks at hand to where an amendment has them, and adds those that are new.
pub(crate) fn place_tasks(
    tasks: &mut BTreeMap<model::TaskId, PlacedTask>,
    changes: &[TaskChange],
    plan: Option<&Plan>,
    at: Timestamp,
) {
    for (n, change) in changes.iter().enumerate() {
        let seat = plan.and_then(|plan| Some((plan, plan.find(&change.task)?)));
        let skipped = match seat {
            Some((plan, seat)) => plan.task(seat).skipped.clone(),
            None => (change.verdict == Verdict::Dropped).then(|| change.reason.clone()),
        };
        let task = tasks.entry(change.task.clone()).or_insert_with(|| PlacedTask {
            position: LAST_PLACE.saturating_add(n as u64),
            is_manual: false,
            progress: TaskProgress::new(skipped, at),
        });
        let Some((plan, seat)) = seat else { continue };
        let definition = plan.definition(seat);
        task.position = seat.0 as u64;
        task.is_manual = matches!(definition.body, Body::Manual(_));
        if matches!(task.progress.state, TaskState::Waiting | TaskState::Skipped) {
            task.progress.call = definition.call().map(|body| body.call.label());
            task.progress.undo_call = definition.undo().map(plan::Call::label);
        }
    }
}

/// Writes what these events say of amendments: to the versions, and to the rows of the orders.
#[expect(clippy::wildcard_enum_match_arm, reason = "three facts tell of amendments")]
pub(crate) async fn write_amendments(
    conn: &mut PgConnection,
    applied: &[(OrderId, &OrderEvent)],
    orders: &BTreeMap<OrderId, Progress>,
) -> Result<(), sqlx::Error> {
    for (order, event) in applied {
        match &event.fact {
            Fact::OrderAmended { id, .. } => {
                let proposal = orders.get(order).and_then(|progress| progress.proposals.get(id));
                write_amended(conn, *order, event, proposal).await?;
            }
            Fact::AmendmentRefused { id, .. } => write_refused(conn, *order, event, id).await?,
            Fact::SignalRefused { id, reason, signal: _ } => {
                write_unfit(conn, *order, event.at, id, reason).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn write_amended(
    conn: &mut PgConnection,
    order: OrderId,
    event: &OrderEvent,
    proposal: Option<&Proposal>,
) -> Result<(), sqlx::Error> {
    let Fact::OrderAmended {
        id,
        version,
        by,
        reason,
        blueprint,
        order: seen,
        items,
        differences,
        tasks,
        judged_anew: _,
    } = &event.fact
    else {
        return Ok(());
    };
    keep_first(conn, order).await?;
    sqlx::query!(
        r#"
        insert into order_versions (
            order_id, delivery, state, version, author, reason, proposed_at, decided_at, blueprint_name,
            blueprint_version, differences, tasks
        )
        values ($1, $2, 'applied', $3, $4, $5, $6, $6, $7, $8, $9::text::json, $10::text::json)
        on conflict (order_id, delivery) do update set
            state = excluded.state, version = excluded.version, author = excluded.author, reason = excluded.reason,
            decided_at = excluded.decided_at, blueprint_name = excluded.blueprint_name,
            blueprint_version = excluded.blueprint_version, differences = excluded.differences, tasks = excluded.tasks
        "#,
        order.uuid(),
        id.as_str(),
        i64::from(*version),
        by.as_str(),
        text(reason) as _,
        At(event.at) as _,
        blueprint.name.as_str(),
        i64::from(blueprint.version),
        json(differences)?,
        json(tasks)?,
    )
    .execute(&mut *conn)
    .await?;
    let request = match proposal {
        Some(proposal) => proposal.request.clone(),
        None => request_seen(select_request(conn, order).await?, seen, items),
    };
    write_request(conn, order, *version, blueprint, &request).await?;
    write_items(conn, order, *version, &request, items).await?;
    match proposal {
        Some(proposal) => write_plan(conn, order, event.at, &proposal.plan).await,
        None => {
            write_unplanned(conn, order, event.at, tasks).await?;
            plan_child(conn, order, event.at).await
        }
    }
}

async fn write_refused(
    conn: &mut PgConnection,
    order: OrderId,
    event: &OrderEvent,
    id: &DeliveryId,
) -> Result<(), sqlx::Error> {
    let Fact::AmendmentRefused { by, wanted, reason, tasks, .. } = &event.fact else { return Ok(()) };
    sqlx::query!(
        r#"
        insert into order_versions (
            order_id, delivery, state, version, author, reason, proposed_at, decided_at, blueprint_name,
            blueprint_version, differences, tasks, refusal
        )
        select
            id, $2, 'refused', version + 1, $3, $4, $5, $5, blueprint_name, blueprint_version, '[]'::json,
            $6::text::json, $7
        from orders where id = $1
        on conflict (order_id, delivery) do update set
            state = excluded.state, decided_at = excluded.decided_at, tasks = excluded.tasks, refusal = excluded.refusal,
            -- Nobody carries it out, and it is the most of the row.
            plan = null
        "#,
        order.uuid(),
        id.as_str(),
        by.as_str(),
        text(wanted) as _,
        At(event.at) as _,
        json(tasks)?,
        text(reason) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What was asked for by a signal was not even judged, such as that of an order that is being undone.
async fn write_unfit(
    conn: &mut PgConnection,
    order: OrderId,
    at: Timestamp,
    id: &DeliveryId,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update order_versions set state = 'refused', decided_at = $3, refusal = $4, plan = null
        where order_id = $1 and delivery = $2 and state = 'proposed'
        "#,
        order.uuid(),
        id.as_str(),
        At(at) as _,
        text(reason) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what orders were to be that have ended: whoever wrote it down has never asked them, or was not heard.
pub(crate) async fn forget_proposals(conn: &mut PgConnection, ended: &[Uuid]) -> Result<(), sqlx::Error> {
    if ended.is_empty() {
        return Ok(());
    }
    sqlx::query!("delete from order_versions where order_id = any($1) and state = 'proposed'", ended)
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps the order as it was accepted, before the first amendment is written over it.
async fn keep_first(conn: &mut PgConnection, order: OrderId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into order_versions (
            order_id, delivery, state, version, author, reason, proposed_at, decided_at, blueprint_name,
            blueprint_version, blueprint_hash, request, plan, plan_hash, differences, tasks
        )
        select
            id, '', 'applied', 1, author, '', submitted_at, submitted_at, blueprint_name, blueprint_version,
            blueprint_hash, request, plan, plan_hash, '[]'::json, '[]'::json
        from orders
        where id = $1 and version = 1
        on conflict (order_id, delivery) do nothing
        "#,
        order.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn select_request(conn: &mut PgConnection, order: OrderId) -> Result<OrderRequest, sqlx::Error> {
    let request = sqlx::query_scalar!(
        r#"select request as "request: Json<OrderRequest>" from orders where id = $1"#,
        order.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(request.0)
}

async fn write_request(
    conn: &mut PgConnection,
    order: OrderId,
    version: u32,
    blueprint: &BlueprintRef,
    request: &OrderRequest,
) -> Result<(), sqlx::Error> {
    let search = search_text(order, request);
    sqlx::query!(
        r#"
        update orders set
            version = $2, blueprint_version = $3, customer_name = $4, category = $5, search = $6,
            request = $7::text::json
        where id = $1
        "#,
        order.uuid(),
        i64::from(version),
        i64::from(blueprint.version),
        request.customer.name.as_deref().map(text) as _,
        request.category.as_deref().map(text) as _,
        text(&search) as _,
        json(request)?,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The items as they are now. Those that are gone keep their rows, behind the others.
async fn write_items(
    conn: &mut PgConnection,
    order: OrderId,
    version: u32,
    request: &OrderRequest,
    items: &[AmendedItem],
) -> Result<(), sqlx::Error> {
    let kinds: BTreeMap<_, _> = items.iter().map(|item| (&item.id, item.kind.as_str())).collect();
    let items = &request.items;
    sqlx::query!(
        r#"
        insert into order_items as known (order_id, item, position, kind, offering, action, quantity)
        select $1, item, place - 1, kind, offering, action, quantity
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
            with ordinality as new (item, kind, offering, action, quantity, place)
        on conflict (order_id, item) do update set
            position = excluded.position, kind = excluded.kind, offering = excluded.offering, action = excluded.action,
            quantity = excluded.quantity, removed = false,
            standing = case when known.removed then 'wanted' else known.standing end,
            reason = case when known.removed then null else known.reason end
        "#,
        order.uuid(),
        &column(items, |item| item.id.as_str()) as _,
        &column(items, |item| kinds.get(&item.id).copied()) as _,
        &column(items, |item| text(&item.offering)) as _,
        &column(items, |item| item.action.as_str()) as _,
        &column(items, |item| i64::from(item.quantity)),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        r#"
        update order_items set
            removed = true, position = position + $3, customer_status = null,
            standing = case when standing in ('wanted', 'failing') then 'cancelled' else standing end,
            reason = coalesce(reason, $4)
        where order_id = $1 and not removed and not item = any($2)
        "#,
        order.uuid(),
        &column(items, |item| item.id.as_str()) as _,
        i64::try_from(items.len()).unwrap_or(i64::MAX),
        format!("not part of the order since version {version}"),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The plan as it is now, with its tasks. Those that are gone keep their rows, behind the others.
pub(crate) async fn write_plan(
    conn: &mut PgConnection,
    order: OrderId,
    at: Timestamp,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    let bytes =
        String::from_utf8(plan.canonical_bytes()).map_err(|cause| sqlx::Error::Encode(Box::new(cause)))?;
    let hash = plan.hash();
    sqlx::query!(
        "update orders set plan = $2, plan_hash = $3, blueprint_hash = $4 where id = $1",
        order.uuid(),
        bytes,
        hash.as_str(),
        plan.blueprint_hash().as_str(),
    )
    .execute(&mut *conn)
    .await?;
    let present: BTreeSet<String> = plan.indices().map(|task| plan.id(task).to_string()).collect();
    let present: Vec<String> = present.into_iter().collect();
    sqlx::query!(
        "update tasks set position = position + $3 where order_id = $1 and not task = any($2)",
        order.uuid(),
        &present,
        i64::try_from(present.len()).unwrap_or(i64::MAX),
    )
    .execute(&mut *conn)
    .await?;
    write_tasks(conn, order, plan, at).await
}

/// The tasks that an amendment adds, where only its event tells of them.
async fn write_unplanned(
    conn: &mut PgConnection,
    order: OrderId,
    at: Timestamp,
    changes: &[TaskChange],
) -> Result<(), sqlx::Error> {
    let skipped = |change: &TaskChange| change.verdict == Verdict::Dropped;
    let new: Vec<&TaskChange> =
        changes.iter().filter(|change| skipped(change) || change.verdict == Verdict::Added).collect();
    let state = |change: &&TaskChange| if skipped(change) { TaskState::Skipped } else { TaskState::Waiting };
    sqlx::query!(
        r#"
        insert into tasks (order_id, task, position, title, state, reason, ended_at)
        select
            $1, task, $2 + place - 1, 'added by an amendment', state, reason,
            case when state = 'skipped' then $3::timestamptz end
        from unnest($4::text[], $5::text[], $6::text[]) with ordinality as new (task, state, reason, place)
        on conflict (order_id, task) do nothing
        "#,
        order.uuid(),
        i64::try_from(LAST_PLACE).unwrap_or(i64::MAX),
        At(at) as _,
        &column(&new, |change| change.task.to_string()),
        &column(&new, |change| state(change).as_str()) as _,
        &column(&new, |change| skipped(change).then(|| text(&change.reason))) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The order as it was sent, from what expressions see of it: what was left out there has its default.
fn request_seen(before: OrderRequest, seen: &Value, items: &[AmendedItem]) -> OrderRequest {
    let text = |of: &Value, name: &str| of.field(name).and_then(Value::as_text).map(str::to_owned);
    let time = |name: &str| text(seen, name).and_then(|at| at.parse().ok());
    let customer = seen.field("customer").cloned().unwrap_or_default();
    let notes = match seen.field("notes") {
        Some(Value::List(notes)) => {
            notes.iter().filter_map(|note| note.as_text().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let standard: BTreeSet<String> = Order::standard_type().into_iter().map(|field| field.name).collect();
    let item = |amended: &AmendedItem| {
        let value = &amended.value;
        let action = text(value, "action")
            .and_then(|word| Action::ALL.into_iter().find(|known| known.as_str() == word));
        let quantity = value.field("quantity").and_then(Value::as_int).and_then(|n| u32::try_from(n).ok());
        let standard: BTreeSet<String> = Item::standard_type().into_iter().map(|field| field.name).collect();
        Item {
            id: amended.id.clone(),
            offering: text(value, "offering").unwrap_or_default(),
            action: action.unwrap_or(Action::NoChange),
            quantity: quantity.unwrap_or(1),
            product: value.field("product").cloned().unwrap_or_default(),
            attributes: without(value, &standard),
        }
    };
    OrderRequest {
        category: text(seen, "category"),
        customer: Customer { id: before.customer.id, name: text(&customer, "name") },
        priority: seen
            .field("priority")
            .and_then(Value::as_int)
            .and_then(|priority| u8::try_from(priority).ok())
            .unwrap_or(before.priority),
        requested_completion: time("requested_completion"),
        notes,
        attributes: without(seen, &standard),
        items: items.iter().map(item).collect(),
        ..before
    }
}

/// A record without some of its fields.
fn without(of: &Value, names: &BTreeSet<String>) -> Value {
    let Value::Record(fields) = of else { return Value::record::<String>([]) };
    let kept = fields.iter().filter(|(name, _)| !names.contains(*name));
    Value::Record(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_back_from_what_expressions_see_of_it() {
        let document = r#"{"external_id": "CRM-1", "category": "consumer", "customer": {"id": "C-1", "name": "Ada"},
            "priority": 2, "notes": ["ring twice"], "requested_completion": "2026-02-01T00:00:00Z",
            "after_order": ["CRM-0"], "attributes": {"contact": "ann"},
            "items": [{"id": "1", "offering": "LINE", "action": "add", "attributes": {"speed": 100}}]}"#;
        let before = OrderRequest::parse(serde_json::from_str(document).unwrap()).unwrap();
        let wanted = document.replace("ann", "bob").replace("100", "500").replace("ring twice", "ring once");
        let wanted = OrderRequest::parse(serde_json::from_str(&wanted).unwrap()).unwrap();
        let mut seen = wanted.standard_fields();
        seen.insert("contact".to_owned(), Value::text("bob"));
        let items: Vec<AmendedItem> = wanted
            .items
            .iter()
            .map(|item| {
                let mut value = item.standard_fields();
                value.insert("speed".to_owned(), Value::from(500));
                AmendedItem {
                    id: item.id.clone(),
                    kind: "line".parse().unwrap(),
                    value: Value::Record(value),
                }
            })
            .collect();
        assert_eq!(request_seen(before, &Value::Record(seen), &items), wanted);
    }
}
