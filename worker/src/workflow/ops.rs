//! What is under way for an order: calls, timers and child orders, each with a cancellation token of its own.
//!
//! Polled in the order of their keys, because the order in which things end must be the same at a replay. The tokens are
//! detached from the workflow's: a cancellation request is news for the order, and must not end its undo calls.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use contract::{CallInput, ChildInput, Earlier, OrderInput, Routes};
use engine::{CallEffect, CallId, ChildEffect, ChildId, ChildReport, Effect, Event, TimerEffect, TimerId};
use model::{Direction, OrderId, TaskId, Timestamp};
use temporalio_workflow::{TimerOptions, TimerResult, WorkflowCancellationToken, WorkflowContext};

use super::OrderWorkflow;
use super::call::{Assignment, Settled, make};
use super::child::{Word, Words, raise, report};

/// Names one of them; they are looked at in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Call(CallId),
    Timer(TimerId),
    Child(ChildId),
    /// Something that the parent is told.
    Report(u64),
}

struct Op {
    future: Pin<Box<dyn Future<Output = Done>>>,
    token: WorkflowCancellationToken,
}

/// Something for the run to know.
pub(super) struct News {
    pub(super) event: Event,
    /// When it happened, if the workflow's own time does not say.
    pub(super) at: Option<Timestamp>,
}

/// How one of them ended.
enum Done {
    /// With news for the run.
    Settled(CallId, Settled),
    /// A timer has fired.
    Fired(TimerId),
    /// A timer was stopped.
    Stopped,
    /// A child order has ended.
    Ended(ChildId, ChildReport),
    /// The parent has been told something.
    Told,
}

/// The calls a task has made in one direction.
#[derive(Default)]
struct Made {
    /// How many.
    calls: u32,
    /// Of which generation of the task.
    generation: u32,
    /// How many attempts of that generation.
    attempts: u32,
}

/// Everything under way for one order.
pub(super) struct Ops {
    ctx: WorkflowContext<OrderWorkflow>,
    order: OrderId,
    ops: BTreeMap<Key, Op>,
    made: BTreeMap<(TaskId, Direction), Made>,
    /// Whose calls are out.
    callers: BTreeMap<CallId, (TaskId, Direction)>,
    part_of: Option<ChildInput>,
    /// What each child is yet to be told.
    words: BTreeMap<ChildId, Words>,
    /// How many times the parent was told something.
    reports: u64,
}

impl Ops {
    pub(super) fn new(
        ctx: &WorkflowContext<OrderWorkflow>,
        order: OrderId,
        part_of: Option<ChildInput>,
    ) -> Self {
        Self {
            ctx: ctx.clone(),
            order,
            part_of,
            words: BTreeMap::new(),
            reports: 0,
            ops: BTreeMap::new(),
            made: BTreeMap::new(),
            callers: BTreeMap::new(),
        }
    }

    /// Does what the run wants done, at the run's own time.
    pub(super) fn carry_out(&mut self, effect: Effect, routes: &Routes, now: Timestamp) {
        match effect {
            Effect::Call(call) => self.call(*call, routes, now),
            Effect::Settle(call) => self.cancel(Key::Call(call)),
            Effect::StartTimer(timer) => self.start_timer(timer),
            Effect::StopTimer(timer) => self.cancel(Key::Timer(timer)),
            Effect::StartChild(child) => self.start_child(*child, routes),
            Effect::RecallChild(recall) => {
                let child = recall.child;
                self.say(child, Word::recall(self.order, recall));
            }
            Effect::LetChildPass(child) => self.say(child, Word::Pass),
            Effect::ReleaseChild(child) => self.say(child, Word::Release),
            Effect::Report(report) => self.report(report),
        }
    }

