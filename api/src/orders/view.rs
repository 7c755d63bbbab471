//! The read model of an order as callers see it. Its tasks are in `task_view`, its items in `item_view`.

use std::collections::BTreeMap;

use model::{
    Action, Actor, BlueprintName, Customer, DeliveryId, ExternalId, Hash, HoldFor, ItemState, OrderId,
    OrderState, SequenceKey, SignalName, TaskId, Timestamp, Value,
};
use plan::Plan;
use serde::Serialize;
use store::{Blocked, Cancel, ChildRow, KeptSignal, OrderRow, OrderSummary, Pause, Predecessor};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};

use crate::orders::item_view::ItemView;
use crate::orders::task_view::TaskView;

/// An order as a list shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView {
    /// Our id.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) id: OrderId,
    /// The sender's id.
    #[schema(value_type = Option<String>)]
    pub(crate) external_id: Option<ExternalId>,
    /// The blueprint that its plan was made by.
    blueprint: BlueprintView,
    /// Which version of the order this is, from 1: every amendment makes the next.
    version: u32,
    /// Who ordered.
    customer: CustomerView,
    /// A word the sender sorts orders by.
    category: Option<String>,
    /// Who sent it, by the header `X-Actor`.
    #[schema(value_type = String)]
    author: Actor,
    /// Its state.
    #[schema(schema_with = order_state)]
    pub(crate) state: OrderState,
    /// What the customer sees.
    customer_status: Option<String>,
    /// How many of its items are in which state.
    #[schema(value_type = std::collections::BTreeMap<String, u64>, example = json!({"completed": 2, "failed": 1}))]
    item_states: BTreeMap<ItemState, u64>,
    /// What it needs a person for, while it does.
    blocked: Option<BlockedView>,
    /// Why it was rejected, failed, or is being rolled back. Of a cancel, see `cancel`.
    reason: Option<String>,
    /// Who cancelled it or asks for that, and why; null if it is not cancelled, being cancelled or assessed for it.
    cancel: Option<CancelView>,
    /// What is wrong with it that it can't tell itself: its workflow was ended in Temporal from outside, so that nothing more
    /// happens by itself.
    attention: Option<String>,
    /// What is expected to happen next, in words; null once it has ended.
    next_action: Option<String>,
    /// Since when it may not be done in time, as its blueprint says; it goes on as before.
    #[schema(value_type = Option<String>, format = DateTime)]
    at_risk_since: Option<Timestamp>,
    /// Why it may not, where what is left takes too long; null otherwise.
    at_risk_reason: Option<String>,
    /// Since when its time is up.
    #[schema(value_type = Option<String>, format = DateTime)]
    overdue_since: Option<Timestamp>,
    /// The order that this one is part of; null for those that somebody has sent.
    parent: Option<ParentView>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    /// The start date that it waits for.
    #[schema(value_type = Option<String>, format = DateTime)]
    pending_until: Option<Timestamp>,
    /// The orders that must end before it begins.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pending_after: Vec<OrderId>,
    /// Who has paused it; null if nobody has, or if its deadline did.
    #[schema(value_type = Option<String>)]
    paused_by: Option<Actor>,
    /// The pause of it as a whole: nothing more of it is begun until somebody resumes it. Null if it is not paused.
    pause: Option<PauseView>,
    /// When work began.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it came to its end.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// When anything happened to it last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// How many order events there are.
    events: u64,
    /// Where to read on.
    links: LinksView,
}

/// A published version of a blueprint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlueprintReference)]
pub(crate) struct BlueprintView {
    /// Its name.
    #[schema(value_type = String)]
    pub(crate) name: BlueprintName,
    /// Its version.
    pub(crate) version: u32,
    /// The SHA-256 of what it means.
    #[schema(value_type = String)]
    pub(crate) hash: Hash,
}

/// Who ordered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub(crate) struct CustomerView {
    /// Their id in the sender's systems.
    id: String,
    /// Their name.
    name: Option<String>,
}

/// What an order needs a person for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Blocked)]
pub(crate) struct BlockedView {
    /// The task.
    #[schema(value_type = String, example = "activate[1]")]
    task: TaskId,
    /// Why.
    reason: String,
    /// Who is needed.
    #[schema(schema_with = hold_for)]
    hold_for: HoldFor,
}

