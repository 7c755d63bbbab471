//! The state of the workflow: the order's run, and what the driver must remember beside it.

use std::error::Error as _;
use std::sync::Arc;

use contract::attributes::FIRST_STATE;
use contract::payload::decode;
use contract::{ChildInput, FORMAT, Hail, OrderInput, Pace, Resumed, Routes, Underway};
use engine::{Event, Handled, Rejected, Run};
use model::{BlueprintRef, DeliveryId, OrderId, OrderState, TaskId, Timestamp};
use temporalio_common::data_converters::RawValue;

use super::amend::Unplanned;

/// One order being carried out.
pub(super) struct Desk {
    pub(super) order: OrderId,
    pub(super) run: Run,
    pub(super) routes: Routes,
    pub(super) part_of: Option<ChildInput>,
    /// When it goes on in another workflow run, if it says so itself.
    pub(super) pace: Option<Pace>,
    /// Which of its workflow runs this is, from 1.
    pub(super) nth_run: u32,
    /// How many requests came without an id.
    pub(super) unnamed: u64,
    /// Whether the parent goes on in another workflow run than the one that began this order.
    pub(super) parent_moved: bool,
    /// What the run before had under way, until the driver goes on with it.
    pub(super) underway: Option<Underway>,
    /// The number of the last order event that the run before told.
    pub(super) told: u64,
    /// What the run before showed: its state, and the task at which it was held.
    pub(super) shown: (OrderState, Option<TaskId>),
    /// The blueprint that was shown when this workflow run began.
    pub(super) shown_blueprint: BlueprintRef,
    /// Amendments that came without a plan.
    pub(super) unplanned: Unplanned,
}

impl Desk {
    /// Begins the order of a workflow's input, or goes on with it; or says what is wrong with the input.
    pub(super) fn open(input: &RawValue, started: Timestamp) -> Result<Self, String> {
        let input: OrderInput = decode(input).map_err(|wrong| match wrong.source() {
            Some(cause) => format!("the order can't be read: {wrong}: {cause}"),
            None => format!("the order can't be read: {wrong}"),
        })?;
        if input.format > FORMAT {
            return Err(format!("the order has the format {}, and this worker reads {FORMAT}", input.format));
        }
        let OrderInput { format: _, order, routes, plan, after, part_of, accepted: _, pace, resumed } = input;
        let new = |run: Run| Self {
            order,
            shown_blueprint: run.plan().blueprint().clone(),
            run,
            routes,
            part_of,
            pace,
            nth_run: 1,
            unnamed: 0,
            parent_moved: false,
            underway: None,
            told: 0,
            shown: (FIRST_STATE, None),
            unplanned: Unplanned::default(),
        };
        if let Some(resumed) = resumed {
            let Resumed { run: nth_run, snapshot, later_plans, underway } = *resumed;
            let plans = std::iter::once(plan).chain(later_plans).map(Arc::new).collect();
            let run = Run::restore_all(plans, snapshot);
            return Ok(Self {
                nth_run,
                unnamed: underway.unnamed,
                parent_moved: underway.parent_moved,
                underway: Some(underway),
                told: run.last_number(),
                shown: (run.state(), run.held().map(|blocked| blocked.task)),
                ..new(run)
            });
        }
        let mut run = Run::new(order, Arc::new(plan)).after(after);
        // Before any signal: an order takes nothing before it has begun.
        let _ = run.handle_event(Event::Start, started);
        Ok(new(run))
    }

    /// Somebody asks whether the order is there. A parent that does goes on in another workflow run.
    pub(super) fn hear(&mut self, hail: Hail) {
        self.parent_moved |= self.part_of.is_some_and(|parent| parent.order == hail.from);
    }

    /// Hands an event to the run.
    pub(super) fn take(&mut self, event: Event, now: Timestamp) -> Result<Handled, Rejected> {
        self.run.handle_event(event, now)
    }

    /// When something happened last.
    pub(super) fn now(&self) -> Timestamp {
        self.run.events().last().map_or(Timestamp::EPOCH, |event| event.at)
    }

    /// An id for a request that has none, the same at every replay.
    #[expect(clippy::expect_used, reason = "letters, a hyphen and digits are an id")]
    pub(super) fn unnamed(&mut self) -> DeliveryId {
        self.unnamed += 1;
        DeliveryId::new(&format!("unnamed-{}", self.unnamed)).expect("a short printable text")
    }
}
