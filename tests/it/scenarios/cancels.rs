//! A customer changes their mind, sooner or later: nothing that they did not want stays.

use model::{Fact, OrderId};
use serde_json::json;

use super::{holds, installed};
use crate::support::Site;

/// Cancels an order, and gives the tasks that were undone, in that order.
async fn cancelled(site: &Site, order: OrderId) -> Vec<String> {
    let said = site.run(&["cancel", &order.to_string(), "--reason", "the customer moves away"]);
    assert_eq!(said.code, 0, "{said:?}");
    site.until_state(order, "cancelled").await;
    assert_eq!(holds(site, order).await, Vec::<String>::new());
    let undone =
        |fact: Fact| if let Fact::TaskUndone { task } = fact { Some(task.to_string()) } else { None };
    site.record(order).await.into_iter().filter_map(|event| undone(event.fact)).collect()
}

#[tokio::test]
async fn before_the_reservation_there_is_nothing_to_undo() {
    let site = Site::start().await;
    site.upset("crm/check", json!({"delay_ms": 2_000})).await;
    let order = site.submit("home_fiber");
    site.until_task(order, "check_customer", "running").await;
    assert_eq!(cancelled(&site, order).await, Vec::<String>::new());
    site.close().await;
}

#[tokio::test]
async fn after_the_reservation_it_is_given_back() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let undone = cancelled(&site, order).await;
    assert_eq!((undone.len(), undone[0].as_str()), (3, "book_visit[1]"), "{undone:?}");
    site.close().await;
}

#[tokio::test]
async fn after_the_activation_the_service_is_switched_off() {
    let site = Site::start().await;
    let order = installed(&site, "home_fiber_bundle").await;
    site.until_task(order, "customer_acceptance", "running").await;
    for beside in ["entitle[4]", "allocate[3]", "bill_mobile[2]"] {
        site.until_task(order, beside, "succeeded").await;
    }
    let undone = cancelled(&site, order).await;
    assert_eq!(undone.len(), 10, "{undone:?}");
    let place = |task: &str| undone.iter().position(|known| known == task).unwrap();
    assert!(place("entitle[4]") < place("activate[1]") && place("allocate[3]") < place("activate[1]"));
    assert!(place("record_port[1]") < place("activate[1]") && place("activate[1]") < place("book_visit[1]"));
    assert!(place("bill_mobile[2]") < place("activate_sim[2]"));
    assert!(place("activate_sim[2]") < place("reserve_number[2]"));
    site.close().await;
}
