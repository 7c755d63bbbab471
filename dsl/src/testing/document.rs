//! Order documents as tests write them: values of no declared type, each with its place in the text.

use std::collections::BTreeMap;

use model::{Pointer, Type, Value};

use super::literal;
use crate::Span;
use crate::blueprint::Blueprint;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::tree::{Expr, ExprKind, Name};

/// A value, and where each of its parts stands.
pub(super) struct Document {
    pub(super) value: Value,
    /// Where to point at for each place of the value.
    places: BTreeMap<String, Span>,
    /// Words without quotes, which were taken for texts: right where one of a few texts is wanted.
    pub(super) words: Vec<(Pointer, Name)>,
}

/// Reads a value, and reports what in it is none.
pub(super) fn read(expr: &Expr, diagnostics: &mut Vec<Diagnostic>) -> Document {
    let mut document = Document { value: Value::Null, places: BTreeMap::new(), words: Vec::new() };
    document.value = document.part(expr, &Pointer::root(), diagnostics);
    document
}

impl Document {
    /// What was read from elsewhere: all of it is in one place.
    pub(super) const fn unplaced(value: Value) -> Self {
        Self { value, places: BTreeMap::new(), words: Vec::new() }
    }

    /// Where a place of the value stands, or the nearest around it that stands anywhere; and whether it is that place itself.
    pub(super) fn place(&self, at: &Pointer) -> Option<(Span, bool)> {
        let mut around = at.as_str();
        loop {
            if let Some(span) = self.places.get(around) {
                return Some((*span, around == at.as_str()));
            }
            around = around.rsplit_once('/')?.0;
        }
    }

    fn part(&mut self, expr: &Expr, at: &Pointer, diagnostics: &mut Vec<Diagnostic>) -> Value {
        match &expr.kind {
            ExprKind::Record(fields) => {
                let mut record = BTreeMap::new();
                for (name, value) in fields {
                    let at = at.key(&name.text);
                    // Of what goes on for lines, its name is enough to point at.
                    let is_short = !matches!(value.kind, ExprKind::Record(_) | ExprKind::List(_));
                    let place = if is_short { value.span } else { name.span };
                    let value = self.part(value, &at, diagnostics);
                    if record.insert(name.text.clone(), value).is_some() {
                        let title = format!("the field `{}` is given twice", name.text);
                        diagnostics.push(Diagnostic::new(Code::DuplicateName, name.span, title));
                    }
                    self.places.insert(at.as_str().to_owned(), place);
                }
                Value::Record(record)
            }
            ExprKind::List(elements) => {
                let elements = elements.iter().enumerate();
                Value::List(
                    elements
                        .map(|(n, element)| {
                            let at = at.index(n);
                            self.places.insert(at.as_str().to_owned(), opening(element));
                            self.part(element, &at, diagnostics)
                        })
                        .collect(),
                )
            }
            ExprKind::Name(word) => {
                self.words.push((at.clone(), Name { text: word.clone(), span: expr.span }));
                Value::text(word.clone())
            }
            _ => literal::scalar(expr).unwrap_or_else(|wrong| {
                diagnostics.extend(wrong.map(|wrong| *wrong));
                Value::Null
            }),
        }
    }
}

/// Where something begins, if it may go on for lines.
const fn opening(expr: &Expr) -> Span {
    let Span { file, start, .. } = expr.span;
    match expr.kind {
        ExprKind::Record(_) | ExprKind::List(_) => Span { file, start, end: start + 1 },
        _ => expr.span,
    }
}

/// The type that the blueprint of an order has for a place of its document; none for what it says nothing about.
pub(super) fn type_at(blueprint: &Blueprint, order: &plan::Plan, at: &Pointer) -> Option<Type> {
    let mut path = at.as_str().split('/').skip(1);
    match path.next()? {
        "attributes" => below(Type::Record(blueprint.order_fields().to_vec()), path),
        "items" => {
            let item = order.items().get(path.next()?.parse::<usize>().ok()?)?;
            match path.next()? {
                "attributes" => {
                    let (_, fields) = blueprint.item_kinds().find(|(kind, _)| **kind == item.kind)?;
                    below(Type::Record(fields.to_vec()), path)
                }
                standard => below(Type::Record(model::Item::standard_type()), std::iter::once(standard)),
            }
        }
        _ => None,
    }
}

fn below<'p>(of: Type, path: impl Iterator<Item = &'p str>) -> Option<Type> {
    let mut of = of;
    for step in path {
        of = match of.required() {
            Type::Record(_) => of.required().field(step)?.of.clone(),
            Type::List(of) => of.as_ref().clone(),
            _ => return None,
        };
    }
    Some(of)
}
