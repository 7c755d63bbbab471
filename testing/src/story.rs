//! A test as it happens: the order in virtual time, its systems, and what the test has happen from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dsl::testing::{Act, BoundTest, Step};
use engine::{Event, OperatorAction, Rejected, Run, Simulation};
use model::{Actor, BlueprintRef, DeliveryId, Fact, OrderEvent, OrderId, TaskId, Timestamp};
use plan::TaskIndex;

use crate::attempt::Attempt;
use crate::timeline::{Timeline, Whose};
use crate::verdict::{Ended, judge};
use crate::world::Systems;
use crate::{Failure, Outcome, Reached};

/// Most things that happen in one test. The longest poll that a blueprint may say asks 10,000 times, so a few of those fit;
/// a story longer than this goes round in a circle that nobody can follow.
const MOST_EVENTS: usize = 100_000;

/// Carries out a test.
#[must_use]
pub fn run(test: &BoundTest) -> Outcome {
    let mut story = Story::new(test);
    story.go_on();
    story.end()
}

struct Story<'a> {
    test: &'a BoundTest,
    simulation: Simulation<Systems<'a>>,
    timeline: Timeline,
    start: Timestamp,
    /// The tasks at which each step has been agreed upon.
    agreed: Vec<BTreeSet<TaskIndex>>,
    /// What will happen from outside: when, in which order, which step at which task.
    agenda: BTreeMap<(Timestamp, usize), (usize, TaskIndex)>,
    /// How many deliveries there have been, each with its own id.
    deliveries: usize,
    /// How much has been told of the record of each order, that of the test first.
    told: Vec<usize>,
    /// How many attempts have been told.
    attempts: usize,
    /// Attempts that have not ended: when they do, and where their beginning is told.
    open: BTreeMap<(Timestamp, usize), usize>,
    failures: Vec<Failure>,
    /// Cancels and amendments that were refused: the step, why, and where that is told.
    refused: Vec<(&'a Step, String, usize)>,
}

/// What it takes for a step: the beginning of a task, or that it is held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cue {
    Begun,
    Held,
}

/// Steps of one sort take turns: the first beginning of a task is for the first of them, the second for the second.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Answer,
    Operator,
    Cancel,
    Amend,
}

const fn sort(act: &Act) -> Sort {
    match act {
        Act::Signal { .. } | Act::Complete { .. } => Sort::Answer,
        Act::Retry | Act::Rollback => Sort::Operator,
        Act::Cancel => Sort::Cancel,
        Act::Amend { .. } => Sort::Amend,
    }
}

impl Sort {
    const ALL: [Self; 4] = [Self::Answer, Self::Operator, Self::Cancel, Self::Amend];

    const fn cue(self) -> Cue {
        match self {
            Self::Answer | Self::Cancel | Self::Amend => Cue::Begun,
            Self::Operator => Cue::Held,
        }
    }

    /// Whether it is about the order, and so happens once, whichever of its tasks gets there first.
    const fn is_of_order(self) -> bool {
        matches!(self, Self::Cancel | Self::Amend)
    }
}

