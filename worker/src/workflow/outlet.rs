//! The way of order events out of the workflow, to whoever mirrors them.
//!
//! It costs no event in the history: outside replay, new order events are handed to a channel in this process. Handing over
//! never waits and never fails; what that means for what is lost is the mirror's business.

use std::sync::Arc;

use engine::Run;
use model::{OrderEvent, OrderId};
use temporalio_workflow::workflow_interceptors::{
    ExecuteWorkflowInput, ExecuteWorkflowResult, WorkflowInterceptor, WorkflowInterceptorConstructor,
    WorkflowInterceptorContext, WorkflowInterceptorFuture, WorkflowNext,
};
use temporalio_workflow::{WorkflowContext, WorkflowContextKey, WorkflowContextView};

use super::OrderWorkflow;

/// What an order has come to in one workflow task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The order.
    pub(crate) order: OrderId,
    /// The length of the history with which the workflow task began. Temporal may still refuse the task; if the same order
    /// reports at another length, it did not refuse this one, or it reports the same numbers again.
    pub(crate) history_length: u32,
    /// When that was, in milliseconds since 1970 by Temporal's clock.
    pub(crate) began_at: i64,
    /// The number of the first of the events, or of the next event if there are none.
    pub(crate) from: u64,
    /// The new order events.
    pub(crate) events: Vec<OrderEvent>,
    /// The workflow run that ends with this task.
    pub(crate) ends: Option<String>,
}

/// Takes progress. Called from workflow code: must not wait, block, or touch anything of the workflow.
pub(crate) trait Outlet: Send + Sync + 'static {
    /// Takes what an order has come to.
    fn take(&self, progress: Progress);
}

/// Lends an outlet to every workflow of a worker.
pub(crate) fn outlet(outlet: Arc<dyn Outlet>) -> WorkflowInterceptorConstructor {
    WorkflowInterceptorConstructor::new(move |_: &WorkflowContextView| Lender(outlet.clone()))
}

struct Lender(Arc<dyn Outlet>);

struct OutletKey;

impl WorkflowContextKey for OutletKey {
    type Value = Arc<dyn Outlet>;
}

impl WorkflowInterceptor for Lender {
    fn execute<'a>(
        &'a self,
        ctx: WorkflowInterceptorContext,
        input: ExecuteWorkflowInput,
        next: WorkflowNext<'a, ExecuteWorkflowInput, WorkflowInterceptorFuture<'a, ExecuteWorkflowResult>>,
    ) -> WorkflowInterceptorFuture<'a, ExecuteWorkflowResult> {
        WorkflowInterceptorFuture::new(
            ctx.with_context_value::<OutletKey, _>(self.0.clone(), next.run(input)),
        )
    }
}

/// Reports one order's progress.
pub(super) struct Reporter {
    order: OrderId,
    outlet: Option<Arc<dyn Outlet>>,
    /// The last order event that was reported, or is in the history already.
    told: u64,
    /// The history's length at the last report, while nothing has shown yet that Temporal took that workflow task.
    open: Option<u32>,
}

impl Reporter {
    /// A reporter to the outlet that the worker lends; none is lent at a replay in a test.
    pub(super) fn new(ctx: &WorkflowContext<OrderWorkflow>, order: OrderId, told: u64) -> Self {
        let outlet = ctx.context_value::<OutletKey>().map(|outlet| (*outlet).clone());
        Self { order, outlet, told, open: None }
    }

    /// Reports what is new, and that the task before was taken. `is_last`: whether the workflow run ends with this task, even
    /// if the order does not.
    pub(super) fn report(&mut self, ctx: &WorkflowContext<OrderWorkflow>, run: &Run, is_last: bool) {
        let told = std::mem::replace(&mut self.told, run.last_number());
        let Some(outlet) = &self.outlet else { return };
        if ctx.is_replaying() {
            return;
        }
        let history_length = ctx.history_length();
        let events = run.events_after(told).to_vec();
        let confirms = self.open.is_some_and(|length| length != history_length);
        if events.is_empty() && !confirms {
            return;
        }
        self.open = (!events.is_empty()).then_some(history_length);
        let began = ctx.workflow_time().map(model::Timestamp::from_system);
        outlet.take(Progress {
            order: self.order,
            history_length,
            began_at: began.map_or(0, model::Timestamp::as_millis),
            from: told + 1,
            events,
            ends: (is_last || run.is_ended()).then(|| ctx.run_id().to_owned()),
        });
    }
}
