//! The workflow `order`: the driver of one [`engine::Run`] on Temporal.
//!
//! Everything in here runs again, from the history, whenever a worker takes an order over; it must then do the same. So it
//! knows no clock, no randomness and no configuration but the workflow's own, and it contains no rule of the domain: those
//! are the engine's. `desk` is the state, this file the handlers, `driver` the loop, `ops`, `calls`, `child` and `amend` what is under
//! way, `succession` how a long order goes on in another workflow run.
//! A change to what it does needs a patch: see `PATCHES.md`.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod amend;
mod call;
mod calls;
mod child;
mod desk;
mod details;
mod driver;
mod ops;
mod outlet;
mod settle;
mod succession;
mod timekeeper;

use std::cell::RefCell;
use std::rc::Rc;

use contract::payload::{decode, encode, size};
use contract::{
    ActRequest, Amend, AmendRequest, Answer, AssessAnswer, AssessRequest, CancelRequest, DeliverRequest,
    Deltas, DeltasRequest, Malformed, NoteRequest, OrderEnded, Recall, ReportRequest, names,
};
use engine::{Event, Handled, OperatorAction, Rejected};
use model::{Timestamp, Value};
use serde::de::DeserializeOwned;
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::ApplicationFailure;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use desk::Desk;
use driver::End;
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
            Ok(desk) => match driver::drive(ctx, &desk).await {
                End::OfOrder(outcome) => Ok(encode(&outcome)),
                End::OfRun(input) => match ctx.continue_as_new(input, ContinueAsNewOptions::default())? {},
            },
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

    #[signal(name = names::HAND_ON)]
    fn hand_on_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) {
        // What can't be read comes from no order, and changes nothing.
        if let (Ok(desk), Ok(amended)) = (&self.desk, decode(&raw)) {
            desk.borrow_mut().take_over(amended, now(ctx));
        }
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

    #[signal(name = names::HAIL)]
    fn hail_signal(&mut self, _: &mut SyncWorkflowContext<Self>, raw: RawValue) {
        if let (Ok(desk), Ok(hail)) = (&self.desk, decode(&raw)) {
            desk.borrow_mut().hear(hail);
        }
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
        encode(&Answer::from(self.act(ctx, OperatorAction::Complete, &raw)))
    }

    #[update(name = names::SKIP)]
    fn skip_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.act(ctx, OperatorAction::Skip, &raw)))
    }

    #[update(name = names::UNDONE)]
    fn undone_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.act(ctx, OperatorAction::Undone, &raw)))
    }

    #[update(name = names::ACCEPT)]
    fn accept_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.act(ctx, OperatorAction::Accept, &raw)))
    }

    #[signal(name = names::ORDER_ENDED)]
    fn order_ended_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) {
        self.hear(ctx, &raw, |OrderEnded { order }| Event::OrderEnded { order });
    }

    #[update(name = names::PAUSE)]
    fn pause_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        let paused = |NoteRequest { id, by, note }| Event::Pause { id, by, note };
        encode(&Answer::from(self.note(ctx, &raw, paused)))
    }

    #[update(name = names::RESUME)]
    fn resume_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        let resumed = |NoteRequest { id, by, note }| Event::Resume { id, by, note };
        encode(&Answer::from(self.note(ctx, &raw, resumed)))
    }

    #[signal(name = names::AMEND)]
    fn amend_signal(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) {
        let _ = self.take_amend(ctx, &raw);
    }

    #[update(name = names::AMEND)]
    fn amend_update(&mut self, ctx: &mut SyncWorkflowContext<Self>, raw: RawValue) -> RawValue {
        encode(&Answer::from(self.amend(ctx, &raw)))
    }

    #[query(name = names::ASSESS)]
    fn assess_query(&self, _: &WorkflowContextView, raw: RawValue) -> Result<RawValue, QueryError> {
        let AssessRequest { plan, handed_on } = decode(&raw)?;
        self.read(|desk| {
            let run = &desk.run;
            let assessed = if handed_on { run.assess_handed_on(plan) } else { run.assess(plan) };
            encode(&AssessAnswer::from(assessed))
        })
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
    fn deltas_query(&self, ctx: &WorkflowContextView, raw: RawValue) -> Result<RawValue, QueryError> {
        let request = DeltasRequest::read(&raw);
        let before = ctx.continued_from_run_id().map(str::to_owned);
        self.read(|desk| encode(&Deltas::page(desk.run.events(), request.from, before)))
    }
}

