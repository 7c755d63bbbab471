//! Texts and documents with `{argument}` in them.
//!
//! Used on both sides of the wire: the client writes paths, query parameters and bodies from a call's arguments,
//! and the simulator writes its answers. What a name stands for is asked of the caller, so nothing here knows
//! where values come from.

use std::collections::BTreeMap;
use std::fmt;

use model::Value;

/// A text with placeholders, such as `/customers/{customer_id}`. `{address.site}` is a field of a record; `{{` and `}}`
/// stand for the braces themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text that stands for itself.
    Text(String),
    /// The value of this name.
    Placeholder(String),
}

/// What is wrong with the text of a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidTemplate {
    #[error("`{{` without `}}` in `{0}`")]
    Unclosed(String),
    #[error("`}}` without `{{` in `{0}`")]
    Unopened(String),
    #[error(
        "`{{{0}}}` is not a placeholder: expected a name in the braces, such as `{{id}}` or `{{address.site}}`"
    )]
    NotAName(String),
}

/// Why a template can't be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FillError {
    /// Nobody knows the name.
    #[error("there is no argument `{0}`")]
    Missing(String),
    /// The value has no form as a piece of text.
    #[error("argument `{name}` is {kind}, expected a text, a number or a bool")]
    NotPlain {
        /// The argument.
        name: String,
        /// What it is.
        kind: &'static str,
    },
}

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    plain.push(c);
                }
                '}' => return Err(InvalidTemplate::Unopened(text.to_owned())),
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(c) => name.push(c),
                            None => return Err(InvalidTemplate::Unclosed(text.to_owned())),
                        }
                    }
                    if !is_name(&name) {
                        return Err(InvalidTemplate::NotAName(name));
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Placeholder(name));
                }
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// The pieces in order.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The names it asks for, in order, as often as they stand there.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Placeholder(name) => Some(name.as_str()),
        })
    }

    /// The template as a value: a placeholder that stands alone keeps the type of its value, anything else is
    /// a text.
    pub(crate) fn fill(&self, lookup: &impl Lookup) -> Result<Value, FillError> {
        match self.parts.as_slice() {
            [Part::Placeholder(name)] => find(name, lookup),
            parts => {
                let texts: Result<String, _> = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) => Ok(text.clone()),
                        Part::Placeholder(name) => plain_text(name, lookup),
                    })
                    .collect();
                texts.map(Value::Text)
            }
        }
    }
}

/// The value of a name, or of a field of it.
fn find(name: &str, lookup: &impl Lookup) -> Result<Value, FillError> {
    let missing = || FillError::Missing(name.to_owned());
    let mut steps = name.split('.');
    let root = steps.next().and_then(|root| lookup.value(root)).ok_or_else(missing)?;
    let found = steps.try_fold(&root, |value, field| value.field(field)).ok_or_else(missing)?;
    Ok(found.clone())
}

/// The value of `name` as a piece of text.
pub(crate) fn plain_text(name: &str, lookup: &impl Lookup) -> Result<String, FillError> {
    match find(name, lookup)? {
        Value::Text(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(bool) => Ok(bool.to_string()),
        other @ (Value::Null | Value::List(_) | Value::Record(_)) => {
            Err(FillError::NotPlain { name: name.to_owned(), kind: other.kind() })
        }
    }
}

/// Says what a name in a template stands for.
pub(crate) trait Lookup {
    /// The value of `name`; none if nobody knows the name.
    fn value(&self, name: &str) -> Option<Value>;
}

/// The fields of a record.
impl Lookup for BTreeMap<String, Value> {
    fn value(&self, name: &str) -> Option<Value> {
        self.get(name).cloned()
    }
}

fn is_name(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    text.split('.').all(word)
}

/// The template as it was written.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Part::Placeholder(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

/// A document whose texts are templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    /// A value that stands for itself.
    Plain(Value),
    /// A text.
    Text(Template),
    /// Elements in order.
    List(Vec<Self>),
    /// Fields by name.
    Record(BTreeMap<String, Self>),
}

impl Document {
    /// Reads every text of a value as a template.
    pub(crate) fn parse(value: Value) -> Result<Self, InvalidTemplate> {
        Ok(match value {
            Value::Text(text) => Self::Text(Template::parse(&text)?),
            Value::List(elements) => {
                Self::List(elements.into_iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Value::Record(fields) => Self::Record(
                fields
                    .into_iter()
                    .map(|(name, value)| Ok((name, Self::parse(value)?)))
                    .collect::<Result<_, _>>()?,
            ),
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Self::Plain(plain),
        })
    }

    /// The document with every placeholder filled in.
    pub(crate) fn fill(&self, lookup: &impl Lookup) -> Result<Value, FillError> {
        Ok(match self {
            Self::Plain(value) => value.clone(),
            Self::Text(template) => template.fill(lookup)?,
            Self::List(elements) => {
                Value::List(elements.iter().map(|e| e.fill(lookup)).collect::<Result<_, _>>()?)
            }
            Self::Record(fields) => Value::Record(
                fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), field.fill(lookup)?)))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> BTreeMap<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    fn fill(document: &str, arguments: &str) -> Result<String, String> {
        let document = Document::parse(serde_json::from_str(document).unwrap()).map_err(|e| e.to_string())?;
        document.fill(&fields(arguments)).map(|v| v.to_string()).map_err(|e| e.to_string())
    }

    #[test]
    fn a_placeholder_alone_keeps_its_type_and_others_become_text() {
        assert_eq!(
            fill(
                r#"{"id": "{id}", "tags": ["{tag}", "n{id}"], "at": {"is": "{at}", "x": "{at.x}"}, "fixed": true, "b": "{{{id}}}"}"#,
                r#"{"id": 7, "tag": null, "at": {"x": 1}}"#
            ),
            Ok(r#"{"at":{"is":{"x":1},"x":1},"b":"{7}","fixed":true,"id":7,"tags":[null,"n7"]}"#.to_owned())
        );
    }

    #[test]
    fn what_can_not_be_filled_in_is_named() {
        for (document, message) in [
            (r#""{nobody}""#, "there is no argument `nobody`"),
            (r#""x{list}""#, "argument `list` is a list, expected a text, a number or a bool"),
            (r#""x{none}""#, "argument `none` is null, expected a text, a number or a bool"),
            (r#""{id""#, "`{` without `}` in `{id`"),
            (r#""id}""#, "`}` without `{` in `id}`"),
            (r#""{list.x}""#, "there is no argument `list.x`"),
            (
                r#""{a b}""#,
                "`{a b}` is not a placeholder: expected a name in the braces, such as `{id}` or `{address.site}`",
            ),
            (
                r#""{a.}""#,
                "`{a.}` is not a placeholder: expected a name in the braces, such as `{id}` or `{address.site}`",
            ),
        ] {
            assert_eq!(
                fill(document, r#"{"list": [], "none": null}"#),
                Err(message.to_owned()),
                "{document}"
            );
        }
    }

    #[test]
    fn a_template_prints_as_it_was_written() {
        for text in ["/a/{b}/c", "{{x}}{y}", ""] {
            assert_eq!(Template::parse(text).unwrap().to_string(), text);
        }
    }
}
