//! The calls of an order: those that are out, those that wait for their turn, and what each task has made so far.
//!
//! An order of thousands of tasks may want thousands of calls at once, and Temporal takes 2,000 activities of a workflow at a
//! time. So they take turns. The engine does not know: to it, a call that waits is one that takes longer.

use std::collections::{BTreeMap, VecDeque};

use contract::{CallInput, CallsMade, Earlier, Routes};
use engine::{CallEffect, CallId};
use model::{Direction, OrderId, TaskId, Timestamp, limits};

use super::call::Assignment;

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

/// All calls of one order.
#[derive(Default)]
pub(super) struct Calls {
    made: BTreeMap<(TaskId, Direction), Made>,
    /// Whose calls are out.
    out: BTreeMap<CallId, (TaskId, Direction)>,
    /// What is yet to be called.
    waiting: VecDeque<CallEffect>,
    /// Whether none is begun for now.
    held: bool,
}

impl Calls {
    /// Those of an order that goes on, and of which no call is out.
    pub(super) fn resume(made: Vec<CallsMade>, waiting: Vec<CallEffect>) -> Self {
        let made = made.into_iter().map(|CallsMade { task, direction, calls, generation, attempts }| {
            ((task, direction), Made { calls, generation, attempts })
        });
        Self { made: made.collect(), waiting: waiting.into(), ..Self::default() }
    }

    /// What is remembered of the calls that were made, and the calls that wait.
    pub(super) fn handover(&self) -> (Vec<CallsMade>, Vec<CallEffect>) {
        let made = self.made.iter().map(|((task, direction), made)| CallsMade {
            task: task.clone(),
            direction: *direction,
            calls: made.calls,
            generation: made.generation,
            attempts: made.attempts,
        });
        (made.collect(), self.waiting.iter().cloned().collect())
    }

    /// Has a call made when its turn comes.
    pub(super) fn add(&mut self, call: CallEffect) {
        self.waiting.push_back(call);
    }

    /// The call whose turn it is, if there is one. `is_bounded`: whether the order keeps to the limit.
    pub(super) fn next(&mut self, is_bounded: impl FnOnce() -> bool) -> Option<CallEffect> {
        if self.held || self.waiting.is_empty() {
            return None;
        }
        if self.out.len() >= limits::CALLS_IN_FLIGHT && is_bounded() {
            return None;
        }
        self.waiting.pop_front()
    }

    /// Takes back a call whose turn has not come. False if it has.
    pub(super) fn withdraw(&mut self, call: CallId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.id != call);
        self.waiting.len() < before
    }

    /// Begins no call until they are let go.
    pub(super) const fn hold(&mut self) {
        self.held = true;
    }

    /// Goes on.
    pub(super) const fn let_go(&mut self) {
        self.held = false;
    }

    /// Whether no call is out.
    pub(super) fn is_quiet(&self) -> bool {
        self.out.is_empty()
    }

    /// How a call is to be made. From now on it is out.
    pub(super) fn assign(
        &mut self,
        order: OrderId,
        effect: CallEffect,
        routes: &Routes,
        (ordered, ordered_at): (Timestamp, u32),
    ) -> Assignment {
        let caller = (effect.task.clone(), effect.direction);
        let made = self.made.entry(caller.clone()).or_default();
        made.calls += 1;
        if made.generation != effect.generation {
            made.generation = effect.generation;
            made.attempts = 0;
        }
        self.out.insert(effect.id, caller);
        Assignment {
            activity_id: activity_id(&effect, made.calls),
            summary: summary(&effect),
            inline: routes.inline.contains(&effect.label()),
            task_queue: routes.queues.get(&effect.system).cloned(),
            retry: effect.retry,
            within: effect.within,
            ordered,
            input: CallInput {
                order,
                task: effect.task,
                generation: effect.generation,
                direction: effect.direction,
                system: effect.system,
                operation: effect.operation,
                arguments: effect.arguments,
                key: effect.key,
                timeout: effect.timeout,
                ordered_at,
                earlier: Earlier { attempts: made.attempts, in_doubt: false },
            },
        }
    }

    /// A call has ended, after so many attempts.
    pub(super) fn settled(&mut self, call: CallId, attempts: u32) {
        if let Some(caller) = self.out.remove(&call)
            && let Some(calls) = self.made.get_mut(&caller)
        {
            calls.attempts = calls.attempts.saturating_add(attempts);
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

    fn effect(id: u64, direction: Direction, operation: &str) -> CallEffect {
        CallEffect {
            id: CallId(id),
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

    fn forward(id: u64) -> CallEffect {
        effect(id, Direction::Forward, "register")
    }

    fn order() -> OrderId {
        "0192f0c1-2d3e-7000-8000-000000000001".parse().unwrap()
    }

    fn begin(calls: &mut Calls) -> Option<Assignment> {
        let effect = calls.next(|| true)?;
        Some(calls.assign(order(), effect, &Routes::default(), (Timestamp::EPOCH, 3)))
    }

    #[test]
    fn people_can_tell_a_call_from_its_undo() {
        let register = forward(1);
        assert_eq!(activity_id(&register, 1), "create_customer");
        assert_eq!(summary(&register), "crm.register · create_customer");
        let deregister = effect(1, Direction::Undo, "deregister");
        assert_eq!(activity_id(&deregister, 2), "undo create_customer #2");
        assert_eq!(summary(&deregister), "undo crm.deregister · create_customer");
    }

    #[test]
    fn calls_beyond_the_limit_wait_for_those_before() {
        let mut calls = Calls::default();
        let most = limits::CALLS_IN_FLIGHT as u64;
        (1..=most + 2).for_each(|id| calls.add(forward(id)));
        let begun = std::iter::from_fn(|| begin(&mut calls)).count() as u64;
        assert_eq!(begun, most);
        assert!(!calls.withdraw(CallId(1)), "it is out");
        assert!(calls.withdraw(CallId(most + 1)), "it waits");
        calls.settled(CallId(1), 1);
        calls.settled(CallId(2), 1);
        assert_eq!(calls.next(|| true).map(|call| call.id), Some(CallId(most + 2)));
        assert_eq!(calls.next(|| true), None);
    }

    #[test]
    fn an_order_from_before_the_limit_keeps_to_what_it_did() {
        let mut calls = Calls::default();
        let most = limits::CALLS_IN_FLIGHT as u64;
        (1..=most + 1).for_each(|id| calls.add(forward(id)));
        while begin(&mut calls).is_some() {}
        assert!(calls.next(|| false).is_some());
    }

    #[test]
    fn what_is_handed_over_goes_on_counting() {
        let mut calls = Calls::default();
        calls.add(forward(1));
        assert_eq!(begin(&mut calls).unwrap().activity_id, "create_customer");
        assert!(!calls.is_quiet());
        calls.settled(CallId(1), 3);
        assert!(calls.is_quiet());
        calls.hold();
        calls.add(forward(2));
        assert!(begin(&mut calls).is_none());
        let (made, waiting) = calls.handover();
        let mut calls = Calls::resume(made, waiting);
        let second = begin(&mut calls).unwrap();
        assert_eq!(second.activity_id, "create_customer #2");
        assert_eq!(second.input.earlier.attempts, 3);
    }
}
