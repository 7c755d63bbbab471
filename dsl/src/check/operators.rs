//! Operators in expressions.

use model::{Type, Value};
use plan::{Arithmetic, BinaryOp, Expr, Formula, NoTasks, Operands, Scope, UnaryOp};

use super::expression::{Checker, Typed};
use super::types::{comparable, join, noun};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::tree::{self, ExprKind};

impl Checker<'_> {
    pub(super) fn not(&mut self, of: &tree::Expr) -> Typed {
        let of = self.check(of, &Type::Bool);
        Typed::new(Expr::Unary { op: UnaryOp::Not, of: Box::new(of) }, Type::Bool)
    }

    pub(super) fn negate(&mut self, of: &tree::Expr) -> Typed {
        let found = self.infer(of);
        let kind = if found.of == Type::Int { Type::Int } else { Type::Decimal };
        let of = self.fit(found, &Type::Decimal, of);
        let expr = match of {
            Expr::Value(Value::Number(number)) => Expr::Value(Value::from(-number)),
            of => Expr::Unary { op: UnaryOp::Negate, of: Box::new(of) },
        };
        Typed::new(expr, kind)
    }

    pub(super) fn binary(&mut self, op: BinaryOp, at: Span, left: &tree::Expr, right: &tree::Expr) -> Typed {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let (checked, facts) = self.condition(left);
                let facts = if op == BinaryOp::And { facts.0 } else { facts.1 };
                let right = self.with_facts(facts, |checker| checker.check(right, &Type::Bool));
                Typed::new(binary(op, Operands::Any, checked, right), Type::Bool)
            }
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let (a, b) = self.pair(left, right);
                if !comparable(&a.of, &b.of) {
                    let title = format!("{} never equals {}", noun(a.of.required()), noun(b.of.required()));
                    self.report(Diagnostic::new(Code::TypeMismatch, at, title));
                }
                Typed::new(binary(op, Operands::Any, a.expr, b.expr), Type::Bool)
            }
            BinaryOp::In => self.is_in(left, right, at),
            BinaryOp::Matches => self.matches(left, right),
            BinaryOp::Coalesce => self.coalesce(left, right, at),
            BinaryOp::Compare(_) => {
                let (a, b) = self.pair(left, right);
                let present = self.present(&a, left) & self.present(&b, right);
                let on = ordered(a.of.required(), b.of.required());
                if on.is_none() && present {
                    self.no_operands("can't be compared by size", at, &a, &b);
                }
                Typed::new(binary(op, on.unwrap_or_default(), a.expr, b.expr), Type::Bool)
            }
            BinaryOp::Arithmetic(arithmetic) => self.arithmetic(arithmetic, at, left, right),
        }
    }

    /// Two sides of a comparison. What has no type of its own (a text, a bare name) takes that of the other.
    fn pair(&mut self, left: &tree::Expr, right: &tree::Expr) -> (Typed, Typed) {
        if self.takes_type(left) && !self.takes_type(right) {
            let (right, left) = self.typed_by(right, left);
            (left, right)
        } else {
            self.typed_by(left, right)
        }
    }

    /// An expression, and another one that takes its type. If something is wrong with the first, nothing is known
    /// of what the other could mean.
    fn typed_by(&mut self, first: &tree::Expr, other: &tree::Expr) -> (Typed, Typed) {
        let reported = self.diagnostics.len();
        let first = self.infer(first);
        if self.diagnostics.len() > reported && first.of == Type::Any && self.takes_type(other) {
            return (first, Typed::unknown());
        }
        let other = self.toward(other, &first.of.required().clone());
        (first, other)
    }

    fn takes_type(&self, expr: &tree::Expr) -> bool {
        match &expr.kind {
            ExprKind::Text(_) => true,
            ExprKind::Name(name) => !self.resolves(name),
            ExprKind::List(elements) => elements.iter().all(|element| self.takes_type(element)),
            _ => false,
        }
    }

    /// Reports an operand that may be missing; whether it is there for sure.
    fn present(&mut self, found: &Typed, written: &tree::Expr) -> bool {
        let optional = matches!(found.of, Type::Optional(_));
        if optional {
            self.may_be_missing(written, "`??` says what holds then");
        }
        !optional
    }

    fn no_operands(&mut self, what: &str, at: Span, a: &Typed, b: &Typed) {
        let title = format!("{} and {} {what}", noun(&a.of), noun(&b.of));
        self.report(Diagnostic::new(Code::TypeMismatch, at, title));
    }

    fn is_in(&mut self, left: &tree::Expr, right: &tree::Expr, at: Span) -> Typed {
        let (a, b) = if self.takes_type(left) {
            let list = self.infer(right);
            let element = if let Type::List(of) = &list.of { of.required().clone() } else { Type::Any };
            (self.toward(left, &element), list)
        } else {
            let reported = self.diagnostics.len();
            let element = self.infer(left);
            if self.diagnostics.len() > reported && self.takes_type(right) {
                (element, Typed::unknown())
            } else {
                let list = self.toward(right, &Type::List(Box::new(element.of.required().clone())));
                (element, list)
            }
        };
        match &b.of {
            Type::Any => {}
            Type::List(of) if comparable(&a.of, of) => {}
            Type::List(of) => {
                let title = format!("{} is never in a list of {}", noun(&a.of), noun(of));
                self.report(Diagnostic::new(Code::TypeMismatch, at, title));
            }
            Type::Optional(_) => {
                self.may_be_missing(right, "`?? []` stands for an empty list");
            }
            other => {
                let title = format!("expected a list, found {}", noun(other));
                self.report(Diagnostic::new(Code::TypeMismatch, right.span, title));
            }
        }
        Typed::new(binary(BinaryOp::In, Operands::Any, a.expr, b.expr), Type::Bool)
    }

    fn matches(&mut self, left: &tree::Expr, right: &tree::Expr) -> Typed {
        let text = self.check(left, &Type::Text);
        let Some(pattern) = right.literal_text() else {
            let title = "a pattern is a text that is known without any order";
            self.report(Diagnostic::new(Code::NotConstant, right.span, title));
            return Typed::new(Expr::Value(Value::Bool(false)), Type::Bool);
        };
        let expr = binary(BinaryOp::Matches, Operands::Any, text, Expr::Value(Value::text(pattern.clone())));
        if let Err(problem) = try_pattern(&pattern) {
            self.report(Diagnostic::new(Code::InvalidLiteral, right.span, problem));
        }
        Typed::new(expr, Type::Bool)
    }

    fn coalesce(&mut self, left: &tree::Expr, right: &tree::Expr, at: Span) -> Typed {
        let a = self.infer(left);
        let b = self.toward(right, &a.of.required().clone());
        let of = match join(a.of.required(), &b.of) {
            Some(of) => of,
            None => {
                let title = format!("{} can't stand in for {}", noun(&b.of), noun(a.of.required()));
                self.report(Diagnostic::new(Code::TypeMismatch, at, title));
                Type::Any
            }
        };
        Typed::new(binary(BinaryOp::Coalesce, Operands::Any, a.expr, b.expr), of)
    }

    fn arithmetic(&mut self, op: Arithmetic, at: Span, left: &tree::Expr, right: &tree::Expr) -> Typed {
        let a = self.infer(left);
        let b = self.infer(right);
        let present = self.present(&a, left) & self.present(&b, right);
        let found = operands(op, a.of.required(), b.of.required());
        if found.is_none() && present {
            if op == Arithmetic::Add && a.of == Type::Text && b.of == Type::Text {
                let title = "texts are not added up";
                self.report(
                    Diagnostic::new(Code::TypeMismatch, at, title)
                        .help("put values into a text: `\"{a} and {b}\"`"),
                );
            } else {
                self.no_operands("can't be put together like this", at, &a, &b);
            }
        }
        let (on, of) = found.unwrap_or((Operands::Any, Type::Any));
        Typed::new(binary(BinaryOp::Arithmetic(op), on, a.expr, b.expr), of)
    }
}

