//! The rules that always hold, over random plans, outcomes, duplicates and orders of events.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{CallEffect, CallId, Effect, Event, Handled, OperatorAction, Run, Snapshot, TimerEffect};
use model::{DeliveryId, Direction, Fact, OrderState, TaskState, Timestamp, Value};
use plan::{Body, Expr, Plan, ReactionKind, TaskIndex, Undo};
use proptest::prelude::*;

use crate::build::{self, HOLD};
use crate::world::{Ledger, Luck};

/// A task of a random plan, described so that proptest can shrink it.
#[derive(Clone, Debug)]
struct Spec {
    kind: u8,
    after: Vec<prop::sample::Index>,
    on_failure: u8,
    ensure: u8,
    fallback: bool,
    point_of_no_return: bool,
    skipped: bool,
    when: Option<prop::sample::Index>,
}

fn spec() -> impl Strategy<Value = Spec> {
    (
        0u8..10,
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        0u8..12,
        0u8..6,
        any::<bool>(),
        prop::bool::weighted(0.07),
        prop::bool::weighted(0.08),
        prop::option::weighted(0.15, any::<prop::sample::Index>()),
    )
        .prop_map(|(kind, after, on_failure, ensure, fallback, point_of_no_return, skipped, when)| {
            Spec { kind, after, on_failure, ensure, fallback, point_of_no_return, skipped, when }
        })
}

fn kind(n: u8) -> Option<ReactionKind> {
    match n {
        0 | 1 => Some(ReactionKind::Rollback),
        2 => Some(ReactionKind::Skip),
        3 => Some(ReactionKind::Reject),
        4 => Some(HOLD),
        _ => None,
    }
}

fn plan(specs: &[Spec]) -> Arc<Plan> {
    let mut tasks = Vec::new();
    let mut skipped = Vec::new();
    for (n, spec) in specs.iter().enumerate() {
        let name = format!("t{n}");
        let mut definition = match spec.kind {
            0 => build::milestone(&name),
            1 | 2 => build::wait(&name),
            _ => build::task(&name),
        };
        if spec.kind >= 3 {
            let body = build::body(&mut definition);
            if spec.kind == 3 {
                body.call.effect = false;
                body.undo = Undo::Nothing { why: String::new() };
            } else {
                if spec.kind == 4 {
                    body.undo = Undo::Nothing { why: "it fades".to_owned() };
                }
                if spec.fallback {
                    body.fallbacks = vec![build::call(&format!("other_{name}"), Vec::new(), true)];
                }
                if spec.point_of_no_return {
                    definition.point_of_no_return = true;
                    build::body(&mut definition).undo = Undo::Nothing { why: String::new() };
                }
            }
        }
        if spec.kind >= 1 {
            definition.on_failure = kind(spec.on_failure).map(build::reaction);
            definition.ensure = kind(spec.ensure).map(build::ensure_ok).into_iter().collect();
        }
        let mut after: Vec<usize> =
            if n == 0 { Vec::new() } else { spec.after.iter().map(|a| a.index(n)).collect() };
        if let Some(on) = spec.when.filter(|_| n > 0).map(|w| w.index(n)) {
            definition.when =
                Some(build::formula(Expr::Ran(plan::DefinitionIndex(on)), &format!("ran(t{on})")));
            after.push(on);
        }
        if spec.skipped {
            skipped.push(n);
        }
        tasks.push((definition, after));
    }
    build::plan(tasks, &skipped)
}

/// Everything around a run: what is outstanding, what was done, and the choices that are left.
struct Test {
    plan: Arc<Plan>,
    run: Run,
    ledger: Ledger,
    calls: BTreeMap<CallId, CallEffect>,
    timers: Vec<TimerEffect>,
    /// The tasks' states, from the order events alone.
    states: Vec<TaskState>,
    /// Events that were handled, to be handled again.
    past: Vec<Event>,
    choices: Vec<u32>,
    chosen: usize,
    clock: i64,
    deliveries: u32,
    cancels: u32,
    compensations: usize,
}

