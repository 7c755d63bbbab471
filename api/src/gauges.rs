//! What the API measures, and the gauges among it: what is read from Postgres, and of task queues from Temporal, when
//! somebody asks for metrics.
//!
//! Every process of the API shows the same gauges, since all ask the same servers.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use model::{HoldFor, OrderState, QueueName, Timestamp};
use store::Census;

use crate::app::{App, now};
use crate::queues::{self, Service};

pub(crate) const REQUEST_DURATION: &str = "orderwright_http_request_duration_seconds";
const ORDERS_ACCEPTED: &str = "orderwright_orders_accepted_total";
const OPEN_ORDERS: &str = "orderwright_open_orders";
const STOPPED_ORDERS: &str = "orderwright_stopped_orders";
const ORDERS_AT_RISK: &str = "orderwright_orders_at_risk";
const HELD_TASKS: &str = "orderwright_held_tasks";
const INTENTS: &str = "orderwright_intents";
const OLDEST_INTENT: &str = "orderwright_oldest_intent_age_seconds";
const QUEUE_WORKERS: &str = "orderwright_queue_workers";
const WAITING_CALLS: &str = "orderwright_queue_waiting_calls";
const OLDEST_CALL: &str = "orderwright_queue_oldest_call_age_seconds";

/// How old the gauges may be. However many ask, Postgres and Temporal are asked no more often.
const KEPT: Duration = Duration::from_secs(5);

/// How long each of them may take to count. Whoever asks for metrics gives up after some ten seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// The kinds of intents, so that one of which there is none shows as zero.
const KINDS: [&str; 5] = ["start", "cancel", "deliver", "operate", "order_ended"];

/// When the gauges were read last.
#[derive(Debug, Default)]
pub(crate) struct Gauges(Mutex<Option<Instant>>);

impl Gauges {
    /// Whether it is time to read them again; whoever is told so does it.
    fn is_due(&self) -> bool {
        let mut read = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = read.is_none_or(|read| read.elapsed() >= KEPT);
        if due {
            *read = Some(Instant::now());
        }
        due
    }
}

/// Says what each metric of the API means, to those who read them without a manual.
pub(crate) fn describe() {
    describe_histogram!(REQUEST_DURATION, Unit::Seconds, "How long requests took, to the head of the answer");
    describe_counter!(ORDERS_ACCEPTED, "Orders that were accepted; one that is sent again counts once");
    describe_gauge!(OPEN_ORDERS, "Orders that have not ended");
    describe_gauge!(STOPPED_ORDERS, "Orders whose workflow was ended in Temporal from outside");
    describe_gauge!(ORDERS_AT_RISK, "Open orders that may not be done in time, or are late already");
    describe_gauge!(HELD_TASKS, "Tasks that wait for a person");
    describe_gauge!(INTENTS, "What Temporal is still to be told about orders");
    describe_gauge!(OLDEST_INTENT, Unit::Seconds, "For how long the oldest of it has been waiting");
    describe_gauge!(
        QUEUE_WORKERS,
        "Workers that ask for the calls of a queue that systems have to themselves"
    );
    describe_gauge!(WAITING_CALLS, "Calls that wait there for a worker");
    describe_gauge!(OLDEST_CALL, Unit::Seconds, "For how long the first of them has been waiting");
    // So that its rate is known from the first order on.
    counter!(ORDERS_ACCEPTED).absolute(0);
}

/// An order was accepted.
pub(crate) fn accepted() {
    counter!(ORDERS_ACCEPTED).increment(1);
}

/// Reads the gauges again, if they are not fresh. While who knows them is away they stay as they were: `/readyz` says that.
pub(crate) async fn refresh(app: &App) {
    if app.gauges().is_due() {
        tokio::join!(count_orders(app), look_at_queues(app));
    }
}

