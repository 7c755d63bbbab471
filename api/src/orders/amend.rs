//! `POST /v1/orders/{id}/amend`: has an order be another one from now on, or shows what that would do.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use contract::Wanted;
use http::header;
use model::{Fault, Hash, Value, limits};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{
    Body, Delivery, Document, OrderPath, Parameters, Query, QueryDocument, RequestActor, read_flag,
};
use crate::orders::amending::{Asked, amend, preview};
use crate::orders::assessment::AmendmentView;
use crate::orders::document::OrderSchema;
use crate::problem::ProblemError;

/// What a merge patch is sent as (RFC 7396).
const MERGE_PATCH: &str = "application/merge-patch+json";

/// What a whole order is sent as.
const WHOLE: &str = "application/json";

/// What either is sent as, in words.
const EITHER: &str =
    "`application/json` for a whole order, or `application/merge-patch+json` for a patch of it";

/// How an amendment is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct AmendQuery {
    pub(crate) dry_run: bool,
    pub(crate) token: Option<Hash>,
    pub(crate) reason: Option<String>,
}

impl QueryDocument for AmendQuery {
    fn read(parameters: &mut Parameters) -> Self {
        let MoveQuery { dry_run, token } = MoveQuery::read(parameters);
        Self { dry_run, token, reason: parameters.take("reason", reason) }
    }
}

/// How a move is asked for: its reason is in the body.
#[derive(Clone, Debug, Default)]
pub(crate) struct MoveQuery {
    pub(crate) dry_run: bool,
    pub(crate) token: Option<Hash>,
}

impl QueryDocument for MoveQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            dry_run: parameters.take("dry_run", read_flag).unwrap_or_default(),
            token: parameters
                .take("token", |text| text.parse::<Hash>().map_err(|_| "expected the token of a preview")),
        }
    }
}

fn reason(text: &str) -> Result<String, String> {
    let limit = limits::REASON_BYTES;
    if text.trim().is_empty() {
        return Err("expected a text that is not empty".to_owned());
    }
    if text.len() > limit {
        return Err(format!("expected at most {limit} bytes, found {}", text.len()));
    }
    Ok(text.to_owned())
}

/// A merge patch (RFC 7396) of the order's document. In it, `items` may be a record by the ids of the items: null takes one out
/// of the order, an id that is new adds one.
#[derive(Debug, ToSchema)]
#[schema(as = OrderPatchDocument, example = json!({"items": {"1": {"attributes": {"speed_mbps": 1000}}}}))]
#[expect(dead_code, reason = "describes the document to OpenAPI; `model` applies it to report all faults")]
pub(crate) struct PatchSchema {
    /// What is different in the order's attributes; null takes one away.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Value>,
    /// Patches of items by their ids; or a list, which replaces all of them.
    #[schema(value_type = Option<serde_json::Value>)]
    items: Option<Value>,
    /// The remarks, all of them.
    notes: Option<Vec<String>>,
}

/// A document of which only the order it is for knows what may be in it.
#[derive(Debug)]
struct AnyDocument(Value);

impl Document for AnyDocument {
    const NAME: &'static str = "an order";
    const LIMIT: usize = limits::ORDER_BYTES;

    fn read(document: Value) -> Result<Self, Vec<Fault>> {
        Ok(Self(document))
    }
}

/// The body: a whole order, or a merge patch if it is sent as one.
#[derive(Debug)]
pub(crate) struct WantedBody(Wanted);

impl<S: Sync> FromRequest<S> for WantedBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let given = request.headers().get(header::CONTENT_TYPE).and_then(|given| given.to_str().ok());
        let essence = given.map(|given| given.split(';').next().unwrap_or_default().trim().to_lowercase());
        let is_patch = essence.as_deref() == Some(MERGE_PATCH);
        // A patch of another kind would be taken for a whole order.
        if !is_patch && essence.as_deref() != Some(WHOLE) {
            return Err(ApiError::UnsupportedMediaType { expected: EITHER, found: essence });
        }
        let Body(AnyDocument(document)) = Body::from_request(request, state).await?;
        Ok(Self(if is_patch { Wanted::Patch(document) } else { Wanted::Order(document) }))
    }
}

