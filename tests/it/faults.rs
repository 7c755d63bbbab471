//! Orders and blueprints that are wrong: all their faults at once, and nothing breaks.

use crate::support::{Site, project, run};

const TEN_FAULTS: &str = r#"{
  "category": "consumer",
  "blueprint": "home_fiber",
  "customer": { "id": " " },
  "priority": 9,
  "attributes": 7,
  "external_id": "a b",
  "items": [
    { "id": "1", "offering": "", "action": "add", "quantity": 0 },
    { "id": "1", "offering": "HOME_FIBER_1G", "action": "add", "attributes": [] },
    { "id": "[", "offering": "HOME_FIBER_1G", "action": "add", "quantity": -1 }
  ]
}"#;

#[tokio::test]
async fn ten_faults_of_an_order_come_back_at_once() {
    let site = Site::start().await;
    let file = site.file("order.json", TEN_FAULTS);
    let refused = site.run(&["submit", file.to_str().unwrap()]);
    assert_eq!(refused.code, 1);
    let faults = refused.err.lines().filter(|line| line.starts_with("  /")).count();
    assert_eq!(faults, 10, "{}", refused.err);
    let json = site.run(&["submit", file.to_str().unwrap(), "--json"]);
    assert_eq!(json.json()["errors"].as_array().unwrap().len(), 10);
    // Without a server it is the same.
    let planned = run(&["plan", "--order", file.to_str().unwrap()]);
    assert_eq!(
        planned.err.lines().skip(1).collect::<Vec<_>>(),
        refused.err.lines().skip(1).collect::<Vec<_>>()
    );
    assert_eq!(site.run(&["list"]).out, "there are no such orders\n");
    site.close().await;
}

#[tokio::test]
async fn what_is_no_order_is_refused_clearly() {
    let site = Site::start().await;
    let large = format!(r#"{{"customer": {{"id": "C-1"}}, "notes": ["{}"]}}"#, "x".repeat(3_000_000));
    let large = site.file("large.json", &large);
    let refused = site.run(&["submit", large.to_str().unwrap()]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("at most 1000000 bytes"), "{refused:?}");

    let sample = crate::support::sample("home_fiber");
    let unknown = site.run(&["submit", sample.to_str().unwrap(), "--blueprint", "home_fibre"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("there is no blueprint `home_fibre`"), "{unknown:?}");
    let version = site.run(&["submit", sample.to_str().unwrap(), "--blueprint", "home_fiber@9"]);
    assert!(version.err.contains("there is no version 9"), "{version:?}");

    let text = site.file("text.json", "an order, please");
    assert_eq!(site.run(&["submit", text.to_str().unwrap()]).code, 2);
    assert_eq!(site.run(&["get", "00000000-0000-0000-0000-000000000001"]).code, 1);
    site.close().await;
}

#[tokio::test]
async fn blueprints_with_errors_are_not_published() {
    let site = Site::without_blueprints().await;
    let folder = project().join("tests/it/fixtures/ten_errors");
    let refused = site.run(&["publish", folder.to_str().unwrap()]);
    assert_eq!(refused.code, 1);
    let errors = refused.err.lines().filter(|line| line.contains(": error[BP")).count();
    assert_eq!(errors, 10, "{}", refused.err);
    let sample = crate::support::sample("home_fiber");
    let order = site.run(&["submit", sample.to_str().unwrap()]);
    assert!(order.err.contains("none is published"), "{order:?}");
    site.close().await;
}

#[tokio::test]
async fn a_published_version_does_not_change() {
    let site = Site::start().await;
    let blueprints = project().join("blueprints");
    let again = site.run(&["publish", blueprints.to_str().unwrap()]);
    assert_eq!((again.code, again.out.contains("home_fiber@1 was published before")), (0, true), "{again:?}");

    for name in ["shared", "systems_customer", "systems_network", "systems_goods", "home_fiber"] {
        let text = std::fs::read_to_string(blueprints.join(format!("{name}.blueprint"))).unwrap();
        site.file(&format!("changed/{name}.blueprint"), &text.replace("within 10d", "within 11d"));
    }
    let changed = site.folder.path().join("changed");
    let refused = site.run(&["publish", changed.to_str().unwrap()]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("home_fiber@1"), "{refused:?}");
    site.close().await;
}
