//! `POST /v1/orders/{id}/signals/{name}`: hands an event from outside to the task that waits for it.

use axum::extract::State;
use axum::response::Response;
use contract::DeliverRequest;
use model::{DeliveryId, Fault, Pointer, SignalName, TaskId, Type, Value, limits};
use store::Steering;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Body, Delivery, Document, NamedPath, OrderPath, record};
use crate::orders::repetition::{Asked, answered_before, told_apart};
use crate::orders::verdict::{VerdictView, answer, heard, own_delivery, promise};

/// An event from outside.
#[derive(Debug, ToSchema)]
pub(crate) struct SignalDocument {
    /// Names the event in the sender's system: a second delivery changes nothing. The header
    /// `Idempotency-Key` does the same.
    #[schema(value_type = Option<String>, example = "WFM-2207")]
    id: Option<DeliveryId>,
    /// The task it is for, such as `field_work[1]`; without it, the one task that waits for such a signal.
    #[schema(value_type = Option<String>)]
    task: Option<TaskId>,
    /// What it carries: the fields that the blueprint's `wait` asks for, at most 256,000 bytes.
    #[schema(value_type = serde_json::Value, example = json!({"outcome": "done", "ont": "ONT-1"}))]
    payload: Value,
}

impl Document for SignalDocument {
    const NAME: &'static str = "a signal";
    // The payload at its largest, with room for the rest.
    const LIMIT: usize = limits::RESULT_BYTES + 4_096;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        let fields = [("id", Type::Text.optional()), ("task", Type::Text.optional()), ("payload", Type::Any)];
        let fields = record(document, &fields)?;
        let root = Pointer::root();
        let mut faults = Vec::new();
        let text = |name: &str| fields.field(name).and_then(Value::as_text);
        let id = text("id").map(DeliveryId::new).transpose();
        let id = id.map_err(|wrong| faults.push(Fault::new(root.key("id"), wrong.to_string())));
        let task = text("task").map(str::parse::<TaskId>).transpose();
        let task = task.map_err(|wrong| faults.push(Fault::new(root.key("task"), wrong.to_string())));
        let payload = fields.field("payload").cloned().unwrap_or_default();
        let size = payload.to_string().len();
        if size > limits::RESULT_BYTES {
            let limit = limits::RESULT_BYTES;
            faults.push(Fault::new(
                root.key("payload"),
                format!("expected at most {limit} bytes, found {size}"),
            ));
        }
        match (id, task) {
            (Ok(id), Ok(task)) if faults.is_empty() => Ok(Self { id, task, payload }),
            _ => Err(faults),
        }
    }
}

/// Signal an order
///
/// The task that waits for the signal takes it, if it carries what the task asks for; a signal that comes
/// early is kept. A signal that no task will ever take, or of the wrong shape, is refused (409, the reason in
/// words) and is on the record. A second delivery under the same id changes nothing (`duplicate`), also if it says
/// something else: `differences` then names the places. If no worker can be asked, the signal is written down, with the task it names,
/// and handed over later (202).
#[utoipa::path(
    post, path = "/v1/orders/{id}/signals/{name}", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("name" = String, Path, description = "The signal, as the blueprint names it"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the delivery, like `id` in the body"),
    ),
    request_body(content = SignalDocument, content_type = "application/json"),
    responses(
        (status = OK, description = "A task took it (`applied`), it is kept for one (`kept`), or it had come before (`duplicate`)", body = VerdictView),
        (status = ACCEPTED, description = "The order could not be told yet and will be", body = VerdictView),
        (status = NOT_FOUND, description = "There is no such order, or no signal can have this name"),
        (status = CONFLICT, description = "The order refuses: `code` is `signal`, `ended` or `too_many_deliveries`"),
        (status = PAYLOAD_TOO_LARGE, description = "The signal is too large"),
        (status = UNPROCESSABLE_ENTITY, description = "The document has faults, all of which are named"),
        (status = SERVICE_UNAVAILABLE, description = "Postgres can't be reached"),
    )
)]
pub(crate) async fn signal_order(
    State(app): State<App>,
    OrderPath(order): OrderPath,
    NamedPath(name): NamedPath,
    Delivery(key): Delivery,
    Body(document): Body<SignalDocument>,
) -> Result<Response, ApiError> {
    let signal = SignalName::new(&name)
        .map_err(|wrong| ApiError::NotFound { what: "signal", name: wrong.text })?
        .to_string();
    let SignalDocument { id, task, payload } = document;
    let id = one_delivery(key, id)?;
    let asked = Asked::Signal { name: &signal, task: task.as_ref(), payload: &payload };
    let before = answered_before(&app, order, id.as_ref(), asked).await?;
    let id = id.map_or_else(own_delivery, Ok)?;
    if let Some(verdict) = before {
        return Ok(answer(order, id, verdict));
    }
    let name = task.as_ref().map(ToString::to_string);
    let request = DeliverRequest { id, signal: signal.clone(), task: name, payload: payload.clone() };
    let told = app.client().deliver(order, &request).await;
    let DeliverRequest { id, signal, task, payload } = request;
    let verdict = match heard(&app, order, told).await? {
        Ok(verdict) => told_apart(&app, order, &id, asked, verdict).await?,
        Err(unheard) => {
            let steering = Steering::Deliver { id: id.clone(), signal, task, payload };
            promise(&app, order, &steering, unheard).await?
        }
    };
    Ok(answer(order, id, verdict))
}

