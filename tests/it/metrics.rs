//! What the services measure, and that the documentation knows all of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::support::{Backends, Site, project};

/// A metric: its kind and its labels.
type Metric = (String, BTreeSet<String>);

/// The metrics in Prometheus' text form.
fn shown(text: &str) -> BTreeMap<String, Metric> {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            metrics.insert(name.to_owned(), (kind.to_owned(), BTreeSet::new()));
        } else if let Some((sample, rest)) = line.split_once('{') {
            let name = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|part| sample.strip_suffix(part).filter(|name| metrics.contains_key(*name)))
                .unwrap_or(sample);
            let labels = rest.split("=\"").map(|part| part.rsplit(['"', ',']).next().unwrap().to_owned());
            let labels = labels.filter(|label| !label.is_empty() && label != "le" && !label.contains('}'));
            metrics.get_mut(name).unwrap().1.extend(labels);
        }
    }
    metrics
}

/// The metrics in the documentation that are shown at `place`.
fn documented(place: &str) -> BTreeMap<String, Metric> {
    let page = std::fs::read_to_string(project().join("docs/operations.md")).unwrap();
    page.lines()
        .filter(|line| {
            line.starts_with("| `orderwright_") && !line.contains("outcome=") && !line.contains("hold_for=")
        })
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|columns| columns.len() == 8 && columns[5] == place)
        .map(|columns| {
            let words = |text: &str| -> BTreeSet<String> {
                text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
            };
            let name = words(columns[1]).pop_first().unwrap();
            (name, (columns[2].to_owned(), words(columns[3])))
        })
        .collect()
}

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_metric_is_there() {
    let services: &[(&str, &[&str])] =
        &[("sim", &["sim"]), ("api", &["serve", "api"]), ("worker", &["serve", "worker"])];
    let site = Site::on(Backends::shared().await, services).await;
    site.publish();
    site.upset("olt/activate", json!({ "fail_times": 1 })).await;
    let order = site.submit("provision_subscriber");
    site.until_state(order, "completed").await;
    let worker = site.text(&format!("{}/metrics", site.worker)).await;
    let api = site.text(&format!("{}/metrics", site.api)).await;
    assert_eq!(shown(&worker), documented("worker"), "{worker}");
    assert_eq!(shown(&api), documented("API"), "{api}");

    for line in [
        r#"orderwright_call_duration_seconds_count{system="olt",operation="activate",outcome="failed"} 1"#,
        r#"orderwright_call_duration_seconds_count{system="olt",operation="activate",outcome="succeeded"} 1"#,
        r#"orderwright_call_duration_seconds_bucket{system="crm",operation="register",outcome="succeeded",le="+Inf"} 1"#,
        "orderwright_mirror_held_events 0",
    ] {
        assert!(worker.contains(line), "{line} is not in\n{worker}");
    }
    let events = site.record(order).await.len();
    // Acceptance is written by the API.
    assert!(
        worker.contains(&format!("orderwright_mirror_lag_seconds_count {}", events - 1)),
        "{events}: {worker}"
    );
    for line in [
        "orderwright_orders_accepted_total 1",
        r#"orderwright_open_orders{state="inProgress"} 0"#,
        r#"orderwright_http_request_duration_seconds_count{method="POST",route="/v1/orders",status="2xx"} 1"#,
    ] {
        assert!(api.contains(line), "{line} is not in\n{api}");
    }
    site.close().await;
}
