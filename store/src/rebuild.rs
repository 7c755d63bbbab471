//! Makes the rows of an order again from what Temporal has of it.
//!
//! The order is brought back to where it was when it was accepted, and its whole record is applied to that by the code that
//! applies every event: there is no second way to write what an event does. All of it is one transaction, so nobody reads an
//! order that is half made. What is not of the order's record stays: attempts, which workers saw; idempotency keys and intents,
//! which are promises.
//!
//! - **Invariant:** whoever follows the events of all orders is not told again of one that Postgres had before.

use std::collections::{BTreeMap, BTreeSet};

use model::{Order, OrderEvent, OrderId, OrderState, SequenceKey, Timestamp};
use plan::Plan;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::accept::{NewOrder, search_text, write_order, write_parts};
use crate::apply::{Outcome, apply_events};
use crate::children::Parent;
use crate::columns::{At, Whole, json, text};
use crate::database::{DatabaseError, cannot};
use crate::places::{Places, take_places};
use crate::progress::Refusal;
use crate::versions::{NewVersion, propose_version};
use crate::waits::write_place;

/// Most events that are applied at once.
const BATCH: usize = 500;

/// Everything that Temporal has of an order.
#[derive(Clone, Copy, Debug)]
pub struct Rebuild<'a> {
    /// The order as it was accepted, with its first plan.
    pub accepted: NewOrder<'a>,
    /// The order that it is part of.
    pub parent: Option<&'a Parent>,
    /// The orders that had to end before it began.
    pub after: &'a [OrderId],
    /// The versions that it was asked to have, as they were written down, and when.
    pub versions: &'a [(NewVersion<'a>, Timestamp)],
    /// Its record, from number 1 on.
    pub record: &'a [OrderEvent],
    /// When its workflow was ended from outside, if it was.
    pub stopped_at: Option<Timestamp>,
    /// The number of the event that Postgres said it lacks, before the record was read. A row that has got further since then
    /// has heard of something that the record does not have.
    pub seen: u64,
}

/// What came of it.
#[derive(Debug)]
pub enum Rebuilt {
    /// The rows are made again.
    Done {
        /// How many order events there are, the first one included.
        events: u64,
    },
    /// More has happened than the record has. Nothing has changed: read it again.
    Moved,
    /// Its rows name an order that Postgres does not have. Nothing has changed: make that one first.
    Needs(OrderId),
    /// Another order has its external id. Nothing has changed.
    Taken,
    /// An event of the record can't follow those before it. Nothing has changed.
    Refused {
        /// Its number.
        number: u64,
        /// Why not.
        cause: Refusal,
    },
}

/// Makes the rows of an order again.
///
/// # Errors
/// Postgres is away or refuses a row, such as that of an external id that another order has; nothing has changed.
pub async fn rebuild_order(conn: &mut PgConnection, rebuild: &Rebuild<'_>) -> Result<Rebuilt, DatabaseError> {
    let mut tx = conn.begin().await.map_err(cannot("begin to make an order's rows again"))?;
    let order = rebuild.accepted.order;
    let next = rebuild.record.last().map_or(1, |last| last.number.saturating_add(1));
    let known = lock_order(&mut tx, order.id).await.map_err(cannot("lock an order"))?;
    if known.is_some_and(|known| known > next.max(rebuild.seen)) {
        return Ok(Rebuilt::Moved);
    }
    if let Some(missing) = find_missing(&mut tx, rebuild).await.map_err(cannot("find related orders"))? {
        return Ok(Rebuilt::Needs(missing));
    }
    let places =
        take_places(&mut tx, order.id, known).await.map_err(cannot("take an order's events away"))?;
    let begun = take_back(&mut tx, rebuild, known.is_some()).await;
    if !begun.map_err(cannot("take an order back to its beginning"))? {
        return Ok(Rebuilt::Taken);
    }
    for (version, at) in rebuild.versions {
        propose_version(&mut tx, version, *at).await?;
    }
    for events in rebuild.record.chunks(BATCH) {
        match apply_events(&mut tx, order.id, events).await? {
            Outcome::Applied { .. } => {}
            Outcome::Refused { number, cause } => return Ok(Rebuilt::Refused { number, cause }),
            Outcome::Failed { cause } => return Err(cause),
            Outcome::Gap { .. } | Outcome::UnknownOrder => {
                let gap = sqlx::Error::Decode("the record of an order has a gap".into());
                return Err(cannot("apply the record of an order")(gap));
            }
        }
    }
    finish(&mut tx, rebuild, &places, next).await.map_err(cannot("finish an order's rows"))?;
    tx.commit().await.map_err(cannot("commit an order's rows"))?;
    Ok(Rebuilt::Done { events: next })
}

