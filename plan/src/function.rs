//! The functions of the language.

use std::cmp::Ordering;

use model::Value;
use serde::{Deserialize, Serialize};

use crate::operator::{self, Problem};
use crate::{Arithmetic, Operands};

/// A built-in function. `ran` is not here: it reads a task, see [`crate::Expr::Ran`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// `len(x)`: elements of a list, characters of a text.
    Len,
    /// `lower(text)`.
    Lower,
    /// `upper(text)`.
    Upper,
    /// `contains(text, part)` or `contains(list, element)`.
    Contains,
    /// `starts_with(text, start)`.
    StartsWith,
    /// `any(list)`: whether one of the bools holds.
    Any,
    /// `all(list)`: whether every one holds.
    All,
    /// `sum(list)` of numbers or durations.
    Sum,
    /// `min(list)` or `min(a, b, …)`. Of nothing: null.
    Min,
    /// `max(list)` or `max(a, b, …)`. Of nothing: null.
    Max,
    /// `first(list)`: null if it is empty.
    First,
    /// `coalesce(a, b, …)`: the first that is not null.
    Coalesce,
}

impl Function {
    /// Every function with the name it is called by.
    pub const ALL: [(&'static str, Self); 12] = [
        ("len", Self::Len),
        ("lower", Self::Lower),
        ("upper", Self::Upper),
        ("contains", Self::Contains),
        ("starts_with", Self::StartsWith),
        ("any", Self::Any),
        ("all", Self::All),
        ("sum", Self::Sum),
        ("min", Self::Min),
        ("max", Self::Max),
        ("first", Self::First),
        ("coalesce", Self::Coalesce),
    ];

    pub(crate) fn apply(self, on: Operands, arguments: &[Value]) -> Result<Value, Problem> {
        let argument = |n: usize| arguments.get(n).ok_or_else(|| format!("argument {} is missing", n + 1));
        Ok(match self {
            Self::Len => {
                let length = match argument(0)? {
                    Value::List(elements) => elements.len(),
                    Value::Text(text) => text.chars().count(),
                    other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Record(_)) => {
                        return Err(format!("expected a list or a text, found {}", other.kind()));
                    }
                };
                Value::from(i64::try_from(length).unwrap_or(i64::MAX))
            }
            Self::Lower => Value::text(operator::text(argument(0)?)?.to_lowercase()),
            Self::Upper => Value::text(operator::text(argument(0)?)?.to_uppercase()),
            Self::Contains => {
                let within = argument(0)?;
                if let Value::List(elements) = within {
                    elements.contains(argument(1)?).into()
                } else {
                    operator::text(within)?.contains(operator::text(argument(1)?)?).into()
                }
            }
            Self::StartsWith => {
                operator::text(argument(0)?)?.starts_with(operator::text(argument(1)?)?).into()
            }
            Self::Any => bools(argument(0)?)?.contains(&true).into(),
            Self::All => (!bools(argument(0)?)?.contains(&false)).into(),
            Self::Sum => {
                let zero = if on == Operands::Duration { Value::text("0s") } else { Value::from(0) };
                operator::list(argument(0)?)?
                    .iter()
                    .try_fold(zero, |sum, next| operator::arithmetic(Arithmetic::Add, on, &sum, next))?
            }
            Self::Min => extreme(on, arguments, Ordering::Less)?,
            Self::Max => extreme(on, arguments, Ordering::Greater)?,
            Self::First => operator::list(argument(0)?)?.first().cloned().unwrap_or_default(),
            Self::Coalesce => arguments.iter().find(|value| !value.is_null()).cloned().unwrap_or_default(),
        })
    }
}

fn bools(value: &Value) -> Result<Vec<bool>, Problem> {
    operator::list(value)?.iter().map(operator::boolean).collect()
}

/// The smallest or largest of the elements that are not null.
fn extreme(on: Operands, arguments: &[Value], wanted: Ordering) -> Result<Value, Problem> {
    let elements = match arguments {
        [Value::List(elements)] => elements,
        several => several,
    };
    let mut best: Option<&Value> = None;
    for value in elements.iter().filter(|value| !value.is_null()) {
        if best.map_or(Ok(true), |best| operator::compare(on, value, best).map(|o| o == wanted))? {
            best = Some(value);
        }
    }
    Ok(best.cloned().unwrap_or_default())
}
