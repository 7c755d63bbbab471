//! The workflow `order`: the driver of one [`engine::Run`] on Temporal.
//!
//! Everything in here runs again, from the history, whenever a worker takes an order over; it must then do the same. So it
//! knows no clock, no randomness and no configuration but the workflow's own, and it contains no rule of the domain: those
//! are the engine's. `desk` is the state, this file the handlers, `driver` the loop, `ops` and `call` what is under way.
//! A change to what it does needs a patch: see `PATCHES.md`.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod call;
mod child;
mod desk;
mod details;
mod driver;
mod ops;
mod outlet;
mod settle;
mod timekeeper;

use std::cell::RefCell;
use std::rc::Rc;

use contract::payload::{decode, encode};
use contract::{
    ActRequest, Answer, CancelRequest, CompleteRequest, DeliverRequest, Deltas, DeltasRequest, Malformed,
    Recall, ReportRequest, names,
};
use engine::{Event, Handled, OperatorAction, Rejected};
use model::{Timestamp, Value};
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::ApplicationFailure;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};

use desk::Desk;
pub(crate) use outlet::{Outlet, Progress, outlet};

/// Largest answer to a query that is given whole; Temporal takes up to 2 MB.
const ANSWER_BYTES: usize = 1_500_000;

/// The failure type of a workflow whose input can't be read.
const INVALID_INPUT: &str = "InvalidInput";

/// One order on Temporal.
#[workflow]
pub struct OrderWorkflow {
    /// The order, or what is wrong with the input.
    desk: Result<Rc<RefCell<Desk>>, String>,
}

#[workflow_methods]
#[expect(clippy::needless_pass_by_value, reason = "the SDK hands inputs over by value")]
impl OrderWorkflow {
    #[init]
    fn new(ctx: &WorkflowContextView, input: RawValue) -> Self {
        let started = ctx.start_time().map_or(Timestamp::EPOCH, Timestamp::from_system);
        Self { desk: Desk::open(&input, started).map(|desk| Rc::new(RefCell::new(desk))) }
    }

    /// Carries the order out.
    #[run(name = names::WORKFLOW)]
    #[allow(missing_docs, reason = "the SDK makes a constant of this name")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<RawValue> {
        match ctx.state(|order| order.desk.clone()) {
            Ok(desk) => Ok(encode(&driver::drive(ctx, &desk).await)),
            Err(wrong) => Err(ApplicationFailure::builder(wrong)
                .type_name(INVALID_INPUT.to_owned())
                .non_retryable(true)
                .build()
                .into()),
        }
    }

    #[signal(name = names::CANCEL)]
    fn cancel_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) {
        // Whoever signals does not wait for the answer; it is on the order's record.
        let _ = self.cancel(ctx, &raw);
    }

    #[signal(name = names::DELIVER)]
    fn deliver_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) {
        let _ = self.deliver(ctx, &raw);
    }

    #[signal(name = names::RECALL)]
    fn recall_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) {
        self.hear(ctx, &raw, |Recall { id, by, reason }| Event::Recalled { id, by, reason });
    }

    #[signal(name = names::PASS)]
    fn pass_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, _: RawValue) {
        let _ = self.take(ctx, |_| Ok(Event::LetPass));
    }

    #[signal(name = names::RELEASE)]
    fn release_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, _: RawValue) {
        let _ = self.take(ctx, |_| Ok(Event::Released));
    }

    #[signal(name = names::REPORT)]
    fn report_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) {
        self.hear(ctx, &raw, |ReportRequest { child, report }| Event::ChildReported { child, report });
    }

    #[update(name = names::CANCEL)]
    fn cancel_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.cancel(ctx, &raw)))
    }

    #[update(name = names::DELIVER)]
    fn deliver_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.deliver(ctx, &raw)))
    }

    #[update(name = names::RETRY)]
    fn retry_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.act(ctx, OperatorAction::Retry, &raw)))
    }

    #[update(name = names::ROLLBACK)]
    fn rollback_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.act(ctx, OperatorAction::Rollback, &raw)))
    }

    #[update(name = names::COMPLETE)]
    fn complete_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.complete(ctx, &raw)))
    }

    #[query(name = names::STATE)]
    fn state_query(&self, _: &WorkflowContextView, _: RawValue) -> Result<RawValue, QueryError> {
        self.read(|desk| {
            let mut view = desk.run.view();
            let whole = encode(&view);
            if size(&whole) <= ANSWER_BYTES {
                return whole;
            }
            // The states of all tasks fit, whatever their results are.
            view.tasks.iter_mut().for_each(|task| task.result = Value::Null);
            encode(&view)
        })
    }

    #[query(name = names::PLAN)]
    fn plan_query(&self, _: &WorkflowContextView, _: RawValue) -> Result<RawValue, QueryError> {
        self.read(|desk| encode(desk.run.plan()))
    }

    #[query(name = names::DELTAS)]
    fn deltas_query(&self, _: &WorkflowContextView, raw: RawValue) -> Result<RawValue, QueryError> {
        let request = DeltasRequest::read(&raw);
        self.read(|desk| encode(&Deltas::page(desk.run.events(), request.from)))
    }
}

