//! What waits for people, over all orders, and what is done about many of it at once.

use model::Fact;
use serde_json::json;

use crate::support::{Site, eventually, held};

/// Waits until so many work items are shown.
async fn until_waiting(site: &Site, count: usize) -> serde_json::Value {
    eventually(&format!("{count} work items are shown"), async || {
        let page = site.get(&format!("{}/v1/fallout", site.api)).await;
        (page["work_items"].as_array().unwrap().len() == count).then_some(page)
    })
    .await
}

#[tokio::test]
async fn an_outage_is_one_line_and_is_worked_off_with_one_command() {
    let site = Site::start().await;
    site.upset("inventory/reserve", json!({"refuse": "node 7 of \"UTR-7\" is down"})).await;
    let orders = ["home_fiber", "home_fiber", "home_fiber"].map(|name| site.submit(name));
    // Of each order, the port and the ONT.
    let page = until_waiting(&site, 6).await;
    let item = &page["work_items"][0];
    assert_eq!((&item["system"], &item["operation"]), (&json!("inventory"), &json!("reserve")));
    assert_eq!((&item["for"], &item["last_error"]["kind"]), (&json!("operations"), &json!("refused")));
    assert_eq!(item["arguments"]["site"], "UTR-7");

    let groups = site.run(&["fallout", "--groups", "--json"]).json()["groups"].clone();
    let [group] = groups.as_array().unwrap().as_slice() else { panic!("expected one group: {groups}") };
    assert_eq!((&group["count"], &group["orders"]), (&json!(6), &json!(3)), "{group}");
    let pattern = group["pattern"].as_str().unwrap();
    assert!(pattern.contains("node … of … is down"), "{pattern}");

    let retry = |more: &[&str]| {
        let all = ["fallout", "retry", "--note", "node 7 is up, see INC-8123"];
        site.run(&[&all, more].concat())
    };
    let would = retry(&["--pattern", pattern, "--dry-run"]);
    assert_eq!(would.code, 0, "{would:?}");
    assert!(would.out.ends_with("retry, not done now: 6 selected\n"), "{would:?}");
    let others = retry(&["--system", "network"]);
    assert_eq!(others.out, "retry: there are no such tasks\n");
    assert_eq!(retry(&[]).code, 2, "nobody acts on everything by leaving the filter out");

    site.upset("inventory/reserve", json!({})).await;
    let done = retry(&["--pattern", pattern, "--id", "mend-1"]);
    assert_eq!((done.code, done.out.as_str()), (0, "retry: 6 applied\n"), "{done:?}");
    for order in orders {
        site.until_visit(order).await;
        let acts = site.record(order).await.into_iter().filter_map(|event| match event.fact {
            Fact::OperatorActed { by, note, .. } => Some((by.to_string(), note)),
            _ => None,
        });
        let acts: Vec<_> = acts.collect();
        assert_eq!(acts, vec![("tester".to_owned(), "node 7 is up, see INC-8123".to_owned()); 2]);
    }
    assert_eq!(site.run(&["fallout"]).out, "nothing waits for anybody\n");

    // The answer was lost: the same request, for tasks that are named.
    let port = format!("{}/reserve_port[1]", orders[0]);
    assert_eq!(retry(&[&port, "--id", "mend-1"]).out, "retry: 1 duplicate\n");
    let again = retry(&[&port]);
    assert_eq!(again.code, 1);
    assert!(again.out.contains("reserve_port[1]  rejected  `reserve_port[1]` is succeeded"), "{again:?}");
    site.close().await;
}

#[tokio::test]
async fn what_nobody_can_take_back_is_accepted_and_listed() {
    let site = Site::start().await;
    site.upset("inventory/release", json!({"refuse": "the inventory is closed for the year"})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let id = order.to_string();
    assert_eq!(site.run(&["cancel", &id, "--reason", "moved away"]).code, 0);
    let page = until_waiting(&site, 2).await;
    let item = &page["work_items"][0];
    assert_eq!((&item["kind"], &item["operation"]), (&json!("undo_failed"), &json!("release")));
    assert_eq!(item["actions"], json!(["retry", "undone", "accept"]));
    assert!(item["arguments"]["reservation_id"].is_string(), "{item}");

    let listed = site.run(&["fallout", "--kind", "undo_failed", "--system", "inventory"]).out;
    assert!(listed.lines().count() == 3 && listed.contains("retry undone accept"), "{listed}");
    assert_eq!(site.run(&["residue"]).out, "nothing was left behind\n");
    let note = "written off, see FIN-12";
    let accepted = site.run(&["fallout", "accept", "--order", &id, "--note", note]);
    assert_eq!(accepted.out, "accept: 2 applied\n", "{accepted:?}");
    site.until_state(order, "cancelled").await;

    let left = site.run(&["residue", "--system", "inventory", "--json"]).json()["residue"].clone();
    let left = left.as_array().unwrap();
    assert_eq!(left.len(), 2, "{left:?}");
    for residue in left {
        assert_eq!((&residue["order"], &residue["by"]), (&json!(id), &json!("tester")), "{residue}");
        assert_eq!(
            (&residue["operation"], &residue["reason"]),
            (&json!("release"), &json!(note)),
            "{residue}"
        );
        assert_eq!(residue["arguments"]["reservation_id"], residue["result"]["reservation_id"], "{residue}");
    }
    assert_eq!(held(&site.effects(order).await).len(), 2, "the ledger still has what was left behind");
    let listed = site.run(&["residue", "--order", &id]).out;
    assert!(listed.contains("inventory.release") && listed.contains(note), "{listed}");
    site.close().await;
}

const CONTRACT: &str = r#"
blueprint contract version 1 {
  accepts order where order.category == "contract"
  item line where true { }
  each line {
    task approve {
      manual "Check the contract of {order.customer.id}" for back_office { approved: bool } within 2d
    }
  }
}
"#;

#[tokio::test]
async fn what_a_person_is_to_do_is_in_the_list_of_their_role() {
    let site = Site::without_blueprints().await;
    let file = site.file("blueprints/contract.blueprint", CONTRACT);
    assert_eq!(site.run(&["publish", file.parent().unwrap().to_str().unwrap()]).code, 0);
    let order = r#"{"category": "contract", "customer": {"id": "C-1"},
        "items": [{"id": "1", "offering": "LINE", "action": "add"}]}"#;
    let order = site.submit_file(&site.file("order.json", order));
    let page = until_waiting(&site, 1).await;
    let item = &page["work_items"][0];
    assert_eq!((&item["kind"], &item["role"]), (&json!("manual"), &json!("back_office")));
    assert_eq!(item["reason"], "back_office: Check the contract of C-1");
    assert!(item["until"].as_str() > item["since"].as_str(), "{item}");
    let listed = site.run(&["fallout", "--role", "back_office"]).out;
    assert!(listed.contains("Check the contract of C-1"), "{listed}");
    assert_eq!(site.run(&["fallout", "--for", "operations,customer"]).out, "nothing waits for anybody\n");

    let id = order.to_string();
    let complete = ["complete", &id, "approve[1]", "--result", r#"{"approved": true}"#, "--note", "DOC-77"];
    assert_eq!(site.run(&complete).code, 0);
    site.until_state(order, "completed").await;
    assert_eq!(site.run(&["fallout"]).out, "nothing waits for anybody\n");
    site.close().await;
}