    /// The next thing that has ended, if it is news for the run.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<News>> {
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
                if let Some(caller) = self.callers.remove(&call)
                    && let Some(calls) = self.made.get_mut(&caller)
                {
                    calls.attempts = calls.attempts.saturating_add(made.attempts);
                }
                Some(News { event: Event::CallSettled { call, settlement: made.settlement }, at })
            }
            Done::Fired(timer) => Some(News { event: Event::TimerFired { timer }, at: None }),
            Done::Ended(child, report) => {
                self.words.remove(&child);
                Some(News { event: Event::ChildReported { child, report }, at: None })
            }
            Done::Stopped | Done::Told => None,
        }
    }

    fn start_child(&mut self, effect: ChildEffect, routes: &Routes) {
        let ChildEffect { id, task, order, plan } = effect;
        let part_of = Some(ChildInput { order: self.order, child: id });
        let input = OrderInput { part_of, ..OrderInput::new(order, plan, routes.clone()) };
        let words = Words::default();
        self.words.insert(id, words.clone());
        let ctx = self.ctx.clone();
        self.begin(Key::Child(id), move |_| async move {
            Done::Ended(id, raise(&ctx, input, task.to_string(), words).await)
        });
    }

    fn say(&self, child: ChildId, word: Word) {
        if let Some(words) = self.words.get(&child) {
            words.borrow_mut().push_back(word);
        }
    }

    fn report(&mut self, said: ChildReport) {
        let Some(parent) = self.part_of else { return };
        self.reports += 1;
        let ctx = self.ctx.clone();
        self.begin(Key::Report(self.reports), move |_| async move {
            report(ctx, parent, said).await;
            Done::Told
        });
    }

    fn call(&mut self, effect: CallEffect, routes: &Routes, now: Timestamp) {
        let caller = (effect.task.clone(), effect.direction);
        let made = self.made.entry(caller.clone()).or_default();
        made.calls += 1;
        if made.generation != effect.generation {
            made.generation = effect.generation;
            made.attempts = 0;
        }
        let assignment = Assignment {
            activity_id: activity_id(&effect, made.calls),
            summary: summary(&effect),
            inline: routes.inline.contains(&effect.label()),
            task_queue: routes.queues.get(&effect.system).cloned(),
            retry: effect.retry,
            within: effect.within,
            ordered: now,
            input: CallInput {
                order: self.order,
                task: effect.task,
                generation: effect.generation,
                direction: effect.direction,
                system: effect.system,
                operation: effect.operation,
                arguments: effect.arguments,
                key: effect.key,
                timeout: effect.timeout,
                ordered_at: self.ctx.history_length(),
                earlier: Earlier { attempts: made.attempts, in_doubt: false },
            },
        };
        let call = effect.id;
        self.callers.insert(call, caller);
        let ctx = self.ctx.clone();
        self.begin(Key::Call(call), move |token| async move {
            Done::Settled(call, make(&ctx, assignment, &token).await)
        });
    }

    fn start_timer(&mut self, timer: TimerEffect) {
        let ctx = self.ctx.clone();
        self.begin(Key::Timer(timer.id), move |token| async move {
            let options = TimerOptions::builder(timer.after.to_std())
                .summary(timer.summary)
                .cancellation_token(token)
                .build();
            match ctx.timer(options).await {
                TimerResult::Fired => Done::Fired(timer.id),
                TimerResult::Cancelled => Done::Stopped,
            }
        });
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

/// What the Web UI calls the `nth` call of a task: `activate[1]`, `undo activate[1]`, `activate[1] #2`.
fn activity_id(effect: &CallEffect, nth: u32) -> String {
    let undo = undo(effect.direction);
    match nth {
        1 => format!("{undo}{}", effect.task),
        nth => format!("{undo}{} #{nth}", effect.task),
    }
}

/// What the Web UI says of a call: `crm.register · create_customer`, `undo crm.deregister · create_customer`.
fn summary(effect: &CallEffect) -> String {
    format!("{}{} · {}", undo(effect.direction), effect.label(), effect.task)
}

/// What tells people that a call takes something back.
const fn undo(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => "",
        Direction::Undo => "undo ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(direction: Direction, operation: &str) -> CallEffect {
        CallEffect {
            id: CallId(1),
            task: "create_customer".parse().unwrap(),
            generation: 1,
            direction,
            system: "crm".parse().unwrap(),
            operation: operation.parse().unwrap(),
            arguments: model::Value::Null,
            key: model::IdempotencyKey::new("o/create_customer/1").unwrap(),
            timeout: model::Duration::from_secs(1),
            within: None,
            retry: plan::Retry::NONE,
        }
    }

    #[test]
    fn people_can_tell_a_call_from_its_undo() {
        let register = effect(Direction::Forward, "register");
        assert_eq!(activity_id(&register, 1), "create_customer");
        assert_eq!(summary(&register), "crm.register · create_customer");
        let deregister = effect(Direction::Undo, "deregister");
        assert_eq!(activity_id(&deregister, 2), "undo create_customer #2");
        assert_eq!(summary(&deregister), "undo crm.deregister · create_customer");
    }
}
