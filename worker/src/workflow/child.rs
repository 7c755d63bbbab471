//! Child orders: each is a workflow of its own, which its parent tells to go back or to end, and which tells its parent
//! what it has come to.
//!
//! All of it goes by signals between the workflows, but for the end: that is the child workflow's result. When a parent goes on
//! in another workflow run, Temporal tells it nothing of the children that the run before began, and asks these to cancel. So
//! the parent hails them first: from then on they take no notice of that, and tell their end themselves. Whether the other is
//! still there, each then asks from time to time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use contract::attributes::first_attributes;
use contract::payload::{decode, encode};
use contract::{ChildInput, Hail, HandOn, OrderInput, Outcome, Recall, ReportRequest, Routes, names};
use engine::{ChildReport, HandOnEffect, RecallEffect};
use model::{Actor, OrderId, OrderState};
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::{ChildWorkflowExecutionError, ChildWorkflowStartError};
use temporalio_common::{RetryPolicy, UntypedActivity};
use temporalio_workflow::{
    ChildWorkflowOptions, LocalActivityOptions, ParentClosePolicy, SignalWorkflowOptions,
    StartChildWorkflowExecutionFailedCause, TimerOptions, TimerResult, WorkflowCancellationToken,
    WorkflowContext, WorkflowIdReusePolicy,
};

use super::OrderWorkflow;

/// The patch by which an order is asked how it ended that is to be begun and was begun before.
const ENDED_ORDERS_ANSWER: &str = "order-0004-ended-orders-answer";

/// How long Temporal may take to say how an order ended; the workflow task waits.
const LOOK: Duration = Duration::from_secs(5);

/// Something that a parent says to its child.
#[derive(Debug)]
pub(super) enum Word {
    /// Undo yourself.
    Recall(Recall),
    /// Be another order.
    HandOn(Box<HandOn>),
    /// Pass points of no return.
    Pass,
    /// End.
    Release,
    /// Are you there?
    Hail(Hail),
}

impl Word {
    /// What a parent says that takes its child back.
    pub(super) fn recall(parent: OrderId, effect: RecallEffect) -> Self {
        let RecallEffect { child: _, id, reason } = effect;
        Self::Recall(Recall { id, by: name(parent), reason })
    }

    /// What a parent says that has been amended.
    pub(super) fn hand_on(parent: OrderId, effect: HandOnEffect, routes: &Routes) -> Self {
        let HandOnEffect { child: _, id, amendment, plan, reason } = effect;
        let (plan, routes, by) = (Box::new(plan), routes.clone(), name(parent));
        Self::HandOn(Box::new(HandOn { id, amendment, plan, routes, by, reason }))
    }
}

/// A parent, as its child's record names it.
fn name(parent: OrderId) -> Actor {
    Actor::new(&format!("order {parent}"))
}

/// The line to a child: what it is yet to be told, and what it has heard.
#[derive(Debug, Default)]
struct Line {
    words: VecDeque<Word>,
    /// Whether its workflow has begun.
    begun: bool,
    /// Whether something is being said.
    speaking: bool,
    /// Whether it has heard a hail.
    hailed: bool,
}

/// A line, as both ends of it know it.
#[derive(Clone, Debug)]
pub(super) struct ChildLine {
    pub(super) order: OrderId,
    line: Rc<RefCell<Line>>,
}

impl ChildLine {
    /// The line to a child that is about to begin.
    pub(super) fn new(order: OrderId) -> Self {
        Self { order, line: Rc::default() }
    }

    /// The line to a child that a run before this one began and hailed.
    pub(super) fn adopted(order: OrderId) -> Self {
        let line = Line { begun: true, hailed: true, ..Line::default() };
        Self { order, line: Rc::new(RefCell::new(line)) }
    }

    pub(super) fn say(&self, word: Word) {
        self.line.borrow_mut().words.push_back(word);
    }

