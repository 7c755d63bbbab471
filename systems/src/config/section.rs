//! Reading one table of the file: every key by its type, and the keys that nobody asked for.

use std::ops::{Range, RangeInclusive};

use model::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problems;

/// One table. Ask for every key it may have, then [`finish`](Section::finish).
pub(super) struct Section<'a, 'i> {
    path: String,
    table: &'a DeTable<'i>,
    asked: Vec<&'static str>,
}

/// A value and the place it stands at.
pub(super) struct Entry<'a, 'i> {
    /// The key with the tables it stands in.
    pub(super) key: String,
    /// Where the value stands.
    pub(super) at: Range<usize>,
    pub(super) value: &'a DeValue<'i>,
}

impl<'a, 'i> Section<'a, 'i> {
    /// The table `path` of the file.
    pub(super) fn new(path: impl Into<String>, table: &'a DeTable<'i>) -> Self {
        Self { path: path.into(), table, asked: Vec::new() }
    }

    /// The full name of a key of this table.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The value of a key, whatever it is.
    pub(super) fn entry(&mut self, name: &'static str) -> Option<Entry<'a, 'i>> {
        self.asked.push(name);
        let value = self.table.get(name)?;
        Some(Entry { key: self.key(name), at: value.span(), value: value.get_ref() })
    }

    /// A text.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<(String, Range<usize>)> {
        let entry = self.entry(name)?;
        let text = entry.text(problems)?;
        Some((text.to_owned(), entry.at))
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &'static str, problems: &mut Problems<'_>) -> Option<bool> {
        let entry = self.entry(name)?;
        let flag = entry.value.as_bool();
        if flag.is_none() {
            entry.expected("`true` or `false`", problems);
        }
        flag
    }

    /// A whole number within bounds.
    pub(super) fn count(
        &mut self,
        name: &'static str,
        bounds: RangeInclusive<usize>,
        problems: &mut Problems<'_>,
    ) -> Option<usize> {
        let entry = self.entry(name)?;
        let number = entry.value.as_integer().map(|i| i128::from_str_radix(i.as_str(), i.radix()));
        match number {
            Some(Ok(number)) => {
                let count = usize::try_from(number).ok().filter(|count| bounds.contains(count));
                if count.is_none() {
                    let (least, most) = bounds.into_inner();
                    problems.add(entry.at, entry.key, format!("expected {least} to {most}, found {number}"));
                }
                count
            }
            Some(Err(_)) | None => {
                entry.expected("a whole number", problems);
                None
            }
        }
    }

    /// A duration within bounds.
    pub(super) fn duration(
        &mut self,
        name: &'static str,
        bounds: RangeInclusive<model::Duration>,
        problems: &mut Problems<'_>,
    ) -> Option<std::time::Duration> {
        let (text, at) = self.text(name, problems)?;
        match text.parse::<model::Duration>() {
            Ok(duration) if bounds.contains(&duration) => Some(duration.to_std()),
            Ok(duration) => {
                let (least, most) = bounds.into_inner();
                problems.add(at, self.key(name), format!("expected {least} to {most}, found {duration}"));
                None
            }
            Err(wrong) => {
                problems.add(at, self.key(name), wrong);
                None
            }
        }
    }

    /// A table within this one.
    pub(super) fn section(
        &mut self,
        name: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Section<'a, 'i>> {
        self.entry(name)?.section(problems)
    }

    /// Every key of a table whose keys are names, from top to bottom of the alphabet. Nothing is unknown then.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Range<usize>, Entry<'a, 'i>)> {
        let path = self.path.clone();
        self.table.iter().map(move |(name, value): (&'a Spanned<_>, _)| {
            let key = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            (name.get_ref().as_ref(), name.span(), Entry { key, at: value.span(), value: value.get_ref() })
        })
    }

    /// Notes every key that was not asked for.
    pub(super) fn finish(self, problems: &mut Problems<'_>) {
        for (name, at, entry) in self.entries() {
            if self.asked.contains(&name) {
                continue;
            }
            let near = self
                .asked
                .iter()
                .map(|asked| (strsim::damerau_levenshtein(asked, name), *asked))
                .filter(|(distance, _)| *distance <= 2)
                .min();
            let help = match near {
                Some((_, near)) => format!("did you mean `{near}`?"),
                None => format!("known keys are {}", list(&self.asked)),
            };
            problems.add_with_help(at, entry.key, format!("unknown key `{name}`"), help);
        }
    }
}

impl<'a, 'i> Entry<'a, 'i> {
    /// Notes that the value is not what it should be.
    pub(super) fn expected(&self, what: &str, problems: &mut Problems<'_>) {
        problems.add(
            self.at.clone(),
            self.key.clone(),
            format!("expected {what}, found {}", noun(self.value)),
        );
    }

    /// The value as a text.
    pub(super) fn text(&self, problems: &mut Problems<'_>) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.expected("a text", problems);
        }
        text
    }

    /// The value as a table.
    pub(super) fn section(&self, problems: &mut Problems<'_>) -> Option<Section<'a, 'i>> {
        let table = self.value.as_table();
        if table.is_none() {
            self.expected("a table", problems);
        }
        table.map(|table| Section::new(self.key.clone(), table))
    }

    /// The value as data. Dates and times become texts.
    pub(super) fn data(&self, problems: &mut Problems<'_>) -> Option<Value> {
        let data = to_value(self.value);
        if data.is_none() {
            problems.add(
                self.at.clone(),
                self.key.clone(),
                "expected data without `inf`, `nan` and numbers of more than 28 digits",
            );
        }
        data
    }
}

fn to_value(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::text(text.as_ref()),
        DeValue::Integer(number) => Value::from(i64::from_str_radix(number.as_str(), number.radix()).ok()?),
        DeValue::Float(number) => {
            let json: serde_json::Number = number.as_str().parse().ok()?;
            Value::from_json(serde_json::Value::Number(json)).ok()?
        }
        DeValue::Boolean(bool) => Value::from(*bool),
        DeValue::Datetime(time) => Value::text(time.to_string()),
        DeValue::Array(elements) => {
            Value::List(elements.iter().map(|e| to_value(e.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(fields) => Value::Record(
            fields
                .iter()
                .map(|(name, value)| Some((name.to_string(), to_value(value.get_ref())?)))
                .collect::<Option<_>>()?,
        ),
    })
}

fn noun(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text `{}`", text.chars().take(80).collect::<String>()),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(bool) => format!("`{bool}`"),
        DeValue::Datetime(_) => "a date or time".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
