//! What the API says about itself: its OpenAPI document, the kinds of problems, and a page that shows both.

use axum::Json;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::NamedPath;
use crate::problem::ProblemType;

/// The page loads nothing from elsewhere, and nothing that an answer contains can make it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// A kind of problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemType)]
pub(crate) struct ProblemPage {
    /// What stands in a problem document's `type`.
    #[serde(rename = "type")]
    #[schema(example = "/problems/refused")]
    kind: String,
    /// The HTTP status it comes with.
    status: u16,
    /// The kind in words.
    title: &'static str,
    /// What it means and what to do.
    meaning: &'static str,
}

impl From<ProblemType> for ProblemPage {
    fn from(kind: ProblemType) -> Self {
        Self { kind: kind.uri(), status: kind.status(), title: kind.title(), meaning: kind.meaning() }
    }
}

/// List the kinds of problems
#[utoipa::path(get, path = "/problems", tag = "service", responses((status = OK, body = Vec<ProblemPage>)))]
pub(crate) async fn list_problems() -> Json<Vec<ProblemPage>> {
    Json(ProblemType::ALL.iter().copied().map(ProblemPage::from).collect())
}

/// Explain a kind of problem
#[utoipa::path(
    get, path = "/problems/{name}", tag = "service",
    params(("name" = String, Path, description = "The last segment of a problem document's `type`")),
    responses((status = OK, body = ProblemPage), (status = NOT_FOUND, description = "There is no such kind"))
)]
pub(crate) async fn explain_problem(NamedPath(name): NamedPath) -> Result<Json<ProblemPage>, ApiError> {
    let kind = ProblemType::find(&name).ok_or(ApiError::NotFound { what: "kind of problem", name })?;
    Ok(Json(kind.into()))
}

/// `GET /`: the page.
pub(crate) async fn root() -> Redirect {
    Redirect::temporary("/docs")
}

/// `GET /docs`.
pub(crate) async fn page() -> Response {
    let mut response = asset("text/html; charset=utf-8", include_str!("page/index.html"));
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    response
}

/// `GET /docs/page.css`.
pub(crate) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("page/page.css"))
}

/// `GET /docs/page.js`.
pub(crate) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("page/page.js"))
}

/// `GET /openapi.json`.
pub(crate) async fn document() -> Response {
    asset("application/json", crate::router::openapi())
}

fn asset(media_type: &'static str, text: impl IntoResponse) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
