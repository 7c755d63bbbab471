//! Order events that Temporal may not have yet.
//!
//! A workflow reports what it came to before its worker hands the workflow task back. If the task is lost on the way, it
//! is done again, perhaps with other news in it, and what was reported never happened. So events are held until something
//! shows that their task was taken: a later task of the order, a call that it ordered, the SDK letting go of a workflow
//! that has ended, or a look at the workflow. What is replaced or can't be shown is dropped; the workflow itself then tells.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::Standing;
use model::{OrderEvent, OrderId};

use crate::workflow::Progress;

/// How long events are held before somebody looks: longer than most calls take, whose answers show it for nothing.
const LOOK: Duration = Duration::from_millis(250);

/// How long what was reported can be believed. Temporal gives a workflow task to somebody else after 10 s at the earliest;
/// until then, a history that has grown has grown by this very task.
const TRUST: Duration = Duration::from_secs(4);

/// What one workflow task came to.
#[derive(Debug)]
struct Entry {
    history_length: u32,
    events: Vec<OrderEvent>,
    /// The workflow run that ends with it.
    ends: Option<String>,
    reported: Instant,
    look_at: Instant,
}

/// What is to be done about held events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// See how the order stands.
    Look,
    /// They were held too long and are dropped: ask the workflow for what is missing.
    Mend,
}

/// Order events that Temporal may not have yet, by order.
#[derive(Debug, Default)]
pub(super) struct Held {
    orders: BTreeMap<OrderId, Vec<Entry>>,
    /// The orders whose end is held, by workflow run.
    ends: BTreeMap<String, OrderId>,
    events: usize,
}

impl Held {
    /// Takes what an order reports, and gives what that shows to be true of it.
    pub(super) fn take(&mut self, progress: Progress, now: Instant) -> Vec<OrderEvent> {
        let Progress { order, history_length, from, events, ends, .. } = progress;
        let mut taken = Vec::new();
        let mut open = Vec::new();
        for mut entry in self.remove(order) {
            // What is reported again under the same numbers was not taken the first time.
            entry.events.retain(|event| event.number < from);
            if entry.history_length == history_length {
                open.push(entry);
            } else {
                taken.append(&mut entry.events);
            }
        }
        if !events.is_empty() {
            open.push(Entry { history_length, events, ends, reported: now, look_at: now + LOOK });
        }
        self.keep(order, open);
        taken
    }

    /// A call runs that was ordered at this length of the history: gives the events of that task.
    pub(super) fn call_runs(&mut self, order: OrderId, ordered_at: u32, now: Instant) -> Vec<OrderEvent> {
        self.settle(order, |entry| entry.history_length == ordered_at && entry.is_fresh(now))
    }

    /// Temporal took the end of a workflow run: gives the events of its order.
    pub(super) fn run_ended(&mut self, run: &str) -> Option<(OrderId, Vec<OrderEvent>)> {
        let order = *self.ends.get(run)?;
        Some((order, self.settle(order, |_| true)))
    }

    /// Somebody looked at the order, beginning at `looked`: gives the events that this shows to be true.
    pub(super) fn stands(&mut self, order: OrderId, standing: &Standing, looked: Instant) -> Vec<OrderEvent> {
        if standing.open && standing.busy {
            // A task is under way, and it may be the one that was reported.
            return Vec::new();
        }
        self.settle(order, |entry| {
            standing.history_length > u64::from(entry.history_length) && entry.is_fresh(looked)
        })
    }

    /// Orders with events that are due for something. They are due again after a while.
    pub(super) fn due(&mut self, now: Instant, most: usize) -> Vec<(OrderId, Due)> {
        let mut due = Vec::new();
        for (order, entries) in &mut self.orders {
            if due.len() >= most {
                break;
            }
            if entries.iter().any(|entry| !entry.is_fresh(now)) {
                due.push((*order, Due::Mend));
            } else if entries.iter().any(|entry| entry.look_at <= now) {
                entries.iter_mut().for_each(|entry| entry.look_at = now + LOOK);
                due.push((*order, Due::Look));
            }
        }
        for (order, what) in &due {
            if *what == Due::Mend {
                self.remove(*order);
            }
        }
        due
    }

    /// When something will be due next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.orders.values().flatten().map(|entry| entry.look_at).min()
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many events are held.
    pub(super) const fn len(&self) -> usize {
        self.events
    }

    fn settle(&mut self, order: OrderId, is_taken: impl Fn(&Entry) -> bool) -> Vec<OrderEvent> {
        let entries = self.remove(order);
        // A task that was taken shows that those before it were.
        let through = entries.iter().rposition(is_taken).map_or(0, |last| last + 1);
        let mut taken = Vec::new();
        let mut open = Vec::new();
        for (n, mut entry) in entries.into_iter().enumerate() {
            if n < through {
                taken.append(&mut entry.events);
            } else {
                open.push(entry);
            }
        }
        self.keep(order, open);
        taken
    }

    fn remove(&mut self, order: OrderId) -> Vec<Entry> {
        let entries = self.orders.remove(&order).unwrap_or_default();
        for run in entries.iter().filter_map(|entry| entry.ends.as_ref()) {
            self.ends.remove(run);
        }
        self.events -= entries.iter().map(|entry| entry.events.len()).sum::<usize>();
        entries
    }

