//! What is ordered is there in the end, each part of it once.

use super::{holds, installed};
use crate::support::Site;

#[tokio::test]
async fn a_mobile_line_is_activated() {
    let site = Site::start().await;
    let order = site.submit("mobile_line");
    let done = site.until_state(order, "completed").await;
    assert_eq!(done["customer_status"], "Your line works");
    assert_eq!(holds(&site, order).await, ["billing.start", "inventory.reserve", "mobile.activate"]);
    site.close().await;
}

#[tokio::test]
async fn a_fibre_line_is_installed() {
    let site = Site::start().await;
    let order = installed(&site, "home_fiber").await;
    let done = site.until_state(order, "completed").await;
    assert_eq!(done["customer_status"], "Service active");
    let there = [
        "billing.start",
        "inventory.assign",
        "inventory.reserve",
        "inventory.reserve",
        "network.activate",
        "workforce.book",
    ];
    assert_eq!(holds(&site, order).await, there);
    site.close().await;
}