impl Test {
    fn new(plan: Arc<Plan>, choices: Vec<u32>) -> Self {
        Self {
            run: Run::new(build::order_id(), plan.clone()),
            states: plan
                .tasks()
                .iter()
                .map(|task| if task.skipped.is_some() { TaskState::Skipped } else { TaskState::Waiting })
                .collect(),
            plan,
            ledger: Ledger::default(),
            calls: BTreeMap::new(),
            timers: Vec::new(),
            past: Vec::new(),
            choices,
            chosen: 0,
            clock: 0,
            deliveries: 0,
            cancels: 0,
            compensations: 0,
        }
    }

    /// The next choice below `bound`; 0, the one that leads on, when the choices have run out.
    fn choose(&mut self, bound: usize) -> usize {
        let choice = self.choices.get(self.chosen).copied().unwrap_or(0);
        self.chosen += 1;
        choice as usize % bound.max(1)
    }

    fn tired(&self) -> bool {
        self.chosen >= self.choices.len()
    }

    fn delivery(&mut self) -> DeliveryId {
        self.deliveries += 1;
        format!("d{}", self.deliveries).parse().unwrap()
    }

    /// Has the run handle an event, and looks at everything that must hold after it.
    fn handle(&mut self, event: Event) {
        self.clock += 1;
        let now = Timestamp::from_millis(self.clock);
        let before = self.run.events().len();

        // Rule 6: a run restored from its written snapshot does the same.
        let written = serde_json::to_string(&self.run.snapshot()).unwrap();
        let snapshot: Snapshot = serde_json::from_str(&written).unwrap();
        let mut twin = Run::restore(self.plan.clone(), snapshot);
        let answer = self.run.handle_event(event.clone(), now);
        assert_eq!(answer, twin.handle_event(event.clone(), now));
        let mut effects = Vec::new();
        while let Some(effect) = self.run.poll_effect() {
            assert_eq!(Some(&effect), twin.poll_effect().as_ref());
            effects.push(effect);
        }
        assert_eq!(twin.poll_effect(), None);
        assert_eq!(self.run.events(), twin.events());

        // Rule 4: a second delivery changes nothing.
        let told = self.run.events().len();
        let again = self.run.handle_event(event.clone(), now);
        assert!(matches!(again, Ok(Handled::Duplicate) | Err(_)), "{event:?} was applied twice: {again:?}");
        if !matches!(event, Event::Act { .. }) || answer.is_ok() {
            assert_eq!(self.run.events().len(), told, "{event:?} was told twice");
        }
        assert_eq!(self.run.poll_effect(), None, "{event:?} had effects twice");

        self.check_events(before);
        for effect in effects {
            match effect {
                Effect::Call(call) => {
                    assert!(self.calls.insert(call.id, *call).is_none());
                }
                Effect::StartTimer(timer) => self.timers.push(timer),
                // A stopped timer stays: it may have fired already, and the engine must not mind.
                Effect::StopTimer(_) | Effect::Settle(_) => {}
            }
        }
        self.past.push(event);

        // Rule 5: there is work outstanding, a wait, or a person is needed, or the order has ended.
        let waits = self.run.view().tasks.iter().any(|task| task.waiting_for.is_some());
        let stuck = !self.run.is_ended() && self.calls.is_empty() && !waits && self.run.held().is_none();
        assert!(!stuck, "stuck without a reason: {:#?}", self.run.view());
        assert_eq!(self.run.is_ended(), self.run.state().is_final());
    }

    /// Goes through the new order events one by one, with the states as they were at each.
    fn check_events(&mut self, before: usize) {
        for (n, event) in self.run.events().iter().enumerate().skip(before) {
            assert_eq!(event.number, n as u64 + 1);
            // Rule 1: whatever begins has everything before it done.
            if let Fact::TaskStarted { task, .. } = &event.fact {
                let task = self.plan.find(task).unwrap();
                for before in &self.plan.task(task).after {
                    let state = self.states[before.0];
                    let done = matches!(state, TaskState::Succeeded | TaskState::Skipped);
                    assert!(done, "{} began when {} was {state}", self.plan.id(task), self.plan.id(*before));
                }
            }
            if let Some((task, state)) = event.fact.task_state() {
                self.states[self.plan.find(task).unwrap().0] = state;
            }
        }
        // The record alone tells the states.
        let view: Vec<_> = self.run.view().tasks.iter().map(|task| task.state).collect();
        assert_eq!(view, self.states);
    }