/// The number of the first event that the order's row lacks; none if there is no such order. Nobody applies events to it from
/// now on.
async fn lock_order(conn: &mut PgConnection, order: OrderId) -> Result<Option<u64>, sqlx::Error> {
    let next = sqlx::query_scalar!(
        r#"select next_event as "next: Whole<u64>" from orders where id = $1 for no key update"#,
        order.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(next.map(|next| next.0))
}

/// An order that the rows will name and that is not there.
async fn find_missing(
    conn: &mut PgConnection,
    rebuild: &Rebuild<'_>,
) -> Result<Option<OrderId>, sqlx::Error> {
    let parent = rebuild.parent.map(|parent| parent.order);
    let named: Vec<Uuid> = parent.iter().chain(rebuild.after).map(|order| order.uuid()).collect();
    let missing = sqlx::query_scalar!(
        r#"
        select named.id as "id!" from unnest($1::uuid[]) as named (id)
        where not exists (select from orders where orders.id = named.id)
        limit 1
        "#,
        &named,
    )
    .fetch_optional(conn)
    .await?;
    Ok(missing.map(OrderId::new))
}

/// Brings an order back to where it was when it was accepted. False if another one is in its place.
async fn take_back(
    conn: &mut PgConnection,
    rebuild: &Rebuild<'_>,
    is_known: bool,
) -> Result<bool, sqlx::Error> {
    let Rebuild { accepted, parent, after, .. } = rebuild;
    let id = accepted.order.id;
    if is_known {
        forget_progress(conn, id).await?;
        reset_order(conn, accepted).await?;
        write_parts(conn, accepted).await?;
    } else if !write_order(conn, accepted).await? {
        return Ok(false);
    }
    sqlx::query!(
        "update orders set parent_id = $2, parent_task = $3 where id = $1",
        id.uuid(),
        parent.map(|parent| parent.order.uuid()),
        parent.map(|parent| parent.task.to_string()),
    )
    .execute(&mut *conn)
    .await?;
    let keys: Vec<&str> = accepted.plan.sequence().iter().map(SequenceKey::as_str).collect();
    let before = find_common(conn, accepted.order, accepted.plan, after).await?;
    if !keys.is_empty() || !before.is_empty() {
        write_place(conn, id, &keys, &before).await?;
    }
    let decided: Vec<&str> = rebuild.versions.iter().map(|(version, _)| version.delivery.as_str()).collect();
    reopen_versions(conn, id, &decided).await?;
    Ok(true)
}

/// Takes away what order events and the plan have written.
async fn forget_progress(conn: &mut PgConnection, order: OrderId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        with
            gone_tasks as (delete from tasks where order_id = $1),
            gone_items as (delete from order_items where order_id = $1),
            gone_residue as (delete from residue where order_id = $1),
            gone_keys as (delete from order_keys where order_id = $1)
        delete from order_waits where order_id = $1
        "#,
        order.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The order's own row, as accepting the order writes it. When it was last audited stays.
async fn reset_order(conn: &mut PgConnection, accepted: &NewOrder<'_>) -> Result<(), sqlx::Error> {
    let Order { id, submitted_at, request } = accepted.order;
    let blueprint = accepted.plan.blueprint();
    let hash = accepted.plan.hash();
    let search = search_text(*id, request);
    let plan = String::from_utf8(accepted.plan.canonical_bytes())
        .map_err(|cause| sqlx::Error::Encode(Box::new(cause)))?;
    sqlx::query!(
        r#"
        update orders set
            external_id = $2, blueprint_name = $3, blueprint_version = $4, blueprint_hash = $5, customer_id = $6,
            customer_name = $7, category = $8, author = $9, state = $10, submitted_at = $11, updated_at = $11,
            next_event = 1, search = $12, request = $13::text::json, plan = $14, plan_hash = $15, pending_until = $16,
            version = 1, customer_status = null, blocked_task = null, blocked_reason = null, hold_for = null, reason = null,
            started_at = null, ended_at = null, stopped_at = null, at_risk_since = null, overdue_since = null,
            paused_task = null, paused_reason = null, paused_for = null, paused_at = null, paused_by = null,
            pending_after = null, at_risk_reason = null
        where id = $1
        "#,
        id.uuid(),
        request.external_id.as_ref().map(AsRef::as_ref),
        blueprint.name.as_str(),
        i64::from(blueprint.version),
        accepted.plan.blueprint_hash().as_str(),
        text(&request.customer.id) as _,
        request.customer.name.as_deref().map(text) as _,
        request.category.as_deref().map(text) as _,
        accepted.author.as_str(),
        OrderState::Acknowledged.as_str(),
        At(*submitted_at) as _,
        text(&search) as _,
        json(request)?,
        plan,
        hash.as_str(),
        accepted.starts_later().map(At) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the order has in common with those that it came after: keys, or that it names them.
async fn find_common(
    conn: &mut PgConnection,
    order: &Order,
    plan: &Plan,
    after: &[OrderId],
) -> Result<BTreeMap<Uuid, BTreeSet<Option<String>>>, sqlx::Error> {
    let mut common = BTreeMap::new();
    for before in after {
        let row = sqlx::query!(
            r#"
            select
                external_id,
                coalesce((select plan from order_versions where order_id = id and delivery = ''), plan) as "plan!"
            from orders where id = $1
            "#,
            before.uuid(),
        )
        .fetch_one(&mut *conn)
        .await?;
        let theirs: Plan = serde_json::from_str(&row.plan).map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
        let shared = plan.sequence().intersection(theirs.sequence()).map(|key| Some(key.as_str().to_owned()));
        let mut links: BTreeSet<Option<String>> = shared.collect();
        let id = before.to_string();
        let is_meant = |name: &str| name == id || Some(name) == row.external_id.as_deref();
        if links.is_empty() || order.request.after_order.iter().any(|name| is_meant(name.as_str())) {
            links.insert(None);
        }
        common.insert(before.uuid(), links);
    }
    Ok(common)
}

/// Takes back what was decided about versions. Of those that Temporal does not have as they were written down, what was written
/// stays.
async fn reopen_versions(
    conn: &mut PgConnection,
    order: OrderId,
    kept_elsewhere: &[&str],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        delete from order_versions
        where order_id = $1 and (request is null or delivery = '' or delivery = any($2))
        "#,
        order.uuid(),
        kept_elsewhere as _,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update order_versions set state = 'proposed', decided_at = null, refusal = null where order_id = $1",
        order.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is no order event: that the workflow was stopped, and where the events stand in the stream of all orders.
async fn finish(
    conn: &mut PgConnection,
    rebuild: &Rebuild<'_>,
    places: &Places,
    next: u64,
) -> Result<(), sqlx::Error> {
    let order = rebuild.accepted.order.id;
    if let Some(at) = rebuild.stopped_at {
        sqlx::query!(
            "update orders set stopped_at = $2 where id = $1 and ended_at is null and updated_at <= $2",
            order.uuid(),
            At(at) as _,
        )
        .execute(&mut *conn)
        .await?;
    }
    places.give_back(conn, order, next).await
}
