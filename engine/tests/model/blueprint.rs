//! Random blueprints, described so that they can be made smaller, read by a person, and written down.
//!
//! What such a description means as a plan is in `lower`; what it means for an order is in `reference`.

use std::fmt;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// One of so many, however many there turn out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Pick(pub(crate) u16);

impl Pick {
    /// Below `bound`, if anything is.
    pub(crate) fn of(self, bound: usize) -> Option<usize> {
        (bound > 0).then(|| usize::from(self.0) % bound)
    }

    pub(crate) fn among<T>(self, all: &[T]) -> Option<&T> {
        self.of(all.len()).and_then(|n| all.get(n))
    }
}

/// A blueprint: tasks of the order, tasks of each item between them, and those of the blueprint that `run` runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blueprint {
    pub(crate) before: Vec<TaskSpec>,
    pub(crate) each: Vec<TaskSpec>,
    /// Whether items fail alone.
    pub(crate) isolate: bool,
    pub(crate) after: Vec<TaskSpec>,
    pub(crate) sub: Vec<TaskSpec>,
    pub(crate) deadline: Option<DeadlineSpec>,
    /// Nothing is given up: every reaction is to hold, so whatever goes wrong, the order is completed in the end.
    pub(crate) calm: bool,
}

/// What happens when the time of the order is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeadlineSpec {
    Alarm,
    Then(ReactionSpec),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaskSpec {
    pub(crate) body: BodySpec,
    pub(crate) after: Vec<Pick>,
    /// The task before it whose result is among its arguments.
    pub(crate) reads: Option<Pick>,
    /// The attribute of the order that is among its arguments.
    pub(crate) attribute: Pick,
    pub(crate) when: Option<When>,
    pub(crate) ensure: Option<ReactionSpec>,
    pub(crate) on_failure: Option<ReactionSpec>,
    pub(crate) on_timeout: Option<ReactionSpec>,
    pub(crate) point_of_no_return: bool,
    pub(crate) status: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BodySpec {
    Call(CallSpec),
    Query,
    Wait,
    Manual,
    Poll,
    Sleep,
    SleepUntil,
    Let,
    Milestone,
    Run,
}

/// A call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CallSpec {
    pub(crate) undo: bool,
    /// Whether there is a `verify`, and whether its answer is that of the call.
    pub(crate) verify: Option<bool>,
    pub(crate) fallback: bool,
    /// Whether there is an `amend`, and whether its answer is the new result.
    pub(crate) amend: Option<bool>,
    pub(crate) repeatable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum When {
    /// An attribute of the order is even: decided when the plan is made.
    Even(Pick),
    /// A task before it was not skipped.
    Ran(Pick),
    /// The result of a task before it has the value 1.
    IsOne(Pick),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ReactionSpec {
    Hold,
    HoldForCustomer,
    Rollback,
    Skip,
    Reject,
    Fail,
}

/// How many attributes an order has.
pub(crate) const ATTRIBUTES: usize = 2;

/// One version of an order: its attributes, and the value of each of its items that it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) attributes: [u8; ATTRIBUTES],
    pub(crate) items: [Option<u8>; 2],
}

impl Blueprint {
    /// Whether a reaction ends an order or an item and leaves what was done in place.
    pub(crate) fn may_abandon(&self) -> bool {
        let fail = Some(ReactionSpec::Fail);
        let tasks = [&self.before, &self.each, &self.after, &self.sub].into_iter().flatten();
        let fails = |task: &TaskSpec| [task.ensure, task.on_failure, task.on_timeout].contains(&fail);
        !self.calm
            && (tasks.into_iter().any(fails) || self.deadline == Some(DeadlineSpec::Then(ReactionSpec::Fail)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attributes {:?}, items {:?}", self.attributes, self.items)
    }
}

impl fmt::Display for Blueprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, each, isolate, after, sub, deadline, calm } = self;
        writeln!(f, "calm: {calm}, isolate: {isolate}, deadline: {deadline:?}")?;
        for (part, tasks) in [("before", before), ("each", each), ("after", after), ("sub", sub)] {
            for task in tasks {
                writeln!(f, "  {part}: {task}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for TaskSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.body)?;
        for after in &self.after {
            write!(f, " after {}", after.0)?;
        }
        if let Some(reads) = self.reads {
            write!(f, " reads {}", reads.0)?;
        }
        if let Some(when) = self.when {
            write!(f, " when {when:?}")?;
        }
        let reactions =
            [("ensure", self.ensure), ("on failure", self.on_failure), ("on timeout", self.on_timeout)];
        for (of, reaction) in reactions {
            if let Some(reaction) = reaction {
                write!(f, " {of} {reaction:?}")?;
            }
        }
        if self.point_of_no_return {
            write!(f, " point of no return")?;
        }
        Ok(())
    }
}

fn pick() -> impl Strategy<Value = Pick> + Clone {
    (0u16..60).prop_map(Pick)
}

fn body() -> impl Strategy<Value = BodySpec> {
    let call = (
        prop::bool::weighted(0.85),
        prop::option::weighted(0.3, any::<bool>()),
        prop::bool::weighted(0.25),
        prop::option::weighted(0.3, prop::bool::weighted(0.7)),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(undo, verify, fallback, amend, repeatable)| {
            BodySpec::Call(CallSpec { undo, verify, fallback, amend, repeatable })
        });
    prop_oneof![
        9 => call,
        1 => Just(BodySpec::Query),
        2 => Just(BodySpec::Wait),
        1 => Just(BodySpec::Manual),
        1 => Just(BodySpec::Poll),
        1 => Just(BodySpec::Sleep),
        1 => Just(BodySpec::SleepUntil),
        1 => Just(BodySpec::Let),
        1 => Just(BodySpec::Milestone),
        2 => Just(BodySpec::Run),
    ]
}

fn reaction() -> impl Strategy<Value = ReactionSpec> {
    prop_oneof![
        4 => Just(ReactionSpec::Hold),
        1 => Just(ReactionSpec::HoldForCustomer),
        5 => Just(ReactionSpec::Rollback),
        3 => Just(ReactionSpec::Skip),
        1 => Just(ReactionSpec::Reject),
        1 => Just(ReactionSpec::Fail),
    ]
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![pick().prop_map(When::Even), pick().prop_map(When::Ran), pick().prop_map(When::IsOne)]
}

fn task() -> impl Strategy<Value = TaskSpec> {
    (
        body(),
        prop::collection::vec(pick(), 0..3),
        prop::option::weighted(0.5, pick()),
        pick(),
        prop::option::weighted(0.2, when()),
        prop::option::weighted(0.3, reaction()),
        prop::option::weighted(0.4, reaction()),
        prop::option::weighted(0.2, reaction()),
        prop::bool::weighted(0.06),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |(
                body,
                after,
                reads,
                attribute,
                when,
                ensure,
                on_failure,
                on_timeout,
                point_of_no_return,
                status,
            )| {
                TaskSpec {
                    body,
                    after,
                    reads,
                    attribute,
                    when,
                    ensure,
                    on_failure,
                    on_timeout,
                    point_of_no_return,
                    status,
                }
            },
        )
}

pub(crate) fn blueprint() -> impl Strategy<Value = Blueprint> {
    let tasks = |most| prop::collection::vec(task(), 0..=most);
    let deadline = prop_oneof![
        2 => Just(None),
        1 => Just(Some(DeadlineSpec::Alarm)),
        1 => reaction().prop_map(|reaction| Some(DeadlineSpec::Then(reaction))),
    ];
    let sub = prop::collection::vec(task(), 1..=3);
    (tasks(4), tasks(3), prop::bool::weighted(0.6), tasks(3), sub, deadline, prop::bool::weighted(0.3))
        .prop_map(|(before, each, isolate, after, sub, deadline, calm)| Blueprint {
            before,
            each,
            isolate,
            after,
            sub,
            deadline,
            calm,
        })
}

pub(crate) fn version() -> impl Strategy<Value = Version> {
    let item = || prop::option::weighted(0.8, 0u8..3);
    ([0u8..3, 0u8..3], [item(), item()]).prop_map(|(attributes, items)| Version { attributes, items })
}
