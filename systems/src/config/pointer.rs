//! JSON pointers (RFC 6901) into an answer.

use model::Value;

/// A place in a JSON document: `""` is the whole of it, `/data/0/id` a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonPointer(Vec<String>);

/// A text that is not a JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a JSON pointer: expected `/` and a field, such as `/data/id`")]
pub(super) struct InvalidPointer(String);

impl JsonPointer {
    /// Reads a pointer.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPointer> {
        let invalid = || InvalidPointer(text.to_owned());
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let tokens = text.strip_prefix('/').ok_or_else(invalid)?.split('/');
        tokens
            .map(|token| {
                // `~` must be escaped, as `~0`; `~1` is `/`.
                let plain = token.replace("~0", "").replace("~1", "");
                if plain.contains('~') {
                    return Err(invalid());
                }
                Ok(token.replace("~1", "/").replace("~0", "~"))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value at this place, if there is one.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, token| match value {
            Value::Record(fields) => fields.get(token),
            Value::List(elements) => elements.get(token.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_find_what_they_name() {
        let value = serde_json::from_str(r#"{"data": [{"a/b": 1, "~": 2, "": 3}], "x": null}"#).unwrap();
        for (pointer, found) in [
            ("/data/0/a~1b", Some("1")),
            ("/data/0/~0", Some("2")),
            ("/data/0/", Some("3")),
            ("/x", Some("null")),
            ("/x/y", None),
            ("/data/1", None),
            ("/data/one", None),
        ] {
            let pointer_read = JsonPointer::parse(pointer).unwrap();
            let at = pointer_read.find(&value).map(ToString::to_string);
            assert_eq!(at.as_deref(), found, "{pointer}");
        }
        assert_eq!(JsonPointer::parse("").unwrap().find(&value), Some(&value));
    }

    #[test]
    fn what_is_not_a_pointer_is_refused() {
        for text in ["data", "/a~", "/a~2"] {
            assert!(JsonPointer::parse(text).is_err(), "{text}");
        }
    }
}