    fn settle(&mut self, id: CallId) {
        let call = self.calls.remove(&id).unwrap();
        let task = self.plan.find(&call.task).unwrap();
        let definition = self.plan.definition(task);
        let has_undo = definition.undo().is_some();
        let effect = definition.call().unwrap().call.effect;
        let luck = match self.choose(13) {
            1 => Luck::NotOk,
            2 => Luck::Refused,
            3 => Luck::Failed,
            4 => Luck::LostAfterEffect,
            5 => Luck::LostBeforeEffect,
            6 => Luck::Misshapen,
            7 => Luck::Unserved,
            8 => Luck::LacksId,
            _ => Luck::Fine,
        };
        if call.direction == Direction::Undo {
            self.check_undo_order(task);
            self.compensations += 1;
        }
        let settlement = self.ledger.carry_out(&call, luck, effect, has_undo);
        self.handle(Event::CallSettled { call: id, settlement });
    }

    /// Rule 2: what depended on it is undone before.
    fn check_undo_order(&self, task: TaskIndex) {
        let mut later = self.plan.dependants(task).to_vec();
        while let Some(next) = later.pop() {
            let id = self.plan.id(next);
            assert!(
                !self.ledger.held().iter().any(|deed| deed.task == id && deed.has_undo),
                "{} is undone before {id}, which depends on it",
                self.plan.id(task)
            );
            later.extend(self.plan.dependants(next));
        }
    }

    fn step(&mut self) {
        let view = self.run.view();
        let waiting: Vec<_> =
            view.tasks.iter().filter(|t| t.waiting_for.is_some()).map(|t| t.id.clone()).collect();
        match self.choose(16) {
            1 if !self.past.is_empty() => {
                let n = self.choose(self.past.len());
                let event = self.past[n].clone();
                self.again(&event);
            }
            2 if !self.timers.is_empty() => {
                let n = self.choose(self.timers.len());
                let timer = self.timers[n].id;
                self.handle(Event::TimerFired { timer });
            }
            3 => {
                let n = self.choose(self.plan.tasks().len());
                self.deliver(TaskIndex(n));
            }
            4 if self.cancels < 2 => {
                self.cancels += 1;
                let id = self.delivery();
                self.handle(Event::Cancel { id, by: model::Actor::new("c"), reason: "no longer".to_owned() });
            }
            6 => {
                let (id, reason) = (self.delivery(), "expected a record, found a list".to_owned());
                self.handle(Event::Malformed { id, signal: "cancel".to_owned(), reason });
            }
            5 => {
                let n = self.choose(self.plan.tasks().len());
                self.act(self.plan.id(TaskIndex(n)), OperatorAction::Rollback);
            }
            _ if !self.calls.is_empty() => {
                let n = self.choose(self.calls.len());
                let id = *self.calls.keys().nth(n).unwrap();
                self.settle(id);
            }
            _ if !waiting.is_empty() => {
                let n = self.choose(waiting.len());
                let task = self.plan.find(&waiting[n]).unwrap();
                self.deliver(task);
            }
            _ => {
                if let Some(blocked) = self.run.held() {
                    // Some things only a rollback gets out of; a tired operator comes to that.
                    let stuck = self.tired() && self.chosen.is_multiple_of(7);
                    let action = if stuck { OperatorAction::Rollback } else { OperatorAction::Retry };
                    self.act(blocked.task, action);
                }
            }
        }
    }

    /// Handles an event that was handled before.
    fn again(&mut self, event: &Event) {
        let told = self.run.events().len();
        let _ = self.run.handle_event(event.clone(), Timestamp::from_millis(self.clock));
        assert_eq!(self.run.events().len(), told, "{event:?} was told again");
        assert_eq!(self.run.poll_effect(), None);
    }

