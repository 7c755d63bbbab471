//! What travels with every call.

use http::{HeaderMap, HeaderName, HeaderValue};
use model::CallRequest;
use uuid::Uuid;

/// The system does the work once per key.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The order.
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
/// What within the order made the call.
const CAUSATION_ID: HeaderName = HeaderName::from_static("x-causation-id");
/// The task instance.
pub(crate) const ORDER_TASK: HeaderName = HeaderName::from_static("x-order-task");
/// Which attempt it is, from 1.
const ATTEMPT: HeaderName = HeaderName::from_static("x-attempt");
/// W3C trace context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The headers of one attempt.
pub(super) fn headers(call: &CallRequest) -> HeaderMap {
    let order = call.order.to_string();
    let texts = [
        (IDEMPOTENCY_KEY, call.key.to_string()),
        (CAUSATION_ID, causation(&order, call.key.as_str()).to_owned()),
        (CORRELATION_ID, order),
        (ORDER_TASK, call.task.to_string()),
        (ATTEMPT, call.attempt.to_string()),
        (TRACEPARENT, traceparent(call)),
    ];
    // Every text is printable ASCII by its type, so none is left out.
    texts.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))).collect()
}

/// The task instance, its generation and the direction: the idempotency key without the order that leads it.
fn causation<'k>(order: &str, key: &'k str) -> &'k str {
    key.strip_prefix(order)
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(key)
}

/// All calls of an order are one trace, whose id is the order's: whoever knows the order finds the trace. Each
/// attempt is a span of its own, the same when it is made again. Marked as sampled.
fn traceparent(call: &CallRequest) -> String {
    let trace = call.order.uuid();
    let span = Uuid::new_v5(&trace, format!("{}/{}", call.key, call.attempt).as_bytes());
    let (high, _) = span.as_u64_pair();
    format!("00-{:032x}-{high:016x}-01", trace.as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::call;

    #[test]
    fn every_attempt_says_who_calls_and_why() {
        let mut call = call("inventory", "reserve", "{}");
        let first = headers(&call);
        let shown = |headers: &HeaderMap| {
            let mut lines: Vec<_> =
                headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            lines.sort();
            lines
        };
        assert_eq!(
            shown(&first),
            [
                "idempotency-key: 019376a0-0000-7000-8000-000000000001/reserve_port[1]/0/forward",
                "traceparent: 00-019376a0000070008000000000000001-9bdd5892139d59c7-01",
                "x-attempt: 1",
                "x-causation-id: reserve_port[1]/0/forward",
                "x-correlation-id: 019376a0-0000-7000-8000-000000000001",
                "x-order-task: reserve_port[1]",
            ]
        );
        call.attempt = 2;
        let second = headers(&call);
        assert_ne!(first.get(TRACEPARENT), second.get(TRACEPARENT));
        assert_eq!(first.get(IDEMPOTENCY_KEY), second.get(IDEMPOTENCY_KEY));
    }

    #[test]
    fn a_key_of_another_form_is_the_causation_as_it_is() {
        for (key, causation_id) in [("O/t/0/undo", "t/0/undo"), ("O/", "O/"), ("other", "other")] {
            assert_eq!(causation("O", key), causation_id);
        }
    }
}
