//! What is asked for is not there: something like it will do, or nothing is done.

use model::Fact;
use serde_json::json;

use super::holds;
use crate::support::Site;

#[tokio::test]
async fn the_alternative_is_taken_when_a_reservation_is_refused() {
    let site = Site::start().await;
    // Whether a call is refused is decided when it comes: the first is, and the next one is not.
    site.upset("inventory/reserve", json!({"refuse": "no number is free in UTR", "delay_ms": 4_000})).await;
    let order = site.submit("mobile_line");
    site.until_task(order, "reserve_number[1]", "running").await;
    site.upset("inventory/reserve", json!({})).await;
    site.until_state(order, "completed").await;
    let calls: Vec<String> = site
        .record(order)
        .await
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::TaskStarted { task, arguments, .. } if task.name.as_str() == "reserve_number" => {
                arguments.field("site").map(ToString::to_string)
            }
            _ => None,
        })
        .collect();
    assert_eq!(calls, [r#""UTR""#, r#""any""#]);
    assert_eq!(holds(&site, order).await, ["billing.start", "inventory.reserve", "mobile.activate"]);
    site.close().await;
}

#[tokio::test]
async fn nothing_is_done_when_there_is_no_alternative_either() {
    let site = Site::start().await;
    site.upset("inventory/reserve", json!({"refuse": "no number is free"})).await;
    let order = site.submit("mobile_line");
    let failed = site.until_state(order, "failed").await;
    assert!(failed["reason"].as_str().unwrap().ends_with("no number is free"), "{failed}");
    assert!(site.effects(order).await.is_empty());
    site.close().await;
}
