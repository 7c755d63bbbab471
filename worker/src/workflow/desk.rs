//! The state of the workflow: the order's run, and what the driver must remember beside it.

use std::error::Error as _;
use std::sync::Arc;

use contract::payload::decode;
use contract::{ChildInput, FORMAT, OrderInput, Routes};
use engine::{Event, Handled, Rejected, Run};
use model::{DeliveryId, OrderId, Timestamp};
use temporalio_common::data_converters::RawValue;

/// One order being carried out.
pub(super) struct Desk {
    pub(super) order: OrderId,
    pub(super) run: Run,
    pub(super) routes: Routes,
    pub(super) part_of: Option<ChildInput>,
    /// How many requests came without an id.
    unnamed: u64,
}

impl Desk {
    /// Begins the order of a workflow's input, or says what is wrong with it.
    pub(super) fn open(input: &RawValue, started: Timestamp) -> Result<Self, String> {
        let input: OrderInput = decode(input).map_err(|wrong| match wrong.source() {
            Some(cause) => format!("the order can't be read: {wrong}: {cause}"),
            None => format!("the order can't be read: {wrong}"),
        })?;
        if input.format > FORMAT {
            return Err(format!("the order has the format {}, and this worker reads {FORMAT}", input.format));
        }
        let mut run = Run::new(input.order, Arc::new(input.plan));
        // Before any signal: an order takes nothing before it has begun.
        let _ = run.handle_event(Event::Start, started);
        Ok(Self { order: input.order, run, routes: input.routes, part_of: input.part_of, unnamed: 0 })
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
