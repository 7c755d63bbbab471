//! What a caller sends to act on many tasks: which ones, and why.

use model::{Fault, OrderId, Pointer, TaskId, Type, Value, limits};
use store::FalloutFilter;
use utoipa::ToSchema;

use crate::extract::{Document, record, required_text};
use crate::fallout::filter::{FalloutFilterDocument, document_type, of_document};

/// What is to be acted on, and why.
#[derive(Debug, ToSchema)]
pub(crate) struct BulkDocument {
    /// The note, for the record of every order: at most 2,000 bytes.
    #[schema(example = "the OLT is back, see INC-8123")]
    pub(super) note: String,
    /// Every work item that it lets through, of those that the action is for: the 1,000 that have waited longest. It must narrow
    /// them.
    #[schema(value_type = Option<FalloutFilterDocument>)]
    pub(super) filter: Option<FalloutFilter>,
    /// These tasks, at most 1,000. Either a filter or tasks are given.
    #[schema(value_type = Option<Vec<TaskReferenceDocument>>)]
    pub(super) tasks: Option<Vec<(OrderId, TaskId)>>,
}

/// A task of an order.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a part of a document to OpenAPI")]
pub(crate) struct TaskReferenceDocument {
    /// The order.
    #[schema(value_type = uuid::Uuid)]
    order: String,
    /// The task.
    #[schema(example = "activate[1]")]
    task: String,
}

impl Document for BulkDocument {
    const NAME: &'static str = "an action on many tasks";
    // An order and a task take at most 250 bytes.
    const LIMIT: usize = 16_384 + 300 * limits::BULK_ACTIONS;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let task = ["order", "task"];
        let task = task.map(|name| model::Field { name: name.to_owned(), of: Type::Text, default: None });
        let tasks = Type::List(Box::new(Type::Record(task.into())));
        let fields =
            [("note", Type::Text), ("filter", document_type().optional()), ("tasks", tasks.optional())];
        let fields = record(document, &fields)?;
        let given = |name: &str| fields.field(name).filter(|value| !value.is_null());
        let note = required_text(&fields, "note");
        let filter =
            given("filter").map(|filter| of_document(filter, &Pointer::root().key("filter"))).transpose();
        let tasks = given("tasks").map(|tasks| references(tasks, &Pointer::root().key("tasks"))).transpose();
        match (note, filter, tasks) {
            (Ok(_), Ok(None), Ok(None)) => {
                Err(vec![Fault::new(Pointer::root(), "expected `filter` or `tasks`, found neither")])
            }
            (Ok(_), Ok(Some(_)), Ok(Some(_))) => {
                Err(vec![Fault::new(Pointer::root(), "expected `filter` or `tasks`, found both")])
            }
            (Ok(note), Ok(filter), Ok(tasks)) => Ok(Self { note, filter, tasks }),
            (note, filter, tasks) => {
                Err([note.err(), filter.err(), tasks.err()].into_iter().flatten().flatten().collect())
            }
        }
    }
}

/// Reads a list of tasks that stands at a place of a document.
fn references(tasks: &Value, at: &Pointer) -> Result<Vec<(OrderId, TaskId)>, Vec<Fault>> {
    let Value::List(tasks) = tasks else { return Ok(Vec::new()) };
    let limit = limits::BULK_ACTIONS;
    if tasks.is_empty() || tasks.len() > limit {
        return Err(vec![Fault::new(
            at.clone(),
            format!("expected 1 to {limit} tasks, found {}", tasks.len()),
        )]);
    }
    let mut read = Vec::with_capacity(tasks.len());
    let mut faults = Vec::new();
    for (place, reference) in tasks.iter().enumerate() {
        let at = at.index(place);
        let text = |name: &str| reference.field(name).and_then(Value::as_text).unwrap_or_default();
        match (text("order").parse::<OrderId>(), text("task").parse::<TaskId>()) {
            (Ok(order), Ok(task)) => read.push((order, task)),
            (order, task) => {
                faults.extend(order.err().map(|wrong| Fault::new(at.key("order"), wrong.to_string())));
                faults.extend(task.err().map(|wrong| Fault::new(at.key("task"), wrong.to_string())));
            }
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}
