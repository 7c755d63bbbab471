//! The systems of a test: each attempt of each call is answered as its stubs say, in virtual time.

use std::collections::BTreeMap;

use dsl::testing::{Behaviour, BoundTest};
use engine::{Answer, CallEffect, CallId, Settlement, World};
use model::{Duration, IdempotencyKey, OperationName, OrderId, SystemName, TaskId, Timestamp, Type, Value};
use plan::{Call, Definition, Plan, Retry, TaskIndex};

use crate::attempt::{Attempt, End};
use crate::ledger::Ledger;
use crate::made_up::{MadeUp, Source};
use crate::script::Script;

/// All systems, and what they have been asked.
#[derive(Debug)]
pub(crate) struct Systems<'a> {
    plan: &'a Plan,
    /// The order of the test.
    order: OrderId,
    /// The orders that its tasks run, and those that these run: the task of the test's order that each is for.
    children: BTreeMap<OrderId, TaskIndex>,
    declared: BTreeMap<(&'a SystemName, &'a OperationName), &'a Call>,
    script: Script<'a>,
    ledger: Ledger,
    made_up: MadeUp,
    /// The attempts of each call so far. Calls of different orders have the same ids, and never the same key.
    tries: BTreeMap<(IdempotencyKey, CallId), Tries>,
    attempts: Vec<Attempt>,
}

/// The attempts of one call.
#[derive(Debug)]
struct Tries {
    made: u32,
    first: Timestamp,
    /// Whether one of them may have taken effect without anyone knowing.
    in_doubt: bool,
}

impl<'a> Systems<'a> {
    pub(crate) fn new(test: &'a BoundTest, order: OrderId) -> Self {
        Self {
            order,
            children: BTreeMap::new(),
            plan: &test.plan,
            declared: declared(&test.plan),
            script: Script::new(&test.stubs),
            ledger: Ledger::default(),
            made_up: MadeUp::default(),
            tries: BTreeMap::new(),
            attempts: Vec::new(),
        }
    }

    /// Every attempt, in the order they were made.
    pub(crate) fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// A task of an order has begun another one.
    pub(crate) fn adopt(&mut self, parent: OrderId, task: &TaskId, child: OrderId) {
        if let Some(task) = self.task(parent, task) {
            self.children.insert(child, task);
        }
    }

    /// The task of the test's order that something is done for.
    fn task(&self, order: OrderId, task: &TaskId) -> Option<TaskIndex> {
        if order == self.order { self.plan.find(task) } else { self.children.get(&order).copied() }
    }

    /// What a system does that has `limit` to answer, and how long it takes.
    fn attempt(&mut self, call: &CallEffect, limit: Duration, now: Timestamp) -> (End, Duration) {
        let task = self.task(order_of(call), &call.task);
        let (behaviour, takes) = match self.script.next(call, task) {
            Some((behaviour, takes)) => (Some(behaviour), takes),
            None => (None, Duration::ZERO),
        };
        let late = takes > limit;
        let end = match behaviour {
            None => self.answer(call, None, now),
            Some(Behaviour::Returns(_)) if late => self.nothing(call, true, limit),
            Some(Behaviour::Returns(said)) => self.answer(call, Some(said), now),
            // What was done stays done.
            Some(Behaviour::Refuses(_)) if self.ledger.is_done(&call.key) && !late => {
                self.answer(call, None, now)
            }
            Some(Behaviour::Fails(_) | Behaviour::Refuses(_)) if late => self.nothing(call, false, limit),
            Some(Behaviour::Fails(why)) => End::Failed(why.clone()),
            Some(Behaviour::Refuses(why)) => End::Refused(why.clone()),
            Some(Behaviour::TimesOut { done }) => {
                return (self.nothing(call, *done, limit), limit);
            }
        };
        (end, takes.min(limit))
    }

    /// No answer comes in time, whether the work is done or not.
    fn nothing(&mut self, call: &CallEffect, done: bool, limit: Duration) -> End {
        if done && self.declared(call).is_some_and(|call| call.effect) {
            self.ledger.do_silently(&call.key);
        }
        End::Silent(limit)
    }

    /// A system does what it is asked. A query answers anew each time.
    fn answer(&mut self, call: &CallEffect, said: Option<&Value>, now: Timestamp) -> End {
        const NOTHING: &Type = &Type::Record(Vec::new());
        let declared = self.declared(call);
        let (result, effect) = declared.map_or((NOTHING, true), |call| (&call.result, call.effect));
        let (made_up, name) = (&mut self.made_up, call.operation.as_str());
        let mut answer = || match said {
            Some(said) => made_up.fill(said.clone(), result, now),
            None => (made_up.value(result, name, now), Source::MadeUp),
        };
        let (answer, source) = if effect { self.ledger.answer(&call.key, answer) } else { answer() };
        End::Answered(answer, source)
    }

