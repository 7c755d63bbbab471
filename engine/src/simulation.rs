//! A driver of a run in virtual time: no Temporal, no network, no waiting.
//!
//! Calls are answered by a [`World`]; timers fire when the clock gets there; the clock jumps from one event to the
//! next. The order of events is that of their times, then that in which they came to be due.

use std::collections::{BTreeMap, BTreeSet};

use model::{Duration, Timestamp};

use crate::{CallEffect, Effect, Event, Handled, Rejected, Run, Settlement, TimerId};

/// The systems that a simulated order calls.
pub trait World {
    /// Answers a call with all its attempts.
    fn call(&mut self, call: &CallEffect, now: Timestamp) -> Answer;
}

/// How a simulated call ends, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How.
    pub settlement: Settlement,
    /// How long after it was made.
    pub after: Duration,
}

/// A run with its world and its clock.
#[derive(Debug)]
pub struct Simulation<W> {
    run: Run,
    world: W,
    now: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), Event>,
    agreed: u64,
    stopped: BTreeSet<TimerId>,
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
        let mut simulation =
            Self { run, world, now: start, agenda: BTreeMap::new(), agreed: 0, stopped: BTreeSet::new() };
        simulation.schedule(Duration::ZERO, Event::Start);
        simulation
    }

    /// Has an event happen so long from now.
    pub fn schedule(&mut self, after: Duration, event: Event) {
        self.agreed += 1;
        self.agenda.insert((self.now.plus(after), self.agreed), event);
    }

    /// Has an event happen now.
    ///
    /// # Errors
    /// The run does not take it.
    pub fn handle(&mut self, event: Event) -> Result<Handled, Rejected> {
        let handled = self.run.handle_event(event, self.now);
        while let Some(effect) = self.run.poll_effect() {
            match effect {
                Effect::Call(call) => {
                    let answer = self.world.call(&call, self.now);
                    self.schedule(
                        answer.after,
                        Event::CallSettled { call: call.id, settlement: answer.settlement },
                    );
                }
                Effect::StartTimer(timer) => {
                    self.schedule(timer.after, Event::TimerFired { timer: timer.id })
                }
                Effect::StopTimer(timer) => {
                    self.stopped.insert(timer);
                }
                // The world answers a call with all its attempts at once; there is nothing to cut short.
                Effect::Settle(_) => {}
            }
        }
        handled
    }

    /// When the next event is due, a timer that was stopped included.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// Goes to the next event; whether there was one.
    pub fn step(&mut self) -> bool {
        while let Some(((at, _), event)) = self.agenda.pop_first() {
            if let Event::TimerFired { timer } = &event
                && self.stopped.remove(timer)
            {
                continue;
            }
            self.now = at;
            // What a run says to an event that nobody waits for an answer to is on its record.
            let _unheard = self.handle(event);
            return true;
        }
        false
    }

    /// Goes on until nothing is due, at most `steps` events.
    pub fn run(&mut self, steps: usize) -> Standstill {
        for _ in 0..steps {
            if self.run.is_ended() {
                return Standstill::Ended;
            }
            if !self.step() {
                return Standstill::NothingDue;
            }
        }
        if self.run.is_ended() { Standstill::Ended } else { Standstill::OutOfSteps }
    }

    /// The order.
    #[must_use]
    pub const fn order(&self) -> &Run {
        &self.run
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
