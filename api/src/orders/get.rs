//! `GET /v1/orders/{id}`: the read model of one order.

use axum::Json;
use axum::extract::State;

use crate::app::App;
use crate::error::ApiError;
use crate::extract::OrderPath;
use crate::orders::view::OrderDetailView;

/// Read an order
///
/// Its state, what the customer sees, what it needs a person for, and every task with its state, attempts,
/// times and what is expected next. Postgres answers this: it follows the execution by a fraction of a
/// second, and by longer only while Postgres or the workers are down.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    responses(
        (status = OK, description = "The order", body = OrderDetailView),
        (status = NOT_FOUND, description = "There is no such order"),
    )
)]
pub(crate) async fn get_order(
    State(app): State<App>,
    OrderPath(id): OrderPath,
) -> Result<Json<OrderDetailView>, ApiError> {
    let order = store::load_order(&mut *app.database().await?, id).await?;
    let order = order.ok_or_else(|| ApiError::no_order(id))?;
    Ok(Json(OrderDetailView::new(order, |id| app.temporal_link(id))))
}

#[cfg(test)]
mod tests {
    use model::{Fact, HoldFor};
    use sqlx::PgPool;

    use crate::testing::{TestApp, accept, apply, events_to_the_end};

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn an_order_is_shown_with_all_that_is_known_of_it(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 7, "C-1", "fiber").await;
        apply(&pool, order, events_to_the_end().into_iter().take(4).collect()).await;

        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        assert_eq!(read["id"], order.to_string());
        assert_eq!((&read["state"], &read["blueprint"]["version"]), (&"inProgress".into(), &3.into()));
        assert_eq!(read["next_action"], "field_work[1]: waits for report");
        assert_eq!(
            read["items"][0],
            serde_json::json!({"id": "1", "kind": "fiber", "offering": "FIBER_7", "action": "add", "quantity": 1,
                "product": null, "attributes": {"speed": 100}})
        );
        let states: Vec<_> =
            read["tasks"].as_array().unwrap().iter().map(|t| (&t["id"], &t["state"])).collect();
        assert_eq!(
            serde_json::to_string(&states).unwrap(),
            r#"[["reserve[1]","succeeded"],["field_work[1]","running"],["active","waiting"]]"#
        );
        assert_eq!(read["tasks"][0]["result"]["ok"], true);
        assert_eq!(read["tasks"][1]["next_action"], "waits for report");
        assert_eq!(
            read["links"]["temporal"],
            format!("http://temporal.test/namespaces/default/workflows/{order}")
        );
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn a_held_order_says_for_whom_and_why(pool: PgPool) {
        let api = TestApp::start(pool.clone()).await;
        let order = accept(&pool, 7, "C-1", "fiber").await;
        let task = || "reserve[1]".parse().unwrap();
        let (reason, hold_for) = (|| "no port is free".to_owned(), HoldFor::Customer);
        let mut facts: Vec<_> = events_to_the_end().into_iter().take(2).collect();
        facts.push(Fact::TaskFailed { task: task(), reason: reason() });
        facts.push(Fact::TaskHeld { task: task(), reason: reason(), hold_for });
        facts.push(Fact::OrderHeld { task: task(), reason: reason(), hold_for });
        apply(&pool, order, facts).await;

        let read = api.get(&format!("/v1/orders/{order}")).await.json(200);
        assert_eq!(read["state"], "held");
        assert_eq!(
            read["blocked"],
            serde_json::json!({"task": "reserve[1]", "reason": "no port is free", "hold_for": "customer"})
        );
        assert_eq!(read["next_action"], "reserve[1]: customer must act: no port is free");
    }

    #[sqlx::test(migrator = "store::MIGRATOR")]
    async fn what_is_no_order_is_not_found(pool: PgPool) {
        let api = TestApp::start(pool).await;
        let unknown = "/v1/orders/00000000-0000-0000-0000-000000000001";
        let problem = api.get(unknown).await.problem(404, "not-found");
        assert_eq!(problem["detail"], "there is no order `00000000-0000-0000-0000-000000000001`");
        assert_eq!(problem["instance"], unknown);
        api.get("/v1/orders/seven").await.problem(404, "not-found");
    }
}
