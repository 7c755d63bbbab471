//! What is under way for an order: calls, timers and child orders, each with a cancellation token of its own.
//!
//! Polled in the order of their keys, because the order in which things end must be the same at a replay. The tokens are
//! detached from the workflow's: a cancellation request is news for the order, and must not end its undo calls.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use contract::{ChildInput, OpenChild, OrderInput, Pace, Replan, Replanned, Routes, RunningTimer, Underway};
use engine::{
    CallEffect, CallId, ChildEffect, ChildId, ChildReport, Effect, Event, Run, Settlement, TimerEffect,
    TimerId,
};
use model::{Duration, OrderId, Timestamp};
use temporalio_workflow::{TimerOptions, TimerResult, WorkflowCancellationToken, WorkflowContext};

use super::OrderWorkflow;
use super::amend::replan;
use super::call::{Settled, make};
use super::calls::Calls;
use super::child::{ChildLine, Watch, Word, raise, report};
use super::desk::Desk;
use super::driver::time;
use super::succession::PACE;

/// That no more than [`model::limits::CALLS_IN_FLIGHT`] calls of an order are out at a time. See `PATCHES.md`.
const CALLS_TAKE_TURNS: &str = "order-0002-calls-take-turns";

/// Names one of them; they are looked at in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Call(CallId),
    Timer(TimerId),
    Child(ChildId),
    /// Something that the parent is told.
    Report(u64),
    /// The look after a parent that goes on in another workflow run.
    Parent,
    /// How long this workflow run waits for a moment in which nothing is under way.
    Patience,
    /// The plan of an amendment is being made.
    Replan,
}

struct Op {
    future: Pin<Box<dyn Future<Output = Done>>>,
    token: WorkflowCancellationToken,
}

/// Something for the run to know.
pub(super) enum News {
    /// An event.
    Event {
        event: Event,
        /// When it happened, if the workflow's own time does not say.
        at: Option<Timestamp>,
    },
    /// What came of planning an amendment.
    Replanned(Replanned),
}

impl News {
    const fn now(event: Event) -> Self {
        Self::Event { event, at: None }
    }
}

/// How one of them ended.
enum Done {
    /// With news for the run.
    Settled(CallId, Settled),
    /// A timer has fired.
    Fired(TimerId),
    /// A timer was stopped, or a child is left alone.
    Stopped,
    /// A child order has ended.
    Ended(ChildId, ChildReport),
    /// The parent has been told something.
    Told,
    /// The parent is gone.
    Orphaned,
    /// This workflow run has waited long enough.
    Impatient,
    /// An amendment has been planned, or can't be.
    Replanned(Replanned),
}

/// Everything under way for one order.
pub(super) struct Ops {
    ctx: WorkflowContext<OrderWorkflow>,
    order: OrderId,
    part_of: Option<ChildInput>,
    pace: Option<Pace>,
    ops: BTreeMap<Key, Op>,
    calls: Calls,
    timers: BTreeMap<TimerId, RunningTimer>,
    children: BTreeMap<ChildId, ChildLine>,
    /// How many times the parent was told something.
    reports: u64,
    /// What has ended before it was begun.
    unbegun: VecDeque<News>,
    impatient: bool,
}

impl Ops {
    pub(super) fn new(ctx: &WorkflowContext<OrderWorkflow>, desk: &Desk) -> Self {
        Self {
            ctx: ctx.clone(),
            order: desk.order,
            part_of: desk.part_of,
            pace: desk.pace,
            ops: BTreeMap::new(),
            calls: Calls::default(),
            timers: BTreeMap::new(),
            children: BTreeMap::new(),
            reports: 0,
            unbegun: VecDeque::new(),
            impatient: false,
        }
    }

    /// Goes on with what an earlier workflow run had under way: timers have what is left of their time.
    pub(super) fn resume(&mut self, underway: Underway) {
        let Underway { made, waiting, timers, children, reports, unnamed: _, parent_moved: _ } = underway;
        self.calls = Calls::resume(made, waiting);
        self.reports = reports;
        timers.into_iter().for_each(|timer| self.run_timer(timer));
        for OpenChild { id, order } in children {
            let child = ChildLine::adopted(order);
            self.children.insert(id, child.clone());
            let watch = self.watch();
            self.begin(Key::Child(id), move |left| async move {
                let gone = watch.child(child, left).await;
                gone.map_or(Done::Stopped, |report| Done::Ended(id, report))
            });
        }
    }