    fn declared(&self, call: &CallEffect) -> Option<&'a Call> {
        self.declared.get(&(&call.system, &call.operation)).copied()
    }
}

/// Every operation and query that a plan may call, and the blueprints that it runs.
fn declared(plan: &Plan) -> BTreeMap<(&SystemName, &OperationName), &Call> {
    let subs = plan.sub_blueprints().iter().flat_map(|sub| &sub.definitions);
    let calls = plan.definitions().iter().chain(subs).flat_map(Definition::calls);
    calls.map(|call| ((&call.system, &call.operation), call)).collect()
}

impl World for Systems<'_> {
    fn call(&mut self, call: &CallEffect, now: Timestamp) -> Answer {
        let place = (call.key.clone(), call.id);
        let tries = self.tries.entry(place).or_insert(Tries { made: 0, first: now, in_doubt: false });
        tries.made += 1;
        let number = tries.made;
        let spent = now.since(tries.first);
        let limit = call.within.map_or(call.timeout, |within| call.timeout.min(less(within, spent)));

        let (end, takes) = self.attempt(call, limit, now);
        let in_doubt = match self.tries.get_mut(&(call.key.clone(), call.id)) {
            Some(tries) => {
                tries.in_doubt |= matches!(end, End::Silent(_));
                tries.in_doubt
            }
            None => false,
        };
        let settlement = match &end {
            End::Answered(answer, _) => Settlement::Succeeded(answer.clone()),
            End::Refused(reason) => Settlement::Refused { reason: reason.clone() },
            End::Failed(reason) if in_doubt => Settlement::Unknown { reason: reason.clone() },
            End::Failed(reason) => Settlement::Failed { reason: reason.clone() },
            End::Silent(limit) => Settlement::Unknown { reason: format!("no answer within {limit}") },
        };
        let ends = now.plus(takes);
        let order = order_of(call);
        self.attempts.push(Attempt { order, call: call.clone(), number, begins: now, ends, end });
        Answer { settlement, after: takes }
    }

    fn again(&mut self, call: &CallEffect, answer: &Answer, now: Timestamp) -> Option<Duration> {
        if !matches!(answer.settlement, Settlement::Failed { .. } | Settlement::Unknown { .. }) {
            return None;
        }
        let tries = self.tries.get(&(call.key.clone(), call.id))?;
        let pause = pause(&call.retry, tries.made);
        // An attempt that could only begin when the time for all is over is not waited for.
        let begins = now.plus(answer.after).plus(pause);
        let in_time = call.within.is_none_or(|within| begins < tries.first.plus(within));
        (tries.made < call.retry.attempts && in_time).then_some(pause)
    }
}

/// The order that makes a call: keys begin with it.
fn order_of(call: &CallEffect) -> OrderId {
    let order = call.key.as_str().split('/').next().and_then(|id| id.parse().ok());
    order.unwrap_or(OrderId::new(uuid::Uuid::nil()))
}

/// How long after an attempt the next one is made.
fn pause(retry: &Retry, made: u32) -> Duration {
    let doubled = made.saturating_sub(1).min(u64::BITS - 1);
    let pause = if retry.doubling { retry.every.saturating_mul(1 << doubled) } else { retry.every };
    retry.up_to.map_or(pause, |longest| pause.min(longest))
}

/// What is left of a time.
fn less(whole: Duration, spent: Duration) -> Duration {
    Duration::from_millis(whole.as_millis().saturating_sub(spent.as_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retry = Retry {
            attempts: 9,
            every: Duration::from_secs(2),
            doubling: true,
            up_to: Some(Duration::from_secs(9)),
        };
        let pauses: Vec<_> = (1..=5).map(|made| pause(&retry, made).to_string()).collect();
        assert_eq!(pauses, ["2s", "4s", "8s", "9s", "9s"]);
        let steady = Retry { doubling: false, up_to: None, ..retry };
        assert_eq!(pause(&steady, 5), Duration::from_secs(2));
        // As often as a policy may try, the pause still is a length of time.
        assert!(pause(&Retry { up_to: None, ..retry }, 10_000) > Duration::from_secs(1 << 40));
    }
}
