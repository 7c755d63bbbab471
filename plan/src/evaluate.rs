//! Evaluating expressions. Total: every failure is a value, and every evaluation ends.

use std::collections::BTreeMap;

use model::{Timestamp, Value, limits};

use crate::operator::{self, Problem};
use crate::{BinaryOp, DefinitionIndex, EvalError, Expr, Formula, PlanItem, UnaryOp};

/// What an expression may read.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The order: a record.
    pub order: &'a Value,
    /// The order's items.
    pub items: &'a [PlanItem],
    /// The item that the task is for.
    pub item: Option<&'a Value>,
    /// The result of the task itself.
    pub result: Option<&'a Value>,
    /// What the task brought back before an amendment.
    pub before: Option<&'a Value>,
    /// What the blueprint was given: a record.
    pub parameters: Option<&'a Value>,
    /// The other tasks.
    pub tasks: &'a dyn Tasks,
}

/// What is known of the tasks that an expression may read.
pub trait Tasks {
    /// The instance or instances of `definition`, as seen from the task whose expression is evaluated.
    fn task(&self, definition: DefinitionIndex) -> TaskValue<'_>;
}

/// A task seen from another.
pub enum TaskValue<'a> {
    /// The one instance: of the same item, or of the whole order.
    One(TaskFacts<'a>),
    /// All instances, seen from outside their `each`.
    Many(Vec<TaskFacts<'a>>),
}

/// What an expression may know of one task instance.
#[derive(Clone, Copy, Default)]
pub struct TaskFacts<'a> {
    /// Its result; none if it was skipped or is not done.
    pub result: Option<&'a Value>,
    /// When it was done.
    pub finished_at: Option<Timestamp>,
}

/// For expressions on order data alone: no task is known.
pub struct NoTasks;

impl Tasks for NoTasks {
    fn task(&self, _: DefinitionIndex) -> TaskValue<'_> {
        TaskValue::One(TaskFacts::default())
    }
}

impl<'a> Scope<'a> {
    /// The order and its items, and nothing else.
    #[must_use]
    pub const fn of_order(order: &'a Value, items: &'a [PlanItem]) -> Self {
        Self { order, items, item: None, result: None, before: None, parameters: None, tasks: &NoTasks }
    }
}

impl Formula {
    /// The value of the expression in a scope.
    ///
    /// # Errors
    /// A value is missing or not what it was declared to be, a number is too large, a division is by zero, or
    /// the expression takes more than [`limits::EVALUATION_STEPS`].
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        let mut evaluation = Evaluation { scope, variables: Vec::new(), steps: 0 };
        evaluation.value(&self.expr).map_err(|problem| self.error(problem))
    }

    /// The value as true or false.
    ///
    /// # Errors
    /// As [`Formula::evaluate`], and if it is neither.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        operator::boolean(&self.evaluate(scope)?).map_err(|problem| self.error(problem))
    }

    fn error(&self, problem: Problem) -> EvalError {
        EvalError { text: self.text.clone(), line: self.line, problem }
    }
}

struct Evaluation<'s> {
    scope: &'s Scope<'s>,
    variables: Vec<(&'s str, Value)>,
    steps: u32,
}

