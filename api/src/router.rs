//! The routes, and the OpenAPI document that is made of the same list.

use axum::Router;
use axum::extract::OriginalUri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use http::Method;
use utoipa::OpenApi;
use utoipa::openapi::path::{Parameter, ParameterIn, PathItem};
use utoipa::openapi::{Content, Ref, RefOr, Response, Schema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::ApiError;
use crate::guard::guard;
use crate::observe::observe;
use crate::problem::{MEDIA_TYPE, Problem};
use crate::{blueprints, fallout, health, meta, mirror, orders};

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Orderwright API",
        description = "Takes orders, shows what becomes of them, and steers them. What is not done is answered with a problem document (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "orders", description = "Submit orders, read them, steer them"),
        (name = "fallout", description = "What waits for people, over all orders, and what was left behind"),
        (name = "blueprints", description = "Publish blueprints and read what is published"),
        (name = "mirror", description = "For operators: what Postgres shows, against Temporal, which is the truth"),
        (name = "service", description = "What the service says about itself"),
    ),
    components(schemas(Problem)),
)]
struct Description;

/// What does work, and is guarded.
fn operations() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(orders::submit::submit_order, orders::list::list_orders))
        .routes(routes!(orders::get::get_order))
        .routes(routes!(orders::events::order_events))
        .routes(routes!(orders::plan::order_plan))
        .routes(routes!(orders::graph::order_graph))
        .routes(routes!(orders::versions::order_versions))
        .routes(routes!(orders::cancel::cancel_order))
        .routes(routes!(orders::amend::amend_order))
        .routes(routes!(orders::move_to::move_order))
        .routes(routes!(orders::pause::pause_order))
        .routes(routes!(orders::pause::resume_order))
        .routes(routes!(orders::signal::signal_order))
        .routes(routes!(orders::retry::retry_task))
        .routes(routes!(orders::complete::complete_task))
        .routes(routes!(orders::skip::skip_task))
        .routes(routes!(orders::rollback::roll_back_task))
        .routes(routes!(orders::undone::undone_task))
        .routes(routes!(orders::accept::accept_task))
        .routes(routes!(fallout::list::list_fallout))
        .routes(routes!(fallout::groups::group_fallout))
        .routes(routes!(fallout::bulk::act_on_many))
        .routes(routes!(fallout::residue::list_residue))
        .routes(routes!(mirror::list::list_in_temporal))
        .routes(routes!(mirror::rebuild::rebuild_order))
        .routes(routes!(mirror::reconcile::reconcile))
        .routes(routes!(blueprints::list::list_blueprints, blueprints::publish::publish_blueprints))
        .routes(routes!(blueprints::get::get_blueprint))
}

/// What must be answered even when there is too much to do.
fn service() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(meta::list_problems))
        .routes(routes!(meta::explain_problem))
}

/// The whole API.
pub(crate) fn router(app: App) -> Router {
    let (operations, _) = operations().split_for_parts();
    let (service, _) = service().split_for_parts();
    operations
        .layer(from_fn_with_state(app.clone(), guard))
        .merge(service)
        .route("/", get(meta::root))
        .route("/docs", get(meta::page))
        .route("/docs/page.css", get(meta::style))
        .route("/docs/page.js", get(meta::script))
        .route("/openapi.json", get(meta::document))
        .route("/metrics", get(health::metrics))
        .fallback(no_such_address)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn(observe))
        .with_state(app)
}

async fn no_such_address(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::NotFound { what: "address", name: uri.path().chars().take(80).collect() }
}

async fn no_such_method(method: Method) -> ApiError {
    ApiError::MethodNotAllowed(method)
}

