//! Calls of systems, and the clauses of a task that go with them.

use model::{Duration, OperationName, SystemName, Type};
use serde::{Deserialize, Serialize};

use crate::Formula;

/// The body of a task that calls a system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallBody {
    /// What to call first.
    pub call: Call,
    /// What to call instead when the one before has failed for good, in order.
    pub fallbacks: Vec<Call>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How long all attempts of one call may take together.
    pub within: Option<Duration>,
    /// When to try again.
    pub retry: Retry,
    /// How to take it back.
    pub undo: Undo,
    /// How to find out whether a call that got no answer was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
    /// How to change what was done when an amendment changes the arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amend: Option<Amend>,
}

impl CallBody {
    /// How long one attempt may take where a blueprint says nothing.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
}

/// A call of an operation or a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The system.
    pub system: SystemName,
    /// Its operation or query.
    pub operation: OperationName,
    /// Its arguments, in the order of the declaration.
    pub arguments: Vec<Argument>,
    /// What it answers; an empty record type if it answers nothing.
    pub result: Type,
    /// Whether it changes anything out there: an operation does, a query does not.
    pub effect: bool,
    /// Whether it may be called again with other arguments to the same end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeatable: bool,
}

impl Call {
    /// `system.operation`, as people know it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}.{}", self.system, self.operation)
    }
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Formula,
}

/// When a failed attempt is followed by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// How many attempts at the most, the first included: 1 to [`model::limits::ATTEMPTS`].
    pub attempts: u32,
    /// How long to wait after the first.
    pub every: Duration,
    /// Whether each wait is twice the one before.
    pub doubling: bool,
    /// The longest wait.
    pub up_to: Option<Duration>,
}

impl Retry {
    /// What holds where a blueprint says nothing: rides out about a minute of trouble without hammering.
    pub const DEFAULT: Self = Self {
        attempts: 6,
        every: Duration::from_secs(1),
        doubling: true,
        up_to: Some(Duration::from_secs(30)),
    };

    /// `no retry`.
    pub const NONE: Self = Self { attempts: 1, every: Duration::from_secs(1), doubling: false, up_to: None };

    /// The longest that all attempts can take with the pauses between them, where one takes up to `timeout`.
    #[must_use]
    pub fn longest(&self, timeout: Duration) -> Duration {
        let mut longest = timeout.saturating_mul(u64::from(self.attempts));
        let mut pause = self.every;
        for _ in 1..self.attempts {
            longest = longest.saturating_add(pause);
            if self.doubling {
                let doubled = pause.saturating_mul(2);
                pause = self.up_to.map_or(doubled, |up_to| up_to.min(doubled));
            }
        }
        longest
    }
}

/// How a call is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// By this call, evaluated with what the task saw when it ran and its result.
    Call(Call),
    /// Not at all, for this reason.
    Nothing {
        /// Why, in the author's words; empty for a query and behind a point of no return.
        why: String,
    },
}

/// How to find out whether a call that got no answer was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verify {
    /// What to ask.
    pub query: Call,
    /// What holds of the answer, its `result`, if the call was made.
    pub condition: Formula,
    /// Whether the answer fits what the task's call answers, and so is the task's result. Otherwise the call is repeated under
    /// its key: what was done is not done again, and answers as it did.
    pub answers: bool,
}

impl Verify {
    /// How patiently the query is asked: as any call of which a blueprint says nothing, whatever is said of the call itself.
    pub const PATIENCE: (Duration, Retry) = (CallBody::DEFAULT_TIMEOUT, Retry::DEFAULT);

    /// The longest that one read-back can take.
    #[must_use]
    pub fn longest() -> Duration {
        let (timeout, retry) = Self::PATIENCE;
        retry.longest(timeout)
    }
}

/// How to change what was done when an amendment changes the arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amend {
    /// The call, evaluated with the new order, and the old result as `before`.
    pub call: Call,
    /// Whether what it answers is the task's new result. Otherwise the old one stays.
    pub answers: bool,
}
