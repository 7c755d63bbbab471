//! Where Postgres and Temporal disagree: it is found, and mended where it can be.

use model::OrderId;
use serde_json::{Value, json};

use crate::mirror::accept_unstarted;
use crate::support::{Said, Site, eventually, temporal_address};

/// What is wrong, as pairs of what and whose, and whether it is mended.
fn findings(said: &Said) -> Vec<(String, OrderId, bool)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let found = said.json()["findings"].as_array().unwrap().clone();
    let found = found.iter().map(|finding| {
        (text(&finding["kind"]), text(&finding["order"]).parse().unwrap(), finding["mended"] == true)
    });
    found.collect()
}

async fn sql(site: &Site, statement: &'static str, order: OrderId) {
    sqlx::query(statement).bind(order.uuid()).execute(&site.pool()).await.unwrap();
}

/// Does something to the workflow of an order, as an administrator would.
fn temporal(what: &[&str], order: OrderId) {
    let (address, order) = (temporal_address(), order.to_string());
    let arguments = [&["workflow"], what, &["--address", &address, "--workflow-id", &order]].concat();
    let done = std::process::Command::new("temporal").args(arguments).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[tokio::test]
async fn what_disagrees_is_found_and_mended() {
    let site = Site::start().await;
    let [behind, ahead, ended, reopened] = ["home_fiber"; 4].map(|name| site.submit(name));
    for order in [behind, ahead, ended, reopened] {
        site.until_visit(order).await;
    }
    assert_eq!(site.report(ended).code, 0);
    site.until_state(ended, "completed").await;
    let clean = site.run(&["reconcile"]);
    assert_eq!(
        (clean.code, clean.out.as_str()),
        (0, "nothing is wrong: 3 orders were looked at\n"),
        "{clean:?}"
    );

    let orders = [behind, ahead, ended, reopened];
    let mut before = Vec::new();
    for order in orders {
        before.push(site.order(order).await);
    }
    // The last two events were never applied.
    sql(&site, "delete from order_events where order_id = $1 and number >= (select next_event - 2 from orders where id = $1)", behind).await;
    sql(&site, "update orders set next_event = next_event - 2 where id = $1", behind).await;
    sql(&site, "update orders set next_event = next_event + 3 where id = $1", ahead).await;
    sql(&site, "update orders set ended_at = null, state = 'inProgress' where id = $1", ended).await;

    sql(
        &site,
        "update orders set ended_at = now() - interval '2 minutes', state = 'completed' where id = $1",
        reopened,
    )
    .await;

    let expected = |mended: bool| {
        let mut expected = vec![
            ("mirror_behind".to_owned(), behind, mended),
            ("mirror_ahead".to_owned(), ahead, mended),
            ("not_ended".to_owned(), ended, mended),
        ];
        expected.sort_by_key(|(_, order, _)| *order);
        // Temporal's list comes after the open ones.
        expected.push(("reopened".to_owned(), reopened, mended));
        expected
    };
    let seen = site.run(&["reconcile", "--json"]);
    assert_eq!((seen.code, findings(&seen)), (1, expected(false)), "{seen:?}");
    let mended = site.run(&["reconcile", "--repair", "--json"]);
    assert_eq!((mended.code, findings(&mended)), (0, expected(true)), "{mended:?}");
    for (order, before) in orders.into_iter().zip(before) {
        assert_eq!(site.order(order).await, before);
    }
    assert_eq!(findings(&site.run(&["reconcile", "--json"])), []);
    site.close().await;
}

#[tokio::test]
async fn an_order_that_was_never_started_is_started_and_one_that_was_stopped_is_reported() {
    let site = Site::start().await;
    let stopped = site.submit("home_fiber");
    site.until_visit(stopped).await;
    temporal(&["terminate"], stopped);
    let never = accept_unstarted(&site, stopped).await;

    let seen = site.run(&["reconcile", "--json"]);
    let mut expected = vec![("stopped".to_owned(), stopped, false), ("not_started".to_owned(), never, false)];
    expected.sort_by_key(|(_, order, _)| *order);
    assert_eq!((seen.code, findings(&seen)), (1, expected), "{seen:?}");
    let mended = site.run(&["reconcile", "--repair"]);
    assert_eq!(mended.code, 1, "the one that was stopped is left: {mended:?}");
    assert!(mended.out.contains("mended: it is promised anew to be started"), "{mended:?}");
    assert!(mended.out.contains("to do: let it go on with `temporal workflow reset`"), "{mended:?}");
    eventually("it has been started", async || site.temporal().describe(never).await.ok()).await;
    let shown = site.order(stopped).await;
    assert!(shown["attention"].as_str().unwrap().contains("from outside"), "{shown}");
    site.close().await;
}

#[tokio::test]
async fn an_order_that_temporal_has_forgotten_is_reported_and_left_as_it_is() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    temporal(&["delete", "--yes"], order);
    eventually("Temporal has forgotten it", async || {
        site.temporal().describe(order).await.is_err().then_some(())
    })
    .await;
    let before = site.order(order).await["tasks"].clone();
    for repair in [false, true] {
        let said =
            site.run(if repair { &["reconcile", "--repair", "--json"] } else { &["reconcile", "--json"] });
        let expected = vec![("forgotten".to_owned(), order, false)];
        assert_eq!((said.code, findings(&said)), (1, expected), "{said:?}");
    }
    assert_eq!(site.order(order).await["tasks"], before);
    site.close().await;
}