async fn look_at_queues(app: &App) {
    let Ok(seen) = tokio::time::timeout(PATIENCE, queues::look(app)).await else {
        tracing::warn!("Temporal takes too long to tell of task queues for the metrics");
        return;
    };
    for (queue, seen) in seen {
        match seen {
            Ok(service) => show_queue(&queue, &service),
            Err(error) => {
                let error = crate::error::chain(&error);
                tracing::warn!(error, "the task queue `{queue}` can't be looked at for the metrics");
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn show_queue(queue: &QueueName, service: &Service) {
    let gauge = |name| gauge!(name, "queue" => queue.to_string());
    gauge(QUEUE_WORKERS).set(service.workers as f64);
    gauge(WAITING_CALLS).set(service.waiting as f64);
    gauge(OLDEST_CALL).set(service.oldest.as_millis() as f64 / 1_000.0);
}

async fn count_orders(app: &App) {
    let census = async {
        store::take_census(&mut *app.database().await.map_err(|e| crate::error::chain(&e))?)
            .await
            .map_err(|e| crate::error::chain(&e))
    };
    match tokio::time::timeout(PATIENCE, census).await {
        Ok(Ok(census)) => show(&census, now()),
        Ok(Err(error)) => tracing::warn!(error, "orders can't be counted for the metrics"),
        Err(_) => tracing::warn!("Postgres takes too long to count orders for the metrics"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn show(census: &Census, now: Timestamp) {
    for state in OrderState::ALL.iter().filter(|state| !state.is_final()) {
        let count = census.open_orders.iter().find(|(of, _)| of == state).map_or(0, |(_, count)| *count);
        gauge!(OPEN_ORDERS, "state" => state.as_str()).set(count as f64);
    }
    gauge!(STOPPED_ORDERS).set(census.stopped_orders as f64);
    gauge!(ORDERS_AT_RISK).set(census.orders_at_risk as f64);
    for hold_for in [HoldFor::Operations, HoldFor::Customer] {
        let count = census.held_tasks.iter().find(|(of, _)| *of == hold_for).map_or(0, |(_, count)| *count);
        gauge!(HELD_TASKS, "hold_for" => hold_for.as_str()).set(count as f64);
    }
    for kind in KINDS {
        let intents = census.intents.iter().find(|intents| intents.kind == kind);
        let age = intents.map_or(0, |intents| now.since(intents.oldest).as_millis());
        gauge!(INTENTS, "kind" => kind).set(intents.map_or(0, |intents| intents.count) as f64);
        gauge!(OLDEST_INTENT, "kind" => kind).set(age as f64 / 1_000.0);
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;
    use store::IntentCount;

    use super::*;

    #[test]
    fn what_there_is_none_of_shows_as_zero() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let census = Census {
            open_orders: vec![(OrderState::Held, 3)],
            stopped_orders: 1,
            orders_at_risk: 4,
            held_tasks: vec![(HoldFor::Customer, 2)],
            intents: vec![IntentCount {
                kind: "start".to_owned(),
                count: 7,
                oldest: Timestamp::from_millis(1_000),
            }],
        };
        metrics::with_local_recorder(&recorder, || show(&census, Timestamp::from_millis(3_500)));
        let text = handle.render();
        for line in [
            "orderwright_open_orders{state=\"held\"} 3",
            "orderwright_open_orders{state=\"inProgress\"} 0",
            "orderwright_stopped_orders 1",
            "orderwright_orders_at_risk 4",
            "orderwright_held_tasks{hold_for=\"customer\"} 2",
            "orderwright_held_tasks{hold_for=\"operations\"} 0",
            "orderwright_intents{kind=\"start\"} 7",
            "orderwright_intents{kind=\"cancel\"} 0",
            "orderwright_oldest_intent_age_seconds{kind=\"start\"} 2.5",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("completed"), "what has ended is not counted");
    }

    #[test]
    fn a_queue_shows_its_workers_and_what_waits() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let service = Service { workers: 0, waiting: 3, oldest: model::Duration::from_millis(1_500) };
        metrics::with_local_recorder(&recorder, || show_queue(&"shipping".parse().unwrap(), &service));
        let text = handle.render();
        for line in [
            "orderwright_queue_workers{queue=\"shipping\"} 0",
            "orderwright_queue_waiting_calls{queue=\"shipping\"} 3",
            "orderwright_queue_oldest_call_age_seconds{queue=\"shipping\"} 1.5",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn postgres_is_asked_once_in_a_while() {
        let gauges = Gauges::default();
        assert!(gauges.is_due());
        assert!(!gauges.is_due());
    }
}
