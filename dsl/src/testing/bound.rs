//! A test that is bound to the plan of its order: what the `testing` crate runs.

use std::collections::BTreeMap;

use model::{
    Duration, ItemId, ItemState, OperationName, OperatorAction, OrderState, SignalName, SystemName,
    TaskState, Value,
};
use plan::{Plan, TaskIndex};

use crate::Span;

/// A test that is bound to the plan of its order.
#[derive(Clone, Debug)]
pub struct BoundTest {
    /// What it shows, in its author's words; unique in its library.
    pub name: String,
    /// Where it is.
    pub at: Span,
    /// The plan of its order.
    pub plan: Plan,
    /// Whether the order is delivered a second time.
    pub twice: bool,
    /// How systems answer. Of several for one call, the first that is not used up.
    pub stubs: Vec<Stub>,
    /// What happens from outside, in the order it is written.
    pub steps: Vec<Step>,
    /// What must come of it.
    pub expectations: Vec<Expectation>,
}

/// How a system answers a call.
#[derive(Clone, Debug)]
pub struct Stub {
    /// The system.
    pub system: SystemName,
    /// Its operation or query.
    pub operation: OperationName,
    /// Only for these tasks; for all, if there are none.
    pub tasks: Vec<TaskIndex>,
    /// What it does.
    pub behaviour: Behaviour,
    /// How many attempts it is for; all, without it.
    pub times: Option<u32>,
    /// How long it takes to answer; at once, without it.
    pub takes: Duration,
    /// Where it is.
    pub at: Span,
}

/// What a system does when it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Does what it is asked, and answers this. What is missing in the answer is made up from its declared type.
    Returns(Value),
    /// Can't do it now, and says why: the attempt is repeated as the task says.
    Fails(String),
    /// Will not do it, and says why: no attempt follows.
    Refuses(String),
    /// Gives no answer in time.
    TimesOut {
        /// Whether it did what it was asked all the same.
        done: bool,
    },
}

/// Something that happens from outside when a task has got somewhere.
#[derive(Clone, Debug)]
pub struct Step {
    /// What.
    pub act: Act,
    /// When one of these tasks has begun; for an operator, when it is held. Once for each of them, unless it is about the
    /// order. Without any, when the order is submitted.
    pub tasks: Vec<TaskIndex>,
    /// How long after that.
    pub after: Duration,
    /// Whether it is delivered a second time.
    pub twice: bool,
    /// Where it is.
    pub at: Span,
}

/// What happens from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A signal comes.
    Signal {
        /// Its name.
        name: SignalName,
        /// What it carries.
        payload: Value,
    },
    /// A person says what came of a manual task.
    Complete {
        /// What they say.
        result: Value,
    },
    /// An operator does something about a held task.
    Operator(Operator),
    /// Somebody wants the order cancelled, or one item of it.
    Cancel {
        /// The item.
        item: Option<ItemId>,
    },
    /// Somebody has nothing more of the order begun.
    Pause,
    /// Somebody has a paused order go on.
    Resume,
    /// Somebody wants fields of the order's document changed.
    Amend {
        /// Which: each a place (RFC 6901) and its new value.
        changes: Vec<(String, Value)>,
        /// The plan of the order with these changes, and those of the amendments that are written before.
        plan: Box<Plan>,
    },
}

/// What an operator does about a held task: [`OperatorAction`], with what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Has it tried again.
    Retry {
        /// The arguments that are to be others than the blueprint says.
        arguments: BTreeMap<String, Value>,
    },
    /// Has done it by hand.
    Complete {
        /// What came of it.
        result: Value,
    },
    /// Goes on without it.
    Skip,
    /// Has its item undone, or the order.
    Rollback,
    /// Has taken back by hand what its undo did not.
    Undone,
    /// Leaves in place what its undo did not take back.
    Accept,
}

impl Operator {
    /// Which action it is.
    #[must_use]
    pub const fn action(&self) -> OperatorAction {
        match self {
            Self::Retry { .. } => OperatorAction::Retry,
            Self::Complete { .. } => OperatorAction::Complete,
            Self::Skip => OperatorAction::Skip,
            Self::Rollback => OperatorAction::Rollback,
            Self::Undone => OperatorAction::Undone,
            Self::Accept => OperatorAction::Accept,
        }
    }
}

/// Something that must come of a test.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What.
    pub kind: ExpectationKind,
    /// Where it is.
    pub at: Span,
}

/// What must come of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectationKind {
    /// The order is in this state in the end.
    Order(OrderState),
    /// The item is in this state in the end.
    Item(ItemId, ItemState),
    /// Each of these tasks is in this state in the end.
    Task(Vec<TaskIndex>, TaskState),
    /// These tasks are undone, and no others, in this order or another that the plan allows.
    Undone(Vec<Vec<TaskIndex>>),
    /// These tasks did what they did once, and nobody touched it again.
    Untouched(Vec<TaskIndex>),
    /// What these tasks left was accepted as residue, and that of no others.
    Residue(Vec<TaskIndex>),
    /// The customer sees this in the end.
    Status {
        /// Of this item; of the order, without it.
        item: Option<ItemId>,
        /// What.
        text: String,
    },
    /// The operation was called with these arguments, and any others besides.
    Called {
        /// The system.
        system: SystemName,
        /// Its operation or query.
        operation: OperationName,
        /// The arguments that matter: a record.
        arguments: Value,
        /// How often, attempts of one call counted once; at least once, without it.
        times: Option<u32>,
    },
    /// From beginning to end it takes so long.
    Elapsed {
        /// At least.
        least: Duration,
        /// At most.
        most: Duration,
    },
    /// What the test asks for is refused: a cancel, an amendment, a pause, what an operator wants.
    Refused,
}
