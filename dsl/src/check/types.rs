//! What fits where.
//!
//! Two types have no name in the language. The one without any values ([`never()`]) is what an empty list is a
//! list of, and null is that type made optional: both then fit wherever they should.

use model::{Field, Type};

/// The type without any values.
pub(super) const fn never() -> Type {
    Type::OneOf(Vec::new())
}

/// The type of `null`.
pub(super) fn null() -> Type {
    Type::Optional(Box::new(never()))
}

fn is_never(of: &Type) -> bool {
    matches!(of, Type::OneOf(texts) if texts.is_empty())
}

/// Whether every value of `from` is one of `to`. `any` fits both ways: what it holds is looked at when the
/// expression is evaluated.
pub(super) fn fits(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (_, Type::Any) | (Type::Any, _) => true,
        (from, _) if is_never(from) => true,
        (Type::Optional(from), Type::Optional(to)) => fits(from, to),
        (Type::Optional(_), _) => false,
        (from, Type::Optional(to)) => fits(from, to),
        (Type::Int, Type::Decimal) | (Type::OneOf(_), Type::Text) => true,
        (Type::OneOf(from), Type::OneOf(to)) => from.iter().all(|text| to.contains(text)),
        (Type::List(from), Type::List(to)) => fits(from, to),
        (Type::Record(from), Type::Record(to)) => to.iter().all(|field| field_fits(from, field)),
        (from, to) => from == to,
    }
}

fn field_fits(from: &[Field], to: &Field) -> bool {
    from.iter()
        .find(|field| field.name == to.name)
        .map_or_else(|| to.of.admits_null() || to.default.is_some(), |field| fits(&field.of, &to.of))
}

/// The smallest type that both fit, if there is one.
pub(super) fn join(a: &Type, b: &Type) -> Option<Type> {
    if *a == Type::Any || *b == Type::Any {
        return Some(Type::Any);
    }
    if fits(a, b) {
        return Some(b.clone());
    }
    if fits(b, a) {
        return Some(a.clone());
    }
    match (a, b) {
        (Type::Optional(_), _) | (_, Type::Optional(_)) => Some(join(a.required(), b.required())?.optional()),
        (Type::OneOf(a), Type::OneOf(b)) => {
            let others = b.iter().filter(|text| !a.contains(text));
            Some(Type::OneOf(a.iter().chain(others).cloned().collect()))
        }
        (Type::List(a), Type::List(b)) => Some(Type::List(Box::new(join(a, b)?))),
        _ => None,
    }
}

/// Whether values of the two may ever be equal.
pub(super) fn comparable(a: &Type, b: &Type) -> bool {
    let (a, b) = (a.required(), b.required());
    match (a, b) {
        (Type::OneOf(_), Type::OneOf(_)) => true,
        (Type::List(a), Type::List(b)) => comparable(a, b),
        (Type::Record(_), Type::Record(_)) => true,
        (a, b) => join(a, b).is_some(),
    }
}

/// A type whose field at a path is known not to be null.
pub(super) fn refine(of: Type, path: &[String]) -> Type {
    let Some((name, rest)) = path.split_first() else { return of.required().clone() };
    match of {
        Type::Optional(of) => Type::Optional(Box::new(refine(*of, path))),
        Type::Record(fields) => {
            Type::Record(
                fields
                    .into_iter()
                    .map(|field| {
                        if field.name == *name {
                            Field { of: refine(field.of, rest), ..field }
                        } else {
                            field
                        }
                    })
                    .collect(),
            )
        }
        other => other,
    }
}

/// What a value of a type is called in a message.
pub(super) fn noun(of: &Type) -> String {
    match of {
        Type::Optional(inner) if is_never(inner) => "null".to_owned(),
        Type::Optional(inner) => format!("{} that may be missing", noun(inner)),
        Type::List(inner) if is_never(inner) => "an empty list".to_owned(),
        Type::List(_) => format!("a list `{of}`"),
        Type::Decimal => "a decimal number".to_owned(),
        Type::Duration => "a duration".to_owned(),
        Type::Time => "a time".to_owned(),
        Type::Date => "a date".to_owned(),
        other => other.noun(),
    }
}

/// The first thing that keeps one record from fitting another, for a note.
pub(super) fn difference(from: &Type, to: &Type) -> Option<String> {
    let (Type::Record(from), Type::Record(to)) = (from.required(), to.required()) else { return None };
    let wanted = to.iter().find(|field| !field_fits(from, field))?;
    Some(match from.iter().find(|field| field.name == wanted.name) {
        None => format!("it has no field `{}`", wanted.name),
        Some(found) => {
            format!("its field `{}` is {}, and {} is needed", wanted.name, noun(&found.of), noun(&wanted.of))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[(&str, Type)]) -> Type {
        let field =
            |(name, of): &(&str, Type)| Field { name: (*name).to_owned(), of: of.clone(), default: None };
        Type::Record(fields.iter().map(field).collect())
    }

    fn one_of(texts: &[&str]) -> Type {
        Type::OneOf(texts.iter().map(|t| (*t).to_owned()).collect())
    }

    #[test]
    fn what_fits_where() {
        let list = |of: Type| Type::List(Box::new(of));
        for (from, to, fit) in [
            (Type::Int, Type::Decimal, true),
            (Type::Decimal, Type::Int, false),
            (Type::Text, Type::Text.optional(), true),
            (Type::Text.optional(), Type::Text, false),
            (null(), Type::Int.optional(), true),
            (null(), Type::Int, false),
            (list(never()), list(Type::Text), true),
            (one_of(&["a"]), one_of(&["a", "b"]), true),
            (one_of(&["a", "c"]), one_of(&["a", "b"]), false),
            (one_of(&["a"]), Type::Text, true),
            (Type::Text, one_of(&["a"]), false),
            (Type::Any, Type::Int, true),
            (record(&[("a", Type::Int), ("b", Type::Int)]), record(&[("a", Type::Decimal)]), true),
            (record(&[("a", Type::Int)]), record(&[("a", Type::Int), ("b", Type::Text.optional())]), true),
            (record(&[("a", Type::Int)]), record(&[("a", Type::Int), ("b", Type::Text)]), false),
        ] {
            assert_eq!(fits(&from, &to), fit, "{from} → {to}");
        }
    }

    #[test]
    fn what_two_types_have_in_common() {
        assert_eq!(join(&Type::Int, &Type::Decimal.optional()), Some(Type::Decimal.optional()));
        assert_eq!(join(&null(), &Type::Text), Some(Type::Text.optional()));
        assert_eq!(join(&one_of(&["a"]), &one_of(&["b"])), Some(one_of(&["a", "b"])));
        assert_eq!(join(&Type::Int, &Type::Text), None);
    }

    #[test]
    fn refining_reaches_into_records() {
        let of = record(&[("a", record(&[("b", Type::Text.optional())]).optional())]);
        let path = ["a".to_owned(), "b".to_owned()];
        assert_eq!(refine(of.clone(), &path[..1]).to_string(), "{ a: { b: text? } }");
        assert_eq!(refine(of, &path).to_string(), "{ a: { b: text }? }");
    }
}