impl<'s> Evaluation<'s> {
    fn value(&mut self, expr: &'s Expr) -> Result<Value, Problem> {
        self.steps += 1;
        if self.steps > limits::EVALUATION_STEPS {
            return Err(format!("takes more than {} steps", limits::EVALUATION_STEPS));
        }
        match expr {
            Expr::Value(value) => Ok(value.clone()),
            Expr::Order => Ok(self.scope.order.clone()),
            Expr::OrderItems => Ok(Value::List(self.scope.items.iter().map(|i| i.value.clone()).collect())),
            Expr::Item => self.scope.item.cloned().ok_or_else(|| "there is no item here".to_owned()),
            Expr::Items(kind) => {
                let of_kind = self.scope.items.iter().filter(|i| i.kind == *kind);
                Ok(Value::List(of_kind.map(|i| i.value.clone()).collect()))
            }
            Expr::Result => self.scope.result.cloned().ok_or_else(|| "there is no result yet".to_owned()),
            Expr::Before => self.scope.before.cloned().ok_or_else(|| "there is no earlier result".to_owned()),
            Expr::Parameter(name) => match self.scope.parameters {
                Some(given) => field_of(given, name, false),
                None => Err(format!("the parameter `{name}` is not given")),
            },
            Expr::Variable(name) => {
                let bound = self.variables.iter().rev().find(|(n, _)| n == name);
                bound.map(|(_, value)| value.clone()).ok_or_else(|| format!("`{name}` is not bound"))
            }
            Expr::Task(task) => Ok(self.task(*task, |facts| facts.result.cloned().unwrap_or_default())),
            Expr::FinishedAt(task) => Ok(self.task(*task, |facts| {
                facts.finished_at.map_or(Value::Null, |at| Value::text(at.to_string()))
            })),
            Expr::Ran(task) => Ok(Value::Bool(match self.scope.tasks.task(*task) {
                TaskValue::One(facts) => facts.finished_at.is_some(),
                TaskValue::Many(all) => all.iter().any(|facts| facts.finished_at.is_some()),
            })),
            Expr::Field { of, name, safe } => self.field(of, name, *safe),
            Expr::Unary { op: UnaryOp::Not, of } => Ok(Value::Bool(!operator::boolean(&self.value(of)?)?)),
            Expr::Unary { op: UnaryOp::Negate, of } => Ok(Value::from(-operator::number(&self.value(of)?)?)),
            Expr::Binary { op, on, left, right } => {
                let left = self.value(left)?;
                match op {
                    BinaryOp::And => Ok(Value::Bool(operator::boolean(&left)? && self.boolean(right)?)),
                    BinaryOp::Or => Ok(Value::Bool(operator::boolean(&left)? || self.boolean(right)?)),
                    BinaryOp::Coalesce if left.is_null() => self.value(right),
                    BinaryOp::Coalesce => Ok(left),
                    BinaryOp::Equal => Ok(Value::Bool(left == self.value(right)?)),
                    BinaryOp::NotEqual => Ok(Value::Bool(left != self.value(right)?)),
                    BinaryOp::In => Ok(Value::Bool(operator::list(&self.value(right)?)?.contains(&left))),
                    BinaryOp::Matches => {
                        matches(operator::text(&left)?, operator::text(&self.value(right)?)?)
                    }
                    BinaryOp::Compare(comparison) => {
                        let order = operator::compare(*on, &left, &self.value(right)?)?;
                        Ok(Value::Bool(comparison.holds(order)))
                    }
                    BinaryOp::Arithmetic(op) => operator::arithmetic(*op, *on, &left, &self.value(right)?),
                }
            }
            Expr::If { condition, then, otherwise } => {
                if self.boolean(condition)? {
                    self.value(then)
                } else {
                    self.value(otherwise)
                }
            }
            Expr::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    let part = self.value(part)?;
                    match part.as_text() {
                        Some(part) => text.push_str(part),
                        None if part.is_null() => return Err("a value in the text is missing".to_owned()),
                        None => text.push_str(&part.to_string()),
                    }
                    if text.len() > limits::RESULT_BYTES {
                        return Err(format!("the text is longer than {} bytes", limits::RESULT_BYTES));
                    }
                }
                Ok(Value::Text(text))
            }
            Expr::List(elements) => {
                Ok(Value::List(elements.iter().map(|e| self.value(e)).collect::<Result<_, _>>()?))
            }
            Expr::Record(fields) => {
                let mut record = BTreeMap::new();
                for (name, value) in fields {
                    record.insert(name.clone(), self.value(value)?);
                }
                Ok(Value::Record(record))
            }
            Expr::Call { function, on, arguments } => {
                let arguments = arguments.iter().map(|a| self.value(a)).collect::<Result<Vec<_>, _>>()?;
                function.apply(*on, &arguments)
            }
            Expr::Comprehension { each, variable, of, keep } => {
                self.comprehension(each, variable, of, keep.as_deref())
            }
        }
    }

    fn boolean(&mut self, expr: &'s Expr) -> Result<bool, Problem> {
        operator::boolean(&self.value(expr)?)
    }

    fn task(&self, task: DefinitionIndex, read: impl Fn(&crate::TaskFacts<'_>) -> Value) -> Value {
        match self.scope.tasks.task(task) {
            TaskValue::One(facts) => read(&facts),
            TaskValue::Many(all) => Value::List(all.iter().map(read).collect()),
        }
    }

    fn field(&mut self, of: &'s Expr, name: &str, safe: bool) -> Result<Value, Problem> {
        // The common case without copying the whole record.
        if let Some(record) = self.root(of) {
            return field_of(record, name, safe);
        }
        let value = self.value(of)?;
        let Value::List(elements) = value else { return field_of(&value, name, safe) };
        self.steps = self.steps.saturating_add(u32::try_from(elements.len()).unwrap_or(u32::MAX));
        // A skipped instance is null in the list, and its fields are null as well.
        elements.iter().map(|e| field_of(e, name, true)).collect::<Result<_, _>>().map(Value::List)
    }

    /// The order, the item or the result, if `expr` is one of them and there is one.
    fn root(&self, expr: &Expr) -> Option<&'s Value> {
        let found = if *expr == Expr::Order {
            Some(self.scope.order)
        } else if *expr == Expr::Item {
            self.scope.item
        } else if *expr == Expr::Result {
            self.scope.result
        } else {
            None
        };
        found.filter(|value| value.as_record().is_some())
    }

    fn comprehension(
        &mut self,
        each: &'s Expr,
        variable: &'s str,
        of: &'s Expr,
        keep: Option<&'s Expr>,
    ) -> Result<Value, Problem> {
        let elements = self.value(of)?;
        let mut kept = Vec::new();
        for element in operator::list(&elements)? {
            self.variables.push((variable, element.clone()));
            if keep.map_or(Ok(true), |keep| self.boolean(keep))? {
                kept.push(self.value(each)?);
            }
            self.variables.pop();
        }
        Ok(Value::List(kept))
    }
}

fn field_of(value: &Value, name: &str, safe: bool) -> Result<Value, Problem> {
    match value {
        Value::Record(fields) => fields.get(name).cloned().map_or_else(
            || if safe { Ok(Value::Null) } else { Err(format!("there is no field `{name}`")) },
            Ok,
        ),
        Value::Null if safe => Ok(Value::Null),
        Value::Null => Err(format!("there is no `{name}`: what should have it is missing")),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_)) => {
            Err(format!("expected a record with `{name}`, found {}", other.kind()))
        }
    }
}

/// Compiled pattern size at the most; a blueprint's pattern is a few words long.
const PATTERN_BYTES: usize = 100_000;

fn matches(text: &str, pattern: &str) -> Result<Value, Problem> {
    let whole = format!("^(?:{pattern})$");
    match regex::RegexBuilder::new(&whole).size_limit(PATTERN_BYTES).build() {
        Ok(pattern) => Ok(Value::Bool(pattern.is_match(text))),
        Err(_) => Err(format!("`{pattern}` is not a pattern")),
    }
}
