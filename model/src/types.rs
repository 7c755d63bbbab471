//! What a value may be, and making a value so.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Date, Duration, Fault, Pointer, Timestamp, Value, limits};

/// The type of a value, as blueprints declare it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Any value, null included.
    Any,
    /// Text.
    Text,
    /// A whole number of 64 bits.
    Int,
    /// A decimal number of up to 28 digits.
    Decimal,
    /// True or false.
    Bool,
    /// An instant: RFC 3339 text, kept in UTC to the millisecond.
    Time,
    /// A calendar date: `2026-11-21`.
    Date,
    /// A length of time: `30s`, `10d`, or ISO 8601.
    Duration,
    /// One of the given texts.
    OneOf(Vec<String>),
    /// A list of values of one type.
    List(Box<Type>),
    /// A record with the given fields, in the order they were declared.
    Record(Vec<Field>),
    /// The type, or null.
    Optional(Box<Type>),
}

/// One field of a record type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub of: Type,
    /// The value it has when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// What to do with record fields that the type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownFields {
    /// They are faults: people write orders, and a misspelt field must not be lost.
    Refuse,
    /// They are dropped: systems answer with more than we asked for.
    Drop,
}

impl Type {
    /// Makes `value` one of this type: fills in defaults, writes times and durations in their canonical form,
    /// and reports everything that does not fit.
    ///
    /// # Errors
    /// All faults of the value, each at its place below `at`, in document order.
    pub fn conform(&self, value: Value, at: &Pointer, unknown: UnknownFields) -> Result<Value, Vec<Fault>> {
        let (conformed, faults) = self.salvage(value, at, unknown);
        if faults.is_empty() { Ok(conformed) } else { Err(faults) }
    }

    /// As [`Type::conform`], with what can be used of a value that has faults: what does not fit is null, and fields
    /// that are missing stay away.
    #[must_use]
    pub fn salvage(&self, value: Value, at: &Pointer, unknown: UnknownFields) -> (Value, Vec<Fault>) {
        let mut faults = Vec::new();
        let salvaged = self.go(value, at, unknown, &mut faults, limits::VALUE_DEPTH);
        (salvaged, faults)
    }

    /// The type without an outer [`Type::Optional`].
    #[must_use]
    pub fn required(&self) -> &Self {
        if let Self::Optional(inner) = self { inner.required() } else { self }
    }

    /// Whether null is one of its values.
    #[must_use]
    pub const fn admits_null(&self) -> bool {
        matches!(self, Self::Optional(_) | Self::Any)
    }