impl<'a> Story<'a> {
    fn new(test: &'a BoundTest) -> Self {
        let order = test.plan.order();
        let text = |field: &str| order.field(field).and_then(|value| value.as_text());
        let start = text("submitted_at").and_then(|at| at.parse().ok()).unwrap_or(Timestamp::EPOCH);
        let id: OrderId =
            text("id").and_then(|id| id.parse().ok()).unwrap_or(OrderId::new(uuid::Uuid::nil()));
        let run = Run::new(id, Arc::new(test.plan.clone()));
        Self {
            test,
            simulation: Simulation::new(run, Systems::new(test, id), start),
            timeline: Timeline::new(start),
            start,
            agreed: vec![BTreeSet::new(); test.steps.len()],
            agenda: BTreeMap::new(),
            deliveries: 0,
            told: Vec::new(),
            attempts: 0,
            open: BTreeMap::new(),
            failures: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Lets happen what happens, until nothing more does.
    fn go_on(&mut self) {
        for _ in 0..MOST_EVENTS {
            let ended = self.simulation.order().is_ended();
            let from_outside = self.agenda.first_key_value().map(|(place, _)| *place);
            // What is under way when an order ends matters to nobody, but to what comes later from outside.
            let next = self.simulation.next_at().filter(|_| !ended || from_outside.is_some());
            match (from_outside, next) {
                (None, None) => return,
                // What comes from outside at a moment comes before what the systems do at it: a cancel at a task finds it
                // under way.
                (Some(place), next) if next.is_none_or(|next| place.0 <= next) => {
                    if let Some((step, task)) = self.agenda.remove(&place) {
                        self.simulation.pass_until(place.0);
                        self.act(step, task);
                    }
                }
                (_, Some(_)) => {
                    self.simulation.step();
                }
                (Some(_), None) => return,
            }
            self.tell();
        }
        self.failures.push(Failure {
            at: self.test.at,
            expected: "the order to come to an end".to_owned(),
            actual: format!("it has not after {MOST_EVENTS} events"),
            moment: None,
        });
    }

    /// Takes notice of what has happened since the last time.
    fn tell(&mut self) {
        let simulation = &self.simulation;
        let orders: Vec<&Run> = std::iter::once(simulation.order()).chain(simulation.children()).collect();
        let attempts = simulation.world().attempts();
        let owner = |attempt: &Attempt| {
            let number = orders.iter().position(|run| run.order_id() == attempt.order).unwrap_or_default();
            Whose { number, plan: orders.get(number).map_or(&self.test.plan, |run| run.plan()) }
        };

        let later = self.open.split_off(&(simulation.now(), usize::MAX));
        for ((_, place), begun) in std::mem::replace(&mut self.open, later) {
            if let Some(attempt) = attempts.get(place) {
                self.timeline.attempt_ends(owner(attempt), attempt, begun);
            }
        }
        let mut made: BTreeSet<usize> = (self.attempts..attempts.len()).collect();
        self.attempts = attempts.len();
        let (mut cues, mut born) = (Vec::new(), Vec::new());
        self.told.resize(orders.len(), 0);
        for (number, (run, told)) in orders.iter().zip(&mut self.told).enumerate() {
            for event in run.events().iter().skip(*told) {
                self.timeline.fact(Whose { number, plan: run.plan() }, event);
                // A call is told where its task begins, whatever else comes of that.
                let first = made.iter().copied().find(|place| {
                    let of = attempts.get(*place).map(|attempt| (attempt.order, &attempt.call.task));
                    begins(&event.fact).is_some_and(|task| of == Some((run.order_id(), task)))
                });
                if let Some((place, attempt)) = first.and_then(|place| Some((place, attempts.get(place)?))) {
                    made.remove(&place);
                    let begun = self.timeline.attempt_begins(owner(attempt), attempt);
                    self.open.insert((attempt.ends, place), begun);
                }
                if let Fact::ChildOrderStarted { task, order, .. } = &event.fact {
                    born.push((run.order_id(), task.clone(), *order));
                }
                if number == 0 {
                    cues.push(event.clone());
                }
            }
            *told = run.events().len();
        }
        for place in made {
            if let Some(attempt) = attempts.get(place) {
                let begun = self.timeline.attempt_begins(owner(attempt), attempt);
                self.open.insert((attempt.ends, place), begun);
            }
        }
        for (parent, task, child) in born {
            self.simulation.world_mut().adopt(parent, &task, child);
        }
        for event in &cues {
            self.cue(event);
        }
    }

    /// Agrees upon the steps that wait for what has happened.
    #[expect(clippy::wildcard_enum_match_arm, reason = "steps wait for a few facts only")]
    fn cue(&mut self, event: &OrderEvent) {
        let (task, cue) = match &event.fact {
            Fact::TaskStarted { task, .. } => (task, Cue::Begun),
            Fact::TaskHeld { task, .. }
            | Fact::TaskUndoFailed { task, .. }
            | Fact::OrderPaused { task, .. } => (task, Cue::Held),
            _ => return,
        };
        let Some(task) = self.test.plan.find(task) else { return };
        for of in Sort::ALL.into_iter().filter(|sort| sort.cue() == cue) {
            let waits = |(step, agreed): &(&Step, &BTreeSet<TaskIndex>)| {
                let open = if of.is_of_order() { agreed.is_empty() } else { !agreed.contains(&task) };
                sort(&step.act) == of && step.tasks.contains(&task) && open
            };
            let Some(n) = self.test.steps.iter().zip(&self.agreed).position(|pair| waits(&pair)) else {
                continue;
            };
            if let (Some(step), Some(agreed)) = (self.test.steps.get(n), self.agreed.get_mut(n)) {
                agreed.insert(task);
                self.deliveries += 1;
                self.agenda.insert((event.at.plus(step.after), self.deliveries), (n, task));
            }
        }
    }

    /// Has a step happen now.
    fn act(&mut self, n: usize, index: TaskIndex) {
        let Some(step) = self.test.steps.get(n) else { return };
        let event = self.event(step, index);
        let Err(rejected) = self.simulation.handle(event) else { return };
        let task = self.test.plan.id(index);
        let at = self.simulation.now();
        let on_record = matches!(rejected, Rejected::Signal { .. })
            || matches!((&step.act, &rejected), (Act::Cancel, Rejected::PointOfNoReturn { .. }))
            || matches!((&step.act, &rejected), (Act::Amend { .. }, Rejected::Amendment { .. }));
        if !on_record {
            let text = format!("{} is refused: {rejected}", told(&step.act, &task.to_string()));
            self.timeline.refusal(Whose { number: 0, plan: &self.test.plan }, &task, at, text);
        }
        self.tell();
        let place = self.timeline.latest();
        if sort(&step.act).is_of_order() {
            self.refused.push((step, rejected.to_string(), place));
        } else {
            self.failures.push(Failure {
                at: step.at,
                expected: format!("{} to be taken", told(&step.act, &task.to_string())),
                actual: rejected.to_string(),
                moment: Some(place),
            });
        }
    }

    /// What a step is to the order.
    fn event(&mut self, step: &Step, index: TaskIndex) -> Event {
        self.deliveries += 1;
        let id = delivery(self.deliveries);
        let task = self.test.plan.id(index);
        let (by, note) = (Actor::new("test"), self.test.name.clone());
        match &step.act {
            Act::Signal { name, payload } => Event::Delivered {
                id,
                signal: name.to_string(),
                task: Some(task.to_string()),
                payload: payload.clone(),
            },
            Act::Complete { result } => {
                let action = engine::Act::Complete { result: result.clone() };
                Event::Act { id, action, task, by, note }
            }
            Act::Retry => Event::Act { id, action: OperatorAction::Retry.into(), task, by, note },
            Act::Rollback => Event::Act { id, action: OperatorAction::Rollback.into(), task, by, note },
            Act::Cancel => Event::Cancel { id, by, reason: note },
            Act::Amend { plan, changes: _ } => {
                Event::Amend { id, plan: plan.clone(), by, reason: note, token: None }
            }
        }
    }

    /// Judges what has happened.
    fn end(mut self) -> Outcome {
        self.never_happened();
        let run = self.simulation.order();
        let took = run.events().last().map_or(self.start, |event| event.at).since(self.start);
        let attempts = self.simulation.world().attempts();
        let timeline = self.timeline.into_moments();
        let children: Vec<&Run> = self.simulation.children().collect();
        let (test, refused) = (self.test, &self.refused);
        let ended = Ended { test, run, children: &children, attempts, timeline: &timeline, took, refused };
        let mut failures = self.failures;
        failures.extend(judge(&ended));
        failures.sort_by_key(|failure| failure.at);
        let mut reached: BTreeMap<BlueprintRef, Reached> = BTreeMap::new();
        for run in std::iter::once(run).chain(children) {
            let found = Reached::of(run, attempts);
            reached.entry(run.plan().blueprint().clone()).or_default().merge(&found);
        }
        Outcome {
            name: test.name.clone(),
            at: test.at,
            blueprint: test.plan.blueprint().clone(),
            state: run.state(),
            took,
            failures,
            timeline,
            reached,
        }
    }

    /// Steps that no task got to.
    fn never_happened(&mut self) {
        let plan = &self.test.plan;
        let view = self.simulation.order().view();
        for (step, _) in self.test.steps.iter().zip(&self.agreed).filter(|(_, agreed)| agreed.is_empty()) {
            let missed =
                if sort(&step.act).cue() == Cue::Held { "was never held" } else { "was never begun" };
            let whom: Vec<String> = step
                .tasks
                .iter()
                .filter_map(|task| {
                    let state = view.tasks.get(task.0)?.state;
                    Some(format!("`{}` {missed}: in the end it is {state}", plan.id(*task)))
                })
                .collect();
            let actual =
                if whom.is_empty() { "the order has no such task".to_owned() } else { whom.join("; ") };
            let at = step.tasks.first().map_or_else(String::new, |task| plan.id(*task).to_string());
            self.failures.push(Failure {
                at: step.at,
                expected: format!("{} to happen", told(&step.act, &at)),
                actual,
                moment: None,
            });
        }
    }
}

/// The task that a fact says has begun to do or to undo something.
#[expect(clippy::wildcard_enum_match_arm, reason = "two facts say so")]
const fn begins(fact: &Fact) -> Option<&TaskId> {
    match fact {
        Fact::TaskStarted { task, .. } | Fact::TaskUndoing { task, .. } => Some(task),
        _ => None,
    }
}

/// A step in words.
fn told(act: &Act, task: &str) -> String {
    match act {
        Act::Signal { name, .. } => format!("the signal `{name}` for `{task}`"),
        Act::Complete { .. } => format!("the completion of `{task}`"),
        Act::Retry => format!("the operator's retry of `{task}`"),
        Act::Rollback => format!("the operator's rollback at `{task}`"),
        Act::Cancel => format!("the cancel at `{task}`"),
        Act::Amend { .. } => format!("the amendment at `{task}`"),
    }
}

#[expect(clippy::expect_used, reason = "a word and a number are an id")]
fn delivery(number: usize) -> DeliveryId {
    DeliveryId::new(&format!("test-{number}")).expect("a word and a number are an id")
}