/// The id of the delivery, wherever it was given, if it was.
fn one_delivery(key: Option<DeliveryId>, id: Option<DeliveryId>) -> Result<Option<DeliveryId>, ApiError> {
    match (key, id) {
        (Some(key), Some(id)) if key != id => {
            let detail = format!("expected what the header `Idempotency-Key` says, `{key}`, found `{id}`");
            Err(ApiError::InvalidDocument(vec![Fault::new(Pointer::root().key("id"), detail)]))
        }
        (key, id) => Ok(key.or(id)),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;
    use store::Steering;

    use crate::testing::{Answer, TestApp, accept, claim, config, no_temporal};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn without_temporal_a_signal_is_promised(pool: PgPool) {
        let mut config = config();
        config.steering = false;
        let api = TestApp::with(config, pool.clone(), no_temporal()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let body = r#"{"id": "WFM-1", "payload": {"done": true}}"#;
        let promised = api.post(&format!("/v1/orders/{order}/signals/report"), body).await.json(202);
        assert_eq!((&promised["id"], &promised["result"]), (&"WFM-1".into(), &"promised".into()));
        let Steering::Deliver { id, signal, task, payload } = claim(&pool).await else {
            panic!("no signal was promised")
        };
        assert_eq!((id.as_str(), signal.as_str(), task), ("WFM-1", "report", None));
        assert_eq!(payload.to_string(), r#"{"done":true}"#);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_promised_signal_keeps_its_task(pool: PgPool) {
        let mut config = config();
        config.steering = false;
        let api = TestApp::with(config, pool.clone(), no_temporal()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let body = r#"{"task": "field_work[1]", "payload": {"done": true}}"#;
        let promised = api.post(&format!("/v1/orders/{order}/signals/report"), body).await.json(202);
        assert_eq!(promised["result"], "promised");
        let Steering::Deliver { task, .. } = claim(&pool).await else { panic!("no signal was promised") };
        assert_eq!(task.as_deref(), Some("field_work[1]"));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_signal_has_one_id(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let request = api.request("POST", &format!("/v1/orders/{order}/signals/report"));
        let request = request.header("idempotency-key", "a").header("content-type", "application/json");
        assert_eq!(
            Answer::to(request.body(r#"{"id": "b"}"#)).await.faults(422, "invalid-document"),
            ["/id: expected what the header `Idempotency-Key` says, `a`, found `b`"]
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn signals_of_no_shape_at_all_are_not_taken(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        let signal = format!("/v1/orders/{order}/signals/report");
        assert_eq!(
            api.post(&signal, r#"{"id": "a b", "task": "x[", "data": {}}"#)
                .await
                .faults(422, "invalid-document"),
            ["/data: unknown field `data`: known are `id`, `task`, `payload`"]
        );
        assert_eq!(
            api.post(&signal, r#"{"id": "a b", "task": "x["}"#).await.faults(422, "invalid-document"),
            [
                "/id: `a b` is not an id (printable ASCII without spaces, at most 255)",
                "/task: `x[` is not a task id (`task` or `task[item]`)"
            ]
        );
        let large = format!(r#"{{"payload": "{}"}}"#, "x".repeat(256_000));
        assert_eq!(
            api.post(&signal, &large).await.faults(422, "invalid-document"),
            ["/payload: expected at most 256000 bytes, found 256002"]
        );
        let larger = format!(r#"{{"payload": "{}"}}"#, "x".repeat(300_000));
        let problem = api.post(&signal, &larger).await.problem(413, "payload-too-large");
        assert_eq!(
            (&problem["detail"], &problem["limit_bytes"]),
            (&"a signal may have at most 260096 bytes".into(), &260_096.into())
        );
        api.post(&format!("/v1/orders/{order}/signals/no-name"), "{}").await.problem(404, "not-found");
    }
}
