//! Functions in expressions.

use model::Type;
use plan::{DefinitionIndex, Expr, Function, Operands};

use super::expression::{Checker, Typed};
use super::operators::ordered;
use super::types::{comparable, noun};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::{listing, near_miss};
use crate::syntax::foreign;
use crate::syntax::tree::{self, ExprKind, Name};

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &Name, arguments: &[tree::Expr], at: Span) -> Typed {
        if name.text == "ran" {
            return self.ran(arguments, at);
        }
        let Some((_, function)) = Function::ALL.iter().find(|(known, _)| *known == name.text) else {
            let known = Function::ALL.iter().map(|(known, _)| *known).chain(["ran"]);
            let title = format!("there is no function `{}`", name.text);
            let meant = foreign::function(&name.text).or_else(|| near_miss(&name.text, known.clone()));
            let diagnostic = Diagnostic::new(Code::UnknownName, name.span, title).did_you_mean(meant);
            self.report(match (&diagnostic.help, foreign::unforeseen(&name.text)) {
                (Some(_), _) => diagnostic,
                (None, Some(why)) => diagnostic.help(why),
                (None, None) => diagnostic.help(format!("there are {}", listing(known, 20))),
            });
            return Typed::unknown();
        };
        let (least, most) = match function {
            Function::Len
            | Function::Lower
            | Function::Upper
            | Function::Any
            | Function::All
            | Function::Sum
            | Function::First => (1, 1),
            Function::Contains | Function::StartsWith => (2, 2),
            Function::Min | Function::Max => (1, usize::MAX),
            Function::Coalesce => (2, usize::MAX),
        };
        if !self.count(&name.text, arguments, least, most, at) {
            return Typed::unknown();
        }
        let (on, exprs, of) = self.apply(*function, arguments, at);
        Typed::new(Expr::Call { function: *function, on, arguments: exprs }, of)
    }

    fn apply(
        &mut self,
        function: Function,
        arguments: &[tree::Expr],
        at: Span,
    ) -> (Operands, Vec<Expr>, Type) {
        let texts = |checker: &mut Self, of| {
            (Operands::Any, arguments.iter().map(|a| checker.check(a, &Type::Text)).collect(), of)
        };
        match function {
            Function::Lower | Function::Upper => texts(self, Type::Text),
            Function::StartsWith => texts(self, Type::Bool),
            Function::Len => {
                let found = self.each(arguments, "a list or a text", |of| {
                    matches!(of, Type::List(_) | Type::Text | Type::OneOf(_) | Type::Any)
                });
                (Operands::Any, exprs(found), Type::Int)
            }
            Function::Any | Function::All => {
                let bools = Type::List(Box::new(Type::Bool));
                (Operands::Any, arguments.iter().map(|a| self.check(a, &bools)).collect(), Type::Bool)
            }
            Function::Contains => (Operands::Any, self.contains(arguments, at), Type::Bool),
            Function::Sum => {
                let found = self.each(arguments, "a list of numbers or durations", |of| match of {
                    Type::List(of) => matches!(**of, Type::Int | Type::Decimal | Type::Duration | Type::Any),
                    of => *of == Type::Any,
                });
                let of = found.first().and_then(|list| element(&list.of)).unwrap_or(Type::Any);
                let on = if of == Type::Duration { Operands::Duration } else { Operands::Number };
                (on, exprs(found), of)
            }
            Function::First => {
                let found = self.each(arguments, "a list", |of| matches!(of, Type::List(_) | Type::Any));
                let of = found.first().and_then(|list| element(&list.of)).unwrap_or(Type::Any);
                (Operands::Any, exprs(found), of.optional())
            }
            Function::Min | Function::Max => self.extreme(arguments, at),
            Function::Coalesce => {
                let found: Vec<_> = arguments.iter().map(|a| self.infer(a)).collect();
                let mut of: Option<Type> = None;
                for argument in &found {
                    let next = argument.of.required();
                    of = Some(
                        of.map_or_else(|| next.clone(), |of| self.common(&of, next, at, "the arguments")),
                    );
                }
                let of = of.unwrap_or(Type::Any);
                let missing = found.iter().all(|argument| argument.of.admits_null());
                (Operands::Any, exprs(found), if missing { of.optional() } else { of })
            }
        }
    }

    /// `min` and `max`, of a list or of several values.
    fn extreme(&mut self, arguments: &[tree::Expr], at: Span) -> (Operands, Vec<Expr>, Type) {
        let found: Vec<_> = arguments.iter().map(|a| self.infer(a)).collect();
        let list = if let [only] = found.as_slice() { element(&only.of) } else { None };
        let (of, missing) = match list {
            // A list may be empty.
            Some(of) => (of.required().clone(), true),
            None => {
                let mut of = found.first().map_or(Type::Any, |a| a.of.required().clone());
                for argument in found.iter().skip(1) {
                    of = self.common(&of, argument.of.required(), at, "the arguments");
                }
                (of, found.iter().all(|argument| argument.of.admits_null()))
            }
        };
        let on = ordered(&of, &of);
        if on.is_none() {
            let title = format!("{} has no smallest or largest", noun(&of));
            self.report(Diagnostic::new(Code::TypeMismatch, at, title));
        }
        (on.unwrap_or_default(), exprs(found), if missing { of.optional() } else { of })
    }

    fn contains(&mut self, arguments: &[tree::Expr], at: Span) -> Vec<Expr> {
        let [whole, part] = arguments else { return Vec::new() };
        let whole_found = self.infer(whole);
        match whole_found.of.clone() {
            Type::List(of) => {
                let found = self.toward(part, of.required());
                if !comparable(&found.of, &of) {
                    let title = format!("{} is never in a list of {}", noun(&found.of), noun(&of));
                    self.report(Diagnostic::new(Code::TypeMismatch, at, title));
                }
                vec![whole_found.expr, found.expr]
            }
            Type::Any => vec![whole_found.expr, self.infer(part).expr],
            _ => vec![self.fit(whole_found, &Type::Text, whole), self.check(part, &Type::Text)],
        }
    }

    fn ran(&mut self, arguments: &[tree::Expr], at: Span) -> Typed {
        if !self.count("ran", arguments, 1, 1, at) {
            return Typed::unknown();
        }
        let Some(argument) = arguments.first() else { return Typed::unknown() };
        let Some(seen) = self.task_named(argument) else {
            let reported = self.diagnostics.len();
            self.infer(argument);
            if self.diagnostics.len() == reported {
                let title = "`ran` asks about a task";
                self.report(Diagnostic::new(Code::TypeMismatch, argument.span, title));
            }
            return Typed::unknown();
        };
        self.uses.push((seen, argument.span));
        Typed::new(Expr::Ran(DefinitionIndex(seen.task)), Type::Bool)
    }

    /// Arguments that must be of a form and there.
    fn each(&mut self, arguments: &[tree::Expr], form: &str, is: impl Fn(&Type) -> bool) -> Vec<Typed> {
        let mut found = Vec::new();
        for argument in arguments {
            let typed = self.infer(argument);
            if is(&typed.of) {
                found.push(typed);
            } else {
                if is(typed.of.required()) {
                    self.may_be_missing(argument);
                } else {
                    let title = format!("expected {form}, found {}", noun(&typed.of));
                    self.report(Diagnostic::new(Code::TypeMismatch, argument.span, title));
                }
                found.push(Typed::unknown());
            }
        }
        found
    }

    fn count(&mut self, name: &str, given: &[tree::Expr], least: usize, most: usize, at: Span) -> bool {
        let found = given.len();
        if (least..=most).contains(&found) {
            return true;
        }
        if given.iter().any(begins_unreadable) {
            // What was meant by it is not known.
            return false;
        }
        let plural = if least == 1 { "" } else { "s" };
        let or_more = if most > least { " or more" } else { "" };
        let title = format!("`{name}` takes {least}{or_more} argument{plural}, found {found}");
        self.report(Diagnostic::new(Code::WrongArguments, at, title));
        false
    }
}

/// Whether the first operand of an expression could not be read.
fn begins_unreadable(expr: &tree::Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary { left, .. } => begins_unreadable(left),
        ExprKind::Foreign(of) => begins_unreadable(of),
        other => matches!(other, ExprKind::Unreadable),
    }
}

fn exprs(found: Vec<Typed>) -> Vec<Expr> {
    found.into_iter().map(|typed| typed.expr).collect()
}

fn element(of: &Type) -> Option<Type> {
    if let Type::List(of) = of { Some((**of).clone()) } else { None }
}
