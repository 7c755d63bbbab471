//! A driver of a run in virtual time: no Temporal, no network, no waiting.
//!
//! Calls are answered by a [`World`], whole or attempt by attempt; timers fire when the clock gets there; the clock jumps
//! from one event to the next. The order of events is that of their times, then that in which they came to be due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Actor, Duration, OrderId, Timestamp};

use crate::{
    CallEffect, CallId, ChildEffect, ChildId, ChildReport, Effect, Event, HandOnEffect, Handled, Rejected,
    Run, Settlement, TimerId,
};

/// The systems that a simulated order calls.
pub trait World {
    /// Answers a call with all its attempts; or one of its attempts, if [`again`](Self::again) has others follow.
    fn call(&mut self, call: &CallEffect, now: Timestamp) -> Answer;

    /// How long after an answer the call is attempted again; none, if the answer is its last.
    fn again(&mut self, _call: &CallEffect, _answer: &Answer, _now: Timestamp) -> Option<Duration> {
        None
    }

    /// How long it takes until an order hears what its parent or a child says.
    fn passage(&mut self) -> Duration {
        Duration::ZERO
    }
}

/// How a simulated call ends, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How.
    pub settlement: Settlement,
    /// How long after it was made.
    pub after: Duration,
}

/// A run with its world and its clock, and the orders that its tasks run, in the same world and by the same clock.
#[derive(Debug)]
pub struct Simulation<W> {
    /// The order, then its children and theirs as they began.
    orders: Vec<Order>,
    world: W,
    now: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), (Place, Due)>,
    agreed: u64,
    stopped: BTreeSet<(Place, TimerId)>,
    calls: BTreeMap<(Place, CallId), Underway>,
    /// What happened last, and to which order.
    last: Option<(Place, Event)>,
}

/// An order, by its place among all.
type Place = usize;

/// The order that everything else is done for.
const ROOT: Place = 0;

/// An order and those that it runs.
#[derive(Debug)]
struct Order {
    run: Run,
    /// Which one runs it, and what it is called there.
    part_of: Option<(Place, ChildId)>,
    children: BTreeMap<ChildId, Place>,
    /// Whether the one that runs it knows that it has ended.
    end_reported: bool,
    /// When it hears what its parent said last.
    told: Timestamp,
}

impl Order {
    const fn new(run: Run, part_of: Option<(Place, ChildId)>) -> Self {
        Self { run, part_of, children: BTreeMap::new(), end_reported: false, told: Timestamp::EPOCH }
    }
}

/// What happens at a time.
#[derive(Debug)]
enum Due {
    Event(Event),
    /// An attempt is answered.
    Answered(CallId),
    /// A call is attempted again.
    Attempt(CallId),
}

/// A call that is not settled.
#[derive(Debug)]
struct Underway {
    effect: Box<CallEffect>,
    /// How the last attempt ends or ended.
    settlement: Settlement,
    /// How long after that the next one is made.
    again: Option<Duration>,
    /// Whether the last one has ended.
    pausing: bool,
}

/// Why a simulation goes no further by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standstill {
    /// The order has ended.
    Ended,
    /// The order needs something from outside: a person, since every wait has a timer.
    NothingDue,
    /// The number of steps was used up.
    OutOfSteps,
}

impl<W: World> Simulation<W> {
    /// A run that starts at `start`.
    #[must_use]
    pub fn new(run: Run, world: W, start: Timestamp) -> Self {
        let mut simulation = Self {
            orders: vec![Order::new(run, None)],
            world,
            now: start,
            agenda: BTreeMap::new(),
            agreed: 0,
            stopped: BTreeSet::new(),
            calls: BTreeMap::new(),
            last: None,
        };
        simulation.schedule(Duration::ZERO, Event::Start);
        simulation
    }

    /// Has an event happen so long from now.
    pub fn schedule(&mut self, after: Duration, event: Event) {
        self.agree(ROOT, after, Due::Event(event));
    }

    fn agree(&mut self, at: Place, after: Duration, due: Due) {
        self.agreed += 1;
        self.agenda.insert((self.now.plus(after), self.agreed), (at, due));
    }

