//! A run that goes on elsewhere: what it takes along, and what it leaves behind.
//!
//! Order events are told once and then read by others, so a run needs none of them to go on. It takes along the last one, for
//! its number and its time. Everything else it takes along as it is.

use std::sync::Arc;

use model::OrderEvent;
use plan::Plan;

use crate::layout::Layout;
use crate::{ChildId, Run, Snapshot};

impl Run {
    /// All of the run but its plans, without the order events but the last.
    #[must_use]
    pub fn handover(&self) -> Snapshot {
        let mut snapshot = self.snapshot();
        let last = snapshot.record.pop();
        snapshot.record = last.into_iter().collect();
        snapshot
    }

    /// The versions that its plan has had, the first one first.
    #[must_use]
    pub fn plans(&self) -> &[Arc<Plan>] {
        self.layout.versions()
    }

    /// Goes on from a snapshot. The plans must be those [of the run](Self::plans) that it was taken of, at least one.
    #[must_use]
    pub fn restore_all(plans: Vec<Arc<Plan>>, snapshot: Snapshot) -> Self {
        Self { layout: Arc::new(Layout::of_versions(plans)), state: snapshot }
    }

    /// The number of the last order event; 0 if nothing has happened.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.events().last().map_or(0, |event| event.number)
    }

    /// The order events after the one of this number, as far as this run still has them.
    #[must_use]
    pub fn events_after(&self, number: u64) -> &[OrderEvent] {
        let record = self.events();
        let first = record.first().map_or(1, |event| event.number);
        let skipped = usize::try_from(number.saturating_add(1).saturating_sub(first)).unwrap_or(usize::MAX);
        record.get(skipped..).unwrap_or_default()
    }

    /// Whether a child order has not ended, as far as is known here.
    #[must_use]
    pub fn has_open_child(&self, child: ChildId) -> bool {
        self.state.children.contains_key(&child)
    }
}