/// Amend an order
///
/// Has the order be another one from now on. The body is the whole order as it is to be, or, sent as
/// `application/merge-patch+json`, a merge patch (RFC 7396) of it; in a patch, `items` may be a record of patches by the ids of
/// the items, where null takes an item out and an id that is new adds one. It is checked as an order is, and all its faults come
/// back at once; their pointers are those of the whole order. The external id, the customer's id, the blueprint and the orders that
/// come before can't change, and the start date only until the order begins; all but the customer may be left out.
///
/// The order compares what each task has read with what it would read now. What is the same is kept, and the rest is amended,
/// undone, done again, added or dropped, as `tasks` says. With `dry_run=true` nothing is done, and `token` stands for what is
/// shown: an amendment that is sent with it does exactly that, or is refused (409, `code` is `amendment_moved`) with a fresh preview in
/// `amendment`. Without a token it does what it finds right.
///
/// Where something speaks against it, such as a point of no return, it is refused as a whole (409, `code` is
/// `amendment_refused`), the order goes on untouched, and `amendment` names the tasks. `follow_up` is then an order that asks for
/// the difference when this one has ended, ready to be sent to `/v1/orders`, if a published blueprint takes it.
#[utoipa::path(
    post, path = "/v1/orders/{id}/amend", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("dry_run" = Option<bool>, Query, description = "Whether only to show what would be done"),
        ("token" = Option<String>, Query, description = "That of the preview that was looked at"),
        ("reason" = Option<String>, Query, description = "Why, for the record: at most 2,000 bytes. Needed without `dry_run`"),
        ("Idempotency-Key" = Option<String>, Header, description = "Names the request; the same one again gets the same answer"),
        ("X-Actor" = Option<String>, Header, description = "Who asks; on the record"),
    ),
    request_body(content((OrderSchema = "application/json"), (PatchSchema = "application/merge-patch+json"))),
    responses(
        (status = OK, description = "What is done, or with `dry_run` would be", body = AmendmentView),
        (status = BAD_REQUEST, description = "The body is not JSON, or a parameter is not valid or missing"),
        (status = NOT_FOUND, description = "There is no such order"),
        (status = CONFLICT, description = "The order refuses: `code` is `amendment_refused`, `amendment_moved`, `being_undone`, `child_amended`, `start_date_over`, `too_many_amendments` or `ended`"),
        (status = PAYLOAD_TOO_LARGE, description = "The body has more than 1,000,000 bytes"),
        (status = UNPROCESSABLE_ENTITY, description = "The order as it is to be has faults, all of which are named; or the key was sent with another one"),
        (status = SERVICE_UNAVAILABLE, description = "Postgres, Temporal or a worker is away. Nothing is promised; the request can be made again under the same key"),
    )
)]
pub(crate) async fn amend_order(
    State(app): State<App>,
    OrderPath(order): OrderPath,
    Delivery(id): Delivery,
    RequestActor(by): RequestActor,
    Query(query): Query<AmendQuery>,
    WantedBody(wanted): WantedBody,
) -> Result<Json<AmendmentView>, ApiError> {
    let AmendQuery { dry_run, token, reason } = query;
    let change = wanted.into();
    if dry_run {
        return preview(&app, order, &change).await.map(Json);
    }
    let reason = reason.ok_or_else(|| {
        ApiError::InvalidParameters(vec![ProblemError::parameter(
            "reason",
            "missing: say why the order is amended",
        )])
    })?;
    amend(&app, Asked { order, id, by, reason, change, token }).await.map(Json)
}

#[cfg(test)]
mod tests {
    use model::{Actor, Fact, HoldFor, OrderId};
    use serde_json::json;
    use sqlx::PgPool;

    use crate::testing::{Answer, ORDER, TestApp, apply, events_to_the_end};

    /// An API without Temporal, and an order: what can be told without the order, is.
    async fn order(pool: &PgPool) -> (TestApp, String) {
        let api = TestApp::start(pool.clone()).await;
        api.publish_fiber().await;
        let order = api.post("/v1/orders", ORDER).await.json(202);
        let amend = format!("/v1/orders/{}/amend", order["id"].as_str().unwrap());
        (api, amend)
    }