/// Why nothing more of an order is begun.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pause)]
pub(crate) struct PauseView {
    /// Who has paused it; null if its deadline did.
    #[schema(value_type = Option<String>)]
    by: Option<Actor>,
    /// Why.
    reason: String,
    /// The first task that was not done.
    #[schema(value_type = String, example = "activate[1]")]
    task: TaskId,
    /// Who is needed.
    #[schema(schema_with = hold_for)]
    hold_for: HoldFor,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl From<Pause> for PauseView {
    fn from(pause: Pause) -> Self {
        let Pause { by, reason, task, hold_for, since } = pause;
        Self { by, reason, task, hold_for, since }
    }
}

/// Who wants, or wanted, an order cancelled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cancel)]
pub(crate) struct CancelView {
    /// Who, by the header `X-Actor`.
    #[schema(value_type = String)]
    by: Actor,
    /// Why.
    reason: String,
    /// When the order was told.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// The order that another one is part of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Parent)]
pub(crate) struct ParentView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: OrderId,
    /// The task of it that runs this one.
    #[schema(value_type = String, example = "deliver[1]")]
    task: TaskId,
}

/// An order that a task of another one runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChildOrder)]
pub(crate) struct ChildView {
    /// Its id. Everything else about it is at `/v1/orders/{id}`.
    #[schema(value_type = uuid::Uuid)]
    id: OrderId,
    /// The task that runs it.
    #[schema(value_type = String, example = "deliver[1]")]
    task: TaskId,
    /// The blueprint that it carries out.
    #[schema(value_type = String)]
    blueprint: BlueprintName,
    /// Its state. One that is done stays `inProgress` until the order that it is part of ends.
    #[schema(schema_with = order_state)]
    state: OrderState,
    /// What it needs a person for, while it does.
    blocked: Option<BlockedView>,
    /// Why it was rejected, failed, or is being rolled back. Of a cancel, see `cancel`.
    reason: Option<String>,
    /// Who cancelled it or asks for that, and why: the order that it is part of, or somebody.
    cancel: Option<CancelView>,
    /// What is wrong with it that it can't tell itself.
    attention: Option<String>,
}

/// An order that comes before another one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Predecessor)]
pub(crate) struct PredecessorView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: OrderId,
    /// Its sender's id.
    #[schema(value_type = Option<String>)]
    external_id: Option<ExternalId>,
    /// Its state.
    #[schema(schema_with = order_state)]
    state: OrderState,
    /// What the two have in common; null if this one names it.
    #[schema(value_type = Option<String>, example = "SUB-88")]
    key: Option<SequenceKey>,
}

impl From<Predecessor> for PredecessorView {
    fn from(row: Predecessor) -> Self {
        let Predecessor { order: id, external_id, state, key } = row;
        Self { id, external_id, state, key }
    }
}

/// Where to read on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Links)]
pub(crate) struct LinksView {
    /// The order.
    #[serde(rename = "self")]
    order: String,
    /// What happened to it.
    events: String,
    /// What will be done for it.
    plan: String,
    /// Its history in Temporal's Web UI, where this deployment has one.
    temporal: Option<String>,
}

/// An order with its items and tasks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderDetail)]
pub(crate) struct OrderDetailView {
    #[serde(flatten)]
    order: OrderView,
    /// 0 is the most urgent, 4 the least.
    priority: u8,
    /// Not before.
    #[schema(value_type = Option<String>, format = DateTime)]
    requested_start: Option<Timestamp>,
    /// If possible by.
    #[schema(value_type = Option<String>, format = DateTime)]
    requested_completion: Option<Timestamp>,
    /// When its time is up, by the `deadline` of its blueprint; null if that has none, or before work began.
    #[schema(value_type = Option<String>, format = DateTime)]
    deadline: Option<Timestamp>,
    /// Remarks for people.
    notes: Vec<String>,
    /// What the blueprint asks of the order.
    #[schema(value_type = Object)]
    attributes: Value,
    /// What is ordered.
    items: Vec<ItemView>,
    /// What is done for it, in the plan's order.
    tasks: Vec<TaskView>,
    /// Signals that came early and wait for the task that will take them, oldest first.
    kept_signals: Vec<KeptSignalView>,
    /// The orders that its tasks run, as they began.
    children: Vec<ChildView>,
    /// The orders that were open and before it when it was accepted, the first one first.
    predecessors: Vec<PredecessorView>,
}

