//! The engine under test: an order, the orders that it runs, and everything around them that a case may disturb.
//!
//! Whatever an order is told, it is told twice. What a person, a customer or an outage does comes from the transitions; when
//! they are used up, [`System::settle_down`] brings everything to its end as patient people and healthy systems would.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::{
    Act, CallEffect, CallId, ChildId, ChildReport, Effect, Event, HandOnEffect, Handled, Rejected, Run,
    Scope, Settlement, Snapshot, TimerId,
};
use model::{Actor, DeliveryId, Fact, OrderId, TaskId, TaskState, Timestamp, Value};
use plan::Plan;

use crate::assertions;
use crate::blueprint::{Blueprint, BodySpec, Pick, Version};
use crate::ledger::Ledger;
use crate::lower::Site;
use crate::reference::{Reference, value_said};
use crate::tally::Tally;
use crate::transition::{Action, Outcome, Said, Transition};

/// An order, by its place among all.
pub(crate) type Place = usize;

/// The order that everything else is done for.
pub(crate) const ROOT: Place = 0;

/// Most events of a case. Those that end take a few hundred.
const EVENTS: usize = 1_500;

/// What an order was told, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Handling {
    pub(crate) event: Event,
    pub(crate) at: Timestamp,
    pub(crate) answer: Result<Handled, Rejected>,
    pub(crate) effects: Vec<Effect>,
    /// How long the record was before.
    pub(crate) before: usize,
    /// Whether the order was paused before.
    pub(crate) paused: bool,
}

#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) run: Run,
    /// The plan that it began with.
    pub(crate) first_plan: Arc<Plan>,
    pub(crate) reference: Reference,
    pub(crate) log: Vec<Handling>,
    /// When it was told something last, be it for the second time.
    pub(crate) heard_last: Timestamp,
    /// Calls that are not settled.
    pub(crate) calls: BTreeMap<CallId, CallEffect>,
    timers: BTreeMap<TimerId, Timer>,
    /// Which order runs it, what it is called there, and the task that runs it.
    pub(crate) part_of: Option<(Place, ChildId, TaskId)>,
    pub(crate) children: BTreeMap<ChildId, Place>,
    end_reported: bool,
}

impl Order {
    /// Whether a person has a task, or is to do it.
    fn needs_person(&self, task: &TaskId) -> bool {
        let state = self.reference.state(task);
        let theirs =
            state == TaskState::Running && matches!(self.reference.task(task).body, BodySpec::Manual);
        let at_pause = self.run.held().is_some_and(|blocked| blocked.task == *task);
        theirs || at_pause || matches!(state, TaskState::Held | TaskState::UndoFailed)
    }
}

/// A timer that has not fired.
#[derive(Clone, Debug)]
struct Timer {
    due: Timestamp,
    stopped: bool,
    task: Option<TaskId>,
}

/// Something that an order is to hear from another.
#[derive(Debug)]
struct Letter {
    to: Place,
    /// Whether it comes from the order that this one is part of. Those come in the order they were sent.
    from_above: bool,
    event: Event,
}

#[derive(Debug)]
pub(crate) struct System {
    pub(crate) blueprint: Blueprint,
    /// The last version of the order that was accepted.
    pub(crate) version: Version,
    /// The version that the order is to be, while that is judged.
    amended: Option<Version>,
    pub(crate) orders: Vec<Order>,
    pub(crate) ledger: Ledger,
    pub(crate) tally: Tally,
    mail: Vec<Letter>,
    clock: Timestamp,
    requests: u32,
    events: usize,
    /// What happened, in words; kept for a case that fails.
    pub(crate) trace: Option<Vec<String>>,
}

fn root_id() -> OrderId {
    "0190a6c8-0000-7000-8000-000000000001".parse().unwrap()
}

impl System {
    pub(crate) fn new(blueprint: &Blueprint, version: &Version) -> Self {
        let plan = blueprint.plan(version);
        let root = Order {
            run: Run::new(root_id(), plan.clone()),
            first_plan: plan,
            reference: Reference::new(blueprint, Site::Order, version),
            log: Vec::new(),
            heard_last: Timestamp::EPOCH,
            calls: BTreeMap::new(),
            timers: BTreeMap::new(),
            part_of: None,
            children: BTreeMap::new(),
            end_reported: false,
        };
        let mut system = Self {
            blueprint: blueprint.clone(),
            version: version.clone(),
            amended: None,
            orders: vec![root],
            ledger: Ledger::default(),
            tally: Tally::default(),
            mail: Vec::new(),
            clock: Timestamp::EPOCH,
            requests: 0,
            events: 0,
            trace: None,
        };
        system.handle(ROOT, Event::Start);
        system
    }

