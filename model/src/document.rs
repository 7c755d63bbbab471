//! Reading a JSON document that somebody sent.
//!
//! Stricter than JSON has to be, for what would change its meaning without a word: a name that is given twice in a
//! record, of which one value would be lost, and a number that would be rounded. What the document must contain is said
//! elsewhere, by [`crate::Type`] and [`crate::OrderRequest`].

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::{Fault, Pointer, Value};

/// Most repeated names that are told of one document: whoever made it needs to see a few of them, not all.
const REPEATED_NAMES: usize = 100;

/// Why a document can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, or nested deeper than is read.
    #[error("line {line}, column {column}: {message}")]
    NotJson {
        /// The line where reading stopped, from 1.
        line: usize,
        /// The column there, in bytes from 1; 0 before the line's first.
        column: usize,
        /// What was expected.
        message: String,
    },
    /// It is JSON that could be taken in more than one way, or not exactly.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Ambiguous(Vec<Fault>),
}

impl From<serde_json::Error> for DocumentError {
    fn from(wrong: serde_json::Error) -> Self {
        let message = wrong.to_string();
        // The place is said in words of our own.
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Self::NotJson { line: wrong.line(), column: wrong.column(), message }
    }
}

/// Reads something out of JSON that has been parsed already, by way of its text.
///
/// `serde_json::from_value` hands on whole numbers of more than 64 bits as a kind that the buffers of serde don't take, which
/// tagged enums are read through.
///
/// # Errors
/// It is something else.
pub fn from_json<T: DeserializeOwned>(json: &serde_json::Value) -> Result<T, serde_json::Error> {
    serde_json::from_str(&json.to_string())
}

impl Value {
    /// Reads a JSON document.
    ///
    /// # Errors
    /// It is not JSON; or names are given twice or numbers don't fit a decimal, each with its place.
    pub fn read_document(json: &[u8]) -> Result<Self, DocumentError> {
        let document: serde_json::Value = serde_json::from_slice(json)?;
        let mut faults = repeated_names(json)?;
        find_invalid_numbers(&document, &Pointer::root(), &mut faults);
        if !faults.is_empty() {
            return Err(DocumentError::Ambiguous(faults));
        }
        Self::from_json(document)
            .map_err(|wrong| DocumentError::Ambiguous(vec![Fault::new(Pointer::root(), wrong.to_string())]))
    }
}

/// Places the names that a record has already. Of such a record, `serde_json` keeps the last value and says nothing.
fn repeated_names(json: &[u8]) -> Result<Vec<Fault>, serde_json::Error> {
    let mut faults = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    Names { at: Pointer::root(), faults: &mut faults }.deserialize(&mut reader)?;
    Ok(faults)
}

/// Walks a document for the names of its records. The JSON reader limits the depth of the walk.
struct Names<'a> {
    at: Pointer,
    faults: &'a mut Vec<Fault>,
}

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut record: A) -> Result<(), A::Error> {
        let (mut seen, mut repeated) = (BTreeSet::new(), BTreeSet::new());
        while let Some(name) = record.next_key::<String>()? {
            let at = self.at.key(&name);
            record.next_value_seed(Names { at: at.clone(), faults: self.faults })?;
            if !seen.insert(name.clone())
                && self.faults.len() < REPEATED_NAMES
                && repeated.insert(name.clone())
            {
                self.faults.push(Fault::new(at, format!("`{name}` is given twice")));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0;
        while list.next_element_seed(Names { at: self.at.index(index), faults: self.faults })?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// Places the numbers that a decimal can't hold. The JSON reader has limited the depth of this walk.
fn find_invalid_numbers(json: &serde_json::Value, at: &Pointer, faults: &mut Vec<Fault>) {
    match json {
        serde_json::Value::Number(number) => {
            if let Err(wrong) = Value::from_json(serde_json::Value::Number(number.clone())) {
                faults.push(Fault::new(at.clone(), wrong.to_string()));
            }
        }
        serde_json::Value::Array(elements) => {
            for (n, element) in elements.iter().enumerate() {
                find_invalid_numbers(element, &at.index(n), faults);
            }
        }
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                find_invalid_numbers(field, &at.key(name), faults);
            }
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Result<&str, &[&str]>) {
        let read = match Value::read_document(json.as_bytes()) {
            Ok(value) => Ok(value.to_string()),
            Err(DocumentError::Ambiguous(faults)) => {
                Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
            Err(wrong @ DocumentError::NotJson { .. }) => Err(vec![wrong.to_string()]),
        };
        let expected =
            expected.map(str::to_owned).map_err(|faults| faults.iter().map(|f| (*f).to_owned()).collect());
        assert_eq!(read, expected, "{json}");
    }

    #[test]
    fn every_form_of_json_is_read() {
        let json = r#"{"a":[null,true,1,-2.5,12345678901234567890.12,"x"],"b":{},"c":[{"d":1},{"d":2}]}"#;
        check(json, Ok(json));
        check(r#"" ""#, Ok(r#"" ""#));
    }

    #[test]
    fn every_name_that_is_given_twice_has_its_place() {
        check(
            r#"{"id": 1, "a/b": [{"x": 1, "y": {}, "x": 1}], "id": 2, "\u0069d": 3, "n": {"p": 1, "p": 1.5}}"#,
            Err(&["/a~1b/0/x: `x` is given twice", "/id: `id` is given twice", "/n/p: `p` is given twice"]),
        );
    }

    #[test]
    fn repeated_names_are_told_up_to_a_limit() {
        let document = |records: usize| format!("[{}]", vec![r#"{"a":1,"a":2}"#; records].join(","));
        for (records, told) in [(REPEATED_NAMES, REPEATED_NAMES), (REPEATED_NAMES + 1, REPEATED_NAMES)] {
            let Err(DocumentError::Ambiguous(faults)) = Value::read_document(document(records).as_bytes())
            else {
                panic!("expected faults");
            };
            assert_eq!(faults.len(), told);
        }
    }

    #[test]
    fn numbers_beyond_a_decimal_have_their_places() {
        check(
            r#"{"a": 1e400, "b": [2, 1e99], "b": [2, 1e99]}"#,
            Err(&[
                "/b: `b` is given twice",
                "/a: the number `1e+400` has more than 28 digits or is too large",
                "/b/1: the number `1e+99` has more than 28 digits or is too large",
            ]),
        );
    }

    #[test]
    fn what_is_not_json_is_told_with_its_line() {
        check("{\"a\": 1,\n  b: 2}", Err(&["line 2, column 3: key must be a string"]));
        check("", Err(&["line 1, column 0: EOF while parsing a value"]));
        check("1 2", Err(&["line 1, column 3: trailing characters"]));
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let refused = Value::read_document(deep.as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), "line 1, column 128: recursion limit exceeded");
    }
}
