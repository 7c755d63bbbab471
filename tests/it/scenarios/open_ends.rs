//! Orders that do not end as smoothly as they began, and leave nobody without what they have.

use model::Fact;
use serde_json::json;

use super::{holds, installed};
use crate::support::Site;

#[tokio::test]
async fn a_line_stays_while_billing_is_not_ready() {
    let site = Site::start().await;
    site.upset("billing/start", json!({"refuse": "the month is being closed"})).await;
    let order = site.submit("mobile_line");
    let open = site.until_state(order, "held").await;
    assert_eq!(open["customer_status"], "Your line works");
    assert_eq!(open["blocked"]["task"], "start_billing[1]");
    let reason = open["blocked"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the line works and is not charged for yet"), "{reason}");
    assert_eq!(holds(&site, order).await, ["inventory.reserve", "mobile.activate"]);

    site.upset("billing/start", json!({})).await;
    let again = site.run(&["retry", &order.to_string(), "start_billing[1]", "--note", "the month is closed"]);
    assert_eq!(again.code, 0, "{again:?}");
    site.until_state(order, "completed").await;
    assert_eq!(holds(&site, order).await, ["billing.start", "inventory.reserve", "mobile.activate"]);
    site.close().await;
}

#[tokio::test]
async fn inventories_that_disagree_are_found_and_made_to_agree() {
    let site = Site::start().await;
    site.upset("network/locate", json!({"answer": {"port": "PON-2"}})).await;
    let order = site.submit("reconcile_service");
    let asked = site.until_task(order, "decide[1]", "running").await;
    assert_eq!(asked["waiting_for"], "engineer: SVC-4004: PON-1 or PON-2?");
    assert!(site.effects(order).await.is_empty(), "nothing is changed before somebody has looked");

    // What the inventory will say once it was corrected.
    site.upset("inventory/find", json!({"answer": {"port": "PON-2"}})).await;
    let order_id = order.to_string();
    let right = ["complete", &order_id, "decide[1]", "--result", r#"{"right": "network"}"#, "--note", "seen"];
    assert_eq!(site.run(&right).code, 0);
    site.until_state(order, "completed").await;
    let notes: Vec<String> = site
        .record(order)
        .await
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::TaskStarted { call: Some(call), arguments, .. } if call == "inventory.note" => {
                Some(arguments.to_string())
            }
            _ => None,
        })
        .collect();
    assert_eq!(notes, [r#"{"port":"PON-2","service_id":"SVC-4004"}"#]);
    site.close().await;
}

#[tokio::test]
async fn a_bundle_ends_partial_without_the_part_that_failed() {
    let site = Site::start().await;
    site.upset("mobile/activate", json!({"refuse": "the SIM is unknown"})).await;
    let order = installed(&site, "home_fiber_bundle").await;
    site.until_task(order, "customer_acceptance", "running").await;
    let accepted = ["signal", &order.to_string(), "customer_accepted", "--payload", r#"{"accepted": true}"#];
    assert_eq!(site.run(&accepted).code, 0);
    let partial = site.until_state(order, "partial").await;
    let state = |task: &str| {
        let tasks = partial["tasks"].as_array().unwrap().iter();
        tasks.filter(|known| known["id"] == task).map(|task| task["state"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(state("reserve_number[2]"), ["undone"]);
    assert_eq!(state("bill_mobile[2]"), ["dropped"]);
    let there = holds(&site, order).await;
    assert!(!there.contains(&"mobile.activate".to_owned()), "{there:?}");
    for rest in ["network.activate", "ipam.allocate", "tv.entitle", "billing.start"] {
        assert_eq!(there.iter().filter(|call| *call == rest).count(), 1, "{rest}: {there:?}");
    }
    site.close().await;
}