    /// Has an event happen now.
    ///
    /// # Errors
    /// The run does not take it.
    pub fn handle(&mut self, event: Event) -> Result<Handled, Rejected> {
        self.handle_at(ROOT, event)
    }

    /// Has an event happen now to one of the [`children`](Self::children), the last that was begun of this id; to none, if there
    /// is none.
    ///
    /// # Errors
    /// The child does not take it.
    pub fn handle_in(&mut self, child: OrderId, event: Event) -> Result<Handled, Rejected> {
        let place = self.orders.iter().rposition(|order| order.run.order_id() == child);
        place.map_or(Ok(Handled::Duplicate), |place| self.handle_at(place, event))
    }

    /// What happened last, and to which order.
    #[must_use]
    pub fn last(&self) -> Option<(OrderId, &Event)> {
        let (at, event) = self.last.as_ref()?;
        Some((self.orders.get(*at)?.run.order_id(), event))
    }

    /// Has every order go on as `restored` makes it of what it is now: from its snapshot, as after a crash of its driver.
    pub fn restore(&mut self, mut restored: impl FnMut(&Run) -> Run) {
        for order in &mut self.orders {
            order.run = restored(&order.run);
        }
    }

    fn handle_at(&mut self, at: Place, event: Event) -> Result<Handled, Rejected> {
        self.last = Some((at, event.clone()));
        let Some(order) = self.orders.get_mut(at) else { return Ok(Handled::Duplicate) };
        let handled = order.run.handle_event(event, self.now);
        while let Some(effect) = self.orders.get_mut(at).and_then(|order| order.run.poll_effect()) {
            self.carry_out(at, effect);
        }
        if let Some(order) = self.orders.get_mut(at)
            && let Some((parent, child)) = order.part_of
            && order.run.is_ended()
            && !std::mem::replace(&mut order.end_reported, true)
        {
            let report = order.run.end_report();
            self.tell_parent(parent, child, report);
        }
        handled
    }

    fn carry_out(&mut self, at: Place, effect: Effect) {
        let Some(order) = self.orders.get(at) else { return };
        let child = |id: ChildId| order.children.get(&id).copied();
        match effect {
            Effect::Call(call) => self.attempt(at, call),
            Effect::StartTimer(timer) => {
                self.agree(at, timer.after, Due::Event(Event::TimerFired { timer: timer.id }));
            }
            Effect::StopTimer(timer) => {
                self.stopped.insert((at, timer));
            }
            Effect::Settle(call) => self.settle(at, call),
            Effect::StartChild(child) => self.begin(at, *child),
            Effect::RecallChild(recall) => {
                let by = Actor::new(&format!("order {}", order.run.order_id()));
                if let Some(child) = child(recall.child) {
                    let event = Event::Recalled { id: recall.id, by, reason: recall.reason };
                    self.tell_child(child, event);
                }
            }
            Effect::HandOn(effect) => {
                let by = Actor::new(&format!("order {}", order.run.order_id()));
                let HandOnEffect { child: id, id: delivery, amendment, plan, reason } = *effect;
                if let Some(child) = child(id) {
                    let plan = Box::new(plan);
                    self.tell_child(child, Event::HandedOn { id: delivery, amendment, plan, by, reason });
                }
            }
            Effect::LetChildPass(id) => {
                if let Some(child) = child(id) {
                    self.tell_child(child, Event::LetPass);
                }
            }
            Effect::ReleaseChild(id) => {
                if let Some(child) = child(id) {
                    self.tell_child(child, Event::Released);
                }
            }
            Effect::Report(report) => {
                if let Some((parent, child)) = order.part_of {
                    self.tell_parent(parent, child, report);
                }
            }
        }
    }

    /// Has a child hear something, after what it was told before.
    fn tell_child(&mut self, child: Place, event: Event) {
        let told = self.now.plus(self.world.passage());
        if let Some(order) = self.orders.get_mut(child) {
            order.told = order.told.max(told);
            let after = order.told.since(self.now);
            self.agree(child, after, Due::Event(event));
        }
    }

    /// Has a parent hear something. What a child says can overtake what it said before.
    fn tell_parent(&mut self, parent: Place, child: ChildId, report: ChildReport) {
        let after = self.world.passage();
        self.agree(parent, after, Due::Event(Event::ChildReported { child, report }));
    }

