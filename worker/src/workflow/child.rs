//! Child orders: each is a workflow of its own, which its parent tells to go back or to end, and which tells its parent
//! what it has come to.
//!
//! All of it goes by signals between the workflows, but for the end: that is the child workflow's result.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

use contract::attributes::first_attributes;
use contract::payload::{decode, encode};
use contract::{ChildInput, OrderInput, Outcome, Recall, ReportRequest};
use engine::{ChildReport, RecallEffect};
use model::{Actor, OrderId};
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::ChildWorkflowExecutionError;
use temporalio_workflow::{
    ChildWorkflowOptions, ParentClosePolicy, SignalWorkflowOptions, WorkflowCancellationToken,
    WorkflowContext,
};

use super::OrderWorkflow;

/// Something that a parent says to its child.
#[derive(Debug)]
pub(super) enum Word {
    /// Undo yourself.
    Recall(Recall),
    /// Pass points of no return.
    Pass,
    /// End.
    Release,
}

impl Word {
    /// What a parent says that takes its child back.
    pub(super) fn recall(parent: OrderId, effect: RecallEffect) -> Self {
        let RecallEffect { child: _, id, reason } = effect;
        Self::Recall(Recall { id, by: Actor::new(&format!("order {parent}")), reason })
    }
}

/// What a child is yet to be told, in order.
pub(super) type Words = Rc<RefCell<VecDeque<Word>>>;

/// Has a child order carried out, and tells it what its parent says meanwhile.
pub(super) async fn raise(
    ctx: &WorkflowContext<OrderWorkflow>,
    input: OrderInput,
    task: String,
    words: Words,
) -> ChildReport {
    let workflow = input.order.to_string();
    let options = ChildWorkflowOptions::builder()
        .workflow_id(workflow.clone())
        // A parent that somebody terminates takes its children back: they would wait for it for ever.
        .parent_close_policy(ParentClosePolicy::RequestCancel)
        .cancellation_token(WorkflowCancellationToken::new())
        .search_attributes(first_attributes(&input.plan))
        .static_summary(format!("{} for {task}", input.plan.blueprint()))
        .build();
    let started = match ctx.start_child_workflow(OrderWorkflow::run, encode(&input), options).await {
        Ok(started) => started,
        Err(wrong) => {
            return ChildReport::Lost { reason: format!("the order {workflow} can't be begun: {wrong}") };
        }
    };
    let mut end = pin!(started.result());
    let mut saying: Option<Pin<Box<dyn Future<Output = ()>>>> = None;
    let end = poll_fn(|cx| {
        loop {
            if let Poll::Ready(end) = end.as_mut().poll(cx) {
                return Poll::Ready(end);
            }
            if let Some(signal) = &mut saying {
                match signal.as_mut().poll(cx) {
                    Poll::Ready(()) => saying = None,
                    Poll::Pending => return Poll::Pending,
                }
            }
            let Some(word) = words.borrow_mut().pop_front() else { return Poll::Pending };
            saying = Some(Box::pin(say(ctx.clone(), workflow.clone(), word)));
        }
    })
    .await;
    ended(&workflow, end)
}

/// A child that is gone can't be told anything, and its parent hears of that by itself.
async fn say(ctx: WorkflowContext<OrderWorkflow>, workflow: String, word: Word) {
    let child = ctx.external_workflow(workflow, None);
    let _ = match word {
        Word::Recall(recall) => child.signal(OrderWorkflow::recall_signal, encode(&recall), options()).await,
        Word::Pass => child.signal(OrderWorkflow::pass_signal, encode(&()), options()).await,
        Word::Release => child.signal(OrderWorkflow::release_signal, encode(&()), options()).await,
    };
}

/// Tells the parent what this order has come to. A parent that is gone takes its children back before.
pub(super) async fn report(ctx: WorkflowContext<OrderWorkflow>, to: ChildInput, report: ChildReport) {
    let parent = ctx.external_workflow(to.order.to_string(), None);
    let request = ReportRequest { child: to.child, report };
    let _ = parent.signal(OrderWorkflow::report_signal, encode(&request), options()).await;
}

/// What is said is said, even if the workflow is asked to cancel meanwhile.
fn options() -> SignalWorkflowOptions {
    SignalWorkflowOptions::builder().cancellation_token(WorkflowCancellationToken::new()).build()
}

fn ended(workflow: &str, end: Result<RawValue, ChildWorkflowExecutionError>) -> ChildReport {
    let lost = |what: String| ChildReport::Lost { reason: format!("the order {workflow} {what}") };
    match end {
        Ok(raw) => match decode::<Outcome>(&raw) {
            Ok(Outcome { report: Some(report), .. }) => report,
            Ok(Outcome { report: None, .. }) => lost("does not say how it ended".to_owned()),
            Err(wrong) => lost(format!("ended in a way that can't be read: {wrong}")),
        },
        Err(wrong) => {
            let cause = wrong.cause().map(|cause| format!(": {cause}")).unwrap_or_default();
            lost(format!("was ended from outside{cause}"))
        }
    }
}
