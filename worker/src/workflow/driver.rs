//! The loop: what the run wants is begun, what has ended is told to the run, and readers are told of both.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Context, Poll};

use contract::{Outcome, names};
use engine::Event;
use model::{Actor, DeliveryId, Timestamp};
use temporalio_common::data_converters::RawValue;
use temporalio_workflow::WorkflowContext;

use super::OrderWorkflow;
use super::desk::Desk;
use super::details::Shown;
use super::ops::{News, Ops};
use super::outlet::Reporter;
use super::succession::{PACE, Step, Succession};
use super::timekeeper::Timekeeper;

/// The id of a cancel that came as Temporal's own cancellation request, of which a workflow run gets one.
const NATIVE_CANCEL: &str = "temporal-cancellation";

/// The id by which an order takes itself back that has lost its parent.
const ORPHANED: &str = "orphaned";

/// How a workflow run of an order ends.
pub(super) enum End {
    /// With the order.
    OfOrder(Outcome),
    /// The order goes on in another run, with this input.
    OfRun(RawValue),
}

/// Carries an order out to its end, or to that of the workflow run.
pub(super) async fn drive(ctx: &WorkflowContext<OrderWorkflow>, desk: &RefCell<Desk>) -> End {
    let mut driver = Driver::new(ctx, &mut desk.borrow_mut());
    // The SDK polls this once for every activation, whether or not anything in it was woken.
    poll_fn(|cx| driver.poll(cx, &mut desk.borrow_mut())).await
}

struct Driver {
    ctx: WorkflowContext<OrderWorkflow>,
    ops: Ops,
    shown: Shown,
    reporter: Reporter,
    timekeeper: Timekeeper,
    succession: Succession,
    cancel_seen: bool,
    /// Whether the parent was told of the end, where Temporal does not.
    end_told: bool,
}

impl Driver {
    fn new(ctx: &WorkflowContext<OrderWorkflow>, desk: &mut Desk) -> Self {
        let mut ops = Ops::new(ctx, desk);
        if let Some(underway) = desk.underway.take() {
            ops.resume(underway);
        }
        Self {
            ctx: ctx.clone(),
            ops,
            shown: Shown::new(desk),
            reporter: Reporter::new(ctx, desk.order, desk.told),
            timekeeper: Timekeeper::default(),
            succession: Succession::new(desk.pace.unwrap_or(PACE)),
            cancel_seen: false,
            end_told: false,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, desk: &mut Desk) -> Poll<End> {
        if !self.timekeeper.agrees(&self.ctx) {
            return Poll::Pending;
        }
        let next = loop {
            self.work(cx, desk);
            match self.succession.step(&self.ctx, &mut self.ops, desk) {
                Step::Look => {}
                Step::Stay => break None,
                Step::GoOn(input) => break Some(input),
            }
        };
        self.shown.follow(&self.ctx, &desk.run);
        self.reporter.report(&self.ctx, &desk.run, next.is_some());
        match next {
            Some(input) => Poll::Ready(End::OfRun(input)),
            None if desk.run.is_ended() && self.is_end_told(desk) => Poll::Ready(End::OfOrder(outcome(desk))),
            None => Poll::Pending,
        }
    }

    /// Does everything that is to be done now.
    fn work(&mut self, cx: &mut Context<'_>, desk: &mut Desk) {
        loop {
            while let Some(effect) = desk.run.poll_effect() {
                self.ops.carry_out(effect, &desk.routes, desk.now());
            }
            if !self.cancel_seen
                && let Some(cancel) = native_cancel(&self.ctx, desk)
            {
                self.cancel_seen = true;
                let _ = desk.take(cancel, time(&self.ctx));
                continue;
            }
            if desk.parent_moved {
                self.ops.watch_parent();
            }
            self.tell_end(desk);
            self.ops.leave_ended_children(&desk.run);
            self.ops.begin_calls(&desk.routes, desk.now());
            if let Some(replan) = desk.next_replan() {
                self.ops.replan(replan);
            }
            let Poll::Ready(news) = self.ops.poll_next(cx) else { return };
            match news {
                Some(News::Event { event, at }) => {
                    let _ = desk.take(event, at.unwrap_or_else(|| time(&self.ctx)));
                }
                Some(News::Replanned(replanned)) => desk.replanned(replanned, time(&self.ctx)),
                None => {}
            }
        }
    }

    /// Tells the parent of the end if Temporal can't, because the parent goes on in another workflow run.
    fn tell_end(&mut self, desk: &Desk) {
        if desk.parent_moved && desk.run.is_ended() && !self.end_told {
            self.end_told = true;
            self.ops.report(desk.run.end_report());
        }
    }

    fn is_end_told(&self, desk: &Desk) -> bool {
        !desk.parent_moved || !self.ops.is_reporting()
    }
}

fn outcome(desk: &Desk) -> Outcome {
    let run = &desk.run;
    let report = run.is_child().then(|| run.end_report());
    Outcome { state: run.state(), last_event: run.last_number(), report }
}

/// The time of the workflow task.
pub(super) fn time(ctx: &WorkflowContext<OrderWorkflow>) -> Timestamp {
    ctx.workflow_time().map_or(Timestamp::EPOCH, Timestamp::from_system)
}

/// Temporal's own cancellation request, as an order understands it. To a child order it also comes when its parent is gone,
/// which then takes nothing back itself; and when its parent goes on in another workflow run, which means nothing.
fn native_cancel(ctx: &WorkflowContext<OrderWorkflow>, desk: &Desk) -> Option<Event> {
    let token = ctx.cancellation_token();
    if !token.is_cancelled() || desk.parent_moved {
        return None;
    }
    let id = match desk.nth_run {
        1 => delivery(NATIVE_CANCEL),
        nth => delivery(&format!("{NATIVE_CANCEL}-{nth}")),
    };
    let by = Actor::new("temporal");
    let reason = token
        .reason()
        .filter(|reason| !reason.is_empty())
        .unwrap_or_else(|| format!("the workflow `{}` was asked to cancel", names::WORKFLOW));
    Some(if desk.run.is_child() {
        Event::Recalled { id, by, reason }
    } else {
        Event::Cancel { id, by, reason }
    })
}

/// The parent of this order is gone, and takes nothing back itself.
pub(super) fn orphaned() -> Event {
    let reason = "the order that it is part of was ended from outside".to_owned();
    Event::Recalled { id: delivery(ORPHANED), by: Actor::new("temporal"), reason }
}

#[expect(clippy::expect_used, reason = "letters, hyphens and digits are an id")]
fn delivery(id: &str) -> DeliveryId {
    DeliveryId::new(id).expect("an id")
}
