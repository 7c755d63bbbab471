//! A customer changes their mind about what they want, in time and too late.

use serde_json::json;

use crate::amendments::{SLOWER, amend, amended, calls, pairs, touched, versions};
use crate::support::{Site, eventually};

/// Another day for the technician.
const LATER: &str = r#"{"attributes": {"appointment": "2030-01-09T09:00:00Z"}}"#;

#[tokio::test]
async fn an_amended_appointment_touches_the_visit_and_what_is_said_of_it_only() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    site.until_task(order, "tell_appointment[1]", "succeeded").await;
    let of_visit = ["book_visit[1] workforce.rebook", "tell_appointment[1] messages.notify"];
    let beside = async || {
        let calls = calls(&site.effects(order).await).into_iter();
        calls.filter(|call| !of_visit.contains(&call.as_str())).collect::<Vec<_>>()
    };
    let before = beside().await;
    let shown = amend(&site, order, LATER, &["--dry-run", "--json"]);
    // Whether there is something to say depends on when the technician can come.
    let expected = [("book_visit[1]", "amended"), ("tell_appointment[1]", "compared")];
    assert_eq!(touched(&shown), pairs(&expected));
    amended(&site, order, LATER);
    eventually("the visit is booked anew", async || {
        calls(&site.effects(order).await).contains(&of_visit[0].to_owned()).then_some(())
    })
    .await;
    site.until_task(order, "tell_appointment[1]", "succeeded").await;
    assert_eq!(beside().await, before);
    assert_eq!(site.report(order).code, 0);
    let last = site.until_state(order, "completed").await;
    assert_eq!(last["attributes"]["appointment"], "2030-01-09T09:00:00Z");
    let rebooked = calls(&site.effects(order).await).iter().filter(|call| *call == of_visit[0]).count();
    assert_eq!(rebooked, 1);
    site.close().await;
}

#[tokio::test]
async fn what_an_amendment_of_a_paused_order_is_still_to_do_is_shown() {
    let site = Site::start().await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    let id = order.to_string();
    let paused = site.run(&["pause", &id, "--note", "night work"]);
    assert_eq!(paused.code, 0, "{paused:?}");
    let before = calls(&site.effects(order).await);
    amended(&site, order, LATER);
    amended(&site, order, r#"{"notes": ["ring twice"]}"#);
    let shown = site.run(&["get", &id]).out;
    let of_visit = |line: &str| line.contains("book_visit[1]") && line.ends_with(", will be amended");
    assert!(shown.lines().any(of_visit), "{shown}");
    assert_eq!(calls(&site.effects(order).await), before);
    let resumed = site.run(&["resume", &id, "--note", "done"]);
    assert_eq!(resumed.code, 0, "{resumed:?}");
    eventually("the visit is booked anew", async || {
        let visit = site.until_task(order, "book_visit[1]", "succeeded").await;
        (visit["next_action"].is_null() && visit["call"] == "workforce.rebook").then_some(())
    })
    .await;
    site.close().await;
}

#[tokio::test]
async fn another_speed_that_comes_too_late_is_refused_with_an_order_that_asks_for_it() {
    let site = Site::start().await;
    site.upset("billing/start", json!({"delay_ms": 4_000})).await;
    let order = site.submit("home_fiber");
    site.until_visit(order).await;
    assert_eq!(site.report(order).code, 0);
    site.until_task(order, "start_billing", "running").await;
    let file = site.folder.path().join("follow_up.json");
    let refused = amend(
        &site,
        order,
        SLOWER,
        &["--reason", "less speed", "--yes", "--follow-up", file.to_str().unwrap()],
    );
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("`start_billing` comes after it, is a point of no return"), "{refused:?}");
    let follow_up = site.submit_file(&file);
    let last = site.until_state(order, "completed").await;
    assert_eq!((&last["version"], &last["items"][0]["attributes"]["speed_mbps"]), (&json!(1), &json!(1000)));
    let changed = site.until_state(follow_up, "completed").await;
    assert_eq!(
        (&changed["blueprint"]["name"], &changed["items"][0]["action"]),
        (&json!("home_fiber_change"), &json!("modify"))
    );
    let all = versions(&site, order).await;
    assert_eq!((all.len(), &all[1]["state"]), (2, &json!("refused")));
    assert_eq!(calls(&site.effects(follow_up).await), ["change_speed[1] network.reprofile"]);
    site.close().await;
}
