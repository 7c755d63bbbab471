//! Finds orders by what people look for.

use std::fmt;
use std::str::FromStr;

use model::{BlueprintName, InvalidName, OrderId, OrderState, Timestamp};
use sqlx::{Connection, PgConnection};

use crate::columns::{At, column, text};
use crate::database::{DatabaseError, cannot};
use crate::items::count_items;
use crate::outlook::look_ahead;
use crate::summary::{OrderSummary, SummaryColumns, select_orders};

/// Most orders on one page of a list.
pub const ORDER_PAGE: u32 = 200;

/// How late an open order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// It may not be done in time, or is late already.
    AtRisk,
    /// Its time is up.
    Overdue,
}

impl Lateness {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::AtRisk, Self::Overdue];

    /// The one spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtRisk => "at_risk",
            Self::Overdue => "overdue",
        }
    }
}

impl FromStr for Lateness {
    type Err = InvalidName;
    fn from_str(given: &str) -> Result<Self, InvalidName> {
        Self::ALL.into_iter().find(|late| late.as_str() == given).ok_or_else(|| InvalidName {
            text: given.chars().take(80).collect(),
            expected: "how late an order is (`at_risk` or `overdue`)",
        })
    }
}

/// What orders to list; what is not given does not narrow the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Those in one of these states; empty if in any.
    pub states: Vec<OrderState>,
    /// Those of this blueprint, in any version.
    pub blueprint: Option<BlueprintName>,
    /// Those of the customer with this id.
    pub customer: Option<String>,
    /// Those with this text in their ids, their customer or their offerings, in upper or lower case.
    pub q: Option<String>,
    /// Those that are open and so late.
    pub late: Option<Lateness>,
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
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let mut orders: Vec<OrderSummary> = rows.into_iter().map(Into::into).collect();
    look_ahead(&mut tx, &mut orders).await.map_err(cannot("see what orders wait for"))?;
    count_items(&mut tx, &mut orders).await.map_err(cannot("count the items of orders"))?;
    tx.commit().await.map_err(cannot("finish listing orders"))?;
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
) -> Result<Vec<SummaryColumns>, sqlx::Error> {
    let states = column(&filter.states, |state| state.as_str());
    select_orders!(
        r#"
        where ($1::text[] is null or state = any($1))
          and ($2::text is null or blueprint_name = $2)
          and ($3::text is null or customer_id = $3)
          and ($4::text is null or search like $4)
          and ($5::timestamptz is null or (submitted_at, id) < ($5, $6))
          and (not $7 or (at_risk_since is not null or overdue_since is not null) and ended_at is null)
          and (not $8 or overdue_since is not null and ended_at is null)
        order by submitted_at desc, id desc
        limit $9
        "#,
        (!states.is_empty()).then_some(states.as_slice()) as _,
        filter.blueprint.as_ref().map(AsRef::as_ref),
        filter.customer.as_deref().map(text) as _,
        filter.q.as_deref().map(pattern) as _,
        after.map(|cursor| At(cursor.submitted_at)) as _,
        after.map(|cursor| cursor.id.uuid()),
        filter.late == Some(Lateness::AtRisk),
        filter.late == Some(Lateness::Overdue),
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
