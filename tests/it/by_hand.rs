//! What people do with an order that needs them, from the command line to the systems.

use model::{Fact, Value};
use serde_json::json;

use crate::support::{Site, project};

#[tokio::test]
async fn an_order_is_helped_with_other_arguments_and_not_by_leaving_out_what_is_needed() {
    let site = Site::start().await;
    site.upset("network/activate", json!({"refuse": "no such profile"})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    assert_eq!(site.report(order).code, 0);
    site.until_state(order, "held").await;
    let id = order.to_string();

    let shown = site.run(&["get", &id]).out;
    assert!(shown.contains("activate[1]: retry, complete, skip, rollback"), "{shown}");
    assert!(
        shown.contains(r#"activate[1]: network.activate {"ont":"ONT-1","profile":"FTTH_1000"}"#),
        "{shown}"
    );
    let drawn = site.run(&["graph", "--order", &id]);
    let documented = std::fs::read_to_string(project().join("docs/order_held.svg")).unwrap();
    assert_eq!(drawn.out.replace(&id, "0199a2f4-6c1e-7bd1-9a51-3a8d7c5f0e21"), documented);
    let needed = site.run(&["skip", &id, "activate[1]", "--note", "is it worth it?"]);
    assert_eq!(needed.code, 1, "{needed:?}");
    let why = "the order refused what was asked: `activate[1]` can't be left out: `record_port[1]` needs \
        `activate.service_id` of it. Complete it by hand";
    assert_eq!(needed.err, format!("error: {why}\n"));
    let odd = site.run(&["retry", &id, "activate[1]", "--arguments", r#"{"profil": "x"}"#, "--note", "x"]);
    assert_eq!(odd.code, 1, "{odd:?}");
    assert!(odd.err.contains("/arguments/profil"), "{odd:?}");

    site.upset("network/activate", json!({})).await;
    let corrected = r#"{"profile": "FTTH_LAB"}"#;
    let retried =
        site.run(&["retry", &id, "activate[1]", "--arguments", corrected, "--note", "the lab's profile"]);
    assert_eq!((retried.code, retried.out.as_str()), (0, "the order goes on with the task\n"), "{retried:?}");
    assert_eq!(site.run(&["watch", &id]).code, 0);
    let record = site.record(order).await;
    let profiles: Vec<_> = record
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::TaskStarted { task, arguments, .. } if task.to_string() == "activate[1]" => {
                arguments.field("profile").cloned()
            }
            _ => None,
        })
        .collect();
    assert_eq!(profiles.last(), Some(&Value::text("FTTH_LAB")), "{profiles:?}");
    assert_ne!(profiles.first(), profiles.last());
    site.close().await;
}

#[tokio::test]
async fn what_can_not_be_taken_back_is_undone_by_hand_or_accepted() {
    let site = Site::start().await;
    site.upset("inventory/release", json!({"refuse": "the port is locked"})).await;
    site.upset("network/activate", json!({"refuse": "olt down"})).await;
    for (action, says) in
        [("undone", "the task counts as undone\n"), ("accept", "what the task left is accepted as residue\n")]
    {
        let order = site.submit("home_fiber_own_cpe");
        site.until_visit(order).await;
        assert_eq!(site.report(order).code, 0);
        site.until_state(order, "held").await;
        let id = order.to_string();
        let scoped = ["rollback", &id, "activate[1]", "--scope", "order", "--note", "no fibre"];
        assert_eq!(site.run(&scoped).out, "the order is being rolled back\n");
        site.until_task(order, "reserve_port[1]", "undo_failed").await;
        let shown = site.run(&["get", &id]).out;
        assert!(shown.contains("reserve_port[1]: retry, undone, accept"), "{shown}");
        let settled = site.run(&[action, &id, "reserve_port[1]", "--note", "scrapped, see INC-8130"]);
        assert_eq!((settled.code, settled.out.as_str()), (0, says), "{settled:?}");
        assert_eq!(site.run(&["watch", &id]).code, 1, "the order has failed");
        let residue = site.record(order).await.into_iter().find_map(|event| match event.fact {
            Fact::ResidueAccepted { call, by, reason, .. } => Some((call, by.as_str().to_owned(), reason)),
            _ => None,
        });
        let expected = ("inventory.release", "tester", "scrapped, see INC-8130");
        let expected = (action == "accept")
            .then(|| (expected.0.to_owned(), expected.1.to_owned(), expected.2.to_owned()));
        assert_eq!(residue, expected);
    }
    site.close().await;
}