/// For the record: whoever signals does not wait for an answer.
fn not_understood(signal: &str, Malformed { id, reason }: Malformed) -> Event {
    Event::Malformed { id, signal: signal.to_owned(), reason }
}

fn size(raw: &RawValue) -> usize {
    raw.payloads.iter().map(|payload| payload.data.len()).sum()
}

type QueryError = Box<dyn std::error::Error + Send + Sync>;

impl OrderWorkflow {
    fn cancel(&mut self, ctx: &SyncWorkflowContext<Self>, raw: &RawValue) -> Result<Handled, Rejected> {
        self.take(ctx, |desk| {
            Ok(match CancelRequest::read(raw, desk.unnamed()) {
                Ok(CancelRequest { id, by, reason }) => Event::Cancel { id, by, reason },
                Err(malformed) => not_understood(names::CANCEL, malformed),
            })
        })
    }

    fn deliver(&mut self, ctx: &SyncWorkflowContext<Self>, raw: &RawValue) -> Result<Handled, Rejected> {
        self.take(ctx, |desk| {
            Ok(match DeliverRequest::read(raw, desk.unnamed()) {
                Ok(DeliverRequest { id, signal, task, payload }) => {
                    Event::Delivered { id, signal, task, payload }
                }
                Err(malformed) => not_understood(names::DELIVER, malformed),
            })
        })
    }

    fn act(
        &mut self,
        ctx: &SyncWorkflowContext<Self>,
        action: OperatorAction,
        raw: &RawValue,
    ) -> Result<Handled, Rejected> {
        self.take(ctx, |desk| {
            let request = ActRequest::read(raw, desk.unnamed())?;
            let task = request.task()?;
            let ActRequest { id, by, note, .. } = request;
            Ok(Event::Act { id, action, task, by, note })
        })
    }

    fn complete(&mut self, ctx: &SyncWorkflowContext<Self>, raw: &RawValue) -> Result<Handled, Rejected> {
        self.take(ctx, |desk| {
            let CompleteRequest { act, result } = CompleteRequest::read(raw, desk.unnamed())?;
            let task = act.task()?;
            let ActRequest { id, by, note, .. } = act;
            Ok(Event::Complete { id, task, result, by, note })
        })
    }

    /// Hands over what another order says. What can't be read comes from no order, and changes nothing.
    fn hear<T: DeserializeOwned>(
        &mut self,
        ctx: &SyncWorkflowContext<Self>,
        raw: &RawValue,
        event: impl FnOnce(T) -> Event,
    ) {
        if let Ok(said) = decode(raw) {
            let _ = self.take(ctx, |_| Ok(event(said)));
        }
    }

    /// Hands an event to the order. What follows from it, the driver does when it is polled next, in the same
    /// workflow task.
    fn take(
        &mut self,
        ctx: &SyncWorkflowContext<Self>,
        event: impl FnOnce(&mut Desk) -> Result<Event, Rejected>,
    ) -> Result<Handled, Rejected> {
        let Ok(desk) = &self.desk else {
            // The workflow ends in this very task, because its input can't be read.
            return Err(Rejected::Ended { state: model::OrderState::Failed });
        };
        let mut desk = desk.borrow_mut();
        let event = event(&mut desk)?;
        desk.take(event, ctx.workflow_time().map_or(Timestamp::EPOCH, Timestamp::from_system))
    }

    fn read(&self, view: impl FnOnce(&Desk) -> RawValue) -> Result<RawValue, QueryError> {
        match &self.desk {
            Ok(desk) => Ok(view(&desk.borrow())),
            Err(wrong) => Err(wrong.clone().into()),
        }
    }
}
