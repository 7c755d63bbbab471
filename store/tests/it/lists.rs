//! Finding orders.

use model::OrderState;
use sqlx::{PgConnection, PgPool};
use store::{OrderCursor, OrderFilter, apply_events, list_orders};

use crate::fixture::{accept, completes, order, order_id};

async fn found(conn: &mut PgConnection, filter: OrderFilter) -> Vec<u128> {
    let page = list_orders(conn, &filter, None, 200).await.unwrap();
    page.orders.iter().map(|order| order.id.uuid().as_u128()).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pages_follow_each_other_without_a_gap(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=7 {
        let mut order = order(n);
        // Two orders of one instant are told apart by their ids.
        order.submitted_at = crate::fixture::at(i64::try_from(n / 2).unwrap());
        accept(conn, &order).await;
    }
    let mut seen = Vec::new();
    let mut cursor: Option<OrderCursor> = None;
    loop {
        let page = list_orders(conn, &OrderFilter::default(), cursor, 3).await.unwrap();
        seen.extend(page.orders.iter().map(|order| order.id.uuid().as_u128()));
        let Some(next) = page.next else { break };
        assert_eq!(page.orders.len(), 3);
        cursor = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn filters_narrow_the_list(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=3 {
        let mut order = order(n);
        order.request.external_id = Some(format!("SHOP_{n}%").parse().unwrap());
        order.request.customer.id = format!("C-{n}");
        accept(conn, &order).await;
    }
    apply_events(conn, order_id(2), &completes()).await.unwrap();

    let all = OrderFilter::default;
    assert_eq!(found(conn, OrderFilter { states: vec![OrderState::Completed], ..all() }).await, [2]);
    assert_eq!(found(conn, OrderFilter { states: vec![OrderState::Acknowledged], ..all() }).await, [3, 1]);
    let either = vec![OrderState::Completed, OrderState::Acknowledged];
    assert_eq!(found(conn, OrderFilter { states: either, ..all() }).await, [3, 2, 1]);
    assert_eq!(found(conn, OrderFilter { customer: Some("C-3".to_owned()), ..all() }).await, [3]);
    let blueprint = |name: &str| OrderFilter { blueprint: Some(name.parse().unwrap()), ..all() };
    assert_eq!(found(conn, blueprint("home_fiber")).await, [3, 2, 1]);
    assert_eq!(found(conn, blueprint("mobile")).await, [0_u128; 0]);

    let q = |text: &str| OrderFilter { q: Some(text.to_owned()), ..all() };
    assert_eq!(found(conn, q("shop_2")).await, [2], "the external id, in lower case");
    assert_eq!(found(conn, q("byron")).await, [3, 2, 1], "the customer's name");
    assert_eq!(found(conn, q("fiber_1g")).await, [3, 2, 1], "an offering");
    assert_eq!(found(conn, q("0003")).await, [3], "the order's id");
    assert_eq!(found(conn, q("1%")).await, [1], "`%` is itself");
    assert_eq!(found(conn, q("shop-2")).await, [0_u128; 0], "`_` is itself");
    assert_eq!(found(conn, q("\\")).await, [0_u128; 0]);
    assert_eq!(found(conn, q("\0")).await, [0_u128; 0], "what no text holds is not found");
    assert_eq!(found(conn, q("")).await, [3, 2, 1]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_has_at_least_one_order_and_at_most_the_cap(pool: PgPool) {
    let conn = &mut *pool.acquire().await.unwrap();
    for n in 1..=202 {
        accept(conn, &order(n)).await;
    }
    for (limit, expected) in [(0, 1), (1, 1), (200, 200), (u32::MAX, 200)] {
        let page = list_orders(conn, &OrderFilter::default(), None, limit).await.unwrap();
        assert_eq!(page.orders.len(), expected);
    }
}