    /// Hails a child that has not been.
    pub(super) fn hail(&self, from: OrderId) {
        if !self.line.borrow().hailed {
            self.say(Word::Hail(Hail { from }));
        }
    }

    /// Whether the child needs nothing more of this workflow run.
    pub(super) fn is_at_rest(&self) -> bool {
        let line = self.line.borrow();
        line.begun && line.hailed && !line.speaking && line.words.is_empty()
    }
}

/// Says what there is to say on a line, one word after the other.
struct Speaker {
    ctx: WorkflowContext<OrderWorkflow>,
    to: ChildLine,
    saying: Option<Pin<Box<dyn Future<Output = bool>>>>,
}

impl Speaker {
    fn new(ctx: &WorkflowContext<OrderWorkflow>, to: ChildLine) -> Self {
        Self { ctx: ctx.clone(), to, saying: None }
    }

    /// Ready if a word did not reach the child, because it is gone.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(saying) = &mut self.saying {
                let Poll::Ready(heard) = saying.as_mut().poll(cx) else { return Poll::Pending };
                self.saying = None;
                self.to.line.borrow_mut().speaking = false;
                if !heard {
                    return Poll::Ready(());
                }
            }
            let mut line = self.to.line.borrow_mut();
            let Some(word) = line.words.pop_front() else { return Poll::Pending };
            line.speaking = true;
            self.saying = Some(Box::pin(say(self.ctx.clone(), self.to.clone(), word)));
        }
    }
}

