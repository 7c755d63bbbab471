//! An order in short, as it is read from its row.

use std::collections::BTreeMap;

use model::{
    Actor, BlueprintName, BlueprintRef, Customer, ExternalId, Hash, HoldFor, ItemState, OrderId, OrderState,
    TaskId, Timestamp,
};
use uuid::Uuid;

use crate::children::Parent;
use crate::columns::{At, Whole, Word};
use crate::expected::Expected;
use crate::outlook::Cancel;
use crate::progress::{Blocked, OrderProgress};
use crate::rows::{blocked, order_progress};

/// A pause of an order as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Who has paused it; none if its deadline did.
    pub by: Option<Actor>,
    /// Why.
    pub reason: String,
    /// The first task that was not done.
    pub task: TaskId,
    /// Who is needed.
    pub hold_for: HoldFor,
    /// Since when.
    pub since: Timestamp,
}

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
    /// Which version of the order this is, from 1: every amendment makes the next.
    pub version: u32,
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
    /// The pause of it as a whole, also while tasks are held besides.
    pub pause: Option<Pause>,
    /// When its workflow was ended from outside, if nothing has happened since.
    pub stopped_at: Option<Timestamp>,
    /// The order that it is part of, if it is part of one.
    pub parent: Option<Parent>,
    /// How many of its items are in which state.
    pub items: BTreeMap<ItemState, u64>,
    /// Who cancelled it, or asks for that now.
    pub cancel: Option<Cancel>,
    /// What is expected to happen next, what needs a person first; none if it has ended. Several things may be under way at
    /// once: this is the one that a reader asks about.
    pub expected: Option<Expected>,
}

/// The columns of [`select_orders!`].
pub(crate) struct SummaryColumns {
    pub(crate) id: Uuid,
    pub(crate) external_id: Option<Word<ExternalId>>,
    pub(crate) blueprint_name: Word<BlueprintName>,
    pub(crate) blueprint_version: Whole<u32>,
    pub(crate) blueprint_hash: Word<Hash>,
    pub(crate) plan_hash: Word<Hash>,
    pub(crate) version: Whole<u32>,
    pub(crate) customer_id: String,
    pub(crate) customer_name: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) author: Word<Actor>,
    pub(crate) state: Word<OrderState>,
    pub(crate) customer_status: Option<String>,
    pub(crate) blocked_task: Option<Word<TaskId>>,
    pub(crate) blocked_reason: Option<String>,
    pub(crate) hold_for: Option<Word<HoldFor>>,
    pub(crate) reason: Option<String>,
    pub(crate) pending_until: Option<At>,
    pub(crate) pending_after: Option<Vec<Uuid>>,
    pub(crate) paused_by: Option<Word<Actor>>,
    pub(crate) paused_task: Option<Word<TaskId>>,
    pub(crate) paused_reason: Option<String>,
    pub(crate) paused_for: Option<Word<HoldFor>>,
    pub(crate) paused_at: Option<At>,
    pub(crate) submitted_at: At,
    pub(crate) started_at: Option<At>,
    pub(crate) ended_at: Option<At>,
    pub(crate) at_risk_since: Option<At>,
    pub(crate) at_risk_reason: Option<String>,
    pub(crate) overdue_since: Option<At>,
    pub(crate) updated_at: At,
    pub(crate) next_event: Whole<u64>,
    pub(crate) stopped_at: Option<At>,
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) parent_task: Option<Word<TaskId>>,
}

/// Without what `look_ahead` and `count_items` fill in.
impl From<SummaryColumns> for OrderSummary {
    fn from(row: SummaryColumns) -> Self {
        let paused = blocked(row.paused_task, row.paused_reason, row.paused_for).zip(row.paused_at);
        let pause = paused.map(|(blocked, at)| {
            let Blocked { task, reason, hold_for } = blocked;
            let by = row.paused_by.as_ref().map(|by| by.0.clone());
            Pause { by, reason, task, hold_for, since: at.0 }
        });
        Self {
            id: OrderId::new(row.id),
            external_id: row.external_id.map(|id| id.0),
            blueprint: BlueprintRef { name: row.blueprint_name.0, version: row.blueprint_version.0 },
            blueprint_hash: row.blueprint_hash.0,
            plan_hash: row.plan_hash.0,
            version: row.version.0,
            customer: Customer { id: row.customer_id, name: row.customer_name },
            category: row.category,
            author: row.author.0,
            submitted_at: row.submitted_at.0,
            progress: order_progress!(row),
            pause,
            stopped_at: row.stopped_at.map(|at| at.0),
            parent: row
                .parent_id
                .zip(row.parent_task)
                .map(|(order, task)| Parent { order: OrderId::new(order), task: task.0 }),
            items: BTreeMap::new(),
            cancel: None,
            expected: None,
        }
    }
}

/// Selects [`SummaryColumns`] from `orders`: what follows the table's name, and its arguments.
macro_rules! select_orders {
    ($rest:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            $crate::summary::SummaryColumns,
            r#"
            select
                id, external_id as "external_id: _", blueprint_name as "blueprint_name: _",
                blueprint_version as "blueprint_version: _", blueprint_hash as "blueprint_hash: _",
                plan_hash as "plan_hash: _", version as "version: _", customer_id, customer_name, category, author as "author: _",
                state as "state: _", customer_status, blocked_task as "blocked_task: _", blocked_reason,
                hold_for as "hold_for: _", reason, pending_until as "pending_until: _",
                pending_after, paused_by as "paused_by: _", paused_task as "paused_task: _", paused_reason,
                paused_for as "paused_for: _", paused_at as "paused_at: _",
                submitted_at as "submitted_at: _", started_at as "started_at: _", ended_at as "ended_at: _",
                at_risk_since as "at_risk_since: _", at_risk_reason, overdue_since as "overdue_since: _",
                updated_at as "updated_at: _", next_event as "next_event: _",
                stopped_at as "stopped_at: _", parent_id, parent_task as "parent_task: _"
            from orders
            "# + $rest,
            $($argument),*
        )
    };
}
pub(crate) use select_orders;
