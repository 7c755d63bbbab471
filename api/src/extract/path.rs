//! What the address names. An id that can't be one names nothing: 404, not 400.

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use model::{OperatorAction, OrderId, TaskId};

use crate::error::ApiError;

/// The order of `/v1/orders/{id}/…`. Its id goes on the request's span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrderPath(pub(crate) OrderId);

impl<S: Sync> FromRequestParts<S> for OrderPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let id = segment(parts, "id").await?;
        let id: OrderId = id.parse().map_err(|_| ApiError::no_order(cut(&id)))?;
        tracing::Span::current().record("order.id", tracing::field::display(id));
        Ok(Self(id))
    }
}

/// The order and task of `/v1/orders/{id}/tasks/{task}/…`.
#[derive(Clone, Debug)]
pub(crate) struct TaskPath {
    pub(crate) order: OrderId,
    pub(crate) task: TaskId,
}

impl<S: Sync> FromRequestParts<S> for TaskPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let OrderPath(order) = OrderPath::from_request_parts(parts, state).await?;
        let task = segment(parts, "task").await?;
        let task = task.parse().map_err(|_| ApiError::NotFound { what: "task", name: cut(&task) })?;
        Ok(Self { order, task })
    }
}

/// The segment `{name}` of the address, whatever it says.
#[derive(Clone, Debug)]
pub(crate) struct NamedPath(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for NamedPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        segment(parts, "name").await.map(Self)
    }
}

/// The action of `/v1/fallout/{action}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActionPath(pub(crate) OperatorAction);

impl<S: Sync> FromRequestParts<S> for ActionPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let action = segment(parts, "action").await?;
        let unknown = |_| ApiError::NotFound { what: "action", name: cut(&action) };
        action.parse().map(Self).map_err(unknown)
    }
}

async fn segment(parts: &mut Parts, name: &str) -> Result<String, ApiError> {
    let missing = || ApiError::NotFound { what: "address", name: cut(parts.uri.path()) };
    let not_found = missing();
    let Ok(Path(segments)) = parts.extract::<Path<Vec<(String, String)>>>().await else {
        return Err(not_found);
    };
    segments.into_iter().find(|(key, _)| key == name).map(|(_, value)| value).ok_or(not_found)
}

/// At most 80 characters of what somebody sent.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