/// A signal that came before its task waited for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptSignal)]
pub(crate) struct KeptSignalView {
    /// The id under which it was delivered.
    #[schema(value_type = String, example = "WFM-2207")]
    id: DeliveryId,
    /// Its name.
    #[schema(value_type = String, example = "technician_report")]
    signal: SignalName,
    /// The task that it names; null if the first that waits for such a signal takes it.
    #[schema(value_type = Option<String>)]
    task: Option<TaskId>,
    /// Since when it is kept.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// The address of an order.
pub(crate) fn location(id: OrderId) -> String {
    format!("/v1/orders/{id}")
}

impl OrderView {
    /// The view of an order; `temporal_ui` makes the link to its history.
    pub(crate) fn new(order: OrderSummary, temporal_ui: impl FnOnce(OrderId) -> Option<String>) -> Self {
        let here = location(order.id);
        Self {
            id: order.id,
            external_id: order.external_id,
            blueprint: BlueprintView {
                name: order.blueprint.name,
                version: order.blueprint.version,
                hash: order.blueprint_hash,
            },
            version: order.version,
            customer: order.customer.into(),
            category: order.category,
            author: order.author,
            state: order.progress.state,
            customer_status: order.progress.customer_status,
            item_states: order.items,
            blocked: order.progress.blocked.map(Into::into),
            reason: order.progress.reason,
            cancel: order.cancel.map(Into::into),
            attention: order.stopped_at.map(stopped),
            next_action: order.expected.map(|expected| expected.to_string()),
            at_risk_since: order.progress.at_risk_since,
            at_risk_reason: order.progress.at_risk_reason,
            overdue_since: order.progress.overdue_since,
            parent: order.parent.map(|parent| ParentView { id: parent.order, task: parent.task }),
            submitted_at: order.submitted_at,
            pending_until: order.progress.pending_until,
            pending_after: order.progress.pending_after,
            paused_by: order.progress.paused_by,
            pause: order.pause.map(Into::into),
            started_at: order.progress.started_at,
            ended_at: order.progress.ended_at,
            updated_at: order.progress.updated_at,
            events: order.progress.next_event,
            links: LinksView {
                events: format!("{here}/events"),
                plan: format!("{here}/plan"),
                temporal: temporal_ui(order.id),
                order: here,
            },
        }
    }
}

impl OrderDetailView {
    /// The view of an order; `temporal_ui` makes the link to its history. `plan` says what those of its tasks ask for that wait
    /// for something from outside.
    pub(crate) fn new(
        row: OrderRow,
        plan: Option<&Plan>,
        temporal_ui: impl FnOnce(OrderId) -> Option<String>,
    ) -> Self {
        let OrderRow { summary, deadline, request, items, tasks, kept, children, predecessors } = row;
        let stopped = summary.stopped_at.is_some();
        let task = |row| {
            let task = TaskView::new(row, plan);
            if stopped { task.of_stopped() } else { task.with_actions() }
        };
        Self {
            order: OrderView::new(summary, temporal_ui),
            priority: request.priority,
            requested_start: request.requested_start,
            requested_completion: request.requested_completion,
            deadline,
            items: items.into_iter().map(|item| ItemView::new(item, &request)).collect(),
            notes: request.notes,
            attributes: request.attributes,
            tasks: tasks.into_iter().map(task).collect(),
            kept_signals: kept.into_iter().map(Into::into).collect(),
            children: children.into_iter().map(Into::into).collect(),
            predecessors: predecessors.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ChildRow> for ChildView {
    fn from(row: ChildRow) -> Self {
        Self {
            id: row.order,
            task: row.task,
            blueprint: row.blueprint,
            state: row.state,
            blocked: row.blocked.map(Into::into),
            reason: row.reason,
            cancel: row.cancel.map(Into::into),
            attention: row.stopped_at.map(stopped),
        }
    }
}

impl From<KeptSignal> for KeptSignalView {
    fn from(kept: KeptSignal) -> Self {
        Self { id: kept.id, signal: kept.signal, task: kept.task, since: kept.at }
    }
}

impl From<Customer> for CustomerView {
    fn from(customer: Customer) -> Self {
        Self { id: customer.id, name: customer.name }
    }
}

impl From<Blocked> for BlockedView {
    fn from(blocked: Blocked) -> Self {
        Self { task: blocked.task, reason: blocked.reason, hold_for: blocked.hold_for }
    }
}

impl From<Cancel> for CancelView {
    fn from(cancel: Cancel) -> Self {
        Self { by: cancel.by, reason: cancel.reason, at: cancel.at }
    }
}

fn stopped(at: Timestamp) -> String {
    format!("its workflow was ended in Temporal from outside at {at}: what was done is still in place")
}

/// The schema of a closed list of words, from the one place that lists them.
pub(crate) fn words<'a>(description: &str, words: impl IntoIterator<Item = &'a str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description)).enum_values(Some(words))
}

/// The same of what may be null.
pub(crate) fn optional_words<'a>(
    description: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> ObjectBuilder {
    let words = words.into_iter().map(serde_json::Value::from).chain([serde_json::Value::Null]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some(description))
        .enum_values(Some(words))
}

pub(crate) fn order_state() -> ObjectBuilder {
    words("The state of the order.", OrderState::ALL.iter().map(|state| state.as_str()))
}

/// Several of them.
pub(crate) fn order_states() -> ArrayBuilder {
    ArrayBuilder::new().items(order_state())
}

pub(crate) fn action() -> ObjectBuilder {
    words("What is to happen to it.", Action::ALL.iter().map(|action| action.as_str()))
}

pub(super) fn hold_for() -> ObjectBuilder {
    words("Who is needed.", [HoldFor::Operations, HoldFor::Customer].map(HoldFor::as_str))
}
