//! Values that a test says: known without any order, and of a type that is known.

use std::collections::BTreeMap;

use model::{Field, Pointer, Type, UnknownFields, Value};

use super::document;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::{listing, near_miss};
use crate::syntax::tree::{Expr, ExprKind, Name};

/// Whether records must have all the fields of their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    All,
    /// What is not said may be anything, so it stays away.
    Some,
}

/// Reads a value of a type, and reports everything in it that is not.
pub(super) fn value(expr: &Expr, of: &Type, fields: Fields, diagnostics: &mut Vec<Diagnostic>) -> Value {
    Reader { fields, diagnostics }.value(expr, of)
}

/// Reads arguments of an operation, by the name `label`: those that are given, each whole.
pub(super) fn arguments(
    given: &[(Name, Expr)],
    declared: &[Field],
    label: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    let unknown = |name: &str| (Code::UnknownArgument, format!("`{label}` takes no argument `{name}`"));
    let mut reader = Reader { fields: Fields::All, diagnostics };
    Value::Record(reader.given(given, declared, unknown).0)
}

/// A value without parts that is known without any order; for what is none, why.
pub(super) fn scalar(expr: &Expr) -> Result<Value, Option<Box<Diagnostic>>> {
    Ok(match &expr.kind {
        ExprKind::Null => Value::Null,
        ExprKind::Bool(bool) => Value::Bool(*bool),
        ExprKind::Number(number) => Value::from(*number),
        ExprKind::Negate(inner) if matches!(inner.kind, ExprKind::Number(_)) => {
            let ExprKind::Number(number) = &inner.kind else { return Err(Some(not_constant(expr))) };
            Value::from(-*number)
        }
        ExprKind::Duration(duration) => Value::text(duration.to_string()),
        ExprKind::Text(_) => Value::Text(expr.literal_text().ok_or_else(|| Some(not_constant(expr)))?),
        // Has been reported.
        ExprKind::Unreadable | ExprKind::Foreign(_) => return Err(None),
        ExprKind::List(_)
        | ExprKind::Record(_)
        | ExprKind::Name(_)
        | ExprKind::Field { .. }
        | ExprKind::Call { .. }
        | ExprKind::Not(_)
        | ExprKind::Negate(_)
        | ExprKind::Binary { .. }
        | ExprKind::If { .. }
        | ExprKind::Comprehension { .. } => return Err(Some(not_constant(expr))),
    })
}

fn not_constant(expr: &Expr) -> Box<Diagnostic> {
    let found =
        Diagnostic::new(Code::NotConstant, expr.span, "a test is told in values that are known beforehand")
            .help("write the value itself: a number, a text, `true`, a list or a record of such");
    Box::new(found)
}

/// Reports a word where it stands for no text.
pub(super) fn no_word(word: &str, at: Span) -> Diagnostic {
    let quoted = format!("\"{word}\"");
    Diagnostic::new(Code::UnknownName, at, format!("`{word}` means nothing here"))
        .help(format!("a text stands in quotes: `{quoted}`"))
        .fix(quoted)
}