    /// Has something happen.
    pub(crate) fn apply(&mut self, transition: &Transition) {
        let calm = self.blueprint.calm;
        match *transition {
            Transition::Settle(call, outcome) => {
                let calls: Vec<_> = self.calls().collect();
                if let Some((place, call)) = call.among(&calls).copied() {
                    self.answer(place, call, if calm { patient(outcome) } else { outcome });
                }
            }
            Transition::Fire(timer) => {
                let timers: Vec<_> = self.timers(|_| true).collect();
                if let Some((place, timer)) = timer.among(&timers).copied() {
                    self.fire(place, timer);
                }
            }
            Transition::Hear(letter) => {
                if let Some(letter) = letter.of(self.mail.len()) {
                    self.hear(letter);
                }
            }
            Transition::Deliver { task, expected, said, named } => {
                let waits = |order: &Order, task: &TaskId| {
                    matches!(order.reference.task(task).body, BodySpec::Wait)
                        && (!expected || order.reference.state(task) == TaskState::Running)
                };
                if let Some((place, task)) = task.among(&self.tasks(waits)).cloned() {
                    self.deliver(place, &task, said, named);
                }
            }
            Transition::Act { task, expected, action } => {
                let needs = |order: &Order, task: &TaskId| !expected || order.needs_person(task);
                if let Some((place, task)) = task.among(&self.tasks(needs)).cloned() {
                    self.act(place, task, if calm { patient_action(action) } else { action });
                }
            }
            Transition::Cancel(_) | Transition::CancelItem(_) if calm => {}
            Transition::Cancel(order) => {
                let (id, by) = (self.request(), Actor::new("anna"));
                self.handle_of(order, Event::Cancel { id, by, reason: "moved".to_owned() });
            }
            Transition::CancelItem(item) => {
                let (id, by) = (self.request(), Actor::new("anna"));
                let item = (item.0 % 3 + 1).to_string();
                self.handle(ROOT, Event::CancelItem { id, item, by, reason: "not that one".to_owned() });
            }
            Transition::Pause(order) => {
                let (id, by) = (self.request(), Actor::new("op"));
                self.handle_of(order, Event::Pause { id, by, note: "wait".to_owned() });
            }
            Transition::Resume(order) => {
                let (id, by) = (self.request(), Actor::new("op"));
                self.handle_of(order, Event::Resume { id, by, note: "go on".to_owned() });
            }
            Transition::Malformed(order) => {
                let (id, reason) = (self.request(), "expected a record, found a list".to_owned());
                self.handle_of(order, Event::Malformed { id, signal: "cancel".to_owned(), reason });
            }
            Transition::Stray(which) => {
                let place = which.of(self.orders.len()).unwrap();
                let unknown = 1_000_000 + u64::from(which.0);
                let event = match which.0 % 3 {
                    0 => Event::CallSettled {
                        call: CallId(unknown),
                        settlement: Settlement::Succeeded(Value::Null),
                    },
                    1 => Event::TimerFired { timer: TimerId(unknown) },
                    _ => Event::ChildReported {
                        child: ChildId(unknown),
                        report: ChildReport::Refused { reason: String::new() },
                    },
                };
                self.tell_late(place, &event);
            }
            Transition::Again(which) => {
                let heard: Vec<_> = self
                    .orders
                    .iter()
                    .enumerate()
                    .flat_map(|(n, o)| (0..o.log.len()).map(move |m| (n, m)))
                    .collect();
                if let Some((place, n)) = which.among(&heard).copied() {
                    let event = self.orders[place].log[n].event.clone();
                    self.note(|| format!("order {place} hears again: {event:?}"));
                    self.tell_late(place, &event);
                    self.tally.count("late duplicate");
                }
            }
            Transition::Restart(order) => {
                let place = order.of(self.orders.len()).unwrap();
                self.note(|| format!("order {place} is restored"));
                let order = &mut self.orders[place];
                let written = serde_json::to_string(&order.run.snapshot()).unwrap();
                let snapshot: Snapshot = serde_json::from_str(&written).unwrap();
                order.run = Run::restore_all(order.run.plans().to_vec(), snapshot);
                self.tally.count("restored");
            }
            Transition::Amend(ref version) => {
                let (id, by) = (self.request(), Actor::new("anna"));
                let plan = Box::new((*self.blueprint.plan(version)).clone());
                let amend = Event::Amend { id, plan, by, reason: "moved".to_owned(), token: None };
                self.amended = Some(version.clone());
                self.handle(ROOT, amend);
                self.amended = None;
                if let Some(handling) = self.orders[ROOT].log.last() {
                    assertions::a_refused_amendment_has_a_reason_and_changes_nothing(self, handling);
                }
            }
        }
    }

