//! `GET /v1/orders`: orders by what people look for, the newest first, page by page.

use axum::Json;
use axum::extract::State;
use model::{BlueprintName, OrderState, limits};
use serde::Serialize;
use store::{ORDER_PAGE, OrderCursor, OrderFilter};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Parameters, Query, QueryDocument};
use crate::orders::view::OrderView;

/// How many orders a page has if nobody says.
const PAGE: u32 = 50;

/// What orders to list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "describes the parameters to OpenAPI; they are read one by one to report all faults"
)]
struct ListParameters {
    /// Only orders in one of these states: separated by commas, or the parameter given several times.
    #[param(style = Form, explode = false, schema_with = crate::orders::view::order_states)]
    state: Option<Vec<String>>,
    /// Only orders of the blueprint with this name, in any version.
    blueprint: Option<String>,
    /// Only orders of the customer with this id.
    customer: Option<String>,
    /// Only orders with this text in their ids, their customer or their offerings, in upper or lower case.
    q: Option<String>,
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 200; 50 if it is not given.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// What orders to list, checked.
#[derive(Debug)]
pub(crate) struct ListQuery {
    filter: OrderFilter,
    cursor: Option<OrderCursor>,
    limit: u32,
}

impl QueryDocument for ListQuery {
    fn read(parameters: &mut Parameters) -> Self {
        Self {
            filter: OrderFilter {
                states: parameters.take_each("state", read_state),
                blueprint: parameters.take("blueprint", BlueprintName::new),
                customer: parameters.take("customer", read_text),
                q: parameters.take("q", read_text),
            },
            cursor: parameters.take("cursor", str::parse),
            limit: parameters.take("limit", read_limit).unwrap_or(PAGE),
        }
    }
}

fn read_state(text: &str) -> Result<OrderState, String> {
    text.parse().map_err(|wrong: model::InvalidName| {
        let known: Vec<_> = OrderState::ALL.iter().map(|state| format!("`{state}`")).collect();
        format!("{wrong}: known are {}", known.join(", "))
    })
}

fn read_text(text: &str) -> Result<String, String> {
    let limit = limits::CALLER_KEY_BYTES;
    if text.len() > limit {
        Err(format!("expected at most {limit} bytes, found {}", text.len()))
    } else if text.contains('\0') {
        Err("expected a text without the character NUL".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

fn read_limit(text: &str) -> Result<u32, String> {
    let read = text.parse().ok().filter(|limit| (1..=ORDER_PAGE).contains(limit));
    read.ok_or_else(|| format!("expected 1 to {ORDER_PAGE}"))
}

/// A page of orders, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPage)]
pub(crate) struct OrderPageView {
    /// The orders.
    orders: Vec<OrderView>,
    /// The `cursor` of the next page; null if this is the last.
    next: Option<String>,
}

/// List orders
///
/// The newest first. Filters narrow the list together. A list that is read page by page shows every order
/// that was there when the first page was read, and each of them once.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders",
    params(ListParameters),
    responses(
        (status = OK, description = "A page of orders", body = OrderPageView),
        (status = BAD_REQUEST, description = "A parameter is unknown or not valid; all of them are named"),
    )
)]
pub(crate) async fn list_orders(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<OrderPageView>, ApiError> {
    let page =
        store::list_orders(&mut *app.database().await?, &query.filter, query.cursor, query.limit).await?;
    Ok(Json(OrderPageView {
        orders: page
            .orders
            .into_iter()
            .map(|order| OrderView::new(order, |id| app.temporal_link(id)))
            .collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept, apply, events_to_the_end};

    async fn listed(api: &TestApp, query: &str) -> Vec<String> {
        let page = api.get(&format!("/v1/orders?{query}")).await.json(200);
        let orders = page["orders"].as_array().unwrap();
        orders.iter().map(|order| order["external_id"].as_str().unwrap().to_owned()).collect()
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn filters_narrow_the_list_together(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        accept(&pool, 1, "C-1", "fiber").await;
        let second = accept(&pool, 2, "C-2", "fiber").await;
        accept(&pool, 3, "C-2", "copper").await;
        apply(&pool, second, events_to_the_end()).await;

        assert_eq!(listed(&api, "").await, ["E-3", "E-2", "E-1"]);
        assert_eq!(listed(&api, "blueprint=fiber").await, ["E-2", "E-1"]);
        assert_eq!(listed(&api, "customer=C-2&state=acknowledged").await, ["E-3"]);
        assert_eq!(listed(&api, "customer=C-2&state=acknowledged,completed").await, ["E-3", "E-2"]);
        assert_eq!(listed(&api, "customer=C-2&state=held&state=completed").await, ["E-2"]);
        assert_eq!(listed(&api, "state=completed").await, ["E-2"]);
        assert_eq!(listed(&api, "q=fiber_1").await, ["E-1"]);
        assert_eq!(listed(&api, "q=100%25").await, [""; 0]);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn pages_follow_each_other_without_loss_or_repetition(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        for n in 1..=5 {
            accept(&pool, n, "C-1", "fiber").await;
        }
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = api.get(&format!("/v1/orders?limit=2{cursor}")).await.json(200);
            seen.extend(page["orders"].as_array().unwrap().iter().map(|o| o["external_id"].clone()));
            // What comes in between is newer than the list.
            accept(&pool, 100 + seen.len() as u128, "C-1", "fiber").await;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["E-5", "E-4", "E-3", "E-2", "E-1"]);
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn every_parameter_that_is_wrong_is_named(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let answer = api.get("/v1/orders?state=done&limit=201&cursor=x&colour=red&customer=a%00b").await;
        assert_eq!(
            answer.faults(400, "invalid-parameters"),
            [
                "state: `done` is not an order state: known are `acknowledged`, `rejected`, `pending`, `inProgress`, `held`, \
                 `assessingCancellation`, `pendingCancellation`, `cancelled`, `completed`, `partial`, `failed`",
                "customer: expected a text without the character NUL",
                "cursor: `x` is not an order cursor (as it was handed out)",
                "limit: expected 1 to 200",
                "colour: unknown parameter: known are `state`, `blueprint`, `customer`, `q`, `cursor`, `limit`",
            ]
        );
    }
}
