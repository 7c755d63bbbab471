//! The headers that mean something to us.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use model::{Actor, DeliveryId};

use crate::error::ApiError;
use crate::problem::ProblemError;

/// Who asks, by the header `X-Actor`; `unknown` if nobody says.
#[derive(Debug)]
pub(crate) struct RequestActor(pub(crate) Actor);

impl<S: Sync> FromRequestParts<S> for RequestActor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let name = parts.headers.get("x-actor").map(|name| String::from_utf8_lossy(name.as_bytes()));
        Ok(Self(Actor::new(&name.unwrap_or_default())))
    }
}

/// The id under which a request can be repeated, by the header `Idempotency-Key`.
#[derive(Debug)]
pub(crate) struct Delivery(pub(crate) Option<DeliveryId>);

impl<S: Sync> FromRequestParts<S> for Delivery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(given) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        DeliveryId::new(&String::from_utf8_lossy(given.as_bytes())).map(|id| Self(Some(id))).map_err(
            |wrong| {
                ApiError::InvalidParameters(vec![ProblemError::parameter(
                    "Idempotency-Key",
                    wrong.to_string(),
                )])
            },
        )
    }
}

/// The last order event that a stream's reader has seen, by the header `Last-Event-ID`.
#[derive(Debug)]
pub(crate) struct LastEventId(pub(crate) Option<u64>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(given) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let given = String::from_utf8_lossy(given.as_bytes());
        given.parse().map(|number| Self(Some(number))).map_err(|_| {
            let detail = format!(
                "`{}` is not the number of an order event",
                given.chars().take(80).collect::<String>()
            );
            ApiError::InvalidParameters(vec![ProblemError::parameter("Last-Event-ID", detail)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn extract<T: FromRequestParts<()>>(name: &str, value: &str) -> Result<T, T::Rejection> {
        let (mut parts, ()) = http::Request::builder().header(name, value).body(()).unwrap().into_parts();
        T::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn actors_are_who_they_say_or_unknown() {
        let RequestActor(named) = extract("x-actor", "Ada Lovelace").await.unwrap();
        let RequestActor(nobody) = extract("x-other", "x").await.unwrap();
        assert_eq!((named.as_str(), nobody.as_str()), ("Ada Lovelace", "unknown"));
    }

    #[tokio::test]
    async fn keys_and_event_numbers_are_checked() {
        let Delivery(id) = extract("idempotency-key", "k-1").await.unwrap();
        assert_eq!(id.unwrap().as_str(), "k-1");
        assert!(extract::<Delivery>("idempotency-key", "two words").await.is_err());
        let LastEventId(seen) = extract("last-event-id", "17").await.unwrap();
        assert_eq!(seen, Some(17));
        assert!(extract::<LastEventId>("last-event-id", "-1").await.is_err());
    }
}
