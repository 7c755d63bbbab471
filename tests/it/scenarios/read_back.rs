//! An activation that gets no answer: the network is asked what became of it.

use model::{Fact, TaskState};
use serde_json::json;

use super::{holds, installed};
use crate::support::{Site, project};

/// The sample blueprints with less patience: what takes a minute there takes a second here.
async fn in_a_hurry() -> Site {
    let site = Site::without_blueprints().await;
    let folder = project().join("blueprints");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".blueprint") || name.ends_with("_tests.blueprint") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let patient = "retry patient = 5 times every 2s doubling up to 1m";
        assert!(name != "shared.blueprint" || text.contains(patient), "{name}");
        assert!(name != "home_fiber.blueprint" || text.contains("timeout 60s"), "{name}");
        let text = text.replace(patient, "retry patient = 2 times every 100ms");
        let text = text.replace("timeout 60s", "timeout 1s").replace("every 10s", "every 200ms");
        site.file(&format!("blueprints/{name}"), &text);
    }
    let published = site.run(&["publish", site.folder.path().join("blueprints").to_str().unwrap()]);
    assert_eq!(published.code, 0, "{published:?}");
    site
}

/// How often the outcome of the activation was unknown, and how often it was begun.
async fn doubts_and_calls(site: &Site, order: model::OrderId) -> (usize, usize) {
    let record = site.record(order).await;
    let of = |is: fn(&Fact) -> bool| {
        let about = |fact: &Fact| fact.task_state().is_some_and(|(task, _)| task.name.as_str() == "activate");
        record.iter().filter(|event| is(&event.fact) && about(&event.fact)).count()
    };
    let doubts = of(|fact| matches!(fact.task_state(), Some((_, TaskState::Unknown))));
    (doubts, of(|fact| matches!(fact, Fact::TaskStarted { .. })))
}

#[tokio::test]
async fn an_activation_that_is_read_back_as_done_is_not_made_twice() {
    let site = in_a_hurry().await;
    site.upset("network/activate", json!({"timeout_after_effect": 2})).await;
    let order = installed(&site, "home_fiber_own_cpe").await;
    site.until_state(order, "completed").await;
    let there = holds(&site, order).await;
    assert_eq!(there.iter().filter(|call| *call == "network.activate").count(), 1, "{there:?}");
    // The network says that it is done; the same call under the same key brings the answer.
    assert_eq!(doubts_and_calls(&site, order).await, (1, 2));
    // Two that were lost, one that asked, and one that was answered.
    assert_eq!(site.until_task(order, "activate[1]", "succeeded").await["attempts"], 4);
    site.close().await;
}

#[tokio::test]
async fn an_activation_that_is_read_back_as_absent_is_made_again() {
    let site = in_a_hurry().await;
    // Too late to be heard: whoever has hung up is not served.
    site.upset("network/activate", json!({"delay_ms": 30_000})).await;
    site.upset("network/read", json!({"delay_ms": 4_000, "answer": {"state": "absent"}})).await;
    let order = installed(&site, "home_fiber_own_cpe").await;
    let lost = site.until_task(order, "activate[1]", "unknown").await;
    assert_eq!(lost["waiting_for"], "network.read to tell whether it was done");
    let there = holds(&site, order).await;
    assert!(!there.contains(&"network.activate".to_owned()), "{there:?}");
    site.upset("network/activate", json!({})).await;
    site.upset("network/read", json!({})).await;
    site.until_state(order, "completed").await;
    let there = holds(&site, order).await;
    assert_eq!(there.iter().filter(|call| *call == "network.activate").count(), 1, "{there:?}");
    assert_eq!(doubts_and_calls(&site, order).await, (1, 2));
    site.close().await;
}
