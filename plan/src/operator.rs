//! Operators and what they do to values.

use std::cmp::Ordering;

use model::{Duration, Timestamp, Value};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnaryOp {
    /// `not`.
    Not,
    /// `-`, of a number.
    Negate,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOp {
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `< <= > >=`.
    Compare(Comparison),
    /// `and`: the right operand is looked at only if the left one holds.
    And,
    /// `or`: the right operand is looked at only if the left one does not hold.
    Or,
    /// `in`: the right operand is a list that has the left one.
    In,
    /// `matches`: the whole text on the left is of the pattern (a regular expression) on the right.
    Matches,
    /// `??`: the right operand if the left one is null.
    Coalesce,
    /// `+ - * /`.
    Arithmetic(Arithmetic),
}

/// Which of two values must come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// What to do with two numbers, durations or times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`. Of numbers, to 28 digits.
    Divide,
}

/// What the operands of an operator or function are; values themselves don't tell a duration from a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operands {
    /// Of no matter: equality, lists, booleans.
    #[default]
    Any,
    /// Numbers.
    Number,
    /// Texts, dates, or two times: their canonical texts sort as they do.
    Text,
    /// Durations; `*` and `/` take a number on the right.
    Duration,
    /// A time on the left and a duration on the right.
    TimeAndDuration,
    /// Two times, for `-`: the duration between them.
    Times,
}

/// Why two values could not be put together: for the middle of a sentence.
pub(crate) type Problem = String;

pub(crate) fn number(value: &Value) -> Result<Decimal, Problem> {
    if let Value::Number(number) = value {
        Ok(*number)
    } else {
        Err(format!("expected a number, found {}", value.kind()))
    }
}

pub(crate) fn text(value: &Value) -> Result<&str, Problem> {
    value.as_text().ok_or_else(|| format!("expected a text, found {}", value.kind()))
}

pub(crate) fn boolean(value: &Value) -> Result<bool, Problem> {
    if let Value::Bool(bool) = value {
        Ok(*bool)
    } else {
        Err(format!("expected true or false, found {}", value.kind()))
    }
}

pub(crate) fn list(value: &Value) -> Result<&[Value], Problem> {
    if let Value::List(elements) = value {
        Ok(elements)
    } else {
        Err(format!("expected a list, found {}", value.kind()))
    }
}

fn duration(value: &Value) -> Result<Duration, Problem> {
    text(value)?.parse::<Duration>().map_err(|wrong| wrong.to_string())
}

fn time(value: &Value) -> Result<Timestamp, Problem> {
    text(value)?.parse::<Timestamp>().map_err(|wrong| wrong.to_string())
}

/// Which of two values comes first.
pub(crate) fn compare(on: Operands, left: &Value, right: &Value) -> Result<Ordering, Problem> {
    match on {
        Operands::Number => Ok(number(left)?.cmp(&number(right)?)),
        Operands::Duration => Ok(duration(left)?.cmp(&duration(right)?)),
        Operands::Text | Operands::Any | Operands::Times | Operands::TimeAndDuration => {
            if let (Value::Number(left), Value::Number(right)) = (left, right) {
                return Ok(left.cmp(right));
            }
            Ok(text(left)?.cmp(text(right)?))
        }
    }
}

/// `+ - * /`.
pub(crate) fn arithmetic(
    op: Arithmetic,
    on: Operands,
    left: &Value,
    right: &Value,
) -> Result<Value, Problem> {
    match on {
        Operands::Number | Operands::Any | Operands::Text => numbers(op, number(left)?, number(right)?),
        Operands::Duration => durations(op, duration(left)?.as_millis(), right),
        Operands::TimeAndDuration => {
            let (left, millis) = (time(left)?.as_millis(), duration(right)?.as_millis());
            let at = match op {
                Arithmetic::Add => left.checked_add_unsigned(millis),
                Arithmetic::Subtract => left.checked_sub_unsigned(millis),
                Arithmetic::Multiply | Arithmetic::Divide => None,
            };
            Ok(Value::text(Timestamp::from_millis(at.ok_or("the result is not a time")?).to_string()))
        }
        Operands::Times => {
            let (left, right) = (time(left)?, time(right)?);
            if left < right {
                return Err(format!("`{left}` is before `{right}`, and a duration can't be negative"));
            }
            Ok(Value::text(left.since(right).to_string()))
        }
    }
}

fn numbers(op: Arithmetic, left: Decimal, right: Decimal) -> Result<Value, Problem> {
    let result = match op {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide if right.is_zero() => return Err("division by zero".to_owned()),
        Arithmetic::Divide => left.checked_div(right),
    };
    result.map(Value::from).ok_or_else(|| "the result is too large for a decimal".to_owned())
}

fn durations(op: Arithmetic, left: u64, right: &Value) -> Result<Value, Problem> {
    let millis = match op {
        Arithmetic::Add => left.checked_add(duration(right)?.as_millis()),
        Arithmetic::Subtract => left.checked_sub(duration(right)?.as_millis()),
        Arithmetic::Multiply => scaled(left, number(right)?, Decimal::checked_mul),
        Arithmetic::Divide if number(right)?.is_zero() => return Err("division by zero".to_owned()),
        Arithmetic::Divide => scaled(left, number(right)?, Decimal::checked_div),
    };
    // Through the text form, so that the limit on durations is looked after in one place.
    let text = Duration::from_millis(millis.ok_or("the result is not a duration")?).to_string();
    text.parse::<Duration>().map(|d| Value::text(d.to_string())).map_err(|wrong| wrong.to_string())
}

fn scaled(millis: u64, by: Decimal, op: impl Fn(Decimal, Decimal) -> Option<Decimal>) -> Option<u64> {
    u64::try_from(op(Decimal::from(millis), by)?.trunc()).ok()
}