/// The OpenAPI document of the API, as JSON.
#[must_use]
pub fn openapi() -> String {
    let mut document = operations().merge(service()).into_openapi();
    for (path, item) in &mut document.paths.paths {
        if path.starts_with("/v1/") {
            add_common_answers(item);
        }
        name_problems(item);
    }
    if let Some(components) = &mut document.components {
        for (name, schema) in &mut components.schemas {
            // What callers send may leave out what is optional; so do problems. In answers it is null.
            if !name.ends_with("Document") && name != "Problem" && !name.starts_with("ProblemE") {
                require_all(schema);
            }
        }
    }
    // Serialising our own data to memory fails for no input.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

/// Says what any request of its kind may come to, where an operation has nothing to say about it.
fn add_common_answers(item: &mut PathItem) {
    const OF_ALL: [(&str, &str); 2] = [
        ("500", "Something unexpected happened: `incident` is what the log calls it"),
        (
            "503",
            "Something that is needed is away, or there is too much to do: `Retry-After` says when to try again",
        ),
    ];
    const OF_BODIES: [(&str, &str); 4] = [
        ("400", "The body is not JSON; or a parameter or header is not valid, and all of them are named"),
        ("408", "The body did not come in time"),
        ("413", "The body is too large: `limit_bytes` says how large it may be"),
        ("415", "The body is not declared to be JSON"),
    ];
    const OF_PARAMETERS: [(&str, &str); 1] =
        [("400", "A parameter or header is unknown or not valid; all of them are named")];
    for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
        let has_body = operation.request_body.is_some();
        let is_asked = |parameter: &RefOr<Parameter>| match parameter {
            RefOr::T(parameter) => parameter.parameter_in != ParameterIn::Path,
            RefOr::Ref(_) => false,
        };
        let has_parameters = operation.parameters.iter().flatten().any(is_asked);
        let of_bodies = OF_BODIES.iter().filter(|_| has_body);
        let of_parameters = OF_PARAMETERS.iter().filter(|_| has_parameters && !has_body);
        for (status, description) in OF_ALL.iter().chain(of_bodies).chain(of_parameters) {
            let answers = &mut operation.responses.responses;
            answers.entry((*status).to_owned()).or_insert_with(|| Response::new(*description).into());
        }
    }
}

/// Says of every answer that is a problem that it is a problem document.
fn name_problems(item: &mut PathItem) {
    for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            if status.starts_with(['4', '5']) && response.content.is_empty() {
                let problem = Content::new(Some(Ref::from_schema_name("Problem")));
                response.content.insert(MEDIA_TYPE.to_owned(), RefOr::T(problem));
            }
        }
    }
}

