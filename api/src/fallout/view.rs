//! What waits for people, as callers see it.

use model::{Actor, ExternalId, ItemId, OperatorAction, OrderId, TaskId, TaskState, Timestamp, Value};
use serde::Serialize;
use store::{Person, WorkExample, WorkGroup, WorkItem, WorkKind};
use utoipa::ToSchema;
use utoipa::openapi::schema::ArrayBuilder;

use crate::fallout::filter::{kind, waits_for};
use crate::orders::task_view::CallErrorView;
use crate::orders::view::{BlueprintView, CustomerView, location, words};

/// A task of an order that waits for a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkItem)]
pub(crate) struct WorkItemView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// The sender's id of the order.
    #[schema(value_type = Option<String>)]
    external_id: Option<ExternalId>,
    /// The blueprint that its plan was made by.
    blueprint: BlueprintView,
    /// Who ordered.
    customer: CustomerView,
    /// The item that the task is for; null if it is for the order as a whole.
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    /// The task to act on.
    #[schema(value_type = String, example = "activate[1]")]
    task: TaskId,
    /// What it does, in words.
    title: String,
    /// Why it waits.
    #[schema(schema_with = kind)]
    kind: WorkKind,
    /// Whom it waits for.
    #[schema(schema_with = waits_for)]
    r#for: &'static str,
    /// Of whose role it is to do it, if it waits for a role.
    role: Option<String>,
    /// Who paused the order, if somebody did.
    #[schema(value_type = Option<String>)]
    paused_by: Option<Actor>,
    /// The system whose call did no good; of an undo that failed, that of the undo.
    system: Option<String>,
    /// Its operation.
    operation: Option<String>,
    /// Why it waits, in words; of a task that is a person's to do, what is to be done.
    reason: String,
    /// How often the call was attempted since the task was begun last.
    attempts: u32,
    /// Why the last attempt did no good.
    last_error: Option<CallErrorView>,
    /// The arguments of the call, as it was made last.
    #[schema(value_type = serde_json::Value)]
    arguments: Value,
    /// What is worth trying. The order may still say no, for what only it knows.
    #[schema(schema_with = actions_schema)]
    actions: Vec<&'static str>,
    /// Since when it waits.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// How long it has been waiting, in whole seconds.
    age_seconds: u64,
    /// How long a person has who is to do it.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// Since when the order may not be done in time.
    #[schema(value_type = Option<String>, format = DateTime)]
    at_risk_since: Option<Timestamp>,
    /// Since when the order's time is up.
    #[schema(value_type = Option<String>, format = DateTime)]
    overdue_since: Option<Timestamp>,
    /// Where to read on.
    links: WorkLinksView,
}

/// Where to read on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkLinks)]
pub(crate) struct WorkLinksView {
    /// The order.
    order: String,
    /// Its history in Temporal's Web UI, where this deployment has one.
    temporal: Option<String>,
}

/// Work items that are alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkGroup)]
pub(crate) struct WorkGroupView {
    /// Why they wait.
    #[schema(schema_with = kind)]
    kind: WorkKind,
    /// Whom they wait for.
    #[schema(schema_with = waits_for)]
    r#for: &'static str,
    /// Of whose role it is to do them.
    role: Option<String>,
    /// The system whose call did no good.
    system: Option<String>,
    /// Its operation.
    operation: Option<String>,
    /// What their reasons have in common: `…` stands for what is quoted and for words with a digit in them, but for the status that
    /// a system answered with.
    #[schema(example = "network.activate answered 503: olt … is down")]
    pattern: String,
    /// How many there are.
    count: u64,
    /// How many orders they are of.
    orders: u64,
    /// How many of them are of orders that may not be done in time, or are late already.
    at_risk: u64,
    /// What is worth trying.
    #[schema(schema_with = actions_schema)]
    actions: Vec<&'static str>,
    /// Since when the one that came last waits.
    #[schema(value_type = String, format = DateTime)]
    newest: Timestamp,
    /// The one that has waited longest.
    oldest: WorkExampleView,
}

/// One of several work items that are alike.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkExample)]
pub(crate) struct WorkExampleView {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: OrderId,
    /// The task.
    #[schema(value_type = String, example = "activate[1]")]
    task: TaskId,
    /// Why it waits.
    reason: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// How long it has been waiting, in whole seconds.
    age_seconds: u64,
}

