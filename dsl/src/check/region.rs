//! What a condition asks, as far as that can be told without any order: for which values of what it reads it may hold.
//!
//! A condition becomes a few [`Region`]s, of which one holds whenever it does. What can't be told is left open, so a
//! condition without any region never holds, and nothing is claimed of one with some.

use std::collections::BTreeMap;

use model::Value;
use plan::{BinaryOp, Comparison, Expr, Operands, UnaryOp};
use rust_decimal::Decimal;

/// Most regions of one condition. Beyond that nothing is told.
const REGIONS: usize = 64;

/// What must be true of several values at once.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// For each expression that is asked about, as text, the values that it may have.
    limits: BTreeMap<String, Limits>,
    /// Nothing was left open: the condition holds wherever this does.
    exact: bool,
    /// Everything that is asked about is a field, and so has any value whatever the others have.
    fields_only: bool,
}

/// The values that an expression may have.
#[derive(Clone, Debug, Default)]
struct Limits {
    /// One of these; any, without it.
    one_of: Option<Vec<Value>>,
    none_of: Vec<Value>,
    /// The smallest, and whether it is one of them.
    low: Option<(Decimal, bool)>,
    /// The largest, and whether it is one of them.
    high: Option<(Decimal, bool)>,
}

/// The regions of several conditions that hold together.
pub(super) fn all<'e>(conditions: impl IntoIterator<Item = &'e Expr>) -> Vec<Region> {
    conditions
        .into_iter()
        .fold(vec![Region::everything()], |known, condition| both(&known, &regions(condition, true)))
}

/// Whether one of `regions` surely has something in common with one of `others`.
pub(super) fn overlap(regions: &[Region], others: &[Region]) -> bool {
    let certain = |region: &&Region| region.exact && region.fields_only;
    let others: Vec<&Region> = others.iter().filter(certain).collect();
    regions.iter().filter(certain).any(|region| others.iter().any(|other| region.and(other).is_some()))
}

/// Whether each of `regions` surely lies within one of `others`.
pub(super) fn within(regions: &[Region], others: &[Region]) -> bool {
    regions.iter().all(|region| others.iter().any(|other| other.exact && region.is_within(other)))
}

impl Region {
    const fn everything() -> Self {
        Self { limits: BTreeMap::new(), exact: true, fields_only: true }
    }

    /// Of what nothing can be told.
    const fn unknown() -> Self {
        Self { limits: BTreeMap::new(), exact: false, fields_only: false }
    }

    fn of(expr: &Expr, limits: Limits) -> Self {
        // An expression always has the same value, so its text stands for it.
        let key = format!("{expr:?}");
        Self { limits: BTreeMap::from([(key, limits)]), exact: true, fields_only: is_field(expr) }
    }

    /// Where both hold; none if that is nowhere.
    fn and(&self, other: &Self) -> Option<Self> {
        let mut limits = self.limits.clone();
        for (key, more) in &other.limits {
            let narrower = match limits.get(key) {
                Some(known) => known.and(more),
                None => more.clone(),
            };
            if narrower.is_empty() {
                return None;
            }
            limits.insert(key.clone(), narrower);
        }
        let exact = self.exact && other.exact;
        Some(Self { limits, exact, fields_only: self.fields_only && other.fields_only })
    }

    fn is_within(&self, other: &Self) -> bool {
        other.limits.iter().all(|(key, wider)| self.limits.get(key).is_some_and(|own| own.is_within(wider)))
    }
}

impl Limits {
    fn only(value: Value) -> Self {
        Self { one_of: Some(vec![value]), ..Self::default() }
    }

    fn not(values: Vec<Value>) -> Self {
        Self { none_of: values, ..Self::default() }
    }

    fn allows(&self, value: &Value) -> bool {
        let listed = self.one_of.as_ref().is_none_or(|values| values.contains(value));
        let in_range = match value {
            Value::Number(number) => {
                self.low.is_none_or(|(low, itself)| *number > low || (itself && *number == low))
                    && self.high.is_none_or(|(high, itself)| *number < high || (itself && *number == high))
            }
            _ => self.low.is_none() && self.high.is_none(),
        };
        listed && in_range && !self.none_of.contains(value)
    }

    fn is_empty(&self) -> bool {
        match (&self.one_of, self.low, self.high) {
            (Some(values), _, _) => !values.iter().any(|value| self.allows(value)),
            (None, Some((low, low_itself)), Some((high, high_itself))) => {
                low > high || (low == high && !(low_itself && high_itself))
            }
            (None, _, _) => false,
        }
    }

    fn and(&self, other: &Self) -> Self {
        let one_of = match (&self.one_of, &other.one_of) {
            (Some(a), Some(b)) => Some(a.iter().filter(|value| b.contains(value)).cloned().collect()),
            (one, None) | (None, one) => one.clone(),
        };
        let none_of = self.none_of.iter().chain(&other.none_of).cloned().collect();
        Self {
            one_of,
            none_of,
            low: tighter(self.low, other.low, |a, b| a > b),
            high: tighter(self.high, other.high, |a, b| a < b),
        }
    }

