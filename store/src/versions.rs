//! The versions of an order: as it was accepted, and as amendments have made it.
//!
//! Whoever has an order amended writes the version down before the order is asked, with what only its document has. What the
//! order makes of it comes with its events, which [`crate::apply_batch`] applies: see `amended`.

use std::fmt;
use std::str::FromStr;

use model::{
    Actor, BlueprintName, BlueprintRef, DeliveryId, Difference, Hash, InvalidName, OrderId, OrderRequest,
    OrderState, TaskChange, Timestamp,
};
use plan::Plan;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::columns::{At, Whole, Word, json, text};
use crate::database::{DatabaseError, cannot};

/// Most versions on one page of a list. Each says what it meant for every task that was not kept.
pub const VERSION_PAGE: u32 = 100;

/// What an amendment is made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentVersion {
    /// Which version it is, as far as Postgres knows.
    pub version: u32,
    /// The order as it was sent.
    pub request: OrderRequest,
    /// When it was accepted.
    pub submitted_at: Timestamp,
    /// The blueprint that it is carried out by.
    pub blueprint: BlueprintRef,
    /// Its state.
    pub state: OrderState,
    /// Whether another order runs it, with which it is amended.
    pub is_child: bool,
}

/// A version that an order is to have.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// The order.
    pub order: OrderId,
    /// The delivery of the amendment.
    pub delivery: &'a DeliveryId,
    /// Which version it would be.
    pub version: u32,
    /// Who wants it.
    pub author: &'a Actor,
    /// Why.
    pub reason: &'a str,
    /// What recognises a repetition.
    pub request_hash: &'a Hash,
    /// The order as it is to be.
    pub request: &'a OrderRequest,
    /// Its plan.
    pub plan: &'a Plan,
    /// What is different in the order.
    pub differences: &'a [Difference],
    /// What would be done to its tasks.
    pub tasks: &'a [TaskChange],
}

/// What has become of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionState {
    /// The order has not said yet, or Postgres has not been told.
    Proposed,
    /// The order is carried out so, or was until the next one.
    Applied,
    /// It speaks against what was done already.
    Refused,
}

impl VersionState {
    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Applied => "applied",
            Self::Refused => "refused",
        }
    }

    fn read(word: &str) -> Result<Self, sqlx::Error> {
        [Self::Proposed, Self::Applied, Self::Refused]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| sqlx::Error::Decode(format!("`{word}` is not the state of a version").into()))
    }
}

/// A version of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// The delivery of its amendment; none for the order as it was accepted.
    pub delivery: Option<DeliveryId>,
    /// What has become of it.
    pub state: VersionState,
    /// Which version it is, or would have been.
    pub version: u32,
    /// Who wanted it.
    pub author: Actor,
    /// Why.
    pub reason: String,
    /// Since when.
    pub proposed_at: Timestamp,
    /// When the order decided.
    pub decided_at: Option<Timestamp>,
    /// What recognises a repetition; none where only the order's record tells of it.
    pub request_hash: Option<Hash>,
    /// The blueprint of its plan.
    pub blueprint: BlueprintRef,
    /// What is different from the version before.
    pub differences: Vec<Difference>,
    /// What was done to tasks, or would have been. Of one that was applied, those that were kept are not named.
    pub tasks: Vec<TaskChange>,
    /// Why it was refused.
    pub refusal: Option<String>,
}

/// What became of writing a version down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposed {
    /// It is written, for the first time.
    New,
    /// It replaces what the same request has written before, perhaps for an order that has moved on since.
    Again,
    /// The order has decided on it: what is written stays.
    Decided,
    /// Another request was made under its delivery: what is written stays.
    Taken,
}

