//! A test as it happens: the order in virtual time, its systems, and what the test has happen from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dsl::testing::{Act, BoundTest, Operator, Step};
use engine::{Event, Handled, Rejected, Run, Simulation};
use model::{Actor, BlueprintRef, DeliveryId, Fact, OrderEvent, OrderId, TaskId, Timestamp, limits};
use plan::TaskIndex;

use crate::attempt::Attempt;
use crate::timeline::{Timeline, Whose};
use crate::verdict::{Ended, judge};
use crate::world::Systems;
use crate::{Failure, Outcome, Reached};

/// Most things that happen in one test: each time that the polls of an order may ask is a question and an answer, and half as many
/// more for everything else. A story longer than this goes round in a circle that nobody can follow.
const MOST_EVENTS: usize = 3 * limits::ORDER_POLLS as usize;

/// Carries out a test.
#[must_use]
pub fn run(test: &BoundTest) -> Outcome {
    let mut story = Story::new(test);
    story.begin();
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
    agenda: BTreeMap<(Timestamp, usize), (usize, Option<TaskIndex>)>,
    /// How many deliveries there have been, each with its own id.
    deliveries: usize,
    /// How much has been told of the record of each order, that of the test first.
    told: Vec<usize>,
    /// How many attempts have been told.
    attempts: usize,
    /// Attempts that have not ended: when they do, and where their beginning is told.
    open: BTreeMap<(Timestamp, usize), usize>,
    failures: Vec<Failure>,
    /// What was asked for and refused: the step, why, and where that is told.
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
    Pause,
    Resume,
    Amend,
}

const fn sort(act: &Act) -> Sort {
    match act {
        Act::Signal { .. } | Act::Complete { .. } => Sort::Answer,
        Act::Operator(_) => Sort::Operator,
        Act::Cancel { .. } => Sort::Cancel,
        Act::Pause => Sort::Pause,
        Act::Resume => Sort::Resume,
        Act::Amend { .. } => Sort::Amend,
    }
}

impl Sort {
    const ALL: [Self; 6] =
        [Self::Answer, Self::Operator, Self::Cancel, Self::Pause, Self::Resume, Self::Amend];

    const fn cue(self) -> Cue {
        match self {
            Self::Answer | Self::Cancel | Self::Pause | Self::Resume | Self::Amend => Cue::Begun,
            Self::Operator => Cue::Held,
        }
    }

    /// Whether it is about the order, and so happens once, whichever of its tasks gets there first.
    const fn is_of_order(self) -> bool {
        match self {
            Self::Cancel | Self::Pause | Self::Resume | Self::Amend => true,
            Self::Answer | Self::Operator => false,
        }
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

    /// The order is submitted, and may be so again. What happens at a time and not at a task is agreed upon.
    fn begin(&mut self) {
        if self.test.twice {
            self.simulation.step();
            self.again(Event::Start, self.test.at, "the order");
        }
        for (n, step) in self.test.steps.iter().enumerate().filter(|(_, step)| step.tasks.is_empty()) {
            self.deliveries += 1;
            self.agenda.insert((self.start.plus(step.after), self.deliveries), (n, None));
        }
    }

    /// Delivers something a second time, which must change nothing.
    fn again(&mut self, event: Event, at: dsl::Span, what: &str) {
        let before = self.simulation.order().events().len();
        let answer = self.simulation.handle(event);
        let changed = self.simulation.order().events().len() != before;
        if changed || matches!(answer, Ok(Handled::Applied | Handled::Kept)) {
            self.failures.push(Failure {
                at,
                expected: format!("{what} to change nothing when it comes again"),
                actual: "it is taken a second time".to_owned(),
                moment: Some(self.timeline.latest()),
            });
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
                self.agenda.insert((event.at.plus(step.after), self.deliveries), (n, Some(task)));
            }
        }
    }