    /// Whether every value that this allows is allowed by another.
    fn is_within(&self, other: &Self) -> bool {
        if let Some(values) = &self.one_of {
            return values.iter().filter(|value| self.allows(value)).all(|value| other.allows(value));
        }
        let bounded = |own: Option<(Decimal, bool)>,
                       wider: Option<(Decimal, bool)>,
                       beyond: fn(Decimal, Decimal) -> bool| {
            let Some((wider, wider_itself)) = wider else { return true };
            own.is_some_and(|(own, itself)| beyond(own, wider) || (own == wider && (wider_itself || !itself)))
        };
        other.one_of.is_none()
            && other.none_of.iter().all(|value| !self.allows(value))
            && bounded(self.low, other.low, |own, wider| own > wider)
            && bounded(self.high, other.high, |own, wider| own < wider)
    }
}

/// The tighter of two bounds; of equal ones, that which leaves the bound out.
fn tighter(
    a: Option<(Decimal, bool)>,
    b: Option<(Decimal, bool)>,
    is: fn(Decimal, Decimal) -> bool,
) -> Option<(Decimal, bool)> {
    match (a, b) {
        (Some((a, a_itself)), Some((b, b_itself))) if a == b => Some((a, a_itself && b_itself)),
        (Some(a), Some(b)) => Some(if is(a.0, b.0) { a } else { b }),
        (one, None) | (None, one) => one,
    }
}

/// The regions where a condition holds, or where it does not.
fn regions(condition: &Expr, holds: bool) -> Vec<Region> {
    match condition {
        Expr::Value(Value::Bool(value)) => {
            if *value == holds {
                vec![Region::everything()]
            } else {
                Vec::new()
            }
        }
        Expr::Unary { op: UnaryOp::Not, of } => regions(of, !holds),
        Expr::Binary { op: BinaryOp::And, left, right, .. } if holds => {
            both(&regions(left, true), &regions(right, true))
        }
        Expr::Binary { op: BinaryOp::Or, left, right, .. } if !holds => {
            both(&regions(left, false), &regions(right, false))
        }
        Expr::Binary { op: BinaryOp::And | BinaryOp::Or, left, right, .. } => {
            let mut either = regions(left, holds);
            either.extend(regions(right, holds));
            few(either)
        }
        Expr::Binary { op: op @ (BinaryOp::Equal | BinaryOp::NotEqual), left, right, .. } => {
            let (of, value) = match (&**left, &**right) {
                (of, Expr::Value(value)) | (Expr::Value(value), of) => (of, value.clone()),
                _ => return opaque(condition, holds),
            };
            if let Expr::Value(other) = of {
                return regions(
                    &Expr::Value(Value::Bool((*other == value) == (*op == BinaryOp::Equal))),
                    holds,
                );
            }
            let equal = holds == (*op == BinaryOp::Equal);
            vec![Region::of(of, if equal { Limits::only(value) } else { Limits::not(vec![value]) })]
        }
        Expr::Binary { op: BinaryOp::In, left, right, .. } => match constants(right) {
            Some(values) if holds => {
                few(values.into_iter().map(|value| Region::of(left, Limits::only(value))).collect())
            }
            Some(values) => vec![Region::of(left, Limits::not(values))],
            None => opaque(condition, holds),
        },
        Expr::Binary { op: BinaryOp::Compare(comparison), on: Operands::Number, left, right } => {
            match (&**left, &**right) {
                (of, Expr::Value(Value::Number(bound))) => {
                    vec![Region::of(of, range(*comparison, *bound, holds))]
                }
                (Expr::Value(Value::Number(bound)), of) => {
                    vec![Region::of(of, range(turned(*comparison), *bound, holds))]
                }
                _ => opaque(condition, holds),
            }
        }
        _ => opaque(condition, holds),
    }
}

/// A condition that nothing is known of but whether it holds.
fn opaque(condition: &Expr, holds: bool) -> Vec<Region> {
    vec![Region::of(condition, Limits::only(Value::Bool(holds)))]
}

fn both(some: &[Region], others: &[Region]) -> Vec<Region> {
    if some.len().saturating_mul(others.len()) > REGIONS {
        return vec![Region::unknown()];
    }
    some.iter().flat_map(|region| others.iter().filter_map(|other| region.and(other))).collect()
}

fn few(regions: Vec<Region>) -> Vec<Region> {
    if regions.len() > REGIONS { vec![Region::unknown()] } else { regions }
}

fn constants(list: &Expr) -> Option<Vec<Value>> {
    match list {
        Expr::Value(Value::List(values)) => Some(values.clone()),
        Expr::List(elements) => elements
            .iter()
            .map(|element| if let Expr::Value(value) = element { Some(value.clone()) } else { None })
            .collect(),
        _ => None,
    }
}

/// The values that compare with a bound as asked, or don't.
fn range(comparison: Comparison, bound: Decimal, holds: bool) -> Limits {
    let (low, high) = match (comparison, holds) {
        (Comparison::Less, true) | (Comparison::GreaterOrEqual, false) => (None, Some((bound, false))),
        (Comparison::LessOrEqual, true) | (Comparison::Greater, false) => (None, Some((bound, true))),
        (Comparison::Greater, true) | (Comparison::LessOrEqual, false) => (Some((bound, false)), None),
        (Comparison::GreaterOrEqual, true) | (Comparison::Less, false) => (Some((bound, true)), None),
    };
    Limits { low, high, ..Limits::default() }
}

const fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

/// Whether an expression is a field of the order or the item.
fn is_field(expr: &Expr) -> bool {
    match expr {
        Expr::Order | Expr::Item => true,
        Expr::Field { of, .. } => is_field(of),
        _ => false,
    }
}
