//! Operators in expressions.

use model::{Type, Value};
use plan::{Arithmetic, BinaryOp, Comparison, Expr, Formula, Operands, Scope, UnaryOp};

use super::expression::{Checker, Typed};
use super::types::{comparable, join, noun};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic, SourceMap};
use crate::syntax::build::one_line;
use crate::syntax::foreign;
use crate::syntax::tree::{self, ExprKind};

impl Checker<'_> {
    /// An operation as another language writes it, which has been reported: what does not fit is not, as well. What is wrong
    /// inside of what it is applied to is.
    pub(super) fn foreign(&mut self, operation: &tree::Expr) -> Typed {
        let places = match &operation.kind {
            ExprKind::Not(of) => vec![of.span],
            ExprKind::Binary { op_span, left, right, .. } => vec![*op_span, left.span, right.span],
            _ => Vec::new(),
        };
        let known = self.diagnostics.len();
        let found = self.infer(operation);
        let unfitting = |d: &Diagnostic| {
            [Code::TypeMismatch, Code::MayBeMissing].contains(&d.code) && places.contains(&d.span())
        };
        let new = self.diagnostics.split_off(known);
        self.diagnostics.extend(new.into_iter().filter(|diagnostic| !unfitting(diagnostic)));
        found
    }

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
            BinaryOp::And | BinaryOp::Or => self.joined(op, left, right),
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let known = self.diagnostics.len();
                let (a, b) = self.pair(left, right);
                self.missing_equals_nothing(known, [left, right]);
                if !comparable(&a.of, &b.of) {
                    let title = format!("{} never equals {}", noun(a.of.required()), noun(b.of.required()));
                    let diagnostic = Diagnostic::new(Code::TypeMismatch, at, title);
                    self.report(with_help(diagnostic, quoted(left, &b.of).or_else(|| quoted(right, &a.of))));
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
                    let help = chained(op, left, right, self.env.sources)
                        .or_else(|| quoted(left, &b.of).or_else(|| quoted(right, &a.of)))
                        .or_else(|| of_list(&a.of, &b.of));
                    self.no_operands("can't be compared by size", at, (&a, &b), help);
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

    /// Of what is only asked whether it equals something, a missing one is no trouble: it does not. So reading on with `?.`
    /// is enough, where that was reported since `known`.
    fn missing_equals_nothing(&mut self, known: usize, sides: [&tree::Expr; 2]) {
        for side in sides {
            let mut inner = side;
            while let ExprKind::Field { of, name, safe } = &inner.kind {
                let reported = self
                    .diagnostics
                    .iter_mut()
                    .skip(known)
                    .find(|d| d.code == Code::MayBeMissing && d.span() == of.span);
                if let (Some(diagnostic), false) = (reported, *safe) {
                    let of = one_line(self.env.sources.text(of.span));
                    let help =
                        format!("write `{of}?.{}`: what is missing equals nothing but `null`", name.text);
                    *diagnostic = diagnostic.clone().help(help);
                }
                inner = of;
            }
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
            self.may_be_missing(written);
        }
        !optional
    }

    fn no_operands(&mut self, what: &str, at: Span, (a, b): (&Typed, &Typed), help: Option<String>) {
        let title = format!("{} and {} {what}", noun(&a.of), noun(&b.of));
        self.report(with_help(Diagnostic::new(Code::TypeMismatch, at, title), help));
    }

    /// Two conditions joined by `and` or `or`. That both sides are none is one mistake.
    fn joined(&mut self, op: BinaryOp, left: &tree::Expr, right: &tree::Expr) -> Typed {
        let (a, facts) = self.condition(left);
        let facts = if op == BinaryOp::And { facts.0 } else { facts.1 };
        let known = self.diagnostics.len();
        let b = self.with_facts(facts, |checker| checker.check(right, &Type::Bool));
        let no_condition =
            |d: &Diagnostic, side: &tree::Expr| d.code == Code::TypeMismatch && d.span() == side.span;
        let of_right = self.diagnostics.iter().skip(known).position(|d| no_condition(d, right));
        if let Some(of_right) = of_right.map(|n| known + n) {
            let right_one = self.diagnostics.remove(of_right);
            let left_one = self.diagnostics.iter_mut().take(known).rfind(|d| no_condition(d, left));
            if let Some(left_one) = left_one {
                let word = if op == BinaryOp::And { "and" } else { "or" };
                let both = left_one.clone().here("this is no condition").label(right.span, "nor is this");
                *left_one = both.help(format!("`{word}` joins conditions, which are true or false"));
            } else {
                self.report(with_help(right_one, alternative(op, left, right, self.env.sources)));
            }
        }
        Typed::new(binary(op, Operands::Any, a, b), Type::Bool)
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
                self.may_be_missing(right);
            }
            other => {
                let title = format!("expected a list, found {}", noun(other));
                let diagnostic = Diagnostic::new(Code::TypeMismatch, right.span, title);
                let in_text = (*other == Type::Text && a.of.required() == other)
                    .then(|| "a text is looked for in another by `contains(whole, part)`".to_owned());
                self.report(with_help(diagnostic, in_text));
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
        Typed::new(coalesced(a.expr, b.expr), of)
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
                let help = quoted(left, &b.of).or_else(|| quoted(right, &a.of));
                let help = help.or_else(|| of_list(&a.of, &b.of));
                self.no_operands("can't be put together like this", at, (&a, &b), help);
            }
        }
        let (on, of) = found.unwrap_or((Operands::Any, Type::Any));
        Typed::new(binary(BinaryOp::Arithmetic(op), on, a.expr, b.expr), of)
    }
}

