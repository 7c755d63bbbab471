//! What an order waits for: the next thing that is expected to happen, and from whom.

use std::fmt;

use model::{HoldFor, OrderId, TaskId, TaskState, Timestamp};

use crate::progress::TaskProgress;
use crate::tasks::TaskRow;

/// What is expected to happen next, for one task or for the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The task it is about; none if it is the whole order.
    pub task: Option<TaskId>,
    /// What.
    pub what: Expectation,
}

/// Something that an order waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// A person acts.
    Person {
        /// Who.
        hold_for: HoldFor,
        /// Why they are needed.
        reason: String,
    },
    /// A person acts on an order that a task runs, or on one that this runs in turn.
    ChildPerson {
        /// That order.
        order: OrderId,
        /// Its task.
        task: TaskId,
        /// Who.
        hold_for: HoldFor,
        /// Why they are needed.
        reason: String,
    },
    /// Something comes from outside, or time passes.
    Arrival {
        /// What.
        waiting_for: String,
        /// How long it is waited for.
        until: Option<Timestamp>,
    },
    /// A system answers.
    Answer {
        /// `system.operation`.
        call: String,
    },
    /// A call that did no good is made again.
    Attempt {
        /// `system.operation`.
        call: String,
        /// When.
        at: Timestamp,
    },
    /// The order that a task runs is undone.
    ChildUndone {
        /// What the task runs.
        blueprint: String,
    },
    /// Everything is done; the order that it is part of ends, or takes it back.
    ParentEnd {
        /// That order.
        order: OrderId,
    },
    /// Nothing is left to do but for the orders that its tasks run.
    ChildrenEnd,
    /// A cancel is assessed.
    Assessment,
    /// The order starts, at once or at its start date, and not before others have ended.
    Start {
        /// Its start date.
        at: Option<Timestamp>,
        /// The orders that must end before.
        after: Vec<OrderId>,
    },
    /// The order is to be started, and Temporal has not taken it.
    LateStart {
        /// Why not, as of the last time it was told.
        error: String,
    },
    /// Temporal has the order, and a worker begins it.
    Begin,
    /// Nothing happens by itself any more: the order's workflow was ended from outside.
    Stopped {
        /// When.
        at: Timestamp,
    },
    /// The engine goes on by itself at any moment.
    Progress,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(task) = &self.task {
            write!(f, "{task}: ")?;
        }
        match &self.what {
            Expectation::Person { hold_for, reason } => write!(f, "{} must act: {reason}", hold_for.as_str()),
            Expectation::ChildPerson { order, task, hold_for, reason } => {
                write!(f, "{} must act on the order {order}, at {task}: {reason}", hold_for.as_str())
            }
            Expectation::Arrival { waiting_for, until: Some(until) } => {
                write!(f, "waits for {waiting_for} until {until}")
            }
            Expectation::Arrival { waiting_for, until: None } => write!(f, "waits for {waiting_for}"),
            Expectation::Answer { call } => write!(f, "waits for an answer of {call}"),
            Expectation::Attempt { call, at } => write!(f, "calls {call} again at {at}"),
            Expectation::ChildUndone { blueprint } => {
                write!(f, "waits for the order by {blueprint} to be undone")
            }
            Expectation::ParentEnd { order } => {
                write!(f, "is done; waits for the order {order}, which it is part of, to end")
            }
            Expectation::ChildrenEnd => f.write_str("waits for its child orders to end"),
            Expectation::Assessment => f.write_str("the cancel is being assessed"),
            Expectation::Start { at: None, after } if after.is_empty() => f.write_str("starts at once"),
            Expectation::Start { at, after } => {
                f.write_str("starts")?;
                if let Some(at) = at {
                    write!(f, " at {at}")?;
                }
                let [first, others @ ..] = after.as_slice() else { return Ok(()) };
                let and = if at.is_some() { ", but not before" } else { " when" };
                match others.len() {
                    0 => write!(f, "{and} the order {first} has ended"),
                    more => write!(f, "{and} the order {first} and {more} more have ended"),
                }
            }
            Expectation::LateStart { error } => {
                write!(f, "is to be started; Temporal has not taken it yet: {error}")
            }
            Expectation::Begin => f.write_str("is started; a worker has yet to begin it"),
            Expectation::Stopped { at } => {
                write!(
                    f,
                    "nothing happens by itself: its workflow was ended in Temporal from outside at {at}, and what was done is still in place"
                )
            }
            Expectation::Progress => f.write_str("goes on by itself"),
        }
    }
}

impl TaskRow {
    /// What is expected to happen to this task, if it is under way.
    #[must_use]
    pub fn expected(&self) -> Option<Expected> {
        let what = expectation(&self.progress, self.next_attempt_at);
        what.map(|what| Expected { task: Some(self.id.clone()), what })
    }
}

/// What is expected to happen to a task, if it is under way; `next_attempt_at` while its call rests between two attempts.
pub(crate) fn expectation(task: &TaskProgress, next_attempt_at: Option<Timestamp>) -> Option<Expectation> {
    let answer = |call: &Option<String>| {
        let call = call.clone()?;
        Some(match next_attempt_at {
            Some(at) => Expectation::Attempt { call, at },
            None => Expectation::Answer { call },
        })
    };
    match task.state {
        TaskState::Running | TaskState::Unknown | TaskState::Amending => match &task.waiting_for {
            Some(waiting_for) => {
                Some(Expectation::Arrival { waiting_for: waiting_for.clone(), until: task.until })
            }
            None => answer(&task.call),
        },
        TaskState::Undoing => match task.undo_call.as_deref().and_then(|call| call.strip_prefix("run ")) {
            Some(blueprint) => Some(Expectation::ChildUndone { blueprint: blueprint.to_owned() }),
            None => answer(&task.undo_call),
        },
        TaskState::Held | TaskState::UndoFailed => task.hold_for.map(|hold_for| Expectation::Person {
            hold_for,
            reason: task.reason.clone().unwrap_or_default(),
        }),
        TaskState::Waiting
        | TaskState::Ready
        | TaskState::Succeeded
        | TaskState::Failed
        | TaskState::Skipped
        | TaskState::Dropped
        | TaskState::Undone => None,
    }
}