    /// The field `name`, if this is a record type that has it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        if let Self::Record(fields) = self { fields.iter().find(|f| f.name == name) } else { None }
    }

    /// This type, or null; already optional types stay as they are.
    #[must_use]
    pub fn optional(self) -> Self {
        if self.admits_null() { self } else { Self::Optional(Box::new(self)) }
    }

    fn go(
        &self,
        value: Value,
        at: &Pointer,
        unknown: UnknownFields,
        faults: &mut Vec<Fault>,
        left: usize,
    ) -> Value {
        if left == 0 {
            faults.push(Fault::new(at.clone(), format!("nested deeper than {} levels", limits::VALUE_DEPTH)));
            return Value::Null;
        }
        let text_form =
            |text: &str, canonical: Result<String, crate::InvalidName>, faults: &mut Vec<Fault>| {
                canonical.map_or_else(
                    |_| {
                        faults.push(Fault::new(
                            at.clone(),
                            format!("expected {}, found `{}`", self.noun(), cut(text)),
                        ));
                        Value::Null
                    },
                    Value::Text,
                )
            };
        match (self, value) {
            (Self::Any, value) if value.depth() > left => {
                faults.push(Fault::new(
                    at.clone(),
                    format!("nested deeper than {} levels", limits::VALUE_DEPTH),
                ));
                Value::Null
            }
            (Self::Any, value)
            | (Self::Text, value @ Value::Text(_))
            | (Self::Decimal, value @ Value::Number(_))
            | (Self::Bool, value @ Value::Bool(_)) => value,
            (Self::Optional(_), Value::Null) => Value::Null,
            (Self::Optional(inner), value) => inner.go(value, at, unknown, faults, left),
            (Self::Int, value @ Value::Number(_)) if value.as_int().is_some() => value,
            (Self::Time, Value::Text(text)) => {
                text_form(&text, text.parse::<Timestamp>().map(|t| t.to_string()), faults)
            }
            (Self::Date, Value::Text(text)) => {
                text_form(&text, text.parse::<Date>().map(|d| d.to_string()), faults)
            }
            (Self::Duration, Value::Text(text)) => {
                text_form(&text, text.parse::<Duration>().map(|d| d.to_string()), faults)
            }
            (Self::OneOf(texts), Value::Text(text)) if texts.contains(&text) => Value::Text(text),
            (Self::OneOf(_), Value::Text(text)) => {
                faults.push(Fault::new(
                    at.clone(),
                    format!("expected {}, found `{}`", self.noun(), cut(&text)),
                ));
                Value::Null
            }
            (Self::List(inner), Value::List(elements)) => Value::List(
                elements
                    .into_iter()
                    .enumerate()
                    .map(|(n, element)| inner.go(element, &at.index(n), unknown, faults, left - 1))
                    .collect(),
            ),
            (Self::Record(fields), Value::Record(given)) => {
                Self::record(fields, given, at, unknown, faults, left - 1)
            }
            (Self::Int, Value::Number(number)) => {
                let range = if number.is_integer() { " from -2^63 to 2^63 - 1" } else { "" };
                faults
                    .push(Fault::new(at.clone(), format!("expected {}{range}, found {number}", self.noun())));
                Value::Null
            }
            (
                Self::Text
                | Self::Int
                | Self::Decimal
                | Self::Bool
                | Self::Time
                | Self::Date
                | Self::Duration
                | Self::OneOf(_)
                | Self::List(_)
                | Self::Record(_),
                value,
            ) => {
                faults.push(Fault::new(
                    at.clone(),
                    format!("expected {}, found {}", self.noun(), value.kind()),
                ));
                Value::Null
            }
        }
    }

    fn record(
        fields: &[Field],
        mut given: BTreeMap<String, Value>,
        at: &Pointer,
        unknown: UnknownFields,
        faults: &mut Vec<Fault>,
        left: usize,
    ) -> Value {
        let mut record = BTreeMap::new();
        for field in fields {
            let place = at.key(&field.name);
            match (given.remove(&field.name), &field.default) {
                (Some(Value::Null) | None, Some(default)) => {
                    record.insert(field.name.clone(), default.clone());
                }
                (None, None) if field.of.admits_null() => {
                    record.insert(field.name.clone(), Value::Null);
                }
                (None, None) => {
                    faults.push(Fault::new(place, format!("missing: expected {}", field.of.noun())));
                }
                (Some(value), _) => {
                    record.insert(field.name.clone(), field.of.go(value, &place, unknown, faults, left));
                }
            }
        }
        if unknown == UnknownFields::Refuse {
            let known = fields.iter().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ");
            for name in given.keys() {
                let known =
                    if known.is_empty() { "none is expected here" } else { &format!("known are {known}") };
                faults.push(Fault::new(at.key(name), format!("unknown field `{}`: {known}", cut(name))));
            }
        }
        Value::Record(record)
    }

    /// What a value of this type is called in a message: `a text`, `one of "a", "b"`.
    #[must_use]
    pub fn noun(&self) -> String {
        match self {
            Self::Any => "a value".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Int => "a whole number".to_owned(),
            Self::Decimal => "a number".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Time => "a time (RFC 3339)".to_owned(),
            Self::Date => "a date (`2026-11-21`)".to_owned(),
            Self::Duration => "a duration (`30s`, `10d`)".to_owned(),
            Self::OneOf(texts) => {
                format!("one of {}", texts.iter().map(|t| format!("\"{t}\"")).collect::<Vec<_>>().join(", "))
            }
            Self::List(_) => "a list".to_owned(),
            Self::Record(_) => "a record".to_owned(),
            Self::Optional(inner) => format!("{} or null", inner.noun()),
        }
    }
}