/// Says of a schema, and of the parts it is made of, that every member is always there.
fn require_all(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => object.required = object.properties.keys().cloned().collect(),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(require_all),
        RefOr::T(Schema::OneOf(variants)) => variants.items.iter_mut().for_each(require_all),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{Answer, TestApp, accept, apply, config, held_at, no_temporal};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn every_answer_names_its_request(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let named = Answer::to(api.request("GET", "/healthz").header("x-request-id", "abc-1")).await;
        assert_eq!(named.header("x-request-id"), "abc-1");
        let unnamed = Answer::to(api.request("GET", "/nowhere").header("x-request-id", "a b")).await;
        assert_ne!(unnamed.header("x-request-id"), "a b");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn wrong_addresses_and_methods_are_problems_too(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let nowhere = api.get("/v1/nothing?x=1").await.problem(404, "not-found");
        assert_eq!(nowhere["detail"], "there is no address `/v1/nothing`");
        let method = Answer::to(api.request("DELETE", "/v1/orders")).await;
        assert_eq!(method.problem(405, "method-not-allowed")["detail"], "the address does not take `DELETE`");
        assert_eq!(method.header("allow"), "POST,GET,HEAD");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn beyond_its_limit_the_api_still_says_that_it_lives(pool: PgPool) {
        let mut config = config();
        config.limits.requests = 0;
        let api = TestApp::with(config, pool, no_temporal()).await;
        let refused = api.get("/v1/orders").await;
        assert_eq!(
            refused.problem(503, "overloaded")["detail"],
            "concurrent requests are at their limit of 0"
        );
        assert_eq!(refused.header("retry-after"), "2");
        assert_eq!(api.get("/healthz").await.json(200)["status"], "ok");
    }

    /// The document is a contract: a change of it is reviewed as one. `UPDATE_OPENAPI=1` writes it anew.
    #[test]
    fn the_openapi_document_is_the_committed_one() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        let current = format!("{}\n", super::openapi());
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(committed, &current).unwrap();
        }
        let committed = std::fs::read_to_string(committed).unwrap_or_default();
        assert!(
            committed == current,
            "docs/openapi.json differs from the API: look at the difference after `UPDATE_OPENAPI=1 cargo test -p api openapi`"
        );
    }

    #[test]
    fn the_documentation_names_every_address_and_every_kind_of_problem() {
        let documentation = include_str!("../../docs/api.md");
        let document: serde_json::Value = serde_json::from_str(&super::openapi()).unwrap();
        let addresses = document["paths"].as_object().unwrap().keys().map(String::as_str);
        let kinds = crate::problem::ProblemType::ALL.iter().map(|kind| kind.name());
        let missing: Vec<_> =
            addresses.chain(kinds).filter(|name| !documentation.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "docs/api.md does not name {missing:?}");
    }

    /// The codes of every no of an order, as `refused` says them, and those that the descriptions of answers name.
    #[test]
    fn the_documentation_explains_every_code_of_a_refusal() {
        let source = include_str!("orders/verdict.rs");
        let refused = source.split("pub(crate) fn refused(").nth(1).unwrap();
        let refused = refused.split("\n}\n").next().unwrap();
        let said = refused.split("=> (\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        let mut codes: std::collections::BTreeSet<String> = said.collect();
        assert!(codes.len() > 25, "`refused` is written in another way: {codes:?}");
        let document = super::openapi();
        for named in document.split("`code` is ").skip(1) {
            let named = named.split(['"', '.', ':', ')']).next().unwrap();
            codes.extend(named.split('`').skip(1).step_by(2).map(str::to_owned));
        }
        let documentation = include_str!("../../docs/api.md");
        let rows: Vec<&str> = documentation.lines().filter(|line| line.starts_with("| `")).collect();
        let is_explained = |code: &&String| rows.iter().any(|row| row.starts_with(&format!("| `{code}` |")));
        let missing: Vec<&String> = codes.iter().filter(|code| !is_explained(code)).collect();
        assert!(missing.is_empty(), "docs/api.md does not explain {missing:?}");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn answers_are_what_the_openapi_document_says(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 1, "C-1", "fiber").await;
        apply(&pool, order, held_at("reserve[1]", "no port is free at UTR-7")).await;
        let document: serde_json::Value = serde_json::from_str(&super::openapi()).unwrap();
        for (path, address) in [
            ("/v1/orders", "/v1/orders".to_owned()),
            ("/v1/orders/{id}", format!("/v1/orders/{order}")),
            ("/v1/orders/{id}/events", format!("/v1/orders/{order}/events")),
            ("/v1/orders/{id}/plan", format!("/v1/orders/{order}/plan")),
            ("/v1/orders/{id}/versions", format!("/v1/orders/{order}/versions")),
            ("/v1/fallout", "/v1/fallout".to_owned()),
            ("/v1/fallout/groups", "/v1/fallout/groups".to_owned()),
            ("/v1/residue", "/v1/residue".to_owned()),
            ("/v1/blueprints", "/v1/blueprints".to_owned()),
        ] {
            let described =
                &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"];
            let mut schema = described["schema"].clone();
            assert!(schema.is_object(), "{path}");
            schema["components"] = document["components"].clone();
            let schema = jsonschema::validator_for(&schema).unwrap();
            let answer = api.get(&address).await.json(200);
            let faults: Vec<_> = schema.iter_errors(&answer).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{path}: {faults:?}");
        }
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn the_page_and_what_it_needs_are_served(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let page = api.get("/").await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        for (needed, media_type) in [
            ("/docs/page.css", "text/css; charset=utf-8"),
            ("/docs/page.js", "text/javascript; charset=utf-8"),
            ("/openapi.json", "application/json"),
        ] {
            let answer = api.get(needed).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("content-type")),
                (200, media_type),
                "{needed}"
            );
        }
        let problems = api.get("/problems").await.json(200);
        for kind in problems.as_array().unwrap() {
            assert_eq!(api.get(kind["type"].as_str().unwrap()).await.json(200), *kind);
        }
        api.get("/problems/none").await.problem(404, "not-found");
    }
}
