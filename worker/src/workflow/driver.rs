//! The loop: what the run wants is begun, what has ended is told to the run, and readers are told of both.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::Poll;

use contract::{Outcome, names};
use engine::Event;
use model::{Actor, DeliveryId, Timestamp};
use temporalio_workflow::WorkflowContext;

use super::OrderWorkflow;
use super::desk::Desk;
use super::details::Shown;
use super::ops::Ops;
use super::outlet::Reporter;
use super::timekeeper::Timekeeper;

/// The id of a cancel that came as Temporal's own cancellation request, of which a workflow gets one.
const NATIVE_CANCEL: &str = "temporal-cancellation";

/// Carries an order out to its end.
pub(super) async fn drive(ctx: &WorkflowContext<OrderWorkflow>, desk: &RefCell<Desk>) -> Outcome {
    let (order, part_of) = {
        let desk = desk.borrow();
        (desk.order, desk.part_of)
    };
    let mut ops = Ops::new(ctx, order, part_of);
    let mut shown = Shown::new();
    let mut reporter = Reporter::new(ctx, order);
    let mut timekeeper = Timekeeper::default();
    let mut cancel_seen = false;
    // The SDK polls this once for every activation, whether or not anything in it was woken.
    poll_fn(|cx| {
        if !timekeeper.agrees(ctx) {
            return Poll::Pending;
        }
        let desk = &mut *desk.borrow_mut();
        loop {
            while let Some(effect) = desk.run.poll_effect() {
                ops.carry_out(effect, &desk.routes, desk.now());
            }
            if !cancel_seen && let Some(cancel) = native_cancel(ctx, desk.run.is_child()) {
                cancel_seen = true;
                let _ = desk.take(cancel, time(ctx));
                continue;
            }
            let Poll::Ready(news) = ops.poll_next(cx) else { break };
            if let Some(news) = news {
                let _ = desk.take(news.event, news.at.unwrap_or_else(|| time(ctx)));
            }
        }
        shown.follow(ctx, &desk.run);
        reporter.report(ctx, &desk.run);
        if desk.run.is_ended() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let run = &desk.borrow().run;
    let report = run.is_child().then(|| run.end_report());
    Outcome { state: run.state(), last_event: run.events().len() as u64, report }
}

/// The time of the workflow task.
fn time(ctx: &WorkflowContext<OrderWorkflow>) -> Timestamp {
    ctx.workflow_time().map_or(Timestamp::EPOCH, Timestamp::from_system)
}

/// Temporal's own cancellation request, as an order understands it. To a child order it also comes when its parent is gone,
/// which then takes nothing back itself.
#[expect(clippy::expect_used, reason = "a constant that is an id")]
fn native_cancel(ctx: &WorkflowContext<OrderWorkflow>, is_child: bool) -> Option<Event> {
    let token = ctx.cancellation_token();
    if !token.is_cancelled() {
        return None;
    }
    let (id, by) = (DeliveryId::new(NATIVE_CANCEL).expect("an id"), Actor::new("temporal"));
    let reason = token
        .reason()
        .filter(|reason| !reason.is_empty())
        .unwrap_or_else(|| format!("the workflow `{}` was asked to cancel", names::WORKFLOW));
    Some(if is_child { Event::Recalled { id, by, reason } } else { Event::Cancel { id, by, reason } })
}