/// For the record: whoever signals does not wait for an answer.
fn not_understood(signal: &str, Malformed { id, reason }: Malformed) -> Event {
    Event::Malformed { id, signal: signal.to_owned(), reason }
}

/// The time of the workflow task.
fn now(ctx: &SyncWorkflowContext<OrderWorkflow>) -> Timestamp {
    ctx.workflow_time().map_or(Timestamp::EPOCH, Timestamp::from_system)
}

type QueryError = Box<dyn std::error::Error + Send + Sync>;

impl OrderWorkflow {
    fn cancel(&mut self, ctx: &SyncWorkflowContext<Self>, raw: &RawValue) -> Result<Handled, Rejected> {
        self.take(ctx, |desk| {
            Ok(match CancelRequest::read(raw, desk.unnamed()) {
                Ok(CancelRequest { id, by, reason, item: None }) => Event::Cancel { id, by, reason },
                Ok(CancelRequest { id, by, reason, item: Some(item) }) => {
                    Event::CancelItem { id, item, by, reason }
                }
                Err(malformed) => not_understood(names::CANCEL, malformed),
            })
        })
    }

    /// An amendment with its plan.
    fn amend(&mut self, ctx: &SyncWorkflowContext<Self>, raw: &RawValue) -> Result<Handled, Rejected> {
        let mut desk = self.open_desk()?.borrow_mut();
        let request = AmendRequest::read(raw, desk.unnamed())?;
        desk.amend(request, now(ctx))
    }

    /// An amendment that has yet to be planned. What comes of it is on the order's record.
    fn take_amend(&mut self, ctx: &SyncWorkflowContext<Self>, raw: &RawValue) -> Result<(), Rejected> {
        let mut desk = self.open_desk()?.borrow_mut();
        match Amend::read(raw, desk.unnamed()) {
            Ok(amend) => desk.plan_amendment(amend, now(ctx)),
            Err(malformed) => {
                let _ = desk.take(not_understood(names::AMEND, malformed), now(ctx));
            }
        }
        Ok(())
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
            let request = ActRequest::read(raw, desk.unnamed(), action)?;
            let task = request.task()?;
            let ActRequest { id, by, note, act: action, task: _ } = request;
            Ok(Event::Act { id, action, task, by, note })
        })
    }

    fn note(
        &mut self,
        ctx: &SyncWorkflowContext<Self>,
        raw: &RawValue,
        event: impl FnOnce(NoteRequest) -> Event,
    ) -> Result<Handled, Rejected> {
        self.take(ctx, |desk| Ok(event(NoteRequest::read(raw, desk.unnamed())?)))
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
        let mut desk = self.open_desk()?.borrow_mut();
        let event = event(&mut desk)?;
        desk.take(event, now(ctx))
    }

    fn open_desk(&self) -> Result<&RefCell<Desk>, Rejected> {
        // The workflow ends in this very task, if its input can't be read.
        self.desk.as_deref().map_err(|_| Rejected::Ended { state: model::OrderState::Failed })
    }

    fn read(&self, view: impl FnOnce(&Desk) -> RawValue) -> Result<RawValue, QueryError> {
        match &self.desk {
            Ok(desk) => Ok(view(&desk.borrow())),
            Err(wrong) => Err(wrong.clone().into()),
        }
    }
}
