//! What will be done for one order: the plan, its expressions and their evaluation.
//!
//! A [`Plan`] is data. `dsl` makes it from a blueprint and an order, the engine carries it out, Postgres and
//! Temporal keep it. Its canonical bytes and [`Plan::hash`] are the same on every machine. It knows neither
//! the blueprint's syntax nor what has happened to the order.

mod aspect;
mod body;
mod call;
mod compare;
mod critical_path;
mod document;
mod error;
mod evaluate;
mod expr;
mod function;
mod need;
mod operator;
mod plan;
mod reaction;
mod reading;
mod remaining;
mod sort;
mod sub_blueprint;
mod visits;

pub use aspect::{Aspect, Said};
pub use body::{Body, Definition, ManualBody, PollBody, RunBody, Sleep};
pub use call::{Amend, Argument, Call, CallBody, Retry, Undo, Verify};
pub use compare::{Change, ChangedTask, Moved, PlanDifference};
pub use critical_path::{CriticalPath, Durations, NotCounted, Timed};
pub use document::{
    CriticalPathDocument, CriticalTask, NotCountedTask, PlanDocument, PlannedBody, PlannedTask,
};
pub use error::{EvalError, InvalidPlan};
pub use evaluate::{NoTasks, Scope, TaskFacts, TaskValue, Tasks};
pub use expr::{Expr, Formula};
pub use function::Function;
pub use operator::{Arithmetic, BinaryOp, Comparison, Operands, UnaryOp};
pub use plan::{DefinitionIndex, FORMAT, Plan, PlanItem, PlanParts, Seen, Task, TaskIndex, hash};
pub use reaction::{Deadline, Ensure, Reaction, ReactionKind};
pub use reading::{Reading, Source, order_data};
pub use remaining::Remaining;
pub use sub_blueprint::SubBlueprint;
pub use visits::{visit, visited};
