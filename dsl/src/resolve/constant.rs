//! Values that are known without any order: defaults.

use model::{Pointer, Type, UnknownFields, Value};

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::tree::{Expr, ExprKind};

/// The value of a constant expression, made one of a type.
///
/// # Errors
/// It is not constant, or not of the type.
pub(crate) fn value(expr: &Expr, of: &Type) -> Result<Value, Box<Diagnostic>> {
    let value = read(expr, of)?;
    of.conform(value, &Pointer::root(), UnknownFields::Refuse).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let title = format!("the default is not of its type: {}", faults.join("; "));
        Box::new(Diagnostic::new(Code::TypeMismatch, expr.span, title))
    })
}

fn read(expr: &Expr, of: &Type) -> Result<Value, Box<Diagnostic>> {
    let mismatch = |found: &str| {
        let title = format!("expected {}, found {found}", of.noun());
        Box::new(Diagnostic::new(Code::TypeMismatch, expr.span, title))
    };
    match &expr.kind {
        ExprKind::Null => Ok(Value::Null),
        ExprKind::Bool(bool) => Ok(Value::Bool(*bool)),
        ExprKind::Number(number) => Ok(Value::from(*number)),
        ExprKind::Negate(inner) => {
            if let ExprKind::Number(number) = &inner.kind {
                Ok(Value::from(-*number))
            } else {
                Err(not_constant(expr))
            }
        }
        ExprKind::Duration(duration) if matches!(of.required(), Type::Duration | Type::Any) => {
            Ok(Value::text(duration.to_string()))
        }
        ExprKind::Duration(_) => Err(mismatch("a duration")),
        ExprKind::Text(_) => match (expr.literal_text(), of.required()) {
            (None, _) => Err(not_constant(expr)),
            (Some(_), Type::Duration) => Err(mismatch("a text")),
            (Some(text), _) => Ok(Value::Text(text)),
        },
        // A bare name is one of the texts of its type.
        ExprKind::Name(name) if matches!(of.required(), Type::OneOf(_)) => Ok(Value::text(name.clone())),
        ExprKind::List(elements) => {
            let of = if let Type::List(of) = of.required() { of.as_ref() } else { &Type::Any };
            Ok(Value::List(elements.iter().map(|e| read(e, of)).collect::<Result<_, _>>()?))
        }
        ExprKind::Record(fields) => {
            let mut record = Vec::new();
            for (name, value) in fields {
                let of = of.required().field(&name.text).map_or(&Type::Any, |field| &field.of);
                record.push((name.text.clone(), read(value, of)?));
            }
            Ok(Value::record(record))
        }
        ExprKind::Unreadable
        | ExprKind::Name(_)
        | ExprKind::Field { .. }
        | ExprKind::Call { .. }
        | ExprKind::Foreign(_)
        | ExprKind::Not(_)
        | ExprKind::Binary { .. }
        | ExprKind::If { .. }
        | ExprKind::Comprehension { .. } => Err(not_constant(expr)),
    }
}

fn not_constant(expr: &Expr) -> Box<Diagnostic> {
    let title = "a default is a value that is known without any order";
    Box::new(
        Diagnostic::new(Code::NotConstant, expr.span, title)
            .help("write the value itself: a number, a text, `true`, a list or a record of such"),
    )
}