#[tokio::test]
async fn what_a_system_still_holds_for_an_order_that_was_undone_is_found() {
    let site = Site::start().await;
    site.upset("inventory/release", json!({"refuse": "closed for the year"})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    assert_eq!(site.run(&["cancel", &order.to_string(), "--reason", "moved away"]).code, 0);
    eventually("both undos have failed", async || {
        let page = site.get(&format!("{}/v1/fallout?order={order}", site.api)).await;
        (page["work_items"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    // Somebody says so, and it is not true.
    let undone = ["fallout", "undone", "--order", &order.to_string(), "--note", "released by hand"];
    assert_eq!(site.run(&undone).code, 0);
    site.until_state(order, "cancelled").await;

    let text = |lists: &str| format!("[systems.inventory]\nurl = \"{0}/inventory\"\n{lists}", site.sim);
    let silent = site.file("silent.toml", &text(""));
    let said = site.run(&["reconcile", "--systems", silent.to_str().unwrap()]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("can list what it holds"), "{said:?}");
    let lists = format!("lists = \"{}/sim/ledger?order={{order}}&state=held&system=inventory\"\n", site.sim);
    let listing = site.file("listing.toml", &text(&lists));
    let said = site.run(&["reconcile", "--systems", listing.to_str().unwrap(), "--json"]);
    assert_eq!(
        (said.code, findings(&said)),
        (1, vec![("effects_held".to_owned(), order, false)]),
        "{said:?}"
    );
    assert!(said.out.contains("`inventory` still holds 2 effects for it"), "{said:?}");
    site.close().await;
}

/// What Postgres does not have is none of its faults before it is a minute old: a list of Temporal lags behind.
mod takes_minutes {
    use std::time::Duration;

    use super::*;
    use crate::mirror::{assert_same, rows};
    use crate::support::eventually_within;

    #[tokio::test]
    #[ignore = "takes minutes: ./dev test --full"]
    async fn an_order_that_postgres_has_lost_is_made_again() {
        let site = Site::start().await;
        let order = site.submit("home_fiber");
        site.until_visit(order).await;
        let before = rows(&site.pool(), order).await;
        sql(&site, "delete from orders where id = $1", order).await;
        let found = eventually_within(Duration::from_secs(180), "it is missed", async || {
            let said = site.run(&["reconcile", "--json"]);
            Some(findings(&said)).filter(|found| !found.is_empty())
        });
        assert_eq!(found.await, [("unknown".to_owned(), order, false)]);
        let mended = site.run(&["reconcile", "--repair", "--json"]);
        assert_eq!(
            (mended.code, findings(&mended)),
            (0, vec![("unknown".to_owned(), order, true)]),
            "{mended:?}"
        );
        assert_same(&rows(&site.pool(), order).await, &before);
        assert_eq!(site.report(order).code, 0);
        site.until_state(order, "completed").await;
        site.close().await;
    }
}
