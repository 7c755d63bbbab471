//! The order of a test, and its plan; what is wrong with it is told where the test says it.

use model::{Fault, Order, OrderId, OrderRequest, Pointer, Timestamp, Value};
use plan::Plan;

use super::OrderLine;
use super::document::{self, Document, type_at};
use super::literal;
use crate::Span;
use crate::blueprint::Blueprint;
use crate::diagnostic::{Code, Diagnostic};
use crate::library::Library;

/// When the orders of tests are submitted, and so when their stories begin: a Monday morning, so that times can be told.
#[must_use]
pub fn submitted_at() -> Timestamp {
    /// 2026-01-05T09:00:00Z, in milliseconds since 1970.
    const MONDAY: i64 = 1_767_603_600_000;
    Timestamp::from_millis(MONDAY)
}

/// The order of a test with its plan.
pub(super) struct Ordered<'l> {
    pub(super) blueprint: &'l Blueprint,
    pub(super) plan: Plan,
    /// As it was sent.
    document: Value,
}

impl<'l> Ordered<'l> {
    pub(super) fn new(
        library: &'l Library,
        line: &OrderLine,
        read: impl FnOnce(&str) -> Result<Value, String>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let before = diagnostics.len();
        let (document, at) = match line {
            OrderLine::Inline { at, document } => (document::read(document, diagnostics), *at),
            OrderLine::File(name) => match read(&name.text) {
                Ok(value) => (Document::unplaced(value), name.span),
                Err(why) => {
                    let title = format!("the order can't be read: {why}");
                    diagnostics.push(
                        Diagnostic::new(Code::UnreadableOrder, name.span, title)
                            .help("the name of the file is relative to the folder of the blueprints"),
                    );
                    return None;
                }
            },
        };
        let draft = OrderRequest::draft(document.value.clone());
        let order = accepted(draft.request.clone());
        let selected = library.select(&order.request);
        let planned = match selected.and_then(|blueprint| Ok((blueprint, blueprint.plan(&order)?))) {
            Ok(planned) if draft.faults.is_empty() => Ok(planned),
            Ok(_) => Err(draft.faults),
            Err(found) => Err(draft.faults_with(found)),
        };
        // What could not be read would be missing.
        if diagnostics.len() > before {
            return None;
        }
        match planned {
            Ok((blueprint, plan)) => {
                words(&document, &Pointer::root(), blueprint, &plan, diagnostics);
                Some(Self { blueprint, plan, document: document.value })
            }
            Err(faults) => {
                diagnostics.extend(faults.iter().map(|fault| unfit(fault, &document, at)));
                None
            }
        }
    }

    /// Where the item of an id is in the document.
    pub(super) fn item(&self, id: &str) -> Option<usize> {
        let Some(Value::List(items)) = self.document.field("items") else { return None };
        items.iter().position(|item| item.field("id").and_then(Value::as_text) == Some(id))
    }

    /// The plan of the order if it had these values at these places; or what would be wrong with it.
    pub(super) fn amended(&self, changes: &[(Pointer, Value)]) -> Result<Plan, Vec<Fault>> {
        let mut document = self.document.clone();
        for (at, value) in changes {
            let path: Vec<&str> = at.as_str().split('/').skip(1).collect();
            if !put(&mut document, &path, value) {
                let detail = "the order has nothing there that could have this field";
                return Err(vec![Fault::new(at.clone(), detail)]);
            }
        }
        self.blueprint.plan(&accepted(OrderRequest::parse(document)?))
    }
}

/// Reports the words of a document, which is at a place of the order's, that stand where no choice of texts is wanted.
pub(super) fn words(
    document: &Document,
    at: &Pointer,
    blueprint: &Blueprint,
    plan: &Plan,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (place, word) in &document.words {
        let place = place.as_str().split('/').skip(1).fold(at.clone(), |at, step| at.key(step));
        let of = type_at(blueprint, plan, &place);
        if !of.is_some_and(|of| matches!(of.required(), model::Type::OneOf(_))) {
            diagnostics.push(literal::no_word(&word.text, word.span));
        }
    }
}

fn accepted(request: OrderRequest) -> Order {
    Order { id: OrderId::NIL, submitted_at: submitted_at(), request }
}

/// A fault of the order, where the test says what is wrong, or at `at`.
fn unfit(fault: &Fault, document: &Document, at: Span) -> Diagnostic {
    let (place, exact) = document.place(&fault.pointer).unwrap_or((at, false));
    let title = if exact { fault.detail.clone() } else { fault.to_string() };
    Diagnostic::new(Code::UnfitOrder, place, format!("the order does not fit: {title}"))
}

/// Puts a value at a place; false if nothing there can have it. Records and attributes that are not there are made.
fn put(into: &mut Value, path: &[&str], value: &Value) -> bool {
    let Some((first, rest)) = path.split_first() else {
        *into = value.clone();
        return true;
    };
    match into {
        Value::Record(fields) => {
            let name = first.replace("~1", "/").replace("~0", "~");
            put(fields.entry(name).or_insert_with(|| Value::record::<String>([])), rest, value)
        }
        Value::List(elements) => {
            let element = first.parse::<usize>().ok().and_then(|n| elements.get_mut(n));
            element.is_some_and(|element| put(element, rest, value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => false,
    }
}