fn binary(op: BinaryOp, on: Operands, left: Expr, right: Expr) -> Expr {
    Expr::Binary { op, on, left: Box::new(left), right: Box::new(right) }
}

/// How values of two types are put in order, if they can be.
pub(super) fn ordered(a: &Type, b: &Type) -> Option<Operands> {
    match (a, b) {
        (Type::Any, Type::Any) => Some(Operands::Any),
        (Type::Any, of) | (of, Type::Any) => ordered(of, of),
        (Type::Int | Type::Decimal, Type::Int | Type::Decimal) => Some(Operands::Number),
        (Type::Text | Type::OneOf(_), Type::Text | Type::OneOf(_))
        | (Type::Time, Type::Time)
        | (Type::Date, Type::Date) => Some(Operands::Text),
        (Type::Duration, Type::Duration) => Some(Operands::Duration),
        _ => None,
    }
}

/// What the operands of an operation are and what comes out, if it is one.
fn operands(op: Arithmetic, a: &Type, b: &Type) -> Option<(Operands, Type)> {
    let number = |of: &Type| matches!(of, Type::Int | Type::Decimal | Type::Any);
    let sum = matches!(op, Arithmetic::Add | Arithmetic::Subtract);
    match (a, b) {
        (Type::Duration, Type::Duration) if sum => Some((Operands::Duration, Type::Duration)),
        (Type::Duration, of) if !sum && number(of) => Some((Operands::Duration, Type::Duration)),
        (Type::Time, Type::Duration) if sum => Some((Operands::TimeAndDuration, Type::Time)),
        (Type::Time, Type::Time) if op == Arithmetic::Subtract => Some((Operands::Times, Type::Duration)),
        (Type::Int, Type::Int) if op != Arithmetic::Divide => Some((Operands::Number, Type::Int)),
        (a, b) if number(a) && number(b) => {
            let unknown = *a == Type::Any || *b == Type::Any;
            Some((Operands::Number, if unknown { Type::Any } else { Type::Decimal }))
        }
        _ => None,
    }
}

/// Tries a pattern on an empty text, which finds out whether it is one.
fn try_pattern(pattern: &str) -> Result<(), String> {
    let expr = binary(
        BinaryOp::Matches,
        Operands::Any,
        Expr::Value(Value::text("")),
        Expr::Value(Value::text(pattern)),
    );
    let formula = Formula { expr, text: String::new(), line: 1 };
    let nothing = Value::Null;
    let scope = Scope { order: &nothing, items: &[], item: None, result: None, tasks: &NoTasks };
    formula.evaluate(&scope).map(|_| ()).map_err(|wrong| wrong.problem)
}
