//! What a task is: its body and its clauses, as the blueprint defines them for all its instances.

use model::{Duration, HoldFor, ItemKind, OperationName, SignalName, SystemName, TaskName, Type};
use serde::{Deserialize, Serialize};

use crate::Formula;

/// A task or milestone of the blueprint. [`crate::Task`] is one instance of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name, unique within its `each` and within what stands outside every `each`.
    pub name: TaskName,
    /// The kind of item it is repeated for; none outside `each`.
    pub each: Option<ItemKind>,
    /// The file it is in.
    pub file: String,
    /// The line its name is on, from 1.
    pub line: u32,
    /// Decided when the task is due: if it does not hold, the task is skipped. Conditions on order data alone
    /// are decided when the plan is made, see [`crate::Task::skipped`].
    pub when: Option<Formula>,
    /// What it does.
    pub body: Body,
    /// What must hold of its result, checked in order.
    pub ensure: Vec<Ensure>,
    /// What to do when it fails for good; without it, the plan's default.
    pub on_failure: Option<Reaction>,
    /// What to do when its time runs out; without it, as on failure.
    pub on_timeout: Option<Reaction>,
    /// What the customer sees from when it is done (a milestone) or begun (anything else).
    pub status: Option<Formula>,
    /// Once it has begun, the order can't be cancelled.
    pub point_of_no_return: bool,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Calls a system.
    Call(Box<CallBody>),
    /// Waits for a signal.
    Wait {
        /// Its name.
        signal: SignalName,
        /// What it must carry: a record type.
        fields: Type,
        /// How long to wait.
        within: Duration,
    },
    /// Does nothing: a point that others can depend on and customers can see.
    Milestone,
}

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

/// A condition on a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ensure {
    /// What must hold.
    pub condition: Formula,
    /// What to do if it does not.
    pub otherwise: Reaction,
}

/// What to do when something goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// What.
    pub kind: ReactionKind,
    /// Why, for people: a text.
    pub reason: Option<Formula>,
}

/// What a reaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReactionKind {
    /// Ends the order as not taken; only before anything has been done.
    Reject,
    /// Waits for a person.
    Hold(HoldFor),
    /// Undoes everything and ends the order as failed.
    Rollback,
    /// Goes on without the task.
    Skip,
    /// Ends the order as failed without undoing anything.
    Fail,
}

impl Definition {
    /// The body, if it calls a system.
    #[must_use]
    pub fn call(&self) -> Option<&CallBody> {
        match &self.body {
            Body::Call(body) => Some(body),
            Body::Wait { .. } | Body::Milestone => None,
        }
    }

    /// The call that takes it back, if there is one.
    #[must_use]
    pub fn undo(&self) -> Option<&Call> {
        match &self.call()?.undo {
            Undo::Call(call) => Some(call),
            Undo::Nothing { .. } => None,
        }
    }

    /// Every call it may make: the first, those instead of it, the one that takes it back.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let forward =
            self.call().into_iter().flat_map(|body| std::iter::once(&body.call).chain(&body.fallbacks));
        forward.chain(self.undo())
    }

    /// Every formula of the definition.
    #[must_use]
    pub fn formulas(&self) -> Vec<&Formula> {
        let mut formulas: Vec<&Formula> = self.when.iter().collect();
        formulas.extend(self.calls().flat_map(|call| &call.arguments).map(|argument| &argument.value));
        for ensure in &self.ensure {
            formulas.push(&ensure.condition);
            formulas.extend(&ensure.otherwise.reason);
        }
        for reaction in [&self.on_failure, &self.on_timeout].into_iter().flatten() {
            formulas.extend(&reaction.reason);
        }
        formulas.extend(&self.status);
        formulas
    }
}
