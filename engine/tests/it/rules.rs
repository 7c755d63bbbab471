//! The rules that always hold, over random plans, outcomes, duplicates and orders of events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::{Act, CallEffect, CallId, Effect, Event, Handled, OperatorAction, Run, Snapshot, TimerEffect};
use model::{
    DeliveryId, Direction, Duration, Fact, ItemId, ItemState, OrderState, TaskState, Timestamp, Value,
};
use plan::{Body, Deadline, Expr, Plan, PlanParts, ReactionKind, TaskIndex, Undo};
use proptest::prelude::*;

use crate::build::{self, HOLD};
use crate::world::{Ledger, Luck, is_question};

/// A task of a random plan, described so that proptest can shrink it.
#[derive(Clone, Debug)]
struct Spec {
    kind: u8,
    after: Vec<prop::sample::Index>,
    on_failure: u8,
    ensure: u8,
    fallback: bool,
    /// Whether there is a `verify`, and whether its answer is that of the call.
    verify: Option<bool>,
    point_of_no_return: bool,
    skipped: bool,
    when: Option<prop::sample::Index>,
}

fn spec() -> impl Strategy<Value = Spec> {
    (
        0u8..13,
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        0u8..12,
        0u8..6,
        any::<bool>(),
        prop::option::weighted(0.4, any::<bool>()),
        prop::bool::weighted(0.07),
        prop::bool::weighted(0.08),
        prop::option::weighted(0.15, any::<prop::sample::Index>()),
    )
        .prop_map(
            |(kind, after, on_failure, ensure, fallback, verify, point_of_no_return, skipped, when)| Spec {
                kind,
                after,
                on_failure,
                ensure,
                fallback,
                verify,
                point_of_no_return,
                skipped,
                when,
            },
        )
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

/// What is about a plan as a whole.
#[derive(Clone, Debug)]
struct Shape {
    /// Which of its tasks, one after the other, are of two items that fail alone: where each begins, and how many there are.
    items: [(prop::sample::Index, usize); 2],
    /// What happens when the order's time is up: nothing, or one of the reactions; none, if it has no deadline.
    deadline: Option<u8>,
}

fn shape() -> impl Strategy<Value = Shape> {
    let item = || (any::<prop::sample::Index>(), prop::sample::select(vec![0usize, 0, 1, 2, 3]));
    ([item(), item()], prop::option::weighted(0.4, 0u8..8))
        .prop_map(|(items, deadline)| Shape { items, deadline })
}

impl Shape {
    /// The item of each task.
    fn item_of(&self, tasks: usize) -> Vec<Option<usize>> {
        let mut of = vec![None; tasks];
        for (item, (begins, length)) in self.items.iter().enumerate() {
            for task in of.iter_mut().skip(begins.index(tasks)).take(*length) {
                *task = task.or(Some(item));
            }
        }
        // The second item may have been cut in two by the first; what is behind that is of no item.
        let first = of.iter().position(|item| *item == Some(1));
        let end = first
            .and_then(|first| of.iter().skip(first).position(|item| *item != Some(1)).map(|n| first + n));
        for task in of.iter_mut().skip(end.unwrap_or(tasks)).filter(|item| **item == Some(1)) {
            *task = None;
        }
        of
    }
}

fn plan(specs: &[Spec], shape: &Shape) -> Arc<Plan> {
    let of = shape.item_of(specs.len());
    let mut parts = PlanParts::from((*planned(specs, &of)).clone());
    parts.items = vec![build::item("a"), build::item("b")];
    for (task, item) in parts.tasks.iter_mut().zip(&of) {
        task.item = *item;
    }
    parts.deadline = shape.deadline.map(|on_timeout| Deadline {
        within: Duration::from_secs(7_200),
        at_risk: Some(Duration::from_secs(3_600)),
        on_timeout: kind(on_timeout).filter(|kind| *kind != ReactionKind::Skip).map(build::reaction),
    });
    Arc::new(Plan::new(parts).unwrap())
}

/// As the compiler does it: what needs a task of an isolated item waits for all of them.
fn whole(after: &[usize], n: usize, of: &[Option<usize>]) -> Vec<usize> {
    let mut all = after.to_vec();
    for before in after {
        if of[*before].is_some() && of[*before] != of[n] {
            all.extend((0..n).filter(|other| of[*other] == of[*before]));
        }
    }
    all
}

fn planned(specs: &[Spec], of: &[Option<usize>]) -> Arc<Plan> {
    let mut tasks = Vec::new();
    let mut skipped = Vec::new();
    for (n, spec) in specs.iter().enumerate() {
        let name = format!("t{n}");
        let mut definition = match spec.kind {
            0 => build::milestone(&name),
            1 | 2 => build::wait(&name),
            10 | 11 => build::poll(&name, Duration::from_secs(3_600)),
            12 => build::manual(&name),
            _ => build::task(&name),
        };
        if let (Some(answers), 4..=9) = (spec.verify, spec.kind) {
            definition = build::verified(definition, answers);
        }
        if (3..10).contains(&spec.kind) {
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
        if of[n].is_some() {
            let own = definition.on_failure.clone();
            definition = build::isolated(definition);
            definition.on_failure = own.or(definition.on_failure);
        }
        let same = |on: &usize| of[*on].is_none() || of[*on] == of[n];
        if let Some(on) = spec.when.filter(|_| n > 0).map(|w| w.index(n)).filter(same) {
            definition.when =
                Some(build::formula(Expr::Ran(plan::DefinitionIndex(on)), &format!("ran(t{on})")));
            after.push(on);
        }
        if spec.skipped {
            skipped.push(n);
        }
        tasks.push((definition, whole(&after, n, of)));
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
    /// Items that have failed alone, and those that were cancelled alone.
    failed_items: BTreeSet<ItemId>,
    cancelled_items: BTreeSet<ItemId>,
    /// The states of the items after the last event.
    items: BTreeMap<ItemId, ItemState>,
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
            failed_items: BTreeSet::new(),
            cancelled_items: BTreeSet::new(),
            items: BTreeMap::new(),
        }
    }

    /// Whether the order has gone on without the item of a task.
    fn went_with_its_item(&self, task: TaskIndex) -> bool {
        let item = self.plan.item(task).filter(|_| self.plan.definition(task).isolate);
        let gone = |item: &ItemId| self.failed_items.contains(item) || self.cancelled_items.contains(item);
        item.is_some_and(|item| gone(&item.id))
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
                    self.check_need(&call, before);
                    assert!(self.calls.insert(call.id, *call).is_none());
                }
                Effect::StartTimer(timer) => self.timers.push(timer),
                // A stopped timer stays: it may have fired already, and the engine must not mind.
                Effect::StopTimer(_) | Effect::Settle(_) => {}
                other => panic!("no task of these plans runs a blueprint: {other:?}"),
            }
        }
        self.past.push(event);

        // Rule 5: there is work outstanding, a wait, or a person is needed, or the order has ended.
        let waits = self.run.view().tasks.iter().any(|task| task.waiting_for.is_some());
        let stuck = !self.run.is_ended() && self.calls.is_empty() && !waits && self.run.held().is_none();
        assert!(!stuck, "stuck without a reason: {:#?}", self.run.view());
        assert_eq!(self.run.is_ended(), self.run.state().is_final());
        for item in self.run.view().items {
            let before = self.items.insert(item.id.clone(), item.state);
            let stays = before.is_none_or(|state| !state.is_final() || state == item.state);
            assert!(stays, "{} was {before:?} and is {}", item.id, item.state);
            assert!(item.state.is_final() || !self.run.is_ended(), "{} is still {}", item.id, item.state);
        }
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
                    let done = matches!(state, TaskState::Succeeded | TaskState::Skipped)
                        || self.went_with_its_item(*before);
                    assert!(done, "{} began when {} was {state}", self.plan.id(task), self.plan.id(*before));
                }
            }
            if let Fact::ItemFailed { item, .. } = &event.fact {
                assert!(self.failed_items.insert(item.clone()), "{item} has failed twice");
            }
            if let Fact::ItemCancelled { item } = &event.fact {
                assert!(self.cancelled_items.insert(item.clone()), "{item} is cancelled twice");
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
        let effect = definition.call().is_some_and(|body| body.call.effect);
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
        let settlement = if is_question(&call) {
            self.ledger.tell(&call, luck)
        } else {
            self.ledger.carry_out(&call, luck, effect, has_undo)
        };
        self.handle(Event::CallSettled { call: id, settlement });
    }

    /// On the way back, what was read back as not done is not asked for again. A call of the very event that turned the order
    /// round, the last after `before`, was made before it.
    fn check_need(&self, call: &CallEffect, before: usize) {
        let back = |fact: &Fact| matches!(fact, Fact::OrderRollingBack { .. } | Fact::CancelAccepted { .. });
        let definition = self.plan.definition(self.plan.find(&call.task).unwrap());
        let verified = definition.call().is_some_and(|body| body.verify.is_some());
        let does = call.direction == Direction::Forward && !is_question(call);
        if verified && does && self.run.events()[..before].iter().any(|event| back(&event.fact)) {
            let done = self.ledger.deeds.contains_key(call.key.as_str());
            assert!(done, "{} was not done, and is asked for on the way back", call.task);
        }
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
            // What came after a task that went with its item was not built on what came before it.
            if !self.went_with_its_item(next) {
                later.extend(self.plan.dependants(next));
            }
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
            8 if self.cancels < 3 => {
                self.cancels += 1;
                let item = ["a", "b", "nobody"][self.choose(3)].to_owned();
                let (id, by) = (self.delivery(), model::Actor::new("c"));
                self.handle(Event::CancelItem { id, item, by, reason: "one will do".to_owned() });
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
            7 => {
                let n = self.choose(self.plan.tasks().len());
                self.complete(TaskIndex(n));
            }
            _ if !waiting.is_empty() => {
                let n = self.choose(waiting.len());
                let task = self.plan.find(&waiting[n]).unwrap();
                match &self.plan.definition(task).body {
                    Body::Manual(_) => self.complete(task),
                    // Of its two timers the later one is the pause before the next question.
                    Body::Poll(_) => {
                        let its = format!("{} ", waiting[n]);
                        let timer =
                            self.timers.iter().rfind(|timer| timer.summary.starts_with(&its)).unwrap().id;
                        self.handle(Event::TimerFired { timer });
                    }
                    _ => self.deliver(task),
                }
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

    fn complete(&mut self, task: TaskIndex) {
        let (id, by) = (self.delivery(), model::Actor::new("ann"));
        let result = match self.choose(4) {
            1 => Value::record([("ok", Value::Bool(false))]),
            2 => Value::text("nonsense"),
            _ => Value::record([("ok", Value::Bool(true)), ("more", Value::Null)]),
        };
        let action = Act::Complete { result };
        self.handle(Event::Act { id, action, task: self.plan.id(task), by, note: "seen".to_owned() });
    }

    fn act(&mut self, task: model::TaskId, action: OperatorAction) {
        let id = self.delivery();
        let by = model::Actor::new("op");
        self.handle(Event::Act { id, action: action.into(), task, by, note: "tried".to_owned() });
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
            OrderState::Completed | OrderState::Partial => {
                let partial = self.run.state() == OrderState::Partial;
                assert_eq!(partial, !self.failed_items.is_empty());
                for task in &view.tasks {
                    let index = self.plan.find(&task.id).unwrap();
                    if self.went_with_its_item(index) {
                        let left = held.iter().any(|deed| deed.task == task.id && deed.has_undo);
                        assert!(!left, "{} was left behind with its item", task.id);
                        continue;
                    }
                    let definition = self.plan.definition(index);
                    let deeds = held.iter().filter(|deed| deed.task == task.id && deed.has_undo).count();
                    let expected = task.state == TaskState::Succeeded && definition.undo().is_some();
                    assert_eq!(deeds, usize::from(expected), "{} is {}", task.id, task.state);
                    assert!(matches!(task.state, TaskState::Succeeded | TaskState::Skipped));
                }
                // Rule 2: no undo but those that a person's retry or a `skip` asked for.
                let asked = self.run.events().iter().any(|e| matches!(e.fact, Fact::TaskUndoing { .. }));
                assert!(asked || self.compensations == 0);
                assert!(
                    !partial
                        || self.run.events().iter().any(|e| matches!(e.fact, Fact::ItemRollingBack { .. }))
                );
            }
            OrderState::Acknowledged
            | OrderState::Pending
            | OrderState::InProgress
            | OrderState::Held
            | OrderState::AssessingCancellation
            | OrderState::PendingCancellation => panic!("ended {}", self.run.state()),
        }
    }
}

/// How many runs: enough in every test run to notice, more on request.
pub(crate) fn cases() -> u32 {
    std::env::var("ORDERWRIGHT_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn every_order_ends_clean_whatever_happens(
        specs in prop::collection::vec(spec(), 1..10),
        shape in shape(),
        choices in prop::collection::vec(any::<u32>(), 0..120),
    ) {
        Test::new(plan(&specs, &shape), choices).finish().check_end();
    }

    #[test]
    fn an_order_without_faults_completes(specs in prop::collection::vec(spec(), 1..12), shape in shape()) {
        let test = Test::new(plan(&specs, &shape), Vec::new()).finish();
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
