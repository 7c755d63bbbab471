//! Expressions as the plan carries them: checked, with every name resolved.

use model::{ItemKind, Value};
use serde::{Deserialize, Serialize};

use crate::{BinaryOp, DefinitionIndex, Function, Operands, UnaryOp};

/// An expression with where it was written, so that a failing evaluation can say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Formula {
    /// What to evaluate.
    pub expr: Expr,
    /// The expression as its author wrote it.
    pub text: String,
    /// The line it is on, from 1, in the file of its definition.
    pub line: u32,
}

/// An expression. It reads the order, its item, results of tasks it depends on, and nothing else: no clock, no
/// randomness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr {
    /// A constant.
    Value(Value),
    /// The order: its standard fields and its declared attributes in one record.
    Order,
    /// The order's items, each with its standard fields and attributes.
    OrderItems,
    /// The item that the task is for.
    Item,
    /// All items of a kind.
    Items(ItemKind),
    /// The result of the task itself: in `ensure` and `undo`. The answer, in what a poll waits for and a verify looks for.
    Result,
    /// What the task brought back before an amendment: in `amend`.
    Before,
    /// A parameter of the blueprint.
    Parameter(String),
    /// A name bound by a comprehension around it.
    Variable(String),
    /// The result of another task: null if it was skipped; the list of results of all instances, seen from
    /// outside its `each`.
    Task(DefinitionIndex),
    /// When another task was done; a list seen from outside its `each`.
    FinishedAt(DefinitionIndex),
    /// Whether another task was done and not skipped; true if any instance was, seen from outside its `each`.
    Ran(DefinitionIndex),
    /// A field of a record. Of a list, the list of its elements' fields.
    Field {
        /// The record.
        of: Box<Expr>,
        /// The field.
        name: String,
        /// `?.`: null stays null. Without it, null is an error.
        safe: bool,
    },
    /// An operator with one operand.
    Unary {
        /// Which.
        op: UnaryOp,
        /// Its operand.
        of: Box<Expr>,
    },
    /// An operator with two operands.
    Binary {
        /// Which.
        op: BinaryOp,
        /// What the operands are.
        on: Operands,
        /// The left one.
        left: Box<Expr>,
        /// The right one.
        right: Box<Expr>,
    },
    /// `if a then b else c`.
    If {
        /// The condition.
        condition: Box<Expr>,
        /// If it holds.
        then: Box<Expr>,
        /// If not.
        otherwise: Box<Expr>,
    },
    /// A text with values in it.
    Text(Vec<Expr>),
    /// A list.
    List(Vec<Expr>),
    /// A record.
    Record(Vec<(String, Expr)>),
    /// A function.
    Call {
        /// Which.
        function: Function,
        /// What the arguments are, where the function compares or adds them.
        on: Operands,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// `[each for variable in of where keep]`.
    Comprehension {
        /// What each element becomes.
        each: Box<Expr>,
        /// The name of an element.
        variable: String,
        /// The list.
        of: Box<Expr>,
        /// Which elements to keep; all, without it.
        keep: Option<Box<Expr>>,
    },
}

impl Expr {
    /// Visits this expression and every one inside it, outermost first.
    pub fn visit<'a>(&'a self, visitor: &mut dyn FnMut(&'a Self)) {
        visitor(self);
        match self {
            Self::Value(_)
            | Self::Order
            | Self::OrderItems
            | Self::Item
            | Self::Items(_)
            | Self::Result
            | Self::Before
            | Self::Parameter(_)
            | Self::Variable(_)
            | Self::Task(_)
            | Self::FinishedAt(_)
            | Self::Ran(_) => {}
            Self::Field { of, .. } | Self::Unary { of, .. } => of.visit(visitor),
            Self::Binary { left, right, .. } => {
                left.visit(visitor);
                right.visit(visitor);
            }
            Self::If { condition, then, otherwise } => {
                condition.visit(visitor);
                then.visit(visitor);
                otherwise.visit(visitor);
            }
            Self::Text(parts) | Self::List(parts) | Self::Call { arguments: parts, .. } => {
                for part in parts {
                    part.visit(visitor);
                }
            }
            Self::Record(fields) => {
                for (_, value) in fields {
                    value.visit(visitor);
                }
            }
            Self::Comprehension { each, of, keep, .. } => {
                of.visit(visitor);
                if let Some(keep) = keep {
                    keep.visit(visitor);
                }
                each.visit(visitor);
            }
        }
    }

    /// The tasks it reads, in the order they are written.
    #[must_use]
    pub fn tasks(&self) -> Vec<DefinitionIndex> {
        let mut tasks = Vec::new();
        self.visit(&mut |expr| {
            if let Self::Task(task) | Self::FinishedAt(task) | Self::Ran(task) = expr
                && !tasks.contains(task)
            {
                tasks.push(*task);
            }
        });
        tasks
    }
}