    fn begin(&mut self, parent: Place, child: ChildEffect) {
        let place = self.orders.len();
        let run = Run::new(child.order, Arc::new(child.plan));
        self.orders.push(Order::new(run, Some((parent, child.id))));
        if let Some(parent) = self.orders.get_mut(parent) {
            parent.children.insert(child.id, place);
        }
        self.agree(place, Duration::ZERO, Due::Event(Event::Start));
    }

    fn attempt(&mut self, at: Place, effect: Box<CallEffect>) {
        let answer = self.world.call(&effect, self.now);
        let again = self.world.again(&effect, &answer, self.now);
        let id = effect.id;
        self.calls
            .insert((at, id), Underway { effect, settlement: answer.settlement, again, pausing: false });
        self.agree(at, answer.after, Due::Answered(id));
    }

    /// The attempt under way is the last; a wait for another ends.
    fn settle(&mut self, at: Place, id: CallId) {
        if let Some(call) = self.calls.get_mut(&(at, id)) {
            call.again = None;
            if call.pausing {
                self.agree(at, Duration::ZERO, Due::Answered(id));
            }
        }
    }

    /// When the next thing happens.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        let stopped = |place: Place, due: &Due| matches!(due, Due::Event(Event::TimerFired { timer }) if self.stopped.contains(&(place, *timer)));
        self.agenda.iter().find(|(_, (place, due))| !stopped(*place, due)).map(|((at, _), _)| *at)
    }

    /// Goes to the next thing that happens, an event of the order or an attempt of a call; whether there was one.
    pub fn step(&mut self) -> bool {
        while let Some(((at, _), (place, due))) = self.agenda.pop_first() {
            match due {
                Due::Event(Event::TimerFired { timer }) if self.stopped.remove(&(place, timer)) => continue,
                Due::Event(event) => {
                    self.now = at;
                    // What a run says to an event that nobody waits for an answer to is on its record.
                    let _unheard = self.handle_at(place, event);
                }
                Due::Attempt(id) => {
                    // What was settled meanwhile is attempted no more.
                    let Some(call) = self.calls.remove(&(place, id)) else { continue };
                    self.now = at;
                    self.attempt(place, call.effect);
                }
                Due::Answered(id) => {
                    if !self.calls.contains_key(&(place, id)) {
                        continue;
                    }
                    self.now = at;
                    self.answered(place, id);
                }
            }
            return true;
        }
        false
    }

    /// An attempt has been answered: another follows, or the call is settled.
    fn answered(&mut self, at: Place, id: CallId) {
        if let Some(call) = self.calls.get_mut(&(at, id))
            && let Some(pause) = call.again
        {
            call.pausing = true;
            self.agree(at, pause, Due::Attempt(id));
        } else if let Some(call) = self.calls.remove(&(at, id)) {
            let _unheard = self.handle_at(at, Event::CallSettled { call: id, settlement: call.settlement });
        }
    }

    /// Lets time pass in which nothing happens: until `at`, or until the next thing is due if that is sooner.
    pub fn pass_until(&mut self, at: Timestamp) {
        let at = self.next_at().map_or(at, |next| next.min(at));
        self.now = self.now.max(at);
    }

    /// Goes on until nothing is due, at most `steps` events.
    pub fn run(&mut self, steps: usize) -> Standstill {
        for _ in 0..steps {
            if self.order().is_ended() {
                return Standstill::Ended;
            }
            if !self.step() {
                return Standstill::NothingDue;
            }
        }
        if self.order().is_ended() { Standstill::Ended } else { Standstill::OutOfSteps }
    }

    /// The order.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "put there when the simulation was made, and nothing is taken out"
    )]
    pub fn order(&self) -> &Run {
        &self.orders[ROOT].run
    }

    /// The orders that its tasks run, and those that these run, as they began.
    pub fn children(&self) -> impl Iterator<Item = &Run> {
        self.orders.iter().skip(1).map(|order| &order.run)
    }

    /// The systems.
    #[must_use]
    pub const fn world(&self) -> &W {
        &self.world
    }

    /// The systems, to change how they answer from now on.
    pub const fn world_mut(&mut self) -> &mut W {
        &mut self.world
    }

    /// What time it is there.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}
