//! The data that orders, calls and results are made of.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::limits;

/// A value: what JSON can say, with exact decimals for numbers.
///
/// Times, dates and durations are texts in their canonical form ([`crate::time`]); what a text means is known
/// from its [`crate::Type`], never from the value. Numbers are decimals of up to 28 digits, so money never
/// passes through a float. A record keeps its fields sorted by name, so equal values are equal bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing: an optional field left out, the result of a skipped task.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A number, without trailing zeros.
    Number(Decimal),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Fields by name.
    Record(BTreeMap<String, Value>),
}

/// A JSON number that is not one of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number `{0}` has more than 28 digits or is too large")]
pub struct InvalidNumber(pub String);

impl Value {
    /// A record of the given fields.
    pub fn record<K: Into<String>>(fields: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Record(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Whether this is [`Value::Null`].
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number as a whole one, if it is a number without a fraction that fits.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Number(number) if number.is_integer() => i64::try_from(*number).ok(),
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Record(_) => None,
        }
    }

    /// The fields, if it is a record.
    #[must_use]
    pub const fn as_record(&self) -> Option<&BTreeMap<String, Self>> {
        if let Self::Record(fields) = self { Some(fields) } else { None }
    }

    /// The field `name`, if it is a record that has it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.as_record()?.get(name)
    }

    /// What kind of value it is, for messages: `null`, `a number`, …
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Record(_) => "a record",
        }
    }

    /// How deeply lists and records are nested; a plain value has depth 0. Looks no deeper than
    /// [`limits::VALUE_DEPTH`] + 1.
    #[must_use]
    pub fn depth(&self) -> usize {
        fn go(value: &Value, left: usize) -> usize {
            if left == 0 {
                return 0;
            }
            match value {
                Value::List(elements) => 1 + elements.iter().map(|e| go(e, left - 1)).max().unwrap_or(0),
                Value::Record(fields) => 1 + fields.values().map(|f| go(f, left - 1)).max().unwrap_or(0),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => 0,
            }
        }
        go(self, limits::VALUE_DEPTH + 1)
    }

    /// Takes JSON in.
    ///
    /// # Errors
    /// A number has more digits than a decimal holds.
    pub fn from_json(json: serde_json::Value) -> Result<Self, InvalidNumber> {
        Ok(match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(bool),
            serde_json::Value::Number(number) => Self::Number(decimal(&number.to_string())?),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(elements) => {
                Self::List(elements.into_iter().map(Self::from_json).collect::<Result<_, _>>()?)
            }
            serde_json::Value::Object(fields) => Self::Record(
                fields
                    .into_iter()
                    .map(|(name, value)| Ok((name, Self::from_json(value)?)))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }

    /// The value as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(bool) => serde_json::Value::Bool(*bool),
            // A decimal's text is a JSON number, so this falls back only in theory, and then keeps the digits.
            Self::Number(number) => {
                let text = number.to_string();
                text.parse().map_or(serde_json::Value::String(text), serde_json::Value::Number)
            }
            Self::Text(text) => serde_json::Value::String(text.clone()),
            Self::List(elements) => serde_json::Value::Array(elements.iter().map(Self::to_json).collect()),
            Self::Record(fields) => serde_json::Value::Object(
                fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect(),
            ),
        }
    }
}

fn decimal(text: &str) -> Result<Decimal, InvalidNumber> {
    let too_large = || InvalidNumber(text.chars().take(80).collect());
    let read = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text)
    } else {
        // Exact: more digits than fit are an error, where `from_str` would round.
        Decimal::from_str_exact(text)
    };
    Ok(read.map_err(|_| too_large())?.normalize())
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Decimal::from(number))
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Number(number.normalize())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Compact JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Number(number) => number
                .to_string()
                .parse::<serde_json::Number>()
                .map_err(ser::Error::custom)?
                .serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(elements) => serializer.collect_seq(elements),
            Self::Record(fields) => serializer.collect_map(fields),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(serde_json::Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn money_keeps_every_digit() {
        let value = read(r#"{"price": 12345678901234567890.12, "zero": 0.10, "e": 1e3}"#);
        assert_eq!(value.to_string(), r#"{"e":1000,"price":12345678901234567890.12,"zero":0.1}"#);
    }

    #[test]
    fn numbers_beyond_a_decimal_are_refused() {
        for json in ["1e400", "123456789012345678901234567890123", "0.12345678901234567890123456789012"] {
            assert!(serde_json::from_str::<Value>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn equal_records_are_equal_bytes() {
        assert_eq!(read(r#"{"b":1,"a":2.50}"#).to_string(), read(r#"{"a":2.5,"b":1.0}"#).to_string());
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (any::<i64>(), 0u32..10).prop_map(|(n, scale)| Decimal::new(n, scale).into()),
            ".*".prop_map(Value::Text),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                prop::collection::btree_map(".*", inner, 0..5).prop_map(Value::Record),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any_value()) {
            let json = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(value.to_string(), json.as_str());
            prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
        }
    }
}
