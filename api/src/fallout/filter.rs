//! Which work items are meant: the same filter as query parameters of a list and as a part of a document.

use std::fmt::Display;

use model::{
    BlueprintName, Duration, Fault, OperationName, OrderId, Pointer, RoleName, SystemName, Timestamp, Type,
    Value, limits,
};
use store::{FalloutFilter, WaitsFor, WorkKind};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder};
use utoipa::{IntoParams, ToSchema};

use crate::app::now;
use crate::extract::{Parameters, read_text};
use crate::orders::view::words;

/// Which work items. What is not given does not narrow the list; all that is given narrows it together.
#[derive(Debug, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the fields to OpenAPI; they are read one by one to report all faults"
)]
pub(crate) struct FalloutFilterDocument {
    /// Why they wait, one of these: separated by commas, or given several times.
    #[param(style = Form, explode = false, schema_with = kinds)]
    #[schema(schema_with = kinds)]
    kind: Option<Vec<String>>,
    /// Whom they wait for, one of these.
    #[param(style = Form, explode = false, schema_with = people)]
    #[schema(schema_with = people)]
    r#for: Option<Vec<String>>,
    /// Tasks that somebody of this role does.
    role: Option<String>,
    /// Calls of this system.
    system: Option<String>,
    /// Calls of operations with this name.
    operation: Option<String>,
    /// With this text in the reason, in upper or lower case.
    reason: Option<String>,
    /// With a reason of this pattern, as `/v1/fallout/groups` shows it.
    pattern: Option<String>,
    /// Of orders of this blueprint, in any version.
    blueprint: Option<String>,
    /// Of orders of the customer with this id.
    customer: Option<String>,
    /// Of this order and its child orders.
    #[param(value_type = Option<uuid::Uuid>)]
    #[schema(value_type = Option<uuid::Uuid>)]
    order: Option<String>,
    /// That have been waiting for at least so long.
    #[param(example = "2h")]
    #[schema(example = "2h")]
    older_than: Option<String>,
}

pub(crate) fn kind() -> ObjectBuilder {
    let meaning = "`held`: it could not be done. `undo_failed`: it could not be taken back. `manual`: it is a person's to do. \
        `paused`: the order as a whole is paused.";
    words(meaning, WorkKind::ALL.iter().map(|kind| kind.as_str()))
}

pub(crate) fn waits_for() -> ObjectBuilder {
    words("Whom it waits for.", WaitsFor::ALL.iter().map(|who| who.as_str()))
}

fn kinds() -> ArrayBuilder {
    ArrayBuilder::new().items(kind())
}

fn people() -> ArrayBuilder {
    ArrayBuilder::new().items(waits_for())
}

/// Where a filter is read from.
trait Source {
    /// The field `name`, if it is there and `read` takes it.
    fn one<T, E: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T>;

    /// Every value of the field `name`.
    fn each<T, E: Display>(&mut self, name: &'static str, read: impl Fn(&str) -> Result<T, E>) -> Vec<T>;
}

fn read(source: &mut impl Source) -> FalloutFilter {
    let before = |age: Duration| {
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(now().as_millis().saturating_sub(age))
    };
    FalloutFilter {
        kinds: source.each("kind", str::parse),
        waits_for: source.each("for", str::parse),
        role: source.one("role", RoleName::new),
        system: source.one("system", SystemName::new),
        operation: source.one("operation", OperationName::new),
        reason: source.one("reason", read_reason),
        pattern: source.one("pattern", read_reason),
        blueprint: source.one("blueprint", BlueprintName::new),
        customer: source.one("customer", read_reason),
        order: source.one("order", str::parse::<OrderId>),
        before: source.one("older_than", str::parse).map(before),
        among: None,
        no_pause_of_person: false,
    }
}

fn read_reason(text: &str) -> Result<String, String> {
    read_text(text, limits::REASON_BYTES)
}

impl Source for Parameters {
    fn one<T, E: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.take(name, read)
    }

    fn each<T, E: Display>(&mut self, name: &'static str, read: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        self.take_each(name, read)
    }
}

/// Reads a filter from the parameters of a request.
pub(crate) fn of_parameters(parameters: &mut Parameters) -> FalloutFilter {
    read(parameters)
}

/// A filter as a part of a document.
struct Fields<'a> {
    filter: &'a Value,
    at: &'a Pointer,
    faults: Vec<Fault>,
}

impl Source for Fields<'_> {
    fn one<T, E: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.filter.field(name)?.as_text()?;
        read(text).map_err(|wrong| self.faults.push(Fault::new(self.at.key(name), wrong.to_string()))).ok()
    }

    fn each<T, E: Display>(&mut self, name: &'static str, read: impl Fn(&str) -> Result<T, E>) -> Vec<T> {
        let Some(Value::List(values)) = self.filter.field(name) else { return Vec::new() };
        let mut found = Vec::new();
        for (place, text) in values.iter().enumerate() {
            match read(text.as_text().unwrap_or_default()) {
                Ok(value) => found.push(value),
                Err(wrong) => {
                    let at = self.at.key(name).index(place);
                    self.faults.push(Fault::new(at, wrong.to_string()));
                }
            }
        }
        found
    }
}

/// The type of a filter that is a part of a document.
pub(crate) fn document_type() -> Type {
    let texts = || Type::List(Box::new(Type::Text)).optional();
    let lists = ["kind", "for"].map(|name| (name, texts()));
    let texts =
        ["role", "system", "operation", "reason", "pattern", "blueprint", "customer", "order", "older_than"]
            .map(|name| (name, Type::Text.optional()));
    let field = |(name, of): (&str, Type)| model::Field { name: name.to_owned(), of, default: None };
    Type::Record(lists.into_iter().chain(texts).map(field).collect())
}

/// Reads a filter of [`document_type`] that stands at a place of a document. One that narrows nothing is refused: nobody acts on
/// everything by leaving something out.
///
/// # Errors
/// Every fault, each with its place.
pub(crate) fn of_document(filter: &Value, at: &Pointer) -> Result<FalloutFilter, Vec<Fault>> {
    let mut fields = Fields { filter, at, faults: Vec::new() };
    let read = read(&mut fields);
    if fields.faults.is_empty() && read == FalloutFilter::default() {
        fields.faults.push(Fault::new(at.clone(), "expected at least one field that narrows it"));
    }
    if fields.faults.is_empty() { Ok(read) } else { Err(fields.faults) }
}
