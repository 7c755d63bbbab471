//! `test` blocks: what happens to an order in a story that its author tells, and what must come of it.
//!
//! Two stages. `resolve` makes a [`Test`] of what is written: whatever it names exists, every value is a constant, and
//! tasks are still called as they were. [`Library::bind`](crate::Library::bind) makes the plan of its order and gives a
//! [`BoundTest`], in which every name is a task of that plan and every value has the declared type. What runs it is the
//! `testing` crate.

mod bind;
mod bound;
mod document;
mod expect;
mod literal;
mod names;
mod order;
mod resolve;
mod steps;
mod stubs;

use model::{Duration, ItemState, OperationName, OrderState, SystemName, TaskState, Value};

pub use bound::{Act, Behaviour, BoundTest, Expectation, ExpectationKind, Operator, Step, Stub};
pub use order::submitted_at;
pub(crate) use resolve::resolve;

use crate::Span;
use crate::syntax::story::{self, StoryTask};
use crate::syntax::tree::{Expr, Name};

/// A test of a library that has no errors, as far as it can be understood without the plan of its order.
#[derive(Clone, Debug)]
pub struct Test {
    name: String,
    at: Span,
    order: OrderLine,
    /// Whether the order comes a second time.
    twice: bool,
    stubs: Vec<StubLine>,
    steps: Vec<story::Step>,
    expectations: Vec<ExpectationLine>,
}

impl Test {
    /// What it shows, in its author's words; unique in its library.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where that stands.
    #[must_use]
    pub const fn at(&self) -> Span {
        self.at
    }

    /// The file that its order is in, if it is not in the test itself: relative to the folder of the library.
    #[must_use]
    pub fn order_file(&self) -> Option<&str> {
        match &self.order {
            OrderLine::File(name) => Some(&name.text),
            OrderLine::Inline { .. } => None,
        }
    }
}

#[derive(Clone, Debug)]
enum OrderLine {
    Inline {
        /// The word before it.
        at: Span,
        document: Expr,
    },
    File(Name),
}

#[derive(Clone, Debug)]
struct StubLine {
    system: SystemName,
    operation: OperationName,
    behaviour: Behaviour,
    times: Option<u32>,
    takes: Duration,
    tasks: Vec<StoryTask>,
    at: Span,
}

#[derive(Clone, Debug)]
struct ExpectationLine {
    kind: Unbound,
    at: Span,
}

/// [`ExpectationKind`] with tasks as they are written.
#[derive(Clone, Debug)]
enum Unbound {
    Order(OrderState),
    /// With where the state stands.
    Task(Vec<StoryTask>, TaskState, Span),
    Item(Name, ItemState),
    Undone(Vec<StoryTask>),
    Untouched(Vec<StoryTask>),
    Residue(Vec<StoryTask>),
    Status {
        item: Option<Name>,
        text: Name,
    },
    Called {
        system: SystemName,
        operation: OperationName,
        arguments: Value,
        times: Option<u32>,
    },
    Elapsed(Duration, Duration),
    Refused,
}
