//! When an order goes on in another workflow run, because the history of this one is long.
//!
//! It does so in a moment in which nothing is under way that the next run could not go on with. A moment like that may not come
//! by itself, so calls that are yet to begin are held back, for a while. If one that is out takes longer, they go on, and it is
//! tried again when the history has grown further; only near Temporal's limit it is waited for without end.

use contract::payload::{PAYLOAD_BYTES, encode, size};
use contract::{OrderInput, Pace, Resumed};
use model::Duration;
use plan::Plan;
use temporalio_common::data_converters::RawValue;
use temporalio_workflow::WorkflowContext;

use super::OrderWorkflow;
use super::desk::Desk;
use super::ops::Ops;
use crate::measure;

/// After how many events of the history the first try is made, and the next after each that failed. Temporal suggests the same
/// number; what is read again when a worker takes the order over is short then.
const EVENTS: u32 = 4_000;

/// From here on, calls are held back until everything is at rest. Temporal ends a workflow at 51,200 events.
const LAST_EVENTS: u32 = 40_000;

/// How long calls are held back at one try: longer than most calls take, and little beside what an order takes that needs so
/// many events.
const PATIENCE: Duration = Duration::from_secs(60);

/// A try at [`LAST_EVENTS`] may take as long as the longest call.
const LAST_PATIENCE: Duration = Duration::from_secs(model::limits::DURATION_DAYS * 86_400);

/// How often an order and a parent or child of which Temporal tells it nothing any more ask whether the other is still there.
/// It matters only when somebody has terminated one of them.
const ASK_EVERY: Duration = Duration::from_secs(3_600);

/// The pace of an order that does not say its own.
pub(super) const PACE: Pace = Pace { events: EVENTS, ask_every: ASK_EVERY };

/// What to do next.
pub(super) enum Step {
    /// Nothing.
    Stay,
    /// Look again at what is under way.
    Look,
    /// Go on in another workflow run, with this input.
    GoOn(RawValue),
}

/// Decides when.
pub(super) struct Succession {
    /// How many events lie between two tries.
    stride: u32,
    /// The length of the history at which the next try is made.
    next: u32,
    tries: u32,
    trying: bool,
}

impl Succession {
    pub(super) fn new(pace: Pace) -> Self {
        let stride = pace.events.max(1);
        Self { stride, next: stride, tries: 0, trying: false }
    }

    /// Looks whether it is time. Called when nothing more is to be done in this workflow task.
    pub(super) fn step(&mut self, ctx: &WorkflowContext<OrderWorkflow>, ops: &mut Ops, desk: &Desk) -> Step {
        if desk.run.is_ended() {
            return Step::Stay;
        }
        if !self.trying {
            if !self.is_due(ctx) {
                return Step::Stay;
            }
            self.tries += 1;
            // Asked anew at every try, so that an order that began before can do so later on. See `PATCHES.md`.
            if !ctx.patched(&format!("order-0001-continue-as-new-{}", self.tries)) {
                self.put_off(ctx);
                return Step::Stay;
            }
            self.trying = true;
            let last = ctx.history_length() >= LAST_EVENTS;
            ops.come_to_rest(if last { LAST_PATIENCE } else { PATIENCE });
            return Step::Look;
        }
        if ops.is_at_rest() && desk.unplanned.is_empty() {
            let input = input(ops, desk);
            if !self.is_too_large(ctx, &input) {
                return Step::GoOn(input);
            }
        } else if !ops.is_impatient() {
            return Step::Stay;
        }
        self.trying = false;
        self.put_off(ctx);
        ops.go_on();
        Step::Look
    }

    fn is_due(&self, ctx: &WorkflowContext<OrderWorkflow>) -> bool {
        ctx.history_length() >= self.next || (self.tries == 0 && ctx.continue_as_new_suggested())
    }

    fn put_off(&mut self, ctx: &WorkflowContext<OrderWorkflow>) {
        self.next = ctx.history_length().saturating_add(self.stride);
    }

    /// Whether Temporal would not take the input. The history says what was found: another version of this program may
    /// write the same in more bytes, or fewer.
    fn is_too_large(&self, ctx: &WorkflowContext<OrderWorkflow>, input: &RawValue) -> bool {
        let found = format!("order-0001-too-large-{}", self.tries);
        if ctx.is_replaying() {
            return ctx.patched(&found);
        }
        let bytes = size(input);
        if bytes <= PAYLOAD_BYTES {
            return false;
        }
        measure::order_can_not_go_on();
        tracing::warn!(
            order.workflow = ctx.workflow_id(),
            bytes,
            limit = PAYLOAD_BYTES,
            history = ctx.history_length(),
            "an order has grown too large to go on in another workflow run; Temporal ends it at 51,200 events"
        );
        ctx.patched(&found)
    }
}

/// The input of the next workflow run: the order as it stands.
fn input(ops: &Ops, desk: &Desk) -> RawValue {
    let mut plans = desk.run.plans().iter().map(|plan| Plan::clone(plan));
    let mut underway = ops.handover(&desk.run);
    underway.unnamed = desk.unnamed;
    underway.parent_moved = desk.parent_moved;
    let Some(first) = plans.next() else { return RawValue::new(Vec::new()) };
    let resumed = Resumed {
        run: desk.nth_run.saturating_add(1),
        snapshot: desk.run.handover(),
        later_plans: plans.collect(),
        underway,
    };
    let input = OrderInput {
        part_of: desk.part_of,
        pace: desk.pace,
        ..OrderInput::new(desk.order, first, desk.routes.clone())
    };
    encode(&input.resume(resumed))
}