    fn keep(&mut self, order: OrderId, mut entries: Vec<Entry>) {
        entries.retain(|entry| !entry.events.is_empty());
        if !entries.is_empty() {
            self.events += entries.iter().map(|entry| entry.events.len()).sum::<usize>();
            self.ends.extend(entries.iter().filter_map(|entry| Some((entry.ends.clone()?, order))));
            self.orders.insert(order, entries);
        }
    }
}

impl Entry {
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.reported) < TRUST
    }
}

/// Whether a report came so long after its workflow task began that it can't be believed. By the clocks of two machines:
/// if they disagree by seconds, everything is read from the workflows, which is slow and right.
pub(super) fn is_stale(progress: &Progress, now: model::Timestamp) -> bool {
    let late = now.as_millis().saturating_sub(progress.began_at);
    u128::try_from(late).is_ok_and(|late| late > TRUST.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Fact, Timestamp};

    fn order() -> OrderId {
        "0192f0c1-2d3e-7000-8000-000000000001".parse().unwrap()
    }

    fn report(history_length: u32, numbers: std::ops::Range<u64>) -> Progress {
        let event = |number| OrderEvent { number, at: Timestamp::EPOCH, fact: Fact::OrderStarted {} };
        Progress {
            order: order(),
            history_length,
            began_at: 0,
            from: numbers.start,
            events: numbers.map(event).collect(),
            ends: None,
        }
    }

    fn numbers(events: &[OrderEvent]) -> Vec<u64> {
        events.iter().map(|event| event.number).collect()
    }

    fn standing(history_length: u64) -> Standing {
        Standing { open: true, state: None, history_length, busy: false, closed_at: None, completed: false }
    }

    #[test]
    fn a_later_task_shows_that_the_one_before_was_taken() {
        let (mut held, now) = (Held::default(), Instant::now());
        assert!(held.take(report(3, 1..4), now).is_empty());
        assert_eq!(numbers(&held.take(report(9, 4..6), now)), [1, 2, 3]);
        assert_eq!(numbers(&held.take(report(15, 6..6), now)), [4, 5]);
        assert_eq!(held.len(), 0);
    }

    #[test]
    fn what_is_reported_again_replaces_what_was_lost() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.take(report(3, 1..4), now);
        // The task was lost; done again, it begins at the same number.
        assert!(held.take(report(6, 1..3), now).is_empty());
        assert_eq!(numbers(&held.take(report(12, 3..4), now)), [1, 2]);
        assert_eq!(held.len(), 1);
    }

    #[test]
    fn two_reports_of_one_task_show_nothing() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.take(report(3, 1..4), now);
        assert!(held.take(report(3, 4..5), now).is_empty());
        assert_eq!(numbers(&held.take(report(9, 5..5), now)), [1, 2, 3, 4]);
    }

    #[test]
    fn a_call_shows_the_task_that_ordered_it_and_those_before() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.take(report(3, 1..4), now);
        assert!(held.call_runs(order(), 9, now).is_empty());
        assert_eq!(numbers(&held.call_runs(order(), 3, now)), [1, 2, 3]);
    }

    #[test]
    fn a_look_shows_a_history_that_has_grown() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.take(report(3, 1..4), now);
        assert!(held.stands(order(), &standing(3), now).is_empty(), "the task is not handed back yet");
        let busy = Standing { busy: true, ..standing(7) };
        assert!(held.stands(order(), &busy, now).is_empty(), "another task is under way");
        assert_eq!(numbers(&held.stands(order(), &standing(5), now)), [1, 2, 3]);
    }

    #[test]
    fn the_end_that_temporal_took_shows_everything_before_it() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.take(report(3, 1..4), now);
        held.take(Progress { ends: Some("run".to_owned()), ..report(3, 4..6) }, now);
        assert!(held.run_ended("another").is_none());
        let (order, events) = held.run_ended("run").unwrap();
        assert_eq!((order, numbers(&events)), (self::order(), vec![1, 2, 3, 4, 5]));
        assert!(held.run_ended("run").is_none(), "it is told once");
        assert_eq!((held.len(), held.ends.len()), (0, 0));
    }

    #[test]
    fn an_end_that_was_lost_shows_nothing() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.take(Progress { ends: Some("run".to_owned()), ..report(3, 1..4) }, now);
        // Done again, the task came to something else.
        held.take(report(6, 1..3), now);
        assert!(held.run_ended("run").is_none());
        assert_eq!(held.len(), 2);
    }

    #[test]
    fn what_was_held_too_long_is_asked_for() {
        let (mut held, now) = (Held::default(), Instant::now());
        held.take(report(3, 1..4), now);
        assert!(held.due(now, 10).is_empty());
        assert_eq!(held.due(now + LOOK, 10), [(order(), Due::Look)]);
        assert!(held.due(now + LOOK, 10).is_empty(), "it is looked at once in a while");
        let late = now + TRUST;
        assert!(
            held.stands(order(), &standing(9), late).is_empty(),
            "by now, somebody else may have done it"
        );
        assert_eq!(held.due(late, 10), [(order(), Due::Mend)]);
        assert_eq!((held.len(), held.next_due()), (0, None));
    }
}
