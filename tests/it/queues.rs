//! A system with a task queue to itself, which only a worker beside the others can reach.

use std::fs;

use crate::support::{Site, eventually};

const BLUEPRINT: &str = r#"
system depot {
  operation hand_over(what: text) -> { id: text }
  operation take_back(id: text)
}
blueprint delivery version 1 {
  accepts order where order.category == "delivery"
  item parcel where true { }
  on failure rollback
  each parcel {
    task hand_over {
      call depot.hand_over(what: item.offering)
      undo depot.take_back(id: result.id)
    }
  }
}
"#;

const ORDER: &str = r#"{"category": "delivery", "customer": {"id": "C-1"},
    "items": [{"id": "1", "offering": "PARCEL", "action": "add"}]}"#;

#[tokio::test]
async fn calls_of_a_queue_wait_for_the_worker_that_serves_it_and_everyone_can_see_that() {
    let mut site = Site::without_blueprints().await;
    let systems = site.folder.path().join("systems.toml");
    fs::write(&systems, "[systems.depot]\nelsewhere = true\nqueue = \"depot\"\n").unwrap();
    site.services.get_mut("api").unwrap().restart().await;
    site.file("blueprints/delivery.blueprint", BLUEPRINT);
    let blueprints = site.folder.path().join("blueprints").display().to_string();
    let published = site.run(&["publish", &blueprints]);
    assert_eq!(published.code, 0, "{published:?}");

    let order = site.post_order(ORDER).await;
    site.until_task(order, "hand_over[1]", "running").await;
    let readiness = format!("{}/readyz", site.api);
    let depot = eventually("a call is seen to wait", async || {
        let ready = site.get(&readiness).await;
        let depot = ready["queues"]["depot"].clone();
        depot["detail"].as_str().unwrap().contains("1 call waits").then_some(depot)
    })
    .await;
    assert_eq!(depot["up"], false);
    eventually("the metrics show it, too", async || {
        let metrics = site.text(&format!("{}/metrics", site.api)).await;
        let shown = |line| metrics.contains(line);
        let shown = shown("orderwright_queue_workers{queue=\"depot\"} 0\n")
            && shown("orderwright_queue_waiting_calls{queue=\"depot\"} 1\n");
        shown.then_some(())
    })
    .await;
    assert_eq!(site.effects(order).await.len(), 0);

    let with = format!("[systems.depot]\nurl = \"{}/depot\"\nqueue = \"depot\"\n", site.sim);
    let with = site.file("depot.toml", &with).display().to_string();
    site.add_worker("depot", &["--systems", &with, "--queues", "depot"]).await;
    site.until_state(order, "completed").await;
    assert_eq!(site.effects(order).await.len(), 1);
    let ready = eventually("the queue is seen to be served", async || {
        let ready = site.get(&readiness).await;
        (ready["queues"]["depot"]["up"] == true).then_some(ready)
    })
    .await;
    assert_eq!(ready["workers"]["detail"], "1 worker", "who takes no orders is not counted");

    for (file, queues, expected) in [
        (systems.to_str().unwrap(), "depot", "the systems of the task queue `depot` are reached elsewhere"),
        (
            with.as_str(),
            "depto",
            "`depto` is the task queue of no system\n  help: `systems.toml` names `depot`",
        ),
    ] {
        let refused = site.run(&[
            "serve",
            "worker",
            "--systems",
            file,
            "--queues",
            queues,
            "--database-url",
            "postgres://nobody@127.0.0.1:1/none",
        ]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.contains(expected), "{refused:?}");
    }
    site.close().await;
}
