//! Orders that wait for their beginning: for their start date, for other orders to end, or for both.
//!
//! Nothing of such an order is done, so a cancel leaves nothing to undo. Which orders it comes after is decided when it is
//! accepted; how that came, and who tells it that they have ended, is no matter of the engine's. Pausing is in `pause`.

use std::collections::BTreeSet;

use model::{Fact, OrderId, Timestamp, Value};
use plan::Plan;
use serde::{Deserialize, Serialize};

use crate::run::Phase;
use crate::{Effect, Handled, Run, TimerEffect, TimerId};

/// What an order waits for before it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Orders that have not ended, as far as it knows.
    pub(crate) after: BTreeSet<OrderId>,
    /// Its start date, until that has come.
    pub(crate) until: Option<Timestamp>,
    timer: Option<TimerId>,
}

impl Pending {
    fn is_over(&self) -> bool {
        self.until.is_none() && self.after.is_empty()
    }
}

impl Run {
    /// The same order, which begins only when these have ended, however they do. To be said before [`crate::Event::Start`].
    #[must_use]
    pub fn after(mut self, orders: impl IntoIterator<Item = OrderId>) -> Self {
        self.state.pending.after.extend(orders);
        self
    }

    /// Begins the order, or has it wait.
    pub(crate) fn start(&mut self) -> Handled {
        if self.state.phase != Phase::New {
            return Handled::Duplicate;
        }
        self.state.phase = Phase::Pending;
        self.await_start_date(self.start_date());
        self.wait_on();
        Handled::Applied
    }

    /// An amendment may have moved the start date of an order that waits for it.
    pub(crate) fn follow_start_date(&mut self) {
        let until = self.start_date();
        if self.state.phase != Phase::Pending || until == self.state.pending.until {
            return;
        }
        self.state.effects.extend(self.state.pending.timer.take().map(Effect::StopTimer));
        self.await_start_date(until);
        self.wait_on();
    }

    fn await_start_date(&mut self, until: Option<Timestamp>) {
        self.state.pending.until = until;
        let Some(until) = until else { return };
        self.state.last_timer += 1;
        let id = TimerId(self.state.last_timer);
        let (after, summary) = (until.since(self.state.now), format!("the order starts at {until}"));
        self.state.effects.push_back(Effect::StartTimer(TimerEffect { id, after, summary }));
        self.state.pending.timer = Some(id);
    }

    /// When the sender wants it begun, if that is still to come. What tasks run begins when its task does.
    fn start_date(&self) -> Option<Timestamp> {
        if self.is_child() {
            return None;
        }
        requested_start(self.layout.plan()).filter(|start| *start > self.state.now)
    }

    /// Whether a plan moves the start date of an order that has begun.
    pub(crate) fn comes_too_late(&self, plan: &Plan) -> bool {
        let waits = matches!(self.state.phase, Phase::New | Phase::Pending);
        !waits && !self.is_child() && requested_start(plan) != requested_start(self.layout.plan())
    }

    fn tell_pending(&mut self) {
        let Pending { after, until, timer: _ } = &self.state.pending;
        let (until, after) = (*until, after.iter().copied().collect());
        self.tell(Fact::OrderPending { until, after });
    }

    /// Begins the order, unless it has something left to wait for.
    fn wait_on(&mut self) {
        if self.state.phase != Phase::Pending {
            return;
        }
        if self.state.pending.is_over() {
            self.set_out();
        } else {
            self.tell_pending();
        }
    }

    /// Another order has ended.
    pub(crate) fn hear_end(&mut self, order: OrderId) -> Handled {
        if !self.state.pending.after.remove(&order) {
            return Handled::Duplicate;
        }
        self.wait_on();
        Handled::Applied
    }

    /// The start date has come, if that is the timer.
    pub(crate) fn start_date_comes(&mut self, timer: TimerId) -> bool {
        let pending = &mut self.state.pending;
        let comes = pending.timer == Some(timer);
        if comes {
            pending.timer = None;
            pending.until = None;
            self.wait_on();
        }
        comes
    }

    /// There is nothing left to wait for: the order will not begin.
    pub(crate) fn stop_pending(&mut self) {
        let pending = std::mem::take(&mut self.state.pending);
        self.state.effects.extend(pending.timer.map(Effect::StopTimer));
    }
}

fn requested_start(plan: &Plan) -> Option<Timestamp> {
    let start = plan.order().field("requested_start").and_then(Value::as_text);
    start.and_then(|start| start.parse().ok())
}
