//! The routes, and the OpenAPI document that is made of the same list.

use axum::Router;
use axum::extract::OriginalUri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use http::Method;
use utoipa::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{Content, Ref, RefOr};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::ApiError;
use crate::guard::guard;
use crate::observe::observe;
use crate::problem::{MEDIA_TYPE, Problem};
use crate::{health, meta, orders};

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Orderwright API",
        description = "Takes orders, shows what becomes of them, and steers them. What is not done is answered with a problem document (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "orders", description = "Submit orders, read them, steer them"),
        (name = "blueprints", description = "Publish blueprints and read what is published"),
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
        .routes(routes!(orders::cancel::cancel_order))
        .routes(routes!(orders::signal::signal_order))
        .routes(routes!(orders::act::retry_task))
        .routes(routes!(orders::act::roll_back_task))
        //.routes(routes!(blueprints::list::list_blueprints, blueprints::publish::publish_blueprints))
        //.routes(routes!(blueprints::get::get_blueprint))
}

/// What must be answered even when there is too much to do.
fn service() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(meta::problems))
        .routes(routes!(meta::problem))
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
    for item in document.paths.paths.values_mut() {
        complete(item);
    }
    // Serialising our own data to memory fails for no input.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

/// Says of every answer that is a problem that it is a problem document.
fn complete(item: &mut PathItem) {
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