    /// Goes on until everything has ended: whatever is asked for comes, and whatever is held is tried again.
    pub(crate) fn settle_down(&mut self) {
        while !self.has_ended() {
            self.settle_one();
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.mail.is_empty() && self.orders.iter().all(|order| order.run.is_ended())
    }

    fn settle_one(&mut self) {
        if !self.mail.is_empty() {
            return self.hear(0);
        }
        let call = self.calls().next();
        if let Some((place, call)) = call {
            return self.answer(place, call, Outcome::Fine);
        }
        let waits = |order: &Order, task: &TaskId| {
            matches!(order.reference.task(task).body, BodySpec::Wait | BodySpec::Manual)
                && order.reference.state(task) == TaskState::Running
        };
        if let Some((place, task)) = self.tasks(waits).into_iter().next() {
            return match self.orders[place].reference.task(&task).body {
                BodySpec::Wait => self.deliver(place, &task, Said::Fine, true),
                _ => self.act(place, task, Action::Complete(Said::Fine)),
            };
        }
        let held = self.tasks(|order, task| {
            let needed = matches!(order.reference.state(task), TaskState::Held | TaskState::UndoFailed);
            needed && order.run.held().is_some()
        });
        for (place, task) in held {
            let before = self.events;
            self.act(place, task, Action::Retry);
            let applied = self.orders[place].log.last().is_some_and(|handling| handling.answer.is_ok());
            if applied && self.events > before {
                return;
            }
        }
        let paused = self
            .orders
            .iter()
            .position(|order| order.reference.paused.is_some() && order.run.held().is_some());
        if let Some(place) = paused {
            let (id, by) = (self.request(), Actor::new("op"));
            self.handle(place, Event::Resume { id, by, note: "go on".to_owned() });
            return;
        }
        let next = self
            .timers(|timer| !timer.stopped)
            .min_by_key(|(place, timer)| self.orders[*place].timers.get(timer).map(|timer| timer.due));
        match next {
            Some((place, timer)) => self.fire(place, timer),
            None => panic!("stuck: {}", self.brief()),
        }
    }

    fn calls(&self) -> impl Iterator<Item = (Place, CallId)> {
        self.orders.iter().enumerate().flat_map(|(n, order)| order.calls.keys().map(move |call| (n, *call)))
    }

    fn timers(&self, wanted: impl Fn(&Timer) -> bool) -> impl Iterator<Item = (Place, TimerId)> {
        let of = move |order: &Order| {
            order.timers.iter().filter(|(_, t)| wanted(t)).map(|(id, _)| *id).collect::<Vec<_>>()
        };
        self.orders
            .iter()
            .enumerate()
            .flat_map(move |(n, order)| of(order).into_iter().map(move |id| (n, id)))
    }

    fn tasks(&self, wanted: impl Fn(&Order, &TaskId) -> bool) -> Vec<(Place, TaskId)> {
        let mut found = Vec::new();
        for (place, order) in self.orders.iter().enumerate() {
            if order.run.is_ended() {
                continue;
            }
            let tasks = order.reference.states.keys().filter(|task| wanted(order, task));
            found.extend(tasks.map(|task| (place, task.clone())));
        }
        found
    }

    fn request(&mut self) -> DeliveryId {
        self.requests += 1;
        format!("r{}", self.requests).parse().unwrap()
    }

    fn answer(&mut self, place: Place, call: CallId, outcome: Outcome) {
        let order = &mut self.orders[place];
        let effect = order.calls.remove(&call).expect("a call that is out");
        let settlement = self.ledger.carry_out(order.run.order_id(), &effect, outcome);
        self.handle(place, Event::CallSettled { call, settlement });
    }

    fn fire(&mut self, place: Place, timer: TimerId) {
        let order = &mut self.orders[place];
        let Some(fired) = order.timers.remove(&timer) else { return };
        self.clock = self.clock.max(fired.due);
        let event = Event::TimerFired { timer };
        if fired.stopped {
            self.tally.count("stopped timer fired");
            self.tell_late(place, &event);
        } else {
            self.handle_about(place, event, fired.task.as_ref());
        }
    }

    fn tell_late(&mut self, place: Place, event: &Event) {
        let order = &mut self.orders[place];
        order.heard_last = self.clock;
        assertions::a_late_event_changes_nothing(&mut order.run, event, self.clock);
    }

    fn hear(&mut self, letter: usize) {
        let (to, from_above) = (self.mail[letter].to, self.mail[letter].from_above);
        let first = self.mail.iter().position(|l| l.to == to && l.from_above);
        let letter = self.mail.remove(first.filter(|_| from_above).unwrap_or(letter));
        self.handle(letter.to, letter.event);
    }

    fn deliver(&mut self, place: Place, task: &TaskId, said: Said, named: bool) {
        let id = self.request();
        let signal = format!("signal_{}", task.name);
        let named = named.then(|| task.to_string());
        self.handle(place, Event::Delivered { id, signal, task: named, payload: payload(task, said) });
    }

    fn act(&mut self, place: Place, task: TaskId, action: Action) {
        let (id, by, note) = (self.request(), Actor::new("op"), "seen".to_owned());
        let order = &self.orders[place];
        let (of, state) = (order.run.order_id(), order.reference.state(&task));
        let done = matches!(order.reference.task(&task).body, BodySpec::Call(_)) && state == TaskState::Held;
        let act = match action {
            Action::Retry => Act::Retry { arguments: BTreeMap::new() },
            Action::Correct => Act::Retry { arguments: BTreeMap::from([("a".to_owned(), Value::from(7))]) },
            Action::Complete(said) => {
                let mut result = payload(&task, said);
                if let Value::Record(fields) = &mut result {
                    fields.insert("id".to_owned(), Value::text(format!("by hand {id}")));
                }
                Act::Complete { result }
            }
            Action::Skip => Act::Skip,
            Action::Rollback => Act::Rollback { scope: None },
            Action::RollbackOfOrder => Act::Rollback { scope: Some(Scope::Order) },
            Action::RollbackOfItem => Act::Rollback { scope: Some(Scope::Item) },
            Action::Undone => Act::Undone,
            Action::Accept => Act::Accept,
        };
        let ledger = self.ledger.clone();
        match action {
            // A careful person says under which id it is there.
            Action::Complete(said) if done && said != Said::Nonsense => {
                let there = self.ledger.do_by_hand(of, &task, &format!("by hand {id}"));
                let Act::Complete { result: Value::Record(mut fields) } = act else { unreachable!() };
                fields.insert("id".to_owned(), Value::text(there));
                let act = Act::Complete { result: Value::Record(fields) };
                self.handle(place, Event::Act { id, action: act, task, by, note });
            }
            Action::Undone | Action::Accept if state == TaskState::UndoFailed => {
                self.ledger.give_up(of, &task);
                self.handle(place, Event::Act { id, action: act, task, by, note });
            }
            _ => self.handle(place, Event::Act { id, action: act, task, by, note }),
        }
        let taken = self.orders[place].log.last().is_some_and(|handling| handling.answer.is_ok());
        if !taken {
            // They were told that they can't, and left it alone.
            self.ledger = ledger;
        }
    }

    fn handle_of(&mut self, order: Pick, event: Event) {
        if let Some(place) = order.of(self.orders.len()) {
            self.handle(place, event);
        }
    }

    fn handle(&mut self, place: Place, event: Event) {
        let order = &self.orders[place];
        let about = match &event {
            Event::CallSettled { call, .. } => {
                let made = |effect: &Effect| match effect {
                    Effect::Call(made) if made.id == *call => Some(made.task.clone()),
                    _ => None,
                };
                order.log.iter().rev().flat_map(|handling| &handling.effects).find_map(made)
            }
            Event::ChildReported { child, .. } => {
                let child = order.children.get(child).map(|child| &self.orders[*child]);
                child.and_then(|child| child.part_of.as_ref()).map(|(_, _, task)| task.clone())
            }
            Event::Act { task, .. } => Some(task.clone()),
            _ => None,
        };
        self.handle_about(place, event, about.as_ref());
    }

    /// Tells an order something, twice, and looks at everything that must hold after it.
    fn handle_about(&mut self, place: Place, event: Event, about: Option<&TaskId>) {
        self.events += 1;
        assert!(self.events < EVENTS, "no end in sight: {}", self.brief());
        self.clock = self.clock.plus(model::Duration::from_millis(1));
        let order = &mut self.orders[place];
        order.heard_last = self.clock;
        let before = order.run.events().len();
        let preview = match &event {
            Event::Amend { plan, .. } => Some(order.run.assess((**plan).clone())),
            Event::HandedOn { plan, .. } => Some(order.run.assess_handed_on((**plan).clone())),
            _ => None,
        };
        let (answer, looked_at) = plan::visited(|| order.run.handle_event(event.clone(), self.clock));
        let effects: Vec<Effect> = std::iter::from_fn(|| order.run.poll_effect()).collect();
        self.tally.answered(&event, &answer);
        let heard = match (&event, &self.amended) {
            (Event::Amend { id, .. }, Some(version)) => format!("Amend {id}: {version}"),
            _ => format!("{event:?}"),
        };
        self.note(|| format!("order {place} hears: {heard} -> {answer:?}"));
        for fact in &self.orders[place].run.events()[before..] {
            if let Some(trace) = &mut self.trace {
                trace.push(serde_json::to_string(&fact.fact).unwrap());
            }
        }
        let order = &mut self.orders[place];
        assertions::a_second_delivery_changes_nothing(&mut order.run, &event, self.clock);
        let paused = order.reference.paused.is_some();
        let handling = Handling { event, at: self.clock, answer, effects: effects.clone(), before, paused };
        order.log.push(handling);
        if let Some(preview) = preview {
            assertions::a_preview_says_what_is_done(self, place, preview);
        }

        for n in before..self.orders[place].run.events().len() {
            let fact = self.orders[place].run.events()[n].fact.clone();
            self.tally.told(&fact);
            assertions::nothing_starts_before_its_dependencies(&self.orders[place].reference, &fact);
            assertions::no_point_of_no_return_is_undone(self, place, &fact);
            if let (Fact::OrderAmended { .. }, Some(version)) = (&fact, &self.amended) {
                self.version = version.clone();
                self.orders[place].reference.plan(&self.blueprint, version);
            }
            self.orders[place].reference.observe(&fact);
        }
        for effect in effects {
            self.carry_out(place, effect);
        }
        let order = &mut self.orders[place];
        if order.run.is_ended()
            && !std::mem::replace(&mut order.end_reported, true)
            && let Some((parent, child, _)) = order.part_of.clone()
        {
            let report = order.run.end_report();
            self.tell_parent(parent, child, report);
        }
        let order = &self.orders[place];
        assertions::work_is_where_the_event_is(order, about, &looked_at.unwrap_or_default());
        assertions::there_is_a_reason_to_wait(order);
    }

    fn carry_out(&mut self, place: Place, effect: Effect) {
        if let Some(trace) = &mut self.trace {
            trace.push(in_words(&effect));
        }
        match effect {
            Effect::Call(call) => {
                assertions::undone_only_after_what_was_built_on_it(self, place, &call);
                let out = self.orders[place].calls.insert(call.id, *call);
                assert!(out.is_none(), "a call has the name of another");
            }
            // A call is one attempt here: it is settled when its turn comes.
            Effect::Settle(_) => {}
            Effect::StartTimer(timer) => {
                let about = timer.summary.split(' ').next().and_then(|task| task.parse().ok());
                let order = &mut self.orders[place];
                let task = about.filter(|task| order.reference.states.contains_key(task));
                let due = self.clock.plus(timer.after);
                order.timers.insert(timer.id, Timer { due, stopped: false, task });
            }
            // It may fire all the same.
            Effect::StopTimer(timer) => {
                if let Some(timer) = self.orders[place].timers.get_mut(&timer) {
                    timer.stopped = true;
                }
            }
            Effect::StartChild(child) => {
                let plan = Arc::new(child.plan);
                let order = Order {
                    run: Run::new(child.order, plan.clone()),
                    first_plan: plan,
                    reference: Reference::new(&self.blueprint, Site::Sub, &self.version),
                    log: Vec::new(),
                    heard_last: Timestamp::EPOCH,
                    calls: BTreeMap::new(),
                    timers: BTreeMap::new(),
                    part_of: Some((place, child.id, child.task)),
                    children: BTreeMap::new(),
                    end_reported: false,
                };
                let begun = self.orders.len();
                self.orders.push(order);
                self.orders[place].children.insert(child.id, begun);
                self.mail.push(Letter { to: begun, from_above: true, event: Event::Start });
            }
            Effect::RecallChild(recall) => {
                let by = Actor::new("the order that it is part of");
                let event = Event::Recalled { id: recall.id, by, reason: recall.reason };
                self.tell_child(place, recall.child, event);
            }
            Effect::HandOn(effect) => {
                let HandOnEffect { child, id, amendment, plan, reason } = *effect;
                let by = Actor::new("the order that it is part of");
                let event = Event::HandedOn { id, amendment, plan: Box::new(plan), by, reason };
                self.tell_child(place, child, event);
            }
            Effect::LetChildPass(child) => self.tell_child(place, child, Event::LetPass),
            Effect::ReleaseChild(child) => self.tell_child(place, child, Event::Released),
            Effect::Report(report) => {
                if let Some((parent, child, _)) = self.orders[place].part_of.clone() {
                    self.tell_parent(parent, child, report);
                }
            }
        }
    }

    fn tell_child(&mut self, place: Place, child: ChildId, event: Event) {
        if let Some(to) = self.orders[place].children.get(&child).copied() {
            self.mail.push(Letter { to, from_above: true, event });
        }
    }

    fn tell_parent(&mut self, parent: Place, child: ChildId, report: ChildReport) {
        let event = Event::ChildReported { child, report };
        self.mail.push(Letter { to: parent, from_above: false, event });
    }

    /// The orders that an order runs, and those that these run.
    pub(crate) fn family(&self, place: Place) -> Vec<Place> {
        let mut family = vec![place];
        let mut n = 0;
        while let Some(of) = family.get(n) {
            family.extend(self.orders[*of].children.values());
            n += 1;
        }
        family
    }

    fn brief(&self) -> String {
        let orders = self.orders.iter().map(|order| assertions::brief(&order.run.view()));
        orders.collect::<Vec<_>>().join("; ")
    }

    fn note(&mut self, words: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(words());
        }
    }
}

