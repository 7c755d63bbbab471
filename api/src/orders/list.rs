//! `GET /v1/orders`: orders by what people look for, the newest first, page by page.

use axum::Json;
use axum::extract::State;
use model::{BlueprintName, OrderState, limits};
use serde::Serialize;
use store::{Lateness, ORDER_PAGE, OrderCursor, OrderFilter};
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Parameters, Query, QueryDocument, read_limit, read_text};
use crate::orders::view::{OrderView, words};

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
    /// Only open orders that are so late, by the `deadline` of their blueprints: `at_risk` if they may not be done in time, those
    /// that are late already included; `overdue` if their time is up.
    #[param(schema_with = late)]
    late: Option<String>,
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
                customer: parameters.take("customer", read_key),
                q: parameters.take("q", read_key),
                late: parameters.take("late", str::parse),
            },
            cursor: parameters.take("cursor", str::parse),
            limit: parameters.take("limit", |text| read_limit(text, ORDER_PAGE)).unwrap_or(PAGE),
        }
    }
}

fn read_state(text: &str) -> Result<OrderState, String> {
    text.parse().map_err(|wrong: model::InvalidName| {
        let known: Vec<_> = OrderState::ALL.iter().map(|state| format!("`{state}`")).collect();
        format!("{wrong}: known are {}", known.join(", "))
    })
}

fn read_key(text: &str) -> Result<String, String> {
    read_text(text, limits::CALLER_KEY_BYTES)
}

fn late() -> ObjectBuilder {
    words("How late an order is.", Lateness::ALL.map(Lateness::as_str))
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
    use model::Fact;
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

    /// An order that came to its end, but too late.
    fn late_to_the_end() -> Vec<Fact> {
        let mut facts = events_to_the_end();
        facts.insert(1, Fact::OrderOverdue {});
        facts
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn late_orders_are_found_while_they_are_open(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        accept(&pool, 1, "C-1", "fiber").await;
        let deadline = model::Timestamp::EPOCH;
        let at_risk = || Fact::OrderAtRisk { deadline, reason: None };
        for (n, facts) in [
            (2, vec![Fact::OrderStarted {}, at_risk()]),
            (3, vec![Fact::OrderStarted {}, at_risk(), Fact::OrderOverdue {}]),
            (4, late_to_the_end()),
        ] {
            let order = accept(&pool, n, "C-1", "fiber").await;
            apply(&pool, order, facts).await;
        }
        assert_eq!(listed(&api, "late=at_risk").await, ["E-3", "E-2"]);
        assert_eq!(listed(&api, "late=overdue").await, ["E-3"]);
        assert_eq!(listed(&api, "late=overdue&state=completed").await, [""; 0]);
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
        let answer =
            api.get("/v1/orders?state=done&limit=201&cursor=x&colour=red&customer=a%00b&late=soon").await;
        assert_eq!(
            answer.faults(400, "invalid-parameters"),
            [
                "state: `done` is not an order state: known are `acknowledged`, `rejected`, `pending`, `inProgress`, `held`, \
                 `assessingCancellation`, `pendingCancellation`, `cancelled`, `completed`, `partial`, `failed`",
                "customer: expected a text without the character NUL",
                "late: `soon` is not how late an order is (`at_risk` or `overdue`)",
                "cursor: `x` is not an order cursor (as it was handed out)",
                "limit: expected 1 to 200",
                "colour: unknown parameter: known are `state`, `blueprint`, `customer`, `q`, `late`, `cursor`, `limit`",
            ]
        );
    }
}