    async fn patch(api: &TestApp, address: &str, patch: &str) -> Answer {
        let request = api.request("POST", address).header("content-type", "application/merge-patch+json");
        Answer::to(request.body(patch.to_owned())).await
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn every_fault_of_what_is_wanted_is_told_at_once(pool: PgPool) {
        let (api, amend) = order(&pool).await;
        let preview = format!("{amend}?dry_run=true");
        for (sent, faults) in [
            (
                r#"{"customer": {"id": "C-2"}, "attributes": {"site": 7}, "items": {"1": {"attributes": {"speed": "fast"}}}}"#,
                vec![
                    "/customer/id: an amendment can't change this: expected `C-1`",
                    "/attributes/site: expected a text, found a number",
                    "/items/0/attributes/speed: expected a whole number, found a text",
                ],
            ),
            (r#"{"items": {"9": null}}"#, vec!["/items/9: the order has no item `9`"]),
            (r#"{"items": null}"#, vec!["/items: missing: expected a list"]),
            (
                r#"{"blueprint": "fiber@2"}"#,
                vec!["/blueprint: an amendment can't change this: expected `fiber@1`, or nothing"],
            ),
            ("[]", vec![": expected a record, found a list"]),
            (
                r#"{"requested_start": "2199-01-01T00:00:00Z"}"#,
                vec!["/requested_start: expected a time within 3660 days from now"],
            ),
        ] {
            assert_eq!(patch(&api, &preview, sent).await.faults(422, "invalid-document"), faults, "{sent}");
        }
        let whole = ORDER.replace("FIBER_100", "COPPER").replace("C-1", "C-9");
        let faults = api.post(&preview, &whole).await.faults(422, "invalid-document");
        assert!(
            faults[0].starts_with("/customer/id: ") && faults[1].starts_with("/items/0/offering: "),
            "{faults:?}"
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_asked_must_make_sense(pool: PgPool) {
        let (api, amend) = order(&pool).await;
        let faults = |answer: Answer| answer.faults(400, "invalid-parameters");
        assert_eq!(
            faults(patch(&api, &amend, "{}").await),
            ["reason: missing: say why the order is amended"]
        );
        let odd = format!("{amend}?dry_run=perhaps&token=soon&resaon=x");
        assert_eq!(
            faults(patch(&api, &odd, "{}").await),
            [
                "dry_run: expected `true` or `false`",
                "token: expected the token of a preview",
                "resaon: unknown parameter: known are `dry_run`, `token`, `reason`",
            ]
        );
        for (media_type, found) in
            [("application/json-patch+json", "`application/json-patch+json`"), ("text/plain", "`text/plain`")]
        {
            let request = api.request("POST", &amend).header("content-type", media_type);
            let refused = Answer::to(request.body("[]")).await;
            assert_eq!(
                refused.problem(415, "unsupported-media-type")["detail"],
                format!(
                    "expected `application/json` for a whole order, or `application/merge-patch+json` for a patch of it, found {found}"
                )
            );
        }
        let nobody = "/v1/orders/00000000-0000-0000-0000-000000000009/amend?dry_run=true";
        patch(&api, nobody, "{}").await.problem(404, "not-found");
        api.post("/v1/orders/00000000-0000-0000-0000-000000000009/move?dry_run=true", r#"{"version": 2}"#)
            .await
            .problem(404, "not-found");
        let to = amend.replace("/amend", "/move");
        let moved = api.post(&format!("{to}?dry_run=true"), r#"{"version": 9}"#).await;
        assert_eq!(
            moved.faults(422, "invalid-document"),
            ["/version: there is no version 9 of the blueprint `fiber`: the newest is 1"]
        );
        for (body, fault) in [
            (r#"{"version": 0}"#, "/version: expected the number of a version, from 1"),
            (r#"{"version": 1}"#, "/reason: missing: expected a text"),
            (r#"{"reason": "x"}"#, "/version: missing: expected a whole number"),
            (r#"{"version": 1, "patch": []}"#, "/patch: expected a record, found a list"),
        ] {
            assert_eq!(api.post(&to, body).await.faults(422, "invalid-document"), [fault], "{body}");
        }
        let patched = r#"{"version": 1, "reason": "x", "patch": {"blueprint": "fiber@2",
            "items": {"1": {"attributes": {"speed": "fast"}}}}}"#;
        assert_eq!(
            api.post(&to, patched).await.faults(422, "invalid-document"),
            [
                "/patch: /blueprint: an amendment can't change this: expected `fiber@1`, or nothing",
                "/patch: the order does not fit this version: /items/0/attributes/speed: expected a whole number, found a text",
            ]
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn without_temporal_nothing_is_promised_and_nothing_lost(pool: PgPool) {
        let (api, amend) = order(&pool).await;
        let asked = format!("{amend}?reason=faster");
        patch(&api, &asked, r#"{"notes": ["ring twice"]}"#).await.problem(503, "unavailable");
        let versions = api.get(&amend.replace("/amend", "/versions")).await.json(200);
        let versions = versions["versions"].as_array().unwrap();
        assert_eq!(
            (versions.len(), &versions[0]["version"], &versions[0]["state"]),
            (1, &json!(1), &json!("applied"))
        );
        api.get("/v1/orders/00000000-0000-0000-0000-000000000009/versions").await.problem(404, "not-found");
    }

    /// Nobody can say what it would do without Temporal; what is wrong with it is told before that is asked.
    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn the_start_date_can_be_moved_until_the_order_begins(pool: PgPool) {
        let (api, amend) = order(&pool).await;
        let preview = format!("{amend}?dry_run=true");
        let later = format!(
            r#"{{"requested_start": "{}"}}"#,
            crate::app::now().plus(model::Duration::from_secs(86_400))
        );
        patch(&api, &preview, &later).await.problem(503, "unavailable");
        let id = amend.split('/').nth(3).unwrap().parse().unwrap();
        apply(&pool, id, vec![model::Fact::OrderStarted {}]).await;
        assert_eq!(
            patch(&api, &preview, &later).await.faults(422, "invalid-document"),
            ["/requested_start: an amendment can't move the start date of an order that has begun"]
        );
    }

    fn id(order: &str) -> OrderId {
        order.split('/').nth(3).unwrap().parse().unwrap()
    }

    async fn keyed(api: &TestApp, address: &str, key: &str, body: &str) -> Answer {
        let request = api.request("POST", address).header("idempotency-key", key);
        Answer::to(request.header("content-type", "application/json").body(body.to_owned())).await
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_key_of_another_kind_of_request_stands_for_that(pool: PgPool) {
        let (api, amend) = order(&pool).await;
        let paused = Fact::OrderPaused {
            task: "reserve[1]".parse().unwrap(),
            reason: "night work".to_owned(),
            hold_for: HoldFor::Operations,
            id: Some("k-1".parse().unwrap()),
            by: Some(Actor::new("ann")),
        };
        apply(&pool, id(&amend), vec![Fact::OrderStarted {}, paused]).await;
        keyed(&api, &format!("{amend}?reason=faster"), "k-1", ORDER).await.problem(422, "key-reused");
        let versions = api.get(&amend.replace("/amend", "/versions")).await.json(200);
        assert_eq!(versions["versions"].as_array().unwrap().len(), 1, "nothing was proposed");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_move_that_was_refused_is_refused_again_with_the_same_answer(pool: PgPool) {
        let (api, amend) = order(&pool).await;
        let refused = Fact::AmendmentRefused {
            id: "k-1".parse().unwrap(),
            by: Actor::new("ann"),
            wanted: "newer".to_owned(),
            reason: "`active` is a point of no return".to_owned(),
            tasks: Vec::new(),
        };
        apply(&pool, id(&amend), vec![Fact::OrderStarted {}, refused]).await;
        let to = amend.replace("/amend", "/move");
        let again = keyed(&api, &to, "k-1", r#"{"version": 1, "reason": "newer"}"#).await;
        let problem = again.problem(409, "refused");
        assert_eq!(
            (&problem["code"], &problem["follow_up"]),
            (&json!("amendment_refused"), &json!(null)),
            "nothing of the order is different"
        );
        assert_eq!(problem["amendment"]["accepted"], json!(false));
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_that_has_ended_stays_as_it_is(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = crate::testing::accept(&pool, 1, "C-1", "fiber").await;
        apply(&pool, order, events_to_the_end()).await;
        let refused = patch(&api, &format!("/v1/orders/{order}/amend?reason=late"), "{}").await;
        assert_eq!(refused.problem(409, "refused")["code"], "ended");
    }
}