    /// Has a step happen now.
    fn act(&mut self, n: usize, index: Option<TaskIndex>) {
        let Some(step) = self.test.steps.get(n) else { return };
        let task = index.map(|index| self.test.plan.id(index));
        let Some(event) = self.event(step, task.clone()) else { return };
        let what = told(&step.act, task.as_ref());
        let answer = self.simulation.handle(event.clone());
        if step.twice {
            self.again(event, step.at, &what);
        }
        let Err(rejected) = answer else { return };
        let at = self.simulation.now();
        if !is_on_record(&step.act, &rejected) {
            let text = format!("{what} is refused: {rejected}");
            self.timeline.refusal(Whose { number: 0, plan: &self.test.plan }, task.as_ref(), at, text);
        }
        self.tell();
        let place = self.timeline.latest();
        if sort(&step.act) == Sort::Answer {
            self.failures.push(Failure {
                at: step.at,
                expected: format!("{what} to be taken"),
                actual: rejected.to_string(),
                moment: Some(place),
            });
        } else {
            self.refused.push((step, rejected.to_string(), place));
        }
    }

    /// What a step is to the order.
    fn event(&mut self, step: &Step, task: Option<TaskId>) -> Option<Event> {
        self.deliveries += 1;
        let id = delivery(self.deliveries);
        let (by, note) = (Actor::new("test"), self.test.name.clone());
        Some(match &step.act {
            Act::Signal { name, payload } => Event::Delivered {
                id,
                signal: name.to_string(),
                task: Some(task?.to_string()),
                payload: payload.clone(),
            },
            Act::Complete { result } => {
                let action = engine::Act::Complete { result: result.clone() };
                Event::Act { id, action, task: task?, by, note }
            }
            Act::Operator(operator) => Event::Act { id, action: action(operator), task: task?, by, note },
            Act::Cancel { item: None } => Event::Cancel { id, by, reason: note },
            Act::Cancel { item: Some(item) } => {
                Event::CancelItem { id, item: item.to_string(), by, reason: note }
            }
            Act::Pause => Event::Pause { id, by, note },
            Act::Resume => Event::Resume { id, by, note },
            Act::Amend { plan, changes: _ } => {
                Event::Amend { id, plan: plan.clone(), by, reason: note, token: None }
            }
        })
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
        let steps = self.test.steps.iter().zip(&self.agreed);
        for (step, _) in steps.filter(|(step, agreed)| !step.tasks.is_empty() && agreed.is_empty()) {
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
            let at = step.tasks.first().map(|task| plan.id(*task));
            self.failures.push(Failure {
                at: step.at,
                expected: format!("{} to happen", told(&step.act, at.as_ref())),
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
fn told(act: &Act, task: Option<&TaskId>) -> String {
    let what = match act {
        Act::Signal { name, .. } => format!("the signal `{name}`"),
        Act::Complete { .. } => "the completion".to_owned(),
        Act::Operator(operator) => format!("the operator's `{}`", operator.action()),
        Act::Cancel { item: None } => "the cancel".to_owned(),
        Act::Cancel { item: Some(item) } => format!("the cancel of item {item}"),
        Act::Pause => "the pause".to_owned(),
        Act::Resume => "the resumption".to_owned(),
        Act::Amend { .. } => "the amendment".to_owned(),
    };
    task.map_or(what.clone(), |task| format!("{what} at `{task}`"))
}

/// What an operator does, to the order.
fn action(operator: &Operator) -> engine::Act {
    match operator {
        Operator::Retry { arguments } => engine::Act::Retry { arguments: arguments.clone() },
        Operator::Complete { result } => engine::Act::Complete { result: result.clone() },
        Operator::Skip | Operator::Rollback | Operator::Undone | Operator::Accept => operator.action().into(),
    }
}

/// Whether the order's own record tells of a refusal.
#[expect(clippy::wildcard_enum_match_arm, reason = "it tells of few")]
const fn is_on_record(act: &Act, rejected: &Rejected) -> bool {
    match rejected {
        Rejected::Signal { .. } => true,
        Rejected::PointOfNoReturn { .. }
        | Rejected::ItemNotAlone { .. }
        | Rejected::ItemPointOfNoReturn { .. }
        | Rejected::ItemInUse { .. } => matches!(act, Act::Cancel { .. }),
        Rejected::Amendment { .. } => matches!(act, Act::Amend { .. }),
        _ => false,
    }
}

#[expect(clippy::expect_used, reason = "a word and a number are an id")]
fn delivery(number: usize) -> DeliveryId {
    DeliveryId::new(&format!("test-{number}")).expect("a word and a number are an id")
}
