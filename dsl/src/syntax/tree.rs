//! The tree of a file, as written: nothing in it is resolved or checked.
//!
//! What could not be read is left out, and what is left out has been reported.

use model::Duration;
use rust_decimal::Decimal;

use super::story::Test;
use crate::Span;

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// How far something reaches that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// All of it.
    pub(crate) whole: Span,
    /// What stands before its block; all of it, if it has none.
    pub(crate) head: Span,
}

/// What one file declares.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    pub(crate) types: Vec<TypeDeclaration>,
    pub(crate) systems: Vec<System>,
    pub(crate) retries: Vec<RetryDeclaration>,
    pub(crate) blueprints: Vec<Blueprint>,
    pub(crate) tests: Vec<Test>,
    /// Names that stand in text which could not be read. They may have been declared there, so that nobody
    /// should be told that they don't exist.
    pub(crate) lost: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct TypeDeclaration {
    pub(crate) extent: Extent,
    pub(crate) name: Name,
    pub(crate) of: TypeExpr,
}

#[derive(Clone, Debug)]
pub(crate) struct TypeExpr {
    pub(crate) span: Span,
    pub(crate) kind: TypeKind,
}

#[derive(Clone, Debug)]
pub(crate) enum TypeKind {
    Named(String),
    List(Box<TypeExpr>),
    OneOf(Vec<Name>),
    Record(Vec<FieldDeclaration>),
    Optional(Box<TypeExpr>),
}

#[derive(Clone, Debug)]
pub(crate) struct FieldDeclaration {
    pub(crate) name: Name,
    pub(crate) of: TypeExpr,
    pub(crate) default: Option<Expr>,
}

#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) extent: Extent,
    pub(crate) name: Name,
    pub(crate) docs: String,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) extent: Extent,
    pub(crate) name: Name,
    pub(crate) docs: String,
    /// Whether it changes anything: an `operation` does, a `query` does not.
    pub(crate) effect: bool,
    /// Whether it may be called again with other arguments to the same end.
    pub(crate) repeatable: bool,
    pub(crate) parameters: Vec<FieldDeclaration>,
    pub(crate) result: Option<TypeExpr>,
}

#[derive(Clone, Debug)]
pub(crate) struct RetryDeclaration {
    pub(crate) extent: Extent,
    pub(crate) name: Name,
    pub(crate) policy: RetryPolicy,
}

#[derive(Clone, Debug)]
pub(crate) struct RetryPolicy {
    pub(crate) span: Span,
    pub(crate) attempts: u32,
    pub(crate) every: Option<Duration>,
    pub(crate) doubling: bool,
    pub(crate) up_to: Option<Duration>,
}

#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    pub(crate) extent: Extent,
    pub(crate) name: Name,
    /// None if it is missing or wrong, which has been reported, or if it has parameters.
    pub(crate) version: Option<u32>,
    /// What it is given, if it is one to be run by others.
    pub(crate) parameters: Option<Parameters>,
    pub(crate) docs: String,
    pub(crate) accepts: Vec<Accepts>,
    pub(crate) order: Vec<OrderFields>,
    pub(crate) items: Vec<ItemDeclaration>,
    pub(crate) on_failure: Vec<Reacting>,
    pub(crate) deadlines: Vec<Deadline>,
    pub(crate) one_at_a_time: Vec<OneAtATime>,
    pub(crate) returns: Vec<Returns>,
    /// Something in it could not be read, so that what seems to be missing may be there.
    pub(crate) broken: bool,
    /// Tasks and milestones, those inside `each` included, in source order.
    pub(crate) tasks: Vec<Task>,
    pub(crate) blocks: Vec<Each>,
}

/// `(name: type, …) -> type` in the head of a blueprint.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    pub(crate) fields: Vec<FieldDeclaration>,
    pub(crate) result: Option<TypeExpr>,
}

/// `deadline D at risk after D on timeout …`.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    pub(crate) span: Span,
    pub(crate) within: Option<Duration>,
    pub(crate) at_risk: Option<(Span, Option<Duration>)>,
    pub(crate) on_timeout: Option<Reaction>,
}

/// `one at a time by` with the keys of an order.
#[derive(Clone, Debug)]
pub(crate) struct OneAtATime {
    pub(crate) span: Span,
    pub(crate) keys: Expr,
}

/// `return` with what it answers.
#[derive(Clone, Debug)]
pub(crate) struct Returns {
    pub(crate) span: Span,
    pub(crate) value: Expr,
}

#[derive(Clone, Debug)]
pub(crate) struct Accepts {
    pub(crate) span: Span,
    pub(crate) condition: Expr,
}

#[derive(Clone, Debug)]
pub(crate) struct OrderFields {
    pub(crate) span: Span,
    pub(crate) fields: Vec<FieldDeclaration>,
}