/// `left ?? right`.
pub(super) fn coalesced(left: Expr, right: Expr) -> Expr {
    binary(BinaryOp::Coalesce, Operands::Any, left, right)
}

fn with_help(diagnostic: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// For a number or bool in quotes where one without is meant.
fn quoted(written: &tree::Expr, other: &Type) -> Option<String> {
    let text = written.literal_text()?;
    let bare = match other.required() {
        Type::Int | Type::Decimal => text.parse::<rust_decimal::Decimal>().is_ok().then_some(text.as_str()),
        Type::Bool => {
            foreign::literal(&text).or_else(|| ["true", "false"].into_iter().find(|bool| *bool == text))
        }
        _ => None,
    };
    Some(format!("write `{}`, without quotes", bare?))
}

/// For a list where one value is meant.
fn of_list(a: &Type, b: &Type) -> Option<String> {
    let list = |of: &Type| matches!(of, Type::List(_));
    (list(a) != list(b)).then(|| {
        "`first(…)`, `min(…)` and `max(…)` make one value of a list, `any([… for x in …])` asks each"
            .to_owned()
    })
}

/// For `a < b < c`.
fn chained(op: BinaryOp, left: &tree::Expr, right: &tree::Expr, sources: &SourceMap) -> Option<String> {
    let ExprKind::Binary { op: BinaryOp::Compare(_), right: middle, .. } = &left.kind else { return None };
    let BinaryOp::Compare(comparison) = op else { return None };
    let text = |expr: &tree::Expr| one_line(sources.text(expr.span));
    let sign = match comparison {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    };
    Some(format!("write `{} and {} {sign} {}`", text(left), text(middle), text(right)))
}

/// For `a == "x" or "y"`.
fn alternative(op: BinaryOp, left: &tree::Expr, right: &tree::Expr, sources: &SourceMap) -> Option<String> {
    let text = |expr: &tree::Expr| one_line(sources.text(expr.span));
    match &left.kind {
        ExprKind::Binary { op: BinaryOp::Equal, left: of, right: first, .. } if op == BinaryOp::Or => {
            let (of, first, second) = (text(of), text(first), text(right));
            Some(format!("write `{of} in [{first}, {second}]`"))
        }
        _ => None,
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
    let scope = Scope::of_order(&nothing, &[]);
    formula.evaluate(&scope).map(|_| ()).map_err(|wrong| wrong.problem)
}
