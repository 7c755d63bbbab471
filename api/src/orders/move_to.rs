//! `POST /v1/orders/{id}/move`: has an order be carried out by another version of its blueprint.

use axum::Json;
use axum::extract::State;
use model::{Fault, Pointer, Type, Value, limits};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Body, Delivery, Document, OrderPath, Query, RequestActor, record, required_text};
use crate::orders::amend::{MoveQuery, PatchSchema};
use crate::orders::amending::{Asked, amend, preview};
use crate::orders::amendment::Change;
use crate::orders::assessment::AmendmentView;

/// By which version an order is to be carried out, and why.
#[derive(Debug, ToSchema)]
pub(crate) struct MoveDocument {
    /// The version of the blueprint, which must be published.
    #[schema(example = 4, minimum = 1)]
    version: u32,
    /// What else is to be different, such as what this version asks for and the one before did not: a merge patch (RFC 7396) of
    /// the order, as for an amendment.
    #[schema(value_type = Option<PatchSchema>)]
    patch: Option<Value>,
    /// Why, for the record: at most 2,000 bytes. With `dry_run` it may be left out.
    #[schema(example = "version 3 books visits on Sundays")]
    reason: Option<String>,
}

impl Document for MoveDocument {
    const NAME: &'static str = "a move";
    const LIMIT: usize = limits::ORDER_BYTES;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let fields = record(
            document,
            &[("version", Type::Int), ("patch", Type::Any.optional()), ("reason", Type::Text.optional())],
        )?;
        let version = fields.field("version").and_then(Value::as_int);
        let version = version.and_then(|version| u32::try_from(version).ok()).filter(|version| *version > 0);
        let at = Pointer::root().key("version");
        let version =
            version.ok_or_else(|| vec![Fault::new(at, "expected the number of a version, from 1")])?;
        let is_said = fields.field("reason").is_some_and(|reason| !reason.is_null());
        let reason = if is_said { Some(required_text(&fields, "reason")?) } else { None };
        let patch = match fields.field("patch") {
            None | Some(Value::Null) => None,
            Some(patch @ Value::Record(_)) => Some(patch.clone()),
            Some(other) => {
                let detail = format!("expected a record, found {}", other.kind());
                return Err(vec![Fault::new(Pointer::root().key("patch"), detail)]);
            }
        };
        Ok(Self { version, patch, reason })
    }
}

/// Move an order to another version of its blueprint
///
/// An amendment of the same order: the plan is made by the other version and laid over the one that runs, with the same preview,
/// token and refusal. What both versions do alike is kept. If the other version asks for more than the order says, `patch` says it.
#[utoipa::path(
    post, path = "/v1/orders/{id}/move", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("dry_run" = Option<bool>, Query, description = "Whether only to show what would be done"),
        ("token" = Option<String>, Query, description = "That of the preview that was looked at"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request; the same one again gets the same answer"),
        ("X-Actor" = Option<String>, Header, description = "Who asks; on the record"),
    ),
    request_body(content = MoveDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "What is done, or with `dry_run` would be", body = AmendmentView),
        (status = NOT_FOUND, description = "There is no such order"),
        (status = CONFLICT, description = "The order refuses: `code` is `amendment_refused`, `amendment_moved`, `being_undone`, `child_amended`, `start_date_over`, `too_many_amendments` or `ended`"),
        (status = PAYLOAD_TOO_LARGE, description = "The body has more than 1,000,000 bytes"),
        (status = UNPROCESSABLE_ENTITY, description = "There is no such version, the order does not fit it, or the document has faults; or the key was sent with another one"),
        (status = SERVICE_UNAVAILABLE, description = "Postgres, Temporal or a worker is away. Nothing is promised"),
    )
)]
pub(crate) async fn move_order(
    State(app): State<App>,
    OrderPath(order): OrderPath,
    Delivery(id): Delivery,
    RequestActor(by): RequestActor,
    Query(MoveQuery { dry_run, token }): Query<MoveQuery>,
    Body(MoveDocument { version, patch, reason }): Body<MoveDocument>,
) -> Result<Json<AmendmentView>, ApiError> {
    let change = Change::to_version(version, patch);
    if dry_run {
        return preview(&app, order, &change).await.map(Json);
    }
    let missing = || vec![Fault::new(Pointer::root().key("reason"), "missing: expected a text")];
    let reason = reason.ok_or_else(|| ApiError::InvalidDocument(missing()))?;
    amend(&app, Asked { order, id, by, reason, change, token }).await.map(Json)
}
