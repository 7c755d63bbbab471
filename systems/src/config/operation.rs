//! How one operation is called, where it differs from the convention.

use std::collections::{BTreeMap, BTreeSet};

use model::OperationName;
use reqwest::Method;

use super::pointer::JsonPointer;
use super::problem::Problems;
use super::section::{Entry, Section};
use crate::template::{Document, Template};

/// How an operation is called.
#[derive(Clone, Debug)]
pub(crate) struct OperationConfig {
    /// The HTTP method.
    pub(crate) method: Method,
    /// Comes after the system's address; begins with `/`. One template per segment.
    pub(crate) path: Vec<Template>,
    /// Query parameters by name. None: what the path leaves over, where the method has no body.
    pub(crate) query: Option<BTreeMap<String, Template>>,
    /// The body. None: what path and query leave over, as a record, where the method has a body.
    pub(crate) body: Option<Document>,
    /// What of the answer is the result. None: all of it.
    pub(crate) result: Option<ResultMapping>,
    /// Whether the deployment declares it short and idempotent by key.
    pub(crate) inline: bool,
}

/// What of an answer is the result of the call.
#[derive(Clone, Debug)]
pub(crate) enum ResultMapping {
    /// The value at this place.
    Whole(JsonPointer),
    /// A record of the values at these places.
    Fields(BTreeMap<String, JsonPointer>),
}

/// Whether calls run inside the workflow task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inlining {
    /// As it is said here, if nobody says otherwise.
    May(bool),
    /// Never: they have a task queue of their own, and what runs inside the workflow task has none.
    Queued,
}

impl Inlining {
    pub(super) const fn is_inline(self) -> bool {
        matches!(self, Self::May(true))
    }
}

/// The methods an operation may use.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

impl OperationConfig {
    /// The convention: `POST {url}/{operation}` with every argument in the body.
    pub(crate) fn conventional(operation: &OperationName, inline: bool) -> Self {
        let path = Template::parse(operation.as_str()).into_iter().collect();
        Self { method: Method::POST, path, query: None, body: None, result: None, inline }
    }

    /// Whether its method carries a body.
    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.method, Method::GET | Method::DELETE)
    }

    /// The arguments that path and query use up. One of which they use only a field is not used up.
    pub(crate) fn placed(&self) -> BTreeSet<&str> {
        self.path
            .iter()
            .chain(self.query.iter().flat_map(BTreeMap::values))
            .flat_map(Template::names)
            .collect()
    }
}

/// Reads `[systems.S.operations.O]`.
pub(super) fn read(
    name: &OperationName,
    mut section: Section<'_, '_>,
    inlining: Inlining,
    problems: &mut Problems<'_>,
) -> OperationConfig {
    let mut operation = OperationConfig::conventional(name, inlining.is_inline());
    if let Some(entry) = section.entry("method") {
        operation.method = method(&entry, problems).unwrap_or(Method::POST);
    }
    if let Some(entry) = section.entry("path") {
        operation.path = path(&entry, problems).unwrap_or_default();
    }
    if let Some(query) = section.section("query", problems) {
        let templates = query.entries().filter_map(|(name, _, entry)| {
            let text = entry.text(problems)?;
            Some((name.to_owned(), template(&entry, text, problems)?))
        });
        operation.query = Some(templates.collect());
    }
    if let Some(entry) = section.entry("body") {
        if !operation.has_body() {
            let message = format!("`{}` carries no body", operation.method);
            problems.add_with_help(entry.at.clone(), entry.key.clone(), message, "send it as `query`");
        }
        operation.body = entry.data(problems).and_then(|value| {
            Document::parse(value)
                .map_err(|wrong| problems.add(entry.at.clone(), entry.key.clone(), wrong))
                .ok()
        });
    }
    if let Some(entry) = section.entry("result") {
        operation.result = result(&entry, problems);
    }
    operation.inline = self::inlining(&mut section, inlining, problems).is_inline();
    section.finish(problems);
    operation
}

/// Reads `inline` of a system or an operation.
pub(super) fn inlining(
    section: &mut Section<'_, '_>,
    default: Inlining,
    problems: &mut Problems<'_>,
) -> Inlining {
    let Some(entry) = section.entry("inline") else { return default };
    match (default, entry.value.as_bool()) {
        (_, None) => {
            entry.expected("`true` or `false`", problems);
            default
        }
        (Inlining::Queued, Some(true)) => {
            let message = "the system has a task queue of its own, and an inline call has none";
            problems.add_with_help(entry.at, entry.key, message, "leave out `inline` or `queue`");
            default
        }
        (Inlining::Queued, Some(false)) => default,
        (Inlining::May(_), Some(inline)) => Inlining::May(inline),
    }
}

fn method(entry: &Entry<'_, '_>, problems: &mut Problems<'_>) -> Option<Method> {
    let text = entry.text(problems)?;
    let method = METHODS.into_iter().find(|method| method.as_str() == text);
    if method.is_none() {
        entry.expected("`GET`, `POST`, `PUT`, `PATCH` or `DELETE`", problems);
    }
    method
}

fn path(entry: &Entry<'_, '_>, problems: &mut Problems<'_>) -> Option<Vec<Template>> {
    let text = entry.text(problems)?;
    let Some(segments) = text.strip_prefix('/') else {
        entry.expected("a path that begins with `/`", problems);
        return None;
    };
    if let Some(odd) = text.chars().find(|c| matches!(c, '?' | '#' | '%') || c.is_control()) {
        let message = format!("expected a path without `{}`", odd.escape_default());
        let help = "give query parameters as `query`; what needs encoding is encoded";
        problems.add_with_help(entry.at.clone(), entry.key.clone(), message, help);
        return None;
    }
    if segments.split('/').any(|segment| matches!(segment, "." | "..")) {
        entry.expected("a path without `.` and `..`", problems);
        return None;
    }
    let segments: Vec<_> = segments.split('/').map(|segment| template(entry, segment, problems)).collect();
    segments.into_iter().collect()
}

fn template(entry: &Entry<'_, '_>, text: &str, problems: &mut Problems<'_>) -> Option<Template> {
    Template::parse(text).map_err(|wrong| problems.add(entry.at.clone(), entry.key.clone(), wrong)).ok()
}

fn result(entry: &Entry<'_, '_>, problems: &mut Problems<'_>) -> Option<ResultMapping> {
    if entry.value.as_str().is_some() {
        return pointer(entry, problems).map(ResultMapping::Whole);
    }
    let Some(table) = entry.value.as_table() else {
        entry.expected("a JSON pointer, or a table with a JSON pointer per field", problems);
        return None;
    };
    let fields = Section::new(entry.key.clone(), table);
    let pointers = fields.entries().filter_map(|(name, _, field)| {
        let pointer = pointer(&field, problems)?;
        Some((name.to_owned(), pointer))
    });
    Some(ResultMapping::Fields(pointers.collect()))
}

fn pointer(entry: &Entry<'_, '_>, problems: &mut Problems<'_>) -> Option<JsonPointer> {
    JsonPointer::parse(entry.text(problems)?)
        .map_err(|wrong| problems.add(entry.at.clone(), entry.key.clone(), wrong))
        .ok()
}
