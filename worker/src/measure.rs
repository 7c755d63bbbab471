//! What a worker measures: calls, and how far the mirror is behind.

use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use metrics::{
    Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use model::{CallOutcome, CallRequest, OrderEvent, OrderId, Timestamp};

use crate::caller::Caller;

const CALL_DURATION: &str = "orderwright_call_duration_seconds";
const MIRROR_LAG: &str = "orderwright_mirror_lag_seconds";
const MIRROR_BATCH: &str = "orderwright_mirror_batch_events";
const MIRROR_HELD: &str = "orderwright_mirror_held_events";

const NOT_CONTINUED: &str = "orderwright_orders_not_continued_total";

/// Says what each metric of a worker means, to those who read them without a manual.
pub(crate) fn describe() {
    describe_histogram!(CALL_DURATION, Unit::Seconds, "How long attempts of calls took");
    describe_histogram!(MIRROR_LAG, Unit::Seconds, "From an order event to its commit in Postgres");
    describe_histogram!(MIRROR_BATCH, "Order events that were committed together");
    describe_gauge!(MIRROR_HELD, "Order events that wait until Temporal is known to have what led to them");
    describe_counter!(NOT_CONTINUED, "Times that an order was too large to go on in another workflow run");
    counter!(NOT_CONTINUED).increment(0);
}

/// An order should go on in another workflow run, and is too large for it.
pub(crate) fn order_can_not_go_on() {
    counter!(NOT_CONTINUED).increment(1);
}

/// Makes calls and measures them.
pub(crate) struct Measured(pub(crate) Arc<dyn Caller>);

impl Caller for Measured {
    fn call<'a>(&'a self, request: &'a CallRequest) -> BoxFuture<'a, CallOutcome> {
        async move {
            let began = Instant::now();
            let outcome = self.0.call(request).await;
            let labels = [
                ("system", request.system.to_string()),
                ("operation", request.operation.to_string()),
                ("outcome", word(&outcome).to_owned()),
            ];
            histogram!(CALL_DURATION, &labels).record(began.elapsed());
            outcome
        }
        .boxed()
    }
}

const fn word(outcome: &CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Succeeded(_) => "succeeded",
        CallOutcome::Refused { .. } => "refused",
        CallOutcome::Failed { .. } => "failed",
        CallOutcome::Unserved { .. } => "unserved",
        CallOutcome::Unknown { .. } => "unknown",
    }
}

/// The mirror's gauges and histograms.
#[derive(Debug)]
pub(crate) struct MirrorMeter {
    lag: Histogram,
    batch: Histogram,
    held: Gauge,
}

impl MirrorMeter {
    pub(crate) fn new() -> Self {
        Self { lag: histogram!(MIRROR_LAG), batch: histogram!(MIRROR_BATCH), held: gauge!(MIRROR_HELD) }
    }

    /// These events have just been committed.
    #[expect(clippy::cast_precision_loss, reason = "delays and batches are far below 2^52")]
    pub(crate) fn committed(&self, events: &[(OrderId, Vec<OrderEvent>)], now: Timestamp) {
        let events = || events.iter().flat_map(|(_, events)| events);
        for event in events() {
            self.lag.record(now.since(event.at).as_millis() as f64 / 1_000.0);
        }
        match events().count() {
            0 => {}
            many => self.batch.record(many as f64),
        }
    }

    /// So many events wait for Temporal.
    #[expect(clippy::cast_precision_loss, reason = "held events are bounded far below 2^52")]
    pub(crate) fn held(&self, events: usize) {
        self.held.set(events as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_word_of_its_own() {
        let reason = || "x".to_owned();
        let words = [
            CallOutcome::Succeeded(model::Value::Null),
            CallOutcome::Refused { reason: reason() },
            CallOutcome::Failed { reason: reason(), retry_after: None },
            CallOutcome::Unserved { reason: reason() },
            CallOutcome::Unknown { reason: reason() },
        ];
        assert_eq!(
            words.each_ref().map(word),
            ["succeeded", "refused", "failed", "unserved", "unknown"],
            "as docs/operations.md says"
        );
    }
}
