//! `GET /v1/mirror/orders`: the orders that Temporal has, whether Postgres knows them or not.

use axum::Json;
use axum::extract::State;
use model::OrderId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Parameters, Query, QueryDocument};
use crate::mirror::dossier::unlisted;

/// Most orders of one page.
const PAGE: u16 = 1_000;

/// Where to go on.
#[derive(Debug, Default)]
pub(crate) struct ListQuery {
    cursor: Vec<u8>,
}

impl QueryDocument for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self { cursor: parameters.take("cursor", read_token).unwrap_or_default() }
    }
}

/// Orders that Temporal has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemporalOrdersView {
    /// Their ids.
    #[schema(value_type = Vec<uuid::Uuid>)]
    orders: Vec<OrderId>,
    /// Where to go on; null at the end.
    next: Option<String>,
}

/// List the orders that Temporal has
///
/// Open ones, and those that have ended as long as Temporal keeps them, at most 1,000 at a time, in no particular order. For making the rows of all of them again.
#[utoipa::path(
    get, path = "/v1/mirror/orders", tag = "mirror",
    params(("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before")),
    responses(
        (status = OK, description = "A page of ids", body = TemporalOrdersView),
        (status = BAD_REQUEST, description = "A parameter is not valid"),
        (status = SERVICE_UNAVAILABLE, description = "Temporal is away"),
    )
)]
pub(crate) async fn list_in_temporal(
    State(app): State<App>,
    Query(ListQuery { cursor }): Query<ListQuery>,
) -> Result<Json<TemporalOrdersView>, ApiError> {
    let page = app.client().list(cursor, PAGE).await.map_err(unlisted)?;
    let orders = page.orders.into_iter().map(|listed| listed.order).collect();
    Ok(Json(TemporalOrdersView { orders, next: write_token(&page.next) }))
}

/// A page token of Temporal's, for an address.
pub(super) fn write_token(token: &[u8]) -> Option<String> {
    (!token.is_empty()).then(|| token.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Reads it back.
pub(super) fn read_token(text: &str) -> Result<Vec<u8>, &'static str> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits =
        digits.filter(|digits| digits.len() % 2 == 0).ok_or("expected a cursor, as it was handed out")?;
    Ok(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_back_as_they_were_written() {
        let token = [0, 9, 16, 171, 255];
        assert_eq!(write_token(&token).as_deref(), Some("000910abff"));
        assert_eq!(read_token("000910abff").unwrap(), token);
        assert_eq!(write_token(&[]), None);
        for odd in ["0", "xy", "00 1"] {
            assert!(read_token(odd).is_err(), "{odd}");
        }
    }
}
