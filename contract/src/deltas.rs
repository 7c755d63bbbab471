//! The query for order events, a page at a time.

use model::OrderEvent;
use serde::{Deserialize, Serialize};
use temporalio_common::data_converters::RawValue;

use crate::payload::decode;

/// Most bytes of events in one page. Temporal answers queries of up to 2 MB.
const PAGE_BYTES: usize = 1_000_000;

/// Asks for order events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltasRequest {
    /// The number of the first.
    pub from: u64,
}

impl DeltasRequest {
    /// Reads a request; without one, or with one that can't be read, from the beginning.
    #[must_use]
    pub fn read(raw: &RawValue) -> Self {
        decode(raw).unwrap_or_default()
    }
}

/// Order events in the order of their numbers, without gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deltas {
    /// The events.
    pub events: Vec<OrderEvent>,
    /// The number of the event that the workflow will write next. The page is the last one if it ends just before.
    pub next: u64,
    /// The workflow run that has the events before those of this one, if the order has gone on in another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

impl Deltas {
    /// The page of `record` that begins with the event number `from`: at least one event if there is one. What was recorded
    /// before, the workflow run `before` has.
    #[must_use]
    pub fn page(record: &[OrderEvent], from: u64, before: Option<String>) -> Self {
        let next = record.last().map_or(1, |last| last.number + 1);
        let mut bytes = 0;
        let events = record
            .iter()
            .skip_while(|event| event.number < from)
            .take_while(|event| {
                let room = bytes < PAGE_BYTES;
                bytes += serde_json::to_vec(event).map_or(0, |json| json.len());
                room
            })
            .cloned();
        Self { events: events.collect(), next, before }
    }

    /// The workflow run to ask instead, if events from `from` on are missing from this page.
    #[must_use]
    pub fn run_with(&self, from: u64) -> Option<&str> {
        let has = self.events.first().is_none_or(|first| first.number <= from.max(1));
        self.before.as_deref().filter(|_| !has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Fact, Timestamp};

    fn record(sizes: &[usize]) -> Vec<OrderEvent> {
        let event = |(n, size): (usize, &usize)| OrderEvent {
            number: n as u64 + 1,
            at: Timestamp::EPOCH,
            fact: Fact::CustomerStatusChanged { status: Some("x".repeat(*size)), item: None },
        };
        sizes.iter().enumerate().map(event).collect()
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let record = record(&[10, PAGE_BYTES, 10, 10]);
        let mut from = 1;
        let mut pages = Vec::new();
        while from < Deltas::page(&record, from, None).next {
            let page = Deltas::page(&record, from, None);
            from = page.events.last().unwrap().number + 1;
            pages.push(page.events.len());
        }
        assert_eq!(pages, [2, 2]);
        assert_eq!(Deltas::page(&record, 5, None), Deltas { events: vec![], next: 5, before: None });
        assert_eq!(Deltas::page(&[], 1, None), Deltas { events: vec![], next: 1, before: None });
    }

    #[test]
    fn a_page_without_what_was_asked_for_says_who_has_it() {
        let record = record(&[1, 1, 1, 1]);
        let later = |from| Deltas::page(&record[2..], from, Some("run-1".to_owned()));
        assert_eq!(later(2).run_with(2), Some("run-1"));
        assert_eq!(later(0).run_with(0), Some("run-1"));
        assert_eq!(later(3).run_with(3), None);
        assert_eq!(later(5).run_with(5), None, "nobody has it yet");
        assert_eq!(Deltas::page(&record, 0, None).run_with(0), None);
    }
}