    /// What another workflow run needs to go on with. Only once they are [at rest](Self::is_at_rest).
    pub(super) fn handover(&self, run: &Run) -> Underway {
        let (made, waiting) = self.calls.handover();
        let open = self.children.iter().filter(|(id, _)| run.has_open_child(**id));
        Underway {
            made,
            waiting,
            timers: self.timers.values().cloned().collect(),
            children: open.map(|(id, child)| OpenChild { id: *id, order: child.order }).collect(),
            reports: self.reports,
            ..Underway::default()
        }
    }

    /// Does what the run wants done, at the run's own time.
    pub(super) fn carry_out(&mut self, effect: Effect, routes: &Routes, now: Timestamp) {
        match effect {
            Effect::Call(call) => {
                self.calls.add(*call);
                self.begin_calls(routes, now);
            }
            Effect::Settle(call) if self.calls.withdraw(call) => {
                let reason = "it was stopped before it was begun".to_owned();
                let settlement = Settlement::Failed { reason };
                self.unbegun.push_back(News::now(Event::CallSettled { call, settlement }));
            }
            Effect::Settle(call) => self.cancel(Key::Call(call)),
            Effect::StartTimer(timer) => self.start_timer(timer),
            Effect::StopTimer(timer) => {
                self.timers.remove(&timer);
                self.cancel(Key::Timer(timer));
            }
            Effect::StartChild(child) => self.start_child(*child, routes),
            Effect::RecallChild(recall) => {
                let child = recall.child;
                self.say(child, Word::recall(self.order, recall));
            }
            Effect::HandOn(effect) => {
                let child = effect.child;
                self.say(child, Word::hand_on(self.order, *effect, routes));
            }
            Effect::LetChildPass(child) => self.say(child, Word::Pass),
            Effect::ReleaseChild(child) => self.say(child, Word::Release),
            Effect::Report(report) => self.report(report),
        }
    }