#[derive(Clone, Debug)]
pub(crate) struct ItemDeclaration {
    pub(crate) extent: Extent,
    pub(crate) name: Name,
    pub(crate) condition: Expr,
    pub(crate) fields: Vec<FieldDeclaration>,
}

/// An `each` block, without its tasks: those know the block.
#[derive(Clone, Debug)]
pub(crate) struct Each {
    pub(crate) extent: Extent,
    pub(crate) kind: Name,
    pub(crate) condition: Option<Expr>,
    /// Where it says that a failing item is rolled back alone.
    pub(crate) isolate: Option<Span>,
}

/// A task, or a milestone if `milestone`.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) extent: Extent,
    pub(crate) name: Name,
    pub(crate) milestone: bool,
    /// Its place in [`Blueprint::blocks`], if it is inside one.
    pub(crate) block: Option<usize>,
    pub(crate) after: Vec<TaskRef>,
    pub(crate) when: Vec<When>,
    pub(crate) clauses: Vec<Clause>,
    /// Some of it could not be read, so that what seems to be missing may be there.
    pub(crate) broken: bool,
}

/// `task`, or `kind.task`.
#[derive(Clone, Debug)]
pub(crate) struct TaskRef {
    pub(crate) kind: Option<Name>,
    pub(crate) task: Name,
}

#[derive(Clone, Debug)]
pub(crate) struct When {
    pub(crate) span: Span,
    pub(crate) condition: Expr,
}

#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub(crate) span: Span,
    pub(crate) kind: ClauseKind,
}

#[derive(Clone, Debug)]
pub(crate) enum ClauseKind {
    Call { first: Invocation, fallbacks: Vec<Invocation> },
    Wait { signal: Name, fields: Vec<FieldDeclaration> },
    Manual { title: Expr, role: Name, fields: Vec<FieldDeclaration> },
    Poll { query: Invocation, every: Option<Duration>, until: Expr },
    Sleep(SleepLength),
    Run { blueprint: Name, arguments: Vec<(Name, Expr)> },
    Let(Expr),
    Timeout(Option<Duration>),
    Within(Option<Duration>),
    Retry(RetryClause),
    Ensure { condition: Expr, otherwise: Reaction },
    Verify { query: Invocation, condition: Expr },
    Undo(Invocation),
    Amend(Invocation),
    NoUndo(String),
    OnTimeout(Reaction),
    OnFailure(Reaction),
    Status(Expr),
    PointOfNoReturn,
}

/// How long a `sleep` lasts.
#[derive(Clone, Debug)]
pub(crate) enum SleepLength {
    /// None if it could not be read, which has been reported.
    For(Option<Duration>),
    Until(Expr),
}

#[derive(Clone, Debug)]
pub(crate) enum RetryClause {
    Policy(RetryPolicy),
    Named(Name),
    None,
}

/// `system.operation(arguments)`.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub(crate) span: Span,
    pub(crate) system: Name,
    pub(crate) operation: Name,
    pub(crate) arguments: Vec<(Name, Expr)>,
}

impl Invocation {
    /// `system.operation`, as written.
    pub(crate) fn label(&self) -> String {
        format!("{}.{}", self.system.text, self.operation.text)
    }
}

/// `on failure` with what it says.
#[derive(Clone, Debug)]
pub(crate) struct Reacting {
    pub(crate) span: Span,
    pub(crate) reaction: Reaction,
}

#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    pub(crate) span: Span,
    /// None if it is not supported, which has been reported.
    pub(crate) kind: Option<plan::ReactionKind>,
    pub(crate) why: Option<Expr>,
}

#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) kind: ExprKind,
    /// How many levels of expressions are inside, this one included.
    pub(crate) height: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    /// Could not be read, which has been reported.
    Unreadable,
    Null,
    Bool(bool),
    Number(Decimal),
    Duration(Duration),
    /// A text: its parts, in order.
    Text(Vec<TextPart>),
    List(Vec<Expr>),
    Record(Vec<(Name, Expr)>),
    Name(String),
    Field {
        of: Box<Expr>,
        name: Name,
        safe: bool,
    },
    Call {
        function: Name,
        arguments: Vec<Expr>,
    },
    /// An operation that is written as in another language, which has been reported: whether it fits what it is applied to
    /// is not, as well.
    Foreign(Box<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary {
        op: plan::BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Comprehension {
        each: Box<Expr>,
        variable: Name,
        of: Box<Expr>,
        keep: Option<Box<Expr>>,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum TextPart {
    Literal(String),
    Value(Expr),
}

impl Expr {
    /// The text, if it is one without values in it.
    pub(crate) fn literal_text(&self) -> Option<String> {
        let ExprKind::Text(parts) = &self.kind else { return None };
        parts
            .iter()
            .map(|part| match part {
                TextPart::Literal(text) => Some(text.as_str()),
                TextPart::Value(_) => None,
            })
            .collect()
    }
}
