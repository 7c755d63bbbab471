//! Why a request was not done, and the answer to it.
//!
//! [`ApiError`] is the one closed list for every handler. It becomes a response without the parts that only
//! the request knows; `observe` completes those. Causes are logged here, once, and never shown.

use std::error::Error;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use dsl::DiagnosticsDocument;
use http::{HeaderValue, StatusCode, header};
use model::{DeliveryId, DocumentError, Fault, IdempotencyKey, OrderId, TaskId};
use uuid::Uuid;

use crate::orders::assessment::AmendmentView;
use crate::problem::{Problem, ProblemError, ProblemType};

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The body is not JSON.
    #[error("line {line}, column {column}: {message}")]
    MalformedJson { line: usize, column: usize, message: String },
    /// Query parameters or headers that are not valid, all of them.
    #[error("{}", counted(.0.len(), "parameter or header is not valid", "parameters or headers are not valid"))]
    InvalidParameters(Vec<ProblemError>),
    /// What the address names does not exist.
    #[error("there is no {what} `{name}`")]
    NotFound { what: &'static str, name: String },
    /// The order has no such task.
    #[error("there is no task `{name}`{}", did_you_mean(.meant))]
    NoTask {
        /// As it was named.
        name: String,
        /// What the order has instead.
        meant: Vec<TaskId>,
    },
    /// The address takes other methods.
    #[error("the address does not take `{0}`")]
    MethodNotAllowed(http::Method),
    /// The caller sends too slowly.
    #[error("the body did not arrive within {} s", .0.as_secs())]
    BodyTimeout(Duration),
    /// The connection broke while the body was read.
    #[error("the body could not be read to its end")]
    BodyLost,
    /// The order does not allow it.
    #[error("{reason}")]
    Refused { code: &'static str, reason: String, task: Option<String> },
    /// The order does not allow an amendment, or would do something else than was shown.
    #[error("{reason}")]
    NotAmended {
        /// The reason, for programs.
        code: &'static str,
        /// The reason, for people.
        reason: String,
        /// The first task that speaks against it.
        task: Option<String>,
        /// What it would do.
        amendment: Box<AmendmentView>,
        /// The order that asks for the difference afterwards.
        follow_up: Option<Box<model::Value>>,
    },
    /// Published versions differ from what was sent.
    #[error(
        "{}", counted(.0.len(), "blueprint differs from its published version", "blueprints differ from their published versions")
    )]
    VersionTaken(Vec<model::BlueprintRef>),
    /// The body is larger than its kind may be.
    #[error("{what} may have at most {limit} bytes")]
    PayloadTooLarge { what: &'static str, limit: usize },
    /// The body's type is not JSON.
    #[error("expected {expected}, found {}", .found.as_ref().map_or_else(|| "no content type".to_owned(), |f| format!("`{f}`")))]
    UnsupportedMediaType { expected: &'static str, found: Option<String> },
    /// The body is JSON and not what is expected, in these places.
    #[error("{}", counted(.0.len(), "fault was found", "faults were found"))]
    InvalidDocument(Vec<Fault>),
    /// The blueprints don't compile.
    #[error("{}", counted(.0.errors, "error was found", "errors were found"))]
    InvalidBlueprints(DiagnosticsDocument),
    /// A key that stands for another request.
    #[error("the idempotency key `{key}` was sent before with a different request, for the order {order}")]
    KeyReused {
        /// The key.
        key: IdempotencyKey,
        /// The order it stands for.
        order: OrderId,
        /// Where the documents differ.
        differences: Vec<Fault>,
    },
    /// The read model has not come to what the caller wants to see in it.
    #[error("what became of the delivery `{id}` does not show yet")]
    NotShown { id: DeliveryId },
    /// As many as we allow.
    #[error("{what} are at their limit of {limit}")]
    Overloaded { what: &'static str, limit: usize },
    /// We were not done in time.
    #[error("the answer was not ready within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// Something that is needed is down.
    #[error("{what} can't be reached")]
    Unavailable {
        /// `Temporal`, `Postgres`, `a worker`.
        what: &'static str,
        /// Why, for the log.
        #[source]
        cause: Option<Box<dyn Error + Send + Sync>>,
    },
    /// An order that was asked has not answered, and may hear of it yet.
    #[error(
        "no worker has answered: what was asked may still be done when one does. Sent again under the id `{id}`, it is done once, and answered"
    )]
    Unanswered { id: DeliveryId },
    /// A defect or a surprise of ours.
    #[error("something unexpected happened")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

fn counted(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

fn did_you_mean(tasks: &[TaskId]) -> String {
    let named: Vec<String> = tasks.iter().map(|task| format!("`{task}`")).collect();
    if named.is_empty() { String::new() } else { format!(": did you mean {}?", named.join(" or ")) }
}

/// How long a caller is asked to leave an overloaded or broken service alone, in seconds. Long enough to
/// matter, and short against the time that a restart takes.
const RETRY_AFTER_SECS: u16 = 2;

impl ApiError {
    /// There is no such order.
    pub(crate) fn no_order(id: impl std::fmt::Display) -> Self {
        Self::NotFound { what: "order", name: id.to_string() }
    }

    /// A defect or surprise with its cause.
    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// The kind of problem that the caller is told of.
    pub(crate) const fn kind(&self) -> ProblemType {
        match self {
            Self::MalformedJson { .. } | Self::BodyLost => ProblemType::MalformedJson,
            Self::InvalidParameters(_) => ProblemType::InvalidParameters,
            Self::NotFound { .. } | Self::NoTask { .. } => ProblemType::NotFound,
            Self::MethodNotAllowed(_) => ProblemType::MethodNotAllowed,
            Self::BodyTimeout(_) => ProblemType::BodyTimeout,
            Self::Refused { .. } | Self::NotAmended { .. } => ProblemType::Refused,
            Self::VersionTaken(_) => ProblemType::VersionTaken,
            Self::PayloadTooLarge { .. } => ProblemType::PayloadTooLarge,
            Self::UnsupportedMediaType { .. } => ProblemType::UnsupportedMediaType,
            Self::InvalidDocument(_) => ProblemType::InvalidDocument,
            Self::InvalidBlueprints(_) => ProblemType::InvalidBlueprints,
            Self::KeyReused { .. } => ProblemType::KeyReused,
            Self::NotShown { .. } => ProblemType::NotShown,
            Self::Overloaded { .. } | Self::TooSlow(_) => ProblemType::Overloaded,
            Self::Unavailable { .. } | Self::Unanswered { .. } => ProblemType::Unavailable,
            Self::Internal(_) => ProblemType::Internal,
        }
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn problem(self) -> Problem {
        let kind = self.kind();
        let mut problem = Problem {
            kind: kind.uri(),
            title: kind.title(),
            status: kind.status(),
            detail: self.to_string(),
            instance: String::new(),
            request_id: String::new(),
            errors: Vec::new(),
            diagnostics: Vec::new(),
            task: None,
            code: None,
            limit_bytes: None,
            incident: None,
            amendment: None,
            follow_up: None,
        };
        match self {
            Self::InvalidParameters(faults) => problem.errors = faults,
            Self::InvalidDocument(faults) => problem.errors = faults.into_iter().map(Into::into).collect(),
            Self::KeyReused { differences, .. } => {
                problem.errors = differences.into_iter().map(Into::into).collect();
            }
            Self::VersionTaken(taken) => problem.errors = taken.iter().map(ProblemError::taken).collect(),
            Self::InvalidBlueprints(found) => problem.diagnostics = found.diagnostics,
            Self::Refused { code, task, .. } => {
                problem.code = Some(code);
                problem.task = task;
            }
            Self::NotAmended { code, task, amendment, follow_up, .. } => {
                problem.code = Some(code);
                problem.task = task;
                problem.amendment = Some(amendment);
                problem.follow_up = follow_up;
            }
            Self::PayloadTooLarge { limit, .. } => problem.limit_bytes = Some(limit),
            Self::Unavailable { what, cause } => {
                let cause = cause.as_deref().map(|cause| chain(cause));
                tracing::warn!(service = what, cause, "{what} can't be reached");
            }
            Self::Unanswered { .. } => tracing::warn!(service = "a worker", "no worker has answered"),
            Self::Internal(cause) => {
                let incident = Uuid::now_v7();
                tracing::error!(%incident, cause = chain(&*cause), "incident {incident}: a request failed");
                problem.incident = Some(incident.to_string());
            }
            Self::MalformedJson { .. }
            | Self::NotFound { .. }
            | Self::NoTask { .. }
            | Self::MethodNotAllowed(_)
            | Self::BodyTimeout(_)
            | Self::BodyLost
            | Self::UnsupportedMediaType { .. }
            | Self::NotShown { .. }
            | Self::Overloaded { .. }
            | Self::TooSlow(_) => {}
        }
        problem
    }
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = status.into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECS));
        }
        response.extensions_mut().insert(Box::new(self.problem()));
        response
    }
}

impl From<DocumentError> for ApiError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::NotJson { line, column, message } => Self::MalformedJson { line, column, message },
            DocumentError::Ambiguous(faults) => Self::InvalidDocument(faults),
        }
    }
}

impl From<store::DatabaseError> for ApiError {
    fn from(error: store::DatabaseError) -> Self {
        if error.is_permanent() {
            Self::internal(error)
        } else {
            Self::Unavailable { what: "Postgres", cause: Some(error.into()) }
        }
    }
}