/// The order as it stands, for whoever makes an amendment.
///
/// # Errors
/// Postgres is away, or what is stored can't be read.
pub async fn load_current(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<CurrentVersion>, DatabaseError> {
    let row = sqlx::query!(
        r#"
        select
            version as "version: Whole<u32>", request as "request: Json<OrderRequest>", submitted_at as "submitted_at: At",
            blueprint_name as "blueprint_name: Word<BlueprintName>", blueprint_version as "blueprint_version: Whole<u32>",
            state as "state: Word<OrderState>", parent_id is not null as "is_child!"
        from orders where id = $1
        "#,
        order.uuid(),
    )
    .fetch_optional(conn)
    .await
    .map_err(cannot("load an order to amend"))?;
    Ok(row.map(|row| CurrentVersion {
        version: row.version.0,
        request: row.request.0,
        submitted_at: row.submitted_at.0,
        blueprint: BlueprintRef { name: row.blueprint_name.0, version: row.blueprint_version.0 },
        state: row.state.0,
        is_child: row.is_child,
    }))
}

/// Writes down what an order is to be, before it is asked. What the same request has written before is replaced, unless the order
/// has decided on it: it was made from what the order was then.
///
/// # Errors
/// Postgres is away; nothing is written.
pub async fn propose_version(
    conn: &mut PgConnection,
    new: &NewVersion<'_>,
    now: Timestamp,
) -> Result<Proposed, DatabaseError> {
    let NewVersion { order, delivery, version, author, reason, request_hash, .. } = new;
    let blueprint = new.plan.blueprint();
    let plan_hash = new.plan.hash();
    let unwritable = cannot("write a version of an order");
    let plan =
        String::from_utf8(new.plan.canonical_bytes()).map_err(|cause| sqlx::Error::Encode(Box::new(cause)));
    let written = async {
        sqlx::query_scalar!(
            r#"
            insert into order_versions as known (
                order_id, delivery, state, version, author, reason, proposed_at, request_hash, blueprint_name,
                blueprint_version, blueprint_hash, request, plan, plan_hash, differences, tasks
            )
            values (
                $1, $2, 'proposed', $3, $4, $5, $6, $7, $8, $9, $10, $11::text::json, $12, $13, $14::text::json,
                $15::text::json
            )
            on conflict (order_id, delivery) do update set
                version = excluded.version, author = excluded.author, reason = excluded.reason,
                proposed_at = excluded.proposed_at, blueprint_name = excluded.blueprint_name, blueprint_version = excluded.blueprint_version,
                blueprint_hash = excluded.blueprint_hash, request = excluded.request, plan = excluded.plan,
                plan_hash = excluded.plan_hash, differences = excluded.differences, tasks = excluded.tasks
            where known.state = 'proposed' and known.request_hash = excluded.request_hash
            -- A row that nobody has updated was inserted just now.
            returning xmax = 0 as "is_new!"
            "#,
            order.uuid(),
            delivery.as_str(),
            i64::from(*version),
            author.as_str(),
            text(reason) as _,
            At(now) as _,
            request_hash.as_str(),
            blueprint.name.as_str(),
            i64::from(blueprint.version),
            new.plan.blueprint_hash().as_str(),
            json(new.request)?,
            plan?,
            plan_hash.as_str(),
            json(&new.differences)?,
            json(&new.tasks)?,
        )
        .fetch_optional(&mut *conn)
        .await
    };
    match written.await.map_err(unwritable)? {
        Some(true) => Ok(Proposed::New),
        Some(false) => Ok(Proposed::Again),
        None => {
            let known = load_version(conn, *order, delivery).await?.and_then(|row| row.request_hash);
            let is_same = known.is_none_or(|known| known == **request_hash);
            Ok(if is_same { Proposed::Decided } else { Proposed::Taken })
        }
    }
}

/// Forgets what an order was to be, and will not: nothing was decided. Only what was written down at that time is forgotten: what
/// another attempt has written since may be what the order is about to be.
///
/// # Errors
/// Postgres is away; it stays as proposed.
pub async fn withdraw_version(
    conn: &mut PgConnection,
    order: OrderId,
    delivery: &DeliveryId,
    at: Timestamp,
) -> Result<(), DatabaseError> {
    sqlx::query!(
        "delete from order_versions where order_id = $1 and delivery = $2 and state = 'proposed' and proposed_at = $3",
        order.uuid(),
        delivery.as_str(),
        At(at) as _,
    )
    .execute(conn)
    .await
    .map_err(cannot("forget a version of an order"))?;
    Ok(())
}

struct VersionColumns {
    delivery: String,
    state: String,
    version: Whole<u32>,
    author: Word<Actor>,
    reason: String,
    proposed_at: At,
    decided_at: Option<At>,
    request_hash: Option<Word<Hash>>,
    blueprint_name: Word<BlueprintName>,
    blueprint_version: Whole<u32>,
    differences: Json<Vec<Difference>>,
    tasks: Json<Vec<TaskChange>>,
    refusal: Option<String>,
}

impl TryFrom<VersionColumns> for VersionRow {
    type Error = sqlx::Error;

    fn try_from(row: VersionColumns) -> Result<Self, sqlx::Error> {
        Ok(Self {
            delivery: DeliveryId::new(&row.delivery).ok(),
            state: VersionState::read(&row.state)?,
            version: row.version.0,
            author: row.author.0,
            reason: row.reason,
            proposed_at: row.proposed_at.0,
            decided_at: row.decided_at.map(|at| at.0),
            request_hash: row.request_hash.map(|hash| hash.0),
            blueprint: BlueprintRef { name: row.blueprint_name.0, version: row.blueprint_version.0 },
            differences: row.differences.0,
            tasks: row.tasks.0,
            refusal: row.refusal,
        })
    }
}

/// A place in the versions of an order. Its text is opaque to readers; they hand back what they got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionCursor {
    at: Timestamp,
    version: u32,
    /// None of the order as it was accepted.
    delivery: Option<DeliveryId>,
}