/// Has a child order carried out, and tells it what its parent says meanwhile.
pub(super) async fn raise(
    ctx: &WorkflowContext<OrderWorkflow>,
    input: OrderInput,
    task: String,
    child: ChildLine,
) -> ChildReport {
    let workflow = input.order.to_string();
    let options = |policy| {
        ChildWorkflowOptions::builder()
            .workflow_id(workflow.clone())
            .id_reuse_policy(policy)
            // A parent that somebody terminates takes its children back: they would wait for it for ever.
            .parent_close_policy(ParentClosePolicy::RequestCancel)
            .cancellation_token(WorkflowCancellationToken::new())
            .search_attributes(first_attributes(&input.plan))
            .static_summary(format!("{} for {task}", input.plan.blueprint()))
            .build()
    };
    let begin = |policy| ctx.start_child_workflow(OrderWorkflow::run, encode(&input), options(policy));
    // One that somebody has ended from outside is begun again, under the same keys.
    let mut started = begin(WorkflowIdReusePolicy::AllowDuplicateFailedOnly).await;
    let is_taken = matches!(
        &started,
        Err(ChildWorkflowStartError::StartFailed {
            cause: StartChildWorkflowExecutionFailedCause::WorkflowAlreadyExists,
            ..
        })
    );
    if is_taken && ctx.patched(ENDED_ORDERS_ANSWER) {
        match last_report(ctx, input.order, &task).await {
            // What was undone under these keys would not be done again under them.
            Some(report) if is_undone(&report) => return report,
            Some(_) => started = begin(WorkflowIdReusePolicy::AllowDuplicate).await,
            None => {}
        }
    }
    let started = match started {
        Ok(started) => started,
        Err(wrong) => {
            return ChildReport::Lost { reason: format!("the order {workflow} can't be begun: {wrong}") };
        }
    };
    child.line.borrow_mut().begun = true;
    let mut end = pin!(started.result());
    let mut speaker = Speaker::new(ctx, child);
    let end = poll_fn(|cx| {
        loop {
            if let Poll::Ready(end) = end.as_mut().poll(cx) {
                return Poll::Ready(end);
            }
            // One that is gone can't be told anything, and its end comes by itself.
            if speaker.poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await;
    ended(&workflow, end)
}

/// What a child order said at its end that was begun before, by an order that somebody has ended from outside; nothing, while it goes
/// on, or if Temporal does not say.
async fn last_report(
    ctx: &WorkflowContext<OrderWorkflow>,
    order: OrderId,
    task: &str,
) -> Option<ChildReport> {
    let options = LocalActivityOptions::builder()
        .activity_id(format!("outcome {order}"))
        .summary(format!("{task} · how did its order end?"))
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .start_to_close_timeout(LOOK)
        .cancellation_token(WorkflowCancellationToken::new())
        .build();
    let asked = UntypedActivity::new(names::OUTCOME);
    let answer = ctx.execute_local_activity(asked, encode(&order), options).await;
    decode::<Option<Outcome>>(&answer.ok()?).ok()??.report
}

/// Whether an order has ended and taken back what it did.
const fn is_undone(report: &ChildReport) -> bool {
    matches!(
        report,
        ChildReport::Ended { state: OrderState::Cancelled | OrderState::Failed | OrderState::Rejected, .. }
    )
}

/// Looks after a parent or a child of which Temporal tells nothing any more.
pub(super) struct Watch {
    pub(super) ctx: WorkflowContext<OrderWorkflow>,
    /// Who looks.
    pub(super) order: OrderId,
    /// How often.
    pub(super) every: Duration,
}

impl Watch {
    /// Tells a child what its parent says, and asks from time to time whether it is still there. Answers if it is not; nothing,
    /// if it is `left` alone.
    pub(super) async fn child(
        self,
        child: ChildLine,
        left: WorkflowCancellationToken,
    ) -> Option<ChildReport> {
        let mut speaker = Speaker::new(&self.ctx, child.clone());
        let mut round = Box::pin(self.rest(left.clone()));
        let is_gone = poll_fn(|cx| {
            loop {
                match round.as_mut().poll(cx) {
                    Poll::Ready(TimerResult::Fired) => {
                        child.say(Word::Hail(Hail { from: self.order }));
                        round = Box::pin(self.rest(left.clone()));
                    }
                    Poll::Ready(TimerResult::Cancelled) => return Poll::Ready(false),
                    Poll::Pending => return speaker.poll(cx).map(|()| true),
                }
            }
        })
        .await;
        let reason = || format!("the order {} was ended from outside", child.order);
        is_gone.then(|| ChildReport::Lost { reason: reason() })
    }

    /// Asks from time to time whether the parent is still there; ends when it is not.
    pub(super) async fn parent(self, parent: OrderId) {
        loop {
            self.rest(WorkflowCancellationToken::new()).await;
            let handle = self.ctx.external_workflow(parent.to_string(), None);
            let asked = encode(&Hail { from: self.order });
            if handle.signal(OrderWorkflow::hail_signal, asked, options()).await.is_err() {
                return;
            }
        }
    }

    fn rest(&self, token: WorkflowCancellationToken) -> impl Future<Output = TimerResult> + use<> {
        let options = TimerOptions::builder(self.every)
            .summary("before asking whether the other order is still there".to_owned())
            .cancellation_token(token)
            .build();
        let ctx = self.ctx.clone();
        async move { ctx.timer(options).await }
    }
}

/// Whether a word was heard. A child that is gone can't be told anything.
async fn say(ctx: WorkflowContext<OrderWorkflow>, to: ChildLine, word: Word) -> bool {
    let child = ctx.external_workflow(to.order.to_string(), None);
    let said = match word {
        Word::Recall(recall) => child.signal(OrderWorkflow::recall_signal, encode(&recall), options()).await,
        Word::HandOn(amended) => {
            child.signal(OrderWorkflow::hand_on_signal, encode(&*amended), options()).await
        }
        Word::Pass => child.signal(OrderWorkflow::pass_signal, encode(&()), options()).await,
        Word::Release => child.signal(OrderWorkflow::release_signal, encode(&()), options()).await,
        Word::Hail(hail) => {
            let said = child.signal(OrderWorkflow::hail_signal, encode(&hail), options()).await;
            to.line.borrow_mut().hailed |= said.is_ok();
            said
        }
    };
    said.is_ok()
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
        // How, its history says in Temporal.
        Err(_) => lost("was ended from outside".to_owned()),
    }
}