    /// The next thing that has ended, if it is news for the run.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<News>> {
        if let Some(news) = self.unbegun.pop_front() {
            return Poll::Ready(Some(news));
        }
        for (key, op) in &mut self.ops {
            if let Poll::Ready(done) = op.future.as_mut().poll(cx) {
                let key = *key;
                self.ops.remove(&key);
                return Poll::Ready(self.conclude(done));
            }
        }
        Poll::Pending
    }

    fn conclude(&mut self, done: Done) -> Option<News> {
        match done {
            Done::Settled(call, Settled { made, at }) => {
                self.calls.settled(call, made.attempts);
                Some(News::Event { event: Event::CallSettled { call, settlement: made.settlement }, at })
            }
            Done::Fired(timer) => {
                self.timers.remove(&timer);
                Some(News::now(Event::TimerFired { timer }))
            }
            Done::Ended(child, report) => {
                self.children.remove(&child);
                Some(News::now(Event::ChildReported { child, report }))
            }
            Done::Replanned(replanned) => Some(News::Replanned(replanned)),
            Done::Orphaned => Some(News::now(super::driver::orphaned())),
            Done::Impatient => {
                self.impatient = true;
                None
            }
            Done::Stopped | Done::Told => None,
        }
    }

    fn start_child(&mut self, effect: ChildEffect, routes: &Routes) {
        let ChildEffect { id, task, order, plan } = effect;
        let part_of = Some(ChildInput { order: self.order, child: id });
        let input = OrderInput { part_of, pace: self.pace, ..OrderInput::new(order, plan, routes.clone()) };
        let child = ChildLine::new(order);
        self.children.insert(id, child.clone());
        let ctx = self.ctx.clone();
        self.begin(Key::Child(id), move |_| async move {
            Done::Ended(id, raise(&ctx, input, task.to_string(), child).await)
        });
    }

    fn say(&self, child: ChildId, word: Word) {
        if let Some(child) = self.children.get(&child) {
            child.say(word);
        }
    }

    /// Tells the parent something.
    pub(super) fn report(&mut self, said: ChildReport) {
        let Some(parent) = self.part_of else { return };
        self.reports += 1;
        let ctx = self.ctx.clone();
        self.begin(Key::Report(self.reports), move |_| async move {
            report(ctx, parent, said).await;
            Done::Told
        });
    }

    /// Whether the parent is being told something.
    pub(super) fn is_reporting(&self) -> bool {
        self.ops.keys().any(|key| matches!(key, Key::Report(_)))
    }

    /// Looks after a parent that goes on in another workflow run, from now on.
    pub(super) fn watch_parent(&mut self) {
        let Some(parent) = self.part_of else { return };
        if !self.ops.contains_key(&Key::Parent) {
            let watch = self.watch();
            self.begin(Key::Parent, move |_| async move {
                watch.parent(parent.order).await;
                Done::Orphaned
            });
        }
    }

    fn watch(&self) -> Watch {
        let every = self.pace.unwrap_or(PACE).ask_every.to_std();
        Watch { ctx: self.ctx.clone(), order: self.order, every }
    }

    /// Leaves the children alone that have told their end themselves.
    pub(super) fn leave_ended_children(&mut self, run: &Run) {
        let ended: Vec<ChildId> =
            self.children.keys().copied().filter(|child| !run.has_open_child(*child)).collect();
        for child in ended {
            self.children.remove(&child);
            self.cancel(Key::Child(child));
        }
    }

    /// Has the plan of an amendment made.
    pub(super) fn replan(&mut self, request: Replan) {
        let ctx = self.ctx.clone();
        self.begin(Key::Replan, move |_| async move { Done::Replanned(replan(&ctx, &request).await) });
    }

    /// Begins the calls whose turn it is.
    pub(super) fn begin_calls(&mut self, routes: &Routes, now: Timestamp) {
        loop {
            let ctx = self.ctx.clone();
            let Some(call) = self.calls.next(|| ctx.patched(CALLS_TAKE_TURNS)) else { return };
            self.begin_call(call, routes, now);
        }
    }

    fn begin_call(&mut self, effect: CallEffect, routes: &Routes, now: Timestamp) {
        let call = effect.id;
        let ctx = self.ctx.clone();
        let assignment = self.calls.assign(self.order, effect, routes, (now, ctx.history_length()));
        self.begin(Key::Call(call), move |token| async move {
            Done::Settled(call, make(&ctx, assignment, &token).await)
        });
    }

    fn start_timer(&mut self, timer: TimerEffect) {
        let TimerEffect { id, after, summary } = timer;
        self.run_timer(RunningTimer { id, at: time(&self.ctx).plus(after), summary });
    }

    fn run_timer(&mut self, timer: RunningTimer) {
        let RunningTimer { id, at, summary } = timer.clone();
        self.timers.insert(id, timer);
        // A timer that should have fired meanwhile fires at once.
        let after = at.since(time(&self.ctx)).max(Duration::from_millis(1));
        let ctx = self.ctx.clone();
        self.begin(Key::Timer(id), move |token| async move {
            let options =
                TimerOptions::builder(after.to_std()).summary(summary).cancellation_token(token).build();
            match ctx.timer(options).await {
                TimerResult::Fired => Done::Fired(id),
                TimerResult::Cancelled => Done::Stopped,
            }
        });
    }

    /// Begins no call from now on and hails the children, so that everything comes to rest, for so long at the most.
    pub(super) fn come_to_rest(&mut self, patience: Duration) {
        self.calls.hold();
        self.children.values().for_each(|child| child.hail(self.order));
        if self.is_at_rest() {
            return;
        }
        let ctx = self.ctx.clone();
        self.begin(Key::Patience, move |token| async move {
            let options = TimerOptions::builder(patience.to_std())
                .summary("waits for a moment to go on in another workflow run".to_owned())
                .cancellation_token(token)
                .build();
            match ctx.timer(options).await {
                TimerResult::Fired => Done::Impatient,
                TimerResult::Cancelled => Done::Stopped,
            }
        });
    }

    /// Whether nothing is under way that another workflow run could not go on with: neither a call nor something said.
    pub(super) fn is_at_rest(&self) -> bool {
        self.calls.is_quiet()
            && !self.is_reporting()
            && !self.ops.contains_key(&Key::Replan)
            && self.children.values().all(ChildLine::is_at_rest)
    }

    /// Whether that has taken too long.
    pub(super) const fn is_impatient(&self) -> bool {
        self.impatient
    }

    /// Goes on in this workflow run.
    pub(super) fn go_on(&mut self) {
        self.calls.let_go();
        self.cancel(Key::Patience);
        self.impatient = false;
    }

    fn begin<F>(&mut self, key: Key, future: impl FnOnce(WorkflowCancellationToken) -> F)
    where
        F: Future<Output = Done> + 'static,
    {
        let token = WorkflowCancellationToken::new();
        let future = Box::pin(future(token.clone()));
        self.ops.insert(key, Op { future, token });
    }

    /// Asks one of them to end. It stays until it has: dropping it would not end it.
    fn cancel(&self, key: Key) {
        if let Some(op) = self.ops.get(&key) {
            op.token.cancel();
        }
    }
}