    fn deliver(&mut self, task: TaskIndex) {
        let Body::Wait { signal, .. } = &self.plan.definition(task).body else { return };
        let (signal, id) = (signal.to_string(), self.delivery());
        let payload = match self.choose(4) {
            1 => Value::record([("ok", Value::Bool(false))]),
            2 => Value::text("nonsense"),
            _ => Value::record([("ok", Value::Bool(true)), ("more", Value::Null)]),
        };
        let named = self.choose(2) == 1;
        let task = named.then(|| self.plan.id(task).to_string());
        self.handle(Event::Delivered { id, signal, task, payload });
    }

    fn act(&mut self, task: model::TaskId, action: OperatorAction) {
        let id = self.delivery();
        let by = model::Actor::new("op");
        self.handle(Event::Act { id, action, task, by, note: "tried".to_owned() });
    }

    /// Whether a misshapen answer has left something that only a person could take back by hand.
    fn finish(mut self) -> Self {
        self.handle(Event::Start);
        let mut steps = 0;
        while !self.run.is_ended() {
            self.step();
            steps += 1;
            assert!(steps < 5_000, "no end in sight: {:#?}", self.run.view());
        }
        self
    }

    fn check_end(&self) {
        assert!(self.calls.is_empty(), "calls are out after the end");
        let last = self.run.events().last().and_then(|event| event.fact.order_state());
        assert_eq!(last, Some(self.run.state()), "something was told after the end");
        let view = self.run.view();
        let held = self.ledger.held();
        match self.run.state() {
            OrderState::Failed | OrderState::Cancelled | OrderState::Rejected => {
                // Rule 2: nothing is left that had an undo.
                let left: Vec<_> = held.iter().filter(|deed| deed.has_undo).collect();
                assert!(left.is_empty(), "left behind: {left:?}\n{:#?}", self.run.events());
                if self.run.state() == OrderState::Rejected {
                    assert!(self.ledger.deeds.is_empty(), "rejected, but something was done");
                }
            }
            OrderState::Completed => {
                for task in &view.tasks {
                    let index = self.plan.find(&task.id).unwrap();
                    let definition = self.plan.definition(index);
                    let deeds = held.iter().filter(|deed| deed.task == task.id && deed.has_undo).count();
                    let expected = task.state == TaskState::Succeeded && definition.undo().is_some();
                    assert_eq!(deeds, usize::from(expected), "{} is {}", task.id, task.state);
                    assert!(matches!(task.state, TaskState::Succeeded | TaskState::Skipped));
                }
                // Rule 2: no undo but those that a person's retry or a `skip` asked for.
                let asked = self.run.events().iter().any(|e| matches!(e.fact, Fact::TaskUndoing { .. }));
                assert!(asked || self.compensations == 0);
            }
            OrderState::Acknowledged
            | OrderState::Pending
            | OrderState::InProgress
            | OrderState::Held
            | OrderState::AssessingCancellation
            | OrderState::PendingCancellation
            | OrderState::Partial => panic!("ended {}", self.run.state()),
        }
    }
}

/// How many runs: enough in every test run to notice, more on request.
fn cases() -> u32 {
    std::env::var("ORDERWRIGHT_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn every_order_ends_clean_whatever_happens(
        specs in prop::collection::vec(spec(), 1..10),
        choices in prop::collection::vec(any::<u32>(), 0..120),
    ) {
        Test::new(plan(&specs), choices).finish().check_end();
    }

    #[test]
    fn an_order_without_faults_completes(specs in prop::collection::vec(spec(), 1..12)) {
        let test = Test::new(plan(&specs), Vec::new()).finish();
        prop_assert_eq!(test.run.state(), OrderState::Completed);
        prop_assert_eq!(test.compensations, 0);
        test.check_end();
    }
}

#[test]
fn a_key_of_the_longest_names_is_a_key() {
    // `do_` stands before it in the operation's name.
    let name = "n".repeat(model::limits::NAME_BYTES - "undo_".len());
    let mut test = Test::new(build::plan(vec![(build::task(&name), vec![])], &[]), Vec::new());
    test.handle(Event::Start);
    let call = test.calls.values().next().unwrap();
    assert!(call.key.as_str().len() + model::limits::ITEM_ID_BYTES + 20 < model::limits::CALLER_KEY_BYTES);
}