struct Reader<'d> {
    fields: Fields,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn value(&mut self, expr: &Expr, of: &Type) -> Value {
        match (&expr.kind, of.required()) {
            (ExprKind::Record(given), Type::Record(declared)) => self.record(given, declared, expr.span),
            (ExprKind::List(elements), Type::List(of)) => {
                Value::List(elements.iter().map(|element| self.value(element, of)).collect())
            }
            (ExprKind::Record(_) | ExprKind::List(_), Type::Any) => {
                let document = document::read(expr, self.diagnostics);
                self.diagnostics
                    .extend(document.words.iter().map(|(_, word)| no_word(&word.text, word.span)));
                document.value
            }
            (ExprKind::Record(_), wanted) => self.mismatch(expr, wanted, "a record"),
            (ExprKind::List(_), wanted) => self.mismatch(expr, wanted, "a list"),
            (ExprKind::Name(word), Type::OneOf(texts)) if texts.contains(word) => Value::text(word.clone()),
            (ExprKind::Name(word), Type::OneOf(texts)) => {
                let listed = listing(texts.iter().map(String::as_str), 8).replace(" and ", " or ");
                let title = format!("expected {listed}, found `{word}`");
                let meant = near_miss(word, texts.iter().map(String::as_str));
                self.diagnostics
                    .push(Diagnostic::new(Code::UnknownName, expr.span, title).did_you_mean(meant));
                Value::Null
            }
            (ExprKind::Name(word), _) => {
                self.diagnostics.push(no_word(word, expr.span));
                Value::Null
            }
            _ => self.scalar(expr, of),
        }
    }

    fn scalar(&mut self, expr: &Expr, of: &Type) -> Value {
        let value = match scalar(expr) {
            Ok(value) => value,
            Err(wrong) => {
                self.diagnostics.extend(wrong.map(|wrong| *wrong));
                return Value::Null;
            }
        };
        if matches!((&expr.kind, of.required()), (ExprKind::Duration(_), wanted) if *wanted != Type::Duration && *wanted != Type::Any)
        {
            return self.mismatch(expr, of.required(), "a duration");
        }
        let text = value.as_text().map(str::to_owned);
        of.conform(value, &Pointer::root(), UnknownFields::Refuse).unwrap_or_else(|faults| {
            let detail = faults.into_iter().next().map(|fault| fault.detail).unwrap_or_default();
            let diagnostic = Diagnostic::new(Code::TypeMismatch, expr.span, detail);
            let meant = match (of.required(), &text) {
                (Type::OneOf(texts), Some(text)) => near_miss(text, texts.iter().map(String::as_str)),
                _ => None,
            };
            self.diagnostics.push(match meant.map(|meant| format!("\"{meant}\"")) {
                Some(meant) => diagnostic.help(format!("did you mean {meant}?")).fix(meant),
                None => diagnostic,
            });
            Value::Null
        })
    }

    fn mismatch(&mut self, expr: &Expr, wanted: &Type, found: &str) -> Value {
        let title = format!("expected {}, found {found}", wanted.noun());
        self.diagnostics.push(Diagnostic::new(Code::TypeMismatch, expr.span, title));
        Value::Null
    }

    fn record(&mut self, given: &[(Name, Expr)], declared: &[Field], at: Span) -> Value {
        let unknown = |name: &str| (Code::UnknownField, format!("the record has no field `{name}`"));
        let (mut values, meant) = self.given(given, declared, unknown);
        if self.fields == Fields::Some {
            return Value::Record(values);
        }
        let mut missing = Vec::new();
        for field in declared {
            if values.contains_key(&field.name) {
                continue;
            }
            if let Some(default) = &field.default {
                values.insert(field.name.clone(), default.clone());
            } else if field.of.admits_null() {
                values.insert(field.name.clone(), Value::Null);
            } else if !meant.contains(&field.name.as_str()) {
                missing.push(format!("{}: {}", field.name, field.of));
            }
        }
        if !missing.is_empty() {
            let title = format!("the record lacks {}", listing(missing.iter().map(String::as_str), 6));
            self.diagnostics.push(Diagnostic::new(Code::MissingField, at, title));
        }
        Value::Record(values)
    }

    /// What is given by name, and the names that were probably meant by those that are not declared.
    fn given<'f>(
        &mut self,
        given: &[(Name, Expr)],
        declared: &'f [Field],
        unknown: impl Fn(&str) -> (Code, String),
    ) -> (BTreeMap<String, Value>, Vec<&'f str>) {
        let (mut values, mut meant) = (BTreeMap::new(), Vec::new());
        for (name, value) in given {
            let Some(field) = declared.iter().find(|field| field.name == name.text) else {
                let (code, title) = unknown(&name.text);
                let near = near_miss(&name.text, declared.iter().map(|field| field.name.as_str()));
                meant.extend(near);
                self.diagnostics.push(Diagnostic::new(code, name.span, title).did_you_mean(near));
                continue;
            };
            // What is null takes the default.
            let of = if field.default.is_some() { field.of.clone().optional() } else { field.of.clone() };
            let value = match (self.value(value, &of), &field.default) {
                (Value::Null, Some(default)) => default.clone(),
                (value, _) => value,
            };
            if values.insert(name.text.clone(), value).is_some() {
                let title = format!("`{}` is given twice", name.text);
                self.diagnostics.push(Diagnostic::new(Code::DuplicateName, name.span, title));
            }
        }
        (values, meant)
    }
}
