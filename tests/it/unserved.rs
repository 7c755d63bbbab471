//! Systems that a deployment does not say how to reach: before orders meet them, and after.

use std::fs;

use crate::support::{Backends, Site, eventually};

/// Calls the system `vault` after a signal, once, and wants the order rejected if that fails.
const BLUEPRINT: &str = r#"
system vault {
  operation keep(what: text) -> { id: text }
  operation drop(id: text)
}
blueprint safe version 1 {
  accepts order where order.category == "safe"
  item thing where true { }
  on failure rollback
  each thing {
    task go { wait go_ahead { sure: bool } within 1d }
    task keep after go {
      call vault.keep(what: item.offering)
      no retry
      undo vault.drop(id: result.id)
    }
  }
}
"#;

const ORDER: &str = r#"{"category": "safe", "customer": {"id": "C-1"},
    "items": [{"id": "1", "offering": "RING", "action": "add"}]}"#;

/// Runs a command until it is done: a worker that has just been started may be waited for in vain.
async fn done(site: &Site, command: &[&str]) {
    eventually(&format!("{command:?} is done"), async || (site.run(command).code == 0).then_some(())).await;
}

#[tokio::test]
async fn what_the_deployment_can_not_call_is_not_published_and_held_if_it_comes_to_that() {
    let mut site = Site::without_blueprints().await;
    let systems = site.folder.path().join("systems.toml");
    let without = fs::read_to_string(&systems).unwrap();
    site.file("blueprints/safe.blueprint", BLUEPRINT);
    let blueprints = site.folder.path().join("blueprints").display().to_string();

    let refused = site.run(&["publish", &blueprints]);
    assert_eq!(refused.code, 1);
    let reason = "this deployment does not say how to reach the system `vault`";
    assert!(
        refused.err.contains("safe.blueprint:13") && refused.err.contains(reason),
        "the call is shown: {refused:?}"
    );
    let checked = site.run(&["check", &blueprints, "--systems", systems.to_str().unwrap()]);
    assert_eq!(checked.code, 1);
    assert!(checked.out.contains("safe.blueprint:13:12") && checked.out.contains(reason), "{checked:?}");

    let with = format!("{without}\n[systems.vault]\nurl = \"{}/vault\"\n", site.sim);
    fs::write(&systems, &with).unwrap();
    site.services.get_mut("api").unwrap().restart().await;
    assert_eq!(site.run(&["publish", &blueprints]).code, 0);
    let order = site.post_order(ORDER).await;
    site.until_task(order, "go[1]", "running").await;

    fs::write(&systems, &without).unwrap();
    site.services.get_mut("api").unwrap().restart().await;
    done(&site, &["signal", &order.to_string(), "go_ahead", "--id", "S-1", "--payload", r#"{"sure": true}"#])
        .await;
    let held = site.until_task(order, "keep[1]", "held").await;
    let why = held["reason"].as_str().unwrap();
    assert!(why.contains(reason) && why.contains("[systems.vault]") && why.contains("retry"), "{why}");

    fs::write(&systems, &with).unwrap();
    site.services.get_mut("api").unwrap().restart().await;
    done(&site, &["retry", &order.to_string(), "keep[1]", "--id", "R-1", "--note", "mended"]).await;
    site.until_state(order, "completed").await;
    site.close().await;
}

#[tokio::test]
async fn only_workers_need_the_credentials_of_systems() {
    let mut site = Site::on(Backends::shared().await, &[("sim", &["sim"]), ("api", &["serve", "api"])]).await;
    let systems = site.folder.path().join("systems.toml");
    let text = "[systems.crm]\nurl = \"${CRM_ADDRESS}\"\nbearer_env = \"CRM_SECRET\"\n";
    fs::write(&systems, text).unwrap();
    // It starts, and says that it is ready.
    site.services.get_mut("api").unwrap().restart().await;
    let worker = site.run(&[
        "serve",
        "worker",
        "--systems",
        systems.to_str().unwrap(),
        "--database-url",
        "postgres://nobody@127.0.0.1:1/none",
    ]);
    assert_eq!(worker.code, 2, "{worker:?}");
    for variable in ["CRM_ADDRESS", "CRM_SECRET"] {
        assert!(
            worker.err.contains(&format!("the environment variable `{variable}` is not set")),
            "{worker:?}"
        );
    }
    site.close().await;
}