fn in_words(effect: &Effect) -> String {
    match effect {
        Effect::Call(call) => {
            format!("=> {}: {} for {} with {}", call.id, call.label(), call.task, call.arguments)
        }
        Effect::StartChild(child) => format!("=> run {} for {}", child.order, child.task),
        other => format!("=> {other:?}"),
    }
}

/// What may happen to a call that is to be made in the end, and once.
const fn patient(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::NotOk | Outcome::Misshapen | Outcome::LacksId => Outcome::Fine,
        Outcome::Fine
        | Outcome::Refused
        | Outcome::Failed
        | Outcome::Unserved
        | Outcome::UnservedInDoubt
        | Outcome::LostAfterEffect
        | Outcome::LostBeforeEffect => outcome,
    }
}

/// What a person does who wants what the order asks for.
const fn patient_action(action: Action) -> Action {
    match action {
        Action::Complete(Said::Nonsense) => action,
        Action::Retry
        | Action::Correct
        | Action::Complete(_)
        | Action::Skip
        | Action::Rollback
        | Action::RollbackOfOrder
        | Action::RollbackOfItem
        | Action::Undone
        | Action::Accept => Action::Retry,
    }
}

fn payload(task: &TaskId, said: Said) -> Value {
    let value = Value::from(value_said(task));
    match said {
        Said::Fine => Value::record([("ok", Value::Bool(true)), ("value", value), ("more", Value::Null)]),
        Said::NotOk => Value::record([("ok", Value::Bool(false)), ("value", value)]),
        Said::Nonsense => Value::text("nonsense"),
    }
}