/// What is worth trying with a task that waits for a person.
pub(crate) const fn actions(kind: WorkKind) -> &'static [OperatorAction] {
    match kind {
        WorkKind::Held => OperatorAction::suggested(TaskState::Held, false),
        WorkKind::UndoFailed => OperatorAction::suggested(TaskState::UndoFailed, false),
        WorkKind::Manual => OperatorAction::suggested(TaskState::Running, true),
        // Its deadline has paused it.
        WorkKind::Paused => &[OperatorAction::Retry, OperatorAction::Rollback],
    }
}

/// The same of one of them. What a person has paused is only let go on, as a whole.
pub(crate) const fn actions_on(kind: WorkKind, is_paused_by_person: bool) -> &'static [OperatorAction] {
    if is_paused_by_person { &[] } else { actions(kind) }
}

/// The same in words.
fn words_of(kind: WorkKind, is_paused_by_person: bool) -> Vec<&'static str> {
    let resume = (kind == WorkKind::Paused).then_some(RESUME);
    let of_task = actions_on(kind, is_paused_by_person);
    of_task.iter().map(|action| action.as_str()).chain(resume).collect()
}

/// What is done with a paused order as a whole.
const RESUME: &str = "resume";

fn actions_schema() -> ArrayBuilder {
    let meaning = "An action on the task, or `resume` for an order that is paused.";
    let known = OperatorAction::ALL.iter().map(|action| action.as_str()).chain([RESUME]);
    ArrayBuilder::new().items(words(meaning, known))
}

fn person(person: Person) -> (&'static str, Option<String>) {
    match person {
        Person::Holder(who) => (who.as_str(), None),
        Person::Role(role) => ("role", Some(role.as_str().to_owned())),
    }
}

/// A system and its operation; neither for what is no call of a system.
pub(crate) fn split(call: Option<&str>) -> (Option<String>, Option<String>) {
    let call = call.and_then(|call| call.split_once('.'));
    call.map(|(system, operation)| (system.to_owned(), operation.to_owned())).unzip()
}

/// How long something has been going on, in whole seconds.
fn age(since: Timestamp, now: Timestamp) -> u64 {
    now.since(since).as_millis() / 1_000
}

impl WorkItemView {
    /// The view of a work item at a time; `temporal` is the link to its order's history.
    pub(crate) fn new(item: WorkItem, now: Timestamp, temporal: Option<String>) -> Self {
        let links = WorkLinksView { order: location(item.order), temporal };
        let (r#for, role) = person(item.person);
        let (system, operation) = split(item.call.as_deref());
        Self {
            order: item.order,
            external_id: item.external_id,
            blueprint: BlueprintView {
                name: item.blueprint.name,
                version: item.blueprint.version,
                hash: item.blueprint_hash,
            },
            customer: item.customer.into(),
            item: item.task.item.clone(),
            task: item.task,
            title: item.title,
            kind: item.kind,
            r#for,
            role,
            actions: words_of(item.kind, item.paused_by.is_some()),
            paused_by: item.paused_by,
            system,
            operation,
            reason: item.reason,
            attempts: item.attempts,
            last_error: item.last_error.map(Into::into),
            arguments: item.arguments,
            since: item.since,
            age_seconds: age(item.since, now),
            until: item.until,
            at_risk_since: item.at_risk_since,
            overdue_since: item.overdue_since,
            links,
        }
    }
}

impl WorkGroupView {
    /// The view of a group at a time.
    pub(crate) fn new(group: WorkGroup, now: Timestamp) -> Self {
        let (r#for, role) = person(group.person);
        let (system, operation) = split(group.call.as_deref());
        let WorkExample { order, task, reason, since } = group.oldest;
        Self {
            kind: group.kind,
            r#for,
            role,
            system,
            operation,
            pattern: group.pattern,
            count: group.count,
            orders: group.orders,
            at_risk: group.at_risk,
            actions: words_of(group.kind, group.is_paused_by_person),
            newest: group.newest,
            oldest: WorkExampleView { order, task, reason, since, age_seconds: age(since, now) },
        }
    }
}
