//! The measurements of this process, collected once, whatever it runs.

use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// How often collected measurements are summed up, so that they don't pile up while nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// From what a database on this machine needs to what a person gives up after.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// From one to the most that the mirror writes at once.
const EVENTS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];

/// Begins to collect; answers what renders them in Prometheus' text form. Must be called within a Tokio runtime.
pub(super) fn collect(stop: CancellationToken) -> Result<PrometheusHandle, Failure> {
    let handle = install().context("could not collect metrics").map_err(Failure::no)?;
    let upkept = handle.clone();
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_some() {
            upkept.run_upkeep();
        }
    });
    Ok(handle)
}

fn install() -> Result<PrometheusHandle, metrics_exporter_prometheus::BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_events".to_owned()), &EVENTS)?
        .install_recorder()
}
