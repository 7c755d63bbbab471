//! What a caller reads when a request was not done: problem documents (RFC 9457).
//!
//! [`ProblemType`] is the closed list of kinds; each has a page under `/problems/{name}`, which is what a
//! document's `type` points at. Which error becomes which kind is decided in `error`.

use dsl::DiagnosticDocument;
use model::{BlueprintRef, Fault};
use serde::Serialize;
use utoipa::ToSchema;

use crate::orders::assessment::AmendmentView;

/// The media type of a problem document.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

macro_rules! problem_types {
    ($( $variant:ident = $status:literal $name:literal: $title:literal, $meaning:literal; )+) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum ProblemType { $( $variant, )+ }

        impl ProblemType {
            /// Every kind, by status.
            pub(crate) const ALL: &[Self] = &[$( Self::$variant, )+];

            /// The last segment of the kind's URI.
            pub(crate) const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// The status it is answered with.
            pub(crate) const fn status(self) -> u16 {
                match self { $( Self::$variant => $status, )+ }
            }

            /// What is wrong, the same for every occurrence.
            pub(crate) const fn title(self) -> &'static str {
                match self { $( Self::$variant => $title, )+ }
            }

            /// What it means and what to do, for the kind's page.
            pub(crate) const fn meaning(self) -> &'static str {
                match self { $( Self::$variant => $meaning, )+ }
            }
        }
    };
}

problem_types! {
    MalformedJson = 400 "malformed-json": "the body is not JSON",
        "The detail says at which line and column reading stopped. Nothing has been done.";
    InvalidParameters = 400 "invalid-parameters": "a query parameter or header is not valid",
        "`errors` names each parameter or header and what was expected of it. Nothing has been done.";
    NotFound = 404 "not-found": "there is no such thing here",
        "The detail names what was looked for: an order, a blueprint or an address of the API.";
    MethodNotAllowed = 405 "method-not-allowed": "the address does not take this method",
        "The header `Allow` says which methods it takes.";
    BodyTimeout = 408 "body-timeout": "the body did not arrive in time",
        "Send the request again. Nothing has been done.";
    Refused = 409 "refused": "the order refused what was asked",
        "The order's state does not allow it: the detail says why, `task` names the task where one is the reason and \
         `code` is the reason in a form for programs. The order goes on as before.";
    VersionTaken = 409 "version-taken": "a published version of a blueprint can't change",
        "`errors` names each blueprint that differs from what is published under its version. Raise its version. \
         Nothing has been published.";
    PayloadTooLarge = 413 "payload-too-large": "the body is too large",
        "The detail and `limit_bytes` name the limit. Nothing has been done.";
    UnsupportedMediaType = 415 "unsupported-media-type": "the body is not sent as JSON",
        "Send `Content-Type: application/json`. Nothing has been done.";
    InvalidDocument = 422 "invalid-document": "the document is not valid",
        "`errors` lists every fault with a JSON pointer (RFC 6901) to its place in the body. Nothing has been done.";
    InvalidBlueprints = 422 "invalid-blueprints": "the blueprints have errors",
        "`diagnostics` lists every error and warning with its code, its place and how to put it right. Nothing has been published.";
    KeyReused = 422 "key-reused": "the key stands for another request",
        "The `Idempotency-Key` was sent before with a different request. The detail names the order that it stands for, \
         `errors` the places where the documents differ. Repeat the first document, or use a new key for a new order. \
         Nothing has been done.";
    Internal = 500 "internal": "something went wrong on our side",
        "`incident` is an id to report; the log has the cause under it. The request can be repeated with the same key.";
    NotShown = 503 "not-shown": "the order does not show it yet",
        "What became of the delivery was asked for by `delivery`, and Postgres has not been told of it within 5 s. Try again \
         after `Retry-After` seconds, or read the order as it is without `delivery`.";
    Overloaded = 503 "overloaded": "too much is going on",
        "A limit on concurrent requests or streams is reached. Try again after `Retry-After` seconds.";
    Unavailable = 503 "unavailable": "a service that is needed can't be reached",
        "The detail names the service. Try again after `Retry-After` seconds, with the same key.";
}

impl ProblemType {
    /// The kind with this name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The URI that stands in documents: a full path below the API's own address.
    pub(crate) fn uri(self) -> String {
        format!("/problems/{}", self.name())
    }
}

/// A problem document (RFC 9457). Members that don't apply are left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of problem: a path below this API that explains it.
    #[serde(rename = "type")]
    #[schema(example = "/problems/invalid-document")]
    pub(crate) kind: String,
    /// The kind in words.
    pub(crate) title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// This occurrence in words.
    pub(crate) detail: String,
    /// The address that was asked.
    pub(crate) instance: String,
    /// The id of the request, as in the header `X-Request-Id`.
    pub(crate) request_id: String,
    /// Every fault that was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<ProblemError>,
    /// Everything the compiler has to say about published blueprints.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) diagnostics: Vec<DiagnosticDocument>,
    /// The task that is the reason of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<String>,
    /// The reason of a refusal, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    /// The limit that was passed, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit_bytes: Option<usize>,
    /// The id under which our log has the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) incident: Option<String>,
    /// What an amendment would do that was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) amendment: Option<Box<AmendmentView>>,
    /// An order that asks for what can't be amended any more, ready to be sent to `/v1/orders`; it begins when this one has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, required = false)]
    pub(crate) follow_up: Option<Box<model::Value>>,
}

/// One fault: where it is, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ProblemError {
    #[serde(flatten)]
    pub(crate) at: FaultPlace,
    /// What is wrong and what was expected.
    pub(crate) detail: String,
}

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultPlace {
    /// A place in the body (RFC 6901); empty for the whole document.
    #[schema(example = json!({"pointer": "/items/0/quantity"}))]
    Pointer(String),
    /// A query parameter or a header.
    Parameter(String),
    /// A blueprint version.
    Blueprint(String),
}

impl ProblemError {
    /// A fault of a query parameter or a header.
    pub(crate) fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { at: FaultPlace::Parameter(name.into()), detail: detail.into() }
    }

    /// A blueprint that is published with another meaning.
    pub(crate) fn taken(blueprint: &BlueprintRef) -> Self {
        let BlueprintRef { name, version } = blueprint;
        Self {
            at: FaultPlace::Blueprint(blueprint.to_string()),
            detail: format!("version {version} of `{name}` is published with a different meaning"),
        }
    }
}

impl From<Fault> for ProblemError {
    fn from(fault: Fault) -> Self {
        Self { at: FaultPlace::Pointer(fault.pointer.as_str().to_owned()), detail: fault.detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_the_name_in_their_uri() {
        for kind in ProblemType::ALL {
            let name = kind.uri();
            assert_eq!(ProblemType::find(name.strip_prefix("/problems/").unwrap()), Some(*kind));
        }
        assert_eq!(ProblemType::find("nothing"), None);
    }
}
