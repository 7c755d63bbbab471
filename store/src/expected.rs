//! What an order waits for: the next thing that is expected to happen, and from whom.

use std::fmt;

use model::{HoldFor, OrderState, TaskId, TaskState, Timestamp};

use crate::orders::OrderRow;
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
    /// A cancel is assessed.
    Assessment,
    /// The order starts, at once or at its start date.
    Start {
        /// Its start date.
        at: Option<Timestamp>,
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
            Expectation::Arrival { waiting_for, until: Some(until) } => {
                write!(f, "waits for {waiting_for} until {until}")
            }
            Expectation::Arrival { waiting_for, until: None } => write!(f, "waits for {waiting_for}"),
            Expectation::Answer { call } => write!(f, "waits for an answer of {call}"),
            Expectation::Attempt { call, at } => write!(f, "calls {call} again at {at}"),
            Expectation::Assessment => f.write_str("the cancel is being assessed"),
            Expectation::Start { at: Some(at) } => write!(f, "starts at {at}"),
            Expectation::Start { at: None } => f.write_str("starts at once"),
            Expectation::Progress => f.write_str("goes on by itself"),
        }
    }
}

impl OrderRow {
    /// What is expected to happen next, what needs a person first; none if the order has ended. Several
    /// things may be under way at once: this is the one that a reader asks about.
    #[must_use]
    pub fn expected(&self) -> Option<Expected> {
        let order = &self.summary.progress;
        let whole = |what| Some(Expected { task: None, what });
        match order.state {
            OrderState::Acknowledged => whole(Expectation::Start { at: None }),
            OrderState::Pending => whole(Expectation::Start { at: order.pending_until }),
            OrderState::AssessingCancellation => whole(Expectation::Assessment),
            OrderState::InProgress | OrderState::Held | OrderState::PendingCancellation => self
                .tasks
                .iter()
                .filter_map(TaskRow::expected)
                .min_by_key(|expected| urgency(&expected.what))
                .or_else(|| whole(Expectation::Progress)),
            OrderState::Rejected
            | OrderState::Cancelled
            | OrderState::Completed
            | OrderState::Partial
            | OrderState::Failed => None,
        }
    }
}

/// Lower comes first.
const fn urgency(what: &Expectation) -> u8 {
    match what {
        Expectation::Person { .. } => 0,
        Expectation::Arrival { .. } => 1,
        // What has gone wrong is more telling than what is under way.
        Expectation::Attempt { .. } => 2,
        Expectation::Answer { .. } => 3,
        Expectation::Assessment | Expectation::Start { .. } | Expectation::Progress => 4,
    }
}

impl TaskRow {
    /// What is expected to happen to this task, if it is under way.
    #[must_use]
    pub fn expected(&self) -> Option<Expected> {
        let task = &self.progress;
        let answer = |call: &Option<String>| {
            let call = call.clone()?;
            Some(match self.next_attempt_at {
                Some(at) => Expectation::Attempt { call, at },
                None => Expectation::Answer { call },
            })
        };
        let what = match task.state {
            TaskState::Running | TaskState::Unknown | TaskState::Amending => match &task.waiting_for {
                Some(waiting_for) => {
                    Some(Expectation::Arrival { waiting_for: waiting_for.clone(), until: task.until })
                }
                None => answer(&task.call),
            },
            TaskState::Undoing => answer(&task.undo_call),
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
        };
        what.map(|what| Expected { task: Some(self.id.clone()), what })
    }
}