/// At most 80 characters of a text from outside, for a message.
fn cut(text: &str) -> String {
    if text.chars().count() > 80 {
        format!("{}…", text.chars().take(80).collect::<String>())
    } else {
        text.to_owned()
    }
}

/// The type as a blueprint writes it.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Text => f.write_str("text"),
            Self::Int => f.write_str("int"),
            Self::Decimal => f.write_str("decimal"),
            Self::Bool => f.write_str("bool"),
            Self::Time => f.write_str("time"),
            Self::Date => f.write_str("date"),
            Self::Duration => f.write_str("duration"),
            Self::OneOf(_) => f.write_str(&self.noun()),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::Optional(inner) => write!(f, "{inner}?"),
            Self::Record(fields) => {
                f.write_str("{")?;
                for (n, field) in fields.iter().enumerate() {
                    write!(f, "{} {}: {}", if n == 0 { "" } else { "," }, field.name, field.of)?;
                    if let Some(default) = &field.default {
                        write!(f, " = {default}")?;
                    }
                }
                f.write_str(if fields.is_empty() { "}" } else { " }" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, of: Type) -> Field {
        Field { name: name.to_owned(), of, default: None }
    }

    fn conform(of: &Type, json: &str, unknown: UnknownFields) -> Result<String, Vec<String>> {
        of.conform(serde_json::from_str(json).unwrap(), &Pointer::root(), unknown)
            .map(|v| v.to_string())
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    fn order_like() -> Type {
        Type::Record(vec![
            field("speed", Type::Int),
            field("contact", Type::Text.optional()),
            Field { name: "own_cpe".to_owned(), of: Type::Bool, default: Some(Value::Bool(false)) },
            field("from", Type::Time.optional()),
            field("grades", Type::List(Box::new(Type::OneOf(vec!["a".to_owned(), "b".to_owned()])))),
        ])
    }

    #[test]
    fn defaults_and_canonical_forms_are_filled_in() {
        assert_eq!(
            conform(
                &order_like(),
                r#"{"speed": 100.0, "from": "2026-01-01T01:00:00+01:00", "grades": ["a"]}"#,
                UnknownFields::Refuse
            ),
            Ok(r#"{"contact":null,"from":"2026-01-01T00:00:00.000Z","grades":["a"],"own_cpe":false,"speed":100}"#
                .to_owned())
        );
    }

    #[test]
    fn every_fault_is_reported_at_its_place() {
        assert_eq!(
            conform(
                &order_like(),
                r#"{"speed": 1.5, "own_cpe": "no", "from": "soon", "grades": ["a", "c"], "spede": 1}"#,
                UnknownFields::Refuse
            ),
            Err(vec![
                "/speed: expected a whole number, found 1.5".to_owned(),
                "/own_cpe: expected true or false, found a text".to_owned(),
                "/from: expected a time (RFC 3339), found `soon`".to_owned(),
                "/grades/1: expected one of \"a\", \"b\", found `c`".to_owned(),
                "/spede: unknown field `spede`: known are `speed`, `contact`, `own_cpe`, `from`, `grades`"
                    .to_owned(),
            ])
        );
    }

    #[test]
    fn a_whole_number_has_a_range() {
        let far = r#"{"speed": 9223372036854775808, "grades": []}"#;
        assert_eq!(
            conform(&order_like(), far, UnknownFields::Refuse),
            Err(vec![
                "/speed: expected a whole number from -2^63 to 2^63 - 1, found 9223372036854775808"
                    .to_owned()
            ])
        );
    }

    #[test]
    fn an_answer_may_say_more_than_was_asked() {
        let of = Type::Record(vec![field("id", Type::Text)]);
        assert_eq!(
            conform(&of, r#"{"id": "x", "extra": {"a": 1}}"#, UnknownFields::Drop),
            Ok(r#"{"id":"x"}"#.to_owned())
        );
    }

    #[test]
    fn types_print_as_blueprints_write_them() {
        assert_eq!(
            order_like().to_string(),
            r#"{ speed: int, contact: text?, own_cpe: bool = false, from: time?, grades: [one of "a", "b"] }"#
        );
    }
}
