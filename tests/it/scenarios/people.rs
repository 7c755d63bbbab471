//! People who find nobody at home, and senders who say everything twice.

use model::Fact;

use super::holds;
use crate::support::{Site, sample};

#[tokio::test]
async fn a_technician_without_access_comes_again() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let id = order.to_string();
    let nobody = ["signal", &id, "technician_report", "--payload", r#"{"outcome": "nobody opened"}"#];
    assert_eq!(site.run(&nobody).code, 0);
    let held = site.until_state(order, "held").await;
    assert_eq!(held["blocked"]["task"], "field_work[1]");
    assert_eq!(held["blocked"]["reason"], "no access: reschedule with the customer");
    assert_eq!(held["blocked"]["hold_for"], "customer");

    let again = site.run(&["retry", &id, "field_work[1]", "--note", "agreed on Monday"]);
    assert_eq!(again.code, 0, "{again:?}");
    site.until_visit(order).await;
    assert_eq!(site.report(order).code, 0);
    site.until_state(order, "completed").await;
    // Nothing was reserved or booked anew.
    let there = holds(&site, order).await;
    assert_eq!(there.iter().filter(|call| *call == "workforce.book").count(), 1, "{there:?}");
    site.close().await;
}

#[tokio::test]
async fn the_same_report_twice_is_one_report() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let id = order.to_string();
    let payload = r#"{"outcome": "done", "ont": "ONT-1"}"#;
    let report = ["signal", &id, "technician_report", "--payload", payload, "--id", "WFM-4711"];
    let (first, second) = (site.run(&report), site.run(&report));
    assert_eq!(first.out, "a task has taken it\n", "{first:?}");
    assert_eq!(second.code, 0, "{second:?}");
    site.until_state(order, "completed").await;
    let third = site.run(&report);
    assert_eq!(third.code, 0, "it gets the answer of the first, whenever it comes: {third:?}");
    let taken = |fact: &Fact| matches!(fact, Fact::SignalReceived { .. });
    assert_eq!(site.record(order).await.iter().filter(|event| taken(&event.fact)).count(), 1);
    let there = holds(&site, order).await;
    assert_eq!(there.iter().filter(|call| *call == "network.activate").count(), 1, "{there:?}");
    site.close().await;
}

#[tokio::test]
async fn the_same_order_twice_is_one_order() {
    let site = Site::start().await;
    let file = sample("mobile_line");
    let submit = || {
        let said = site.run(&["submit", "--json", "--idempotency-key", "SHOP-1", file.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{said:?}");
        said.json()["id"].as_str().unwrap().parse().unwrap()
    };
    // At the same time, as a sender does whose connection broke.
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(submit);
        (submit(), other.join().unwrap())
    });
    assert_eq!(first, second);
    site.until_state(first, "completed").await;
    assert_eq!(submit(), first, "also when it is long done");
    assert_eq!(site.count_orders("completed").await, 1);
    assert_eq!(holds(&site, first).await.len(), 3);
    assert_eq!(site.count_effects().await, 4, "and a message, which leaves nothing");
    site.close().await;
}
