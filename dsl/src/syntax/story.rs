//! The tree of a test, as written: nothing in it is resolved or checked.

use model::{Duration, OperatorAction};

use super::tree::{Expr, Extent, Name};
use crate::Span;

/// `test "…" { … }`.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) extent: Extent,
    /// What it shows; its place is that of the text.
    pub(crate) name: Name,
    pub(crate) orders: Vec<TestOrder>,
    pub(crate) stubs: Vec<Stub>,
    pub(crate) steps: Vec<Step>,
    pub(crate) expectations: Vec<Expectation>,
    /// Something in it could not be read, so that what seems to be missing may be there.
    pub(crate) broken: bool,
}

/// `order { … }` or `order file "…"`.
#[derive(Clone, Debug)]
pub(crate) struct TestOrder {
    /// The word it begins with.
    pub(crate) span: Span,
    pub(crate) document: OrderDocument,
    /// Whether it comes a second time.
    pub(crate) twice: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum OrderDocument {
    Inline(Expr),
    /// The name of a file, below the folder of the library.
    File(Name),
}

/// How a system behaves.
#[derive(Clone, Debug)]
pub(crate) struct Stub {
    pub(crate) span: Span,
    pub(crate) system: Name,
    pub(crate) operation: Name,
    pub(crate) does: Does,
    pub(crate) times: Option<Times>,
    pub(crate) takes: Option<Duration>,
    pub(crate) tasks: Vec<StoryTask>,
}

#[derive(Clone, Debug)]
pub(crate) enum Does {
    /// Nothing is said of the answer if there is no value.
    Returns(Option<Expr>),
    Fails(Option<Name>),
    Refuses(Option<Name>),
    TimesOut {
        done: Option<Span>,
    },
}

/// How often; none if that is no number that could be meant, which has been reported.
pub(crate) type Times = Option<u32>;

/// `task`, `kind.task`, `task[item]`.
#[derive(Clone, Debug)]
pub(crate) struct StoryTask {
    pub(crate) span: Span,
    pub(crate) kind: Option<Name>,
    pub(crate) name: Name,
    pub(crate) item: Option<Name>,
}

/// What happens from outside.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) span: Span,
    pub(crate) act: StepAct,
    /// Where; none, if the time counts from the submission.
    pub(crate) tasks: Vec<StoryTask>,
    pub(crate) after: Option<Duration>,
    /// Whether it is delivered a second time.
    pub(crate) twice: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum StepAct {
    Signal {
        name: Name,
        payload: Option<Expr>,
    },
    Complete(Option<Expr>),
    Operator {
        action: OperatorAction,
        /// What they say with it.
        said: Option<Expr>,
        at: Span,
    },
    /// Of an item, or of the order.
    Cancel(Option<Name>),
    Pause,
    Resume,
    Amend(Vec<Amendment>),
}

/// A field of the order's document and its new value.
#[derive(Clone, Debug)]
pub(crate) struct Amendment {
    pub(crate) span: Span,
    pub(crate) place: Vec<PlacePart>,
    pub(crate) value: Expr,
}

#[derive(Clone, Debug)]
pub(crate) enum PlacePart {
    Field(Name),
    /// `["1"]`: the item of that id.
    Item(Name),
}

/// What must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    pub(crate) span: Span,
    pub(crate) kind: Expected,
}

#[derive(Clone, Debug)]
pub(crate) enum Expected {
    Order(Name),
    Task(Vec<StoryTask>, Name),
    /// An item and its state.
    Item(Name, Name),
    Undone(Vec<StoryTask>),
    Untouched(Vec<StoryTask>),
    Residue(Vec<StoryTask>),
    Status {
        /// Of an item, or of the order.
        item: Option<Name>,
        text: Name,
    },
    Called {
        system: Name,
        operation: Name,
        arguments: Vec<(Name, Expr)>,
        times: Option<Times>,
    },
    /// At least and at most.
    Elapsed(Duration, Duration),
    Refused,
}
