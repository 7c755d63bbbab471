//! Values that nobody said: of the declared type, the same in every run, and readable.

use std::collections::BTreeMap;
use std::fmt;

use model::{Field, Timestamp, Type, Value};

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The test says it; what it leaves out is null or a default, as it would be of a real answer.
    Test,
    /// The test says some of it, and the rest is made up.
    Both,
    /// All of it is made up.
    MadeUp,
}

/// As it stands behind an answer.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Test => "",
            Self::Both => " (made up in part)",
            Self::MadeUp => " (made up)",
        })
    }
}

/// Makes up answers, and counts the texts in them so that each is another.
#[derive(Debug, Default)]
pub struct MadeUp {
    texts: BTreeMap<String, u64>,
    /// How many values it has made up, those apart that are absent.
    made: u64,
}

impl MadeUp {
    /// A value of a type. A text is called after the field it is in, or else `name`: `reservation_id-1`.
    pub fn value(&mut self, of: &Type, name: &str, now: Timestamp) -> Value {
        self.made += u64::from(!matches!(of, Type::Any | Type::Optional(_) | Type::Record(_)));
        match of {
            Type::Any | Type::Optional(_) => Value::Null,
            Type::Text => self.text(name),
            Type::Int | Type::Decimal => Value::from(1),
            Type::Bool => Value::Bool(true),
            Type::Time => Value::Text(now.to_string()),
            Type::Date => Value::Text(date(now)),
            Type::Duration => Value::text("1s"),
            Type::OneOf(texts) => texts.first().map_or(Value::Null, |first| Value::text(first.clone())),
            Type::List(element) => Value::List(vec![self.value(element, name, now)]),
            Type::Record(fields) => self.complete(fields, BTreeMap::new(), now),
        }
    }

    /// What was said of a value, and the rest of it made up.
    pub(crate) fn fill(&mut self, said: Value, of: &Type, now: Timestamp) -> (Value, Source) {
        let before = self.made;
        let filled = self.filled(said, of, now);
        (filled, if self.made == before { Source::Test } else { Source::Both })
    }

    fn filled(&mut self, said: Value, of: &Type, now: Timestamp) -> Value {
        match (said, of.required()) {
            (Value::Record(said), Type::Record(fields)) => self.complete(fields, said, now),
            (Value::List(said), Type::List(element)) => {
                Value::List(said.into_iter().map(|value| self.filled(value, element, now)).collect())
            }
            (said, _) => said,
        }
    }

    fn complete(&mut self, fields: &[Field], mut said: BTreeMap<String, Value>, now: Timestamp) -> Value {
        for Field { name, of, default } in fields {
            let value = match (said.remove(name), default) {
                (Some(value), _) => self.filled(value, of, now),
                (None, Some(default)) => default.clone(),
                (None, None) => self.value(of, name, now),
            };
            said.insert(name.clone(), value);
        }
        Value::Record(said)
    }

    fn text(&mut self, name: &str) -> Value {
        let count = self.texts.entry(name.to_owned()).or_default();
        *count += 1;
        Value::Text(format!("{name}-{count}"))
    }
}

/// The day of a time: its text begins with it.
fn date(now: Timestamp) -> String {
    now.to_string().split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: impl IntoIterator<Item = (&'static str, Type, Option<Value>)>) -> Type {
        let field = |(name, of, default): (&str, _, _)| Field { name: name.to_owned(), of, default };
        Type::Record(fields.into_iter().map(field).collect())
    }

    #[test]
    fn every_type_has_a_readable_value() {
        let of = record([
            ("id", Type::Text, None),
            ("parts", Type::List(Box::new(record([("id", Type::Text, None)]))), None),
            ("count", Type::Int, None),
            ("price", Type::Decimal, None),
            ("ok", Type::Bool, None),
            ("at", Type::Time, None),
            ("on", Type::Date, None),
            ("takes", Type::Duration, None),
            ("grade", Type::OneOf(vec!["good".to_owned(), "bad".to_owned()]), None),
            ("note", Type::Text.optional(), None),
            ("size", Type::Int, Some(Value::from(7))),
        ]);
        let made_up = MadeUp::default().value(&of, "answer", Timestamp::EPOCH);
        assert_eq!(
            made_up.to_string(),
            r#"{"at":"1970-01-01T00:00:00.000Z","count":1,"grade":"good","id":"id-1","note":null,"ok":true,"on":"1970-01-01","parts":[{"id":"id-2"}],"price":1,"size":7,"takes":"1s"}"#
        );
        let conformed = of.conform(made_up.clone(), &model::Pointer::root(), model::UnknownFields::Refuse);
        assert_eq!(conformed, Ok(made_up));
    }

    #[test]
    fn what_was_said_is_kept_and_the_rest_made_up() {
        let of = record([
            ("id", Type::Text, None),
            ("unit", record([("name", Type::Text, None), ("size", Type::Int, None)]), None),
        ]);
        let said = Value::record([("unit", Value::record([("name", Value::text("mine"))]))]);
        let (filled, source) = MadeUp::default().fill(said, &of, Timestamp::EPOCH);
        assert_eq!(filled.to_string(), r#"{"id":"id-1","unit":{"name":"mine","size":1}}"#);
        assert_eq!(source, Source::Both);
    }

    #[test]
    fn what_may_be_absent_and_what_has_a_default_is_not_made_up() {
        let of = record([
            ("id", Type::Text, None),
            ("note", Type::Text.optional(), None),
            ("size", Type::Int, Some(Value::from(7))),
        ]);
        let said = Value::record([("id", Value::text("mine"))]);
        let (filled, source) = MadeUp::default().fill(said, &of, Timestamp::EPOCH);
        assert_eq!(filled.to_string(), r#"{"id":"mine","note":null,"size":7}"#);
        assert_eq!(source, Source::Test);
    }
}