impl fmt::Display for VersionCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let delivery = self.delivery.as_ref().map_or("", DeliveryId::as_str);
        write!(f, "{}-{}-{delivery}", self.at.as_millis(), self.version)
    }
}

impl FromStr for VersionCursor {
    type Err = InvalidName;
    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let read = || {
            // A delivery may have a `-` of its own.
            let (millis, place) = given.split_once('-')?;
            let (version, delivery) = place.split_once('-')?;
            let delivery = if delivery.is_empty() { None } else { Some(DeliveryId::new(delivery).ok()?) };
            let at = Timestamp::from_millis(millis.parse().ok()?);
            Some(Self { at, version: version.parse().ok()?, delivery })
        };
        read().ok_or_else(|| InvalidName {
            text: given.chars().take(80).collect(),
            expected: "a cursor of versions (as it was handed out)",
        })
    }
}

/// A part of the versions of an order, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionPage {
    /// The versions.
    pub versions: Vec<VersionRow>,
    /// Where to go on; none if this is the end.
    pub next: Option<VersionCursor>,
}

/// The versions of an order, the oldest first, refused ones included, from the first or after `after`, at most `limit` and at most
/// [`VERSION_PAGE`]. Empty from the first if there is no such order.
///
/// # Errors
/// Postgres is away, or what is stored can't be read.
pub async fn list_versions(
    conn: &mut PgConnection,
    order: OrderId,
    after: Option<&VersionCursor>,
    limit: u32,
) -> Result<VersionPage, DatabaseError> {
    let limit = limit.clamp(1, VERSION_PAGE);
    let rows = sqlx::query_as!(
        VersionColumns,
        r#"
        select
            delivery as "delivery!", state as "state!", version as "version!: _", author as "author!: _",
            reason as "reason!", proposed_at as "proposed_at!: _", decided_at as "decided_at?: _",
            request_hash as "request_hash?: _", blueprint_name as "blueprint_name!: _",
            blueprint_version as "blueprint_version!: _", differences as "differences!: _", tasks as "tasks!: _",
            refusal as "refusal?"
        from (
            select
                delivery, state, version, author, reason, proposed_at, decided_at, request_hash, blueprint_name,
                blueprint_version, differences, tasks, refusal
            from order_versions
            where order_id = $1
            union all
            -- The order as it was accepted has no row before it is amended.
            select
                '', 'applied', 1, author, '', submitted_at, submitted_at, null, blueprint_name, blueprint_version,
                '[]'::json, '[]'::json, null
            from orders
            where id = $1
              and not exists (select from order_versions first where first.order_id = $1 and first.delivery = '')
        ) as versions
        where $2::timestamptz is null
           or (coalesce(decided_at, proposed_at), version, delivery) > ($2, $3::bigint, $4::text)
        order by coalesce(decided_at, proposed_at), version, delivery
        limit $5
        "#,
        order.uuid(),
        after.map(|cursor| At(cursor.at)) as _,
        after.map(|cursor| i64::from(cursor.version)),
        after.map(|cursor| cursor.delivery.as_ref().map_or("", DeliveryId::as_str)),
        // One more, to see whether there are more.
        i64::from(limit) + 1,
    )
    .fetch_all(conn)
    .await
    .map_err(cannot("list the versions of an order"))?;
    let versions = rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<VersionRow>, _>>();
    let mut versions = versions.map_err(cannot("read a version of an order"))?;
    let more = versions.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        versions.pop();
    }
    let next = versions.last().filter(|_| more).map(|last| VersionCursor {
        at: last.decided_at.unwrap_or(last.proposed_at),
        version: last.version,
        delivery: last.delivery.clone(),
    });
    Ok(VersionPage { versions, next })
}

/// The version that an amendment has made of an order, or was to make.
///
/// # Errors
/// Postgres is away, or what is stored can't be read.
pub async fn load_version(
    conn: &mut PgConnection,
    order: OrderId,
    delivery: &DeliveryId,
) -> Result<Option<VersionRow>, DatabaseError> {
    let row = sqlx::query_as!(
        VersionColumns,
        r#"
        select
            delivery, state, version as "version: _", author as "author: _", reason,
            proposed_at as "proposed_at: _", decided_at as "decided_at: _", request_hash as "request_hash: _",
            blueprint_name as "blueprint_name: _", blueprint_version as "blueprint_version: _",
            differences as "differences: _", tasks as "tasks: _", refusal
        from order_versions
        where order_id = $1 and delivery = $2
        "#,
        order.uuid(),
        delivery.as_str(),
    )
    .fetch_optional(conn)
    .await
    .map_err(cannot("load a version of an order"))?;
    row.map(TryInto::try_into).transpose().map_err(cannot("read a version of an order"))
}
