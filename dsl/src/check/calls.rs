//! Calls of systems, and reactions.

use model::{Field, Value};
use plan::{Argument, Call, Reaction};

use super::expression::Checker;
use super::implied;
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::{Operation, System};
use crate::suggest::{listing, near_miss};
use crate::syntax::tree::{self, Invocation};

/// What takes arguments: an operation, or a blueprint with parameters.
pub(super) struct Taking<'a> {
    /// What it is called in messages.
    pub(super) label: &'a str,
    /// Where it is given its arguments.
    pub(super) at: Span,
    pub(super) parameters: &'a [Field],
    /// Where it is declared.
    pub(super) declared: Span,
}

impl Checker<'_> {
    /// A call of an operation with its arguments, in the order of the declaration.
    pub(super) fn invoke(&mut self, call: &Invocation, system: &System, operation: &Operation) -> Call {
        let taking = Taking {
            label: &call.label(),
            at: call.span,
            parameters: &operation.parameters,
            declared: operation.span,
        };
        Call {
            system: system.name.clone(),
            operation: operation.name.clone(),
            arguments: self.arguments(&call.arguments, &taking),
            result: operation.result.clone(),
            effect: operation.effect,
            repeatable: operation.repeatable,
        }
    }

    /// The arguments that are given to something, in the order of its declaration.
    pub(super) fn arguments(
        &mut self,
        given: &[(tree::Name, tree::Expr)],
        taking: &Taking<'_>,
    ) -> Vec<Argument> {
        let parameters = taking.parameters;
        let mut meant: Vec<&str> = Vec::new();
        for (n, (name, value)) in given.iter().enumerate() {
            if !parameters.iter().any(|parameter| parameter.name == name.text) {
                meant.extend(self.unknown_argument(name, given, taking));
                // Its value is checked all the same: it may be wrong in itself.
                self.infer(value);
            } else if let Some((earlier, _)) =
                given.iter().take(n).find(|(earlier, _)| earlier.text == name.text)
            {
                let title = format!("the argument `{}` is given twice", name.text);
                self.report(
                    Diagnostic::new(Code::DuplicateName, name.span, title)
                        .label(earlier.span, "given first here"),
                );
            }
        }
        let mut missing = Vec::new();
        let mut arguments = Vec::new();
        for parameter in parameters {
            let value = given.iter().find(|(name, _)| name.text == parameter.name);
            let value = match (value, &parameter.default) {
                // What is null takes the default.
                (Some((_, value)), Some(default)) => {
                    let mut formula = self.formula(value, &parameter.of.clone().optional());
                    if !matches!(formula.expr, plan::Expr::Value(_)) && !parameter.of.admits_null() {
                        formula.expr = or_default(formula.expr, default.clone());
                    }
                    formula
                }
                (Some((_, value)), None) => self.formula(value, &parameter.of),
                (None, Some(default)) => implied(default.clone()),
                (None, None) if parameter.of.admits_null() => implied(Value::Null),
                (None, None) => {
                    // A misspelt argument has been reported, and is not missing as well.
                    if !meant.contains(&parameter.name.as_str()) {
                        missing.push(format!("{}: {}", parameter.name, parameter.of));
                    }
                    continue;
                }
            };
            arguments.push(Argument { name: parameter.name.clone(), value });
        }
        if !missing.is_empty() {
            let lacks = listing(missing.iter().map(String::as_str), 6);
            let title = format!("`{}` needs {lacks}", taking.label);
            self.report(
                Diagnostic::new(Code::MissingArgument, taking.at, title)
                    .label(taking.declared, "declared here"),
            );
        }
        arguments
    }

    /// Checks the arguments of a call of which nothing is known: they may be wrong in themselves.
    pub(super) fn infer_arguments(&mut self, given: &[(tree::Name, tree::Expr)]) {
        for (_, value) in given {
            self.infer(value);
        }
    }

    /// Reports an argument that is not taken; the one that is probably meant.
    fn unknown_argument<'o>(
        &mut self,
        name: &tree::Name,
        given: &[(tree::Name, tree::Expr)],
        taking: &Taking<'o>,
    ) -> Option<&'o str> {
        let free = taking.parameters.iter().map(|parameter| parameter.name.as_str());
        let free: Vec<_> = free.filter(|free| !given.iter().any(|(given, _)| given.text == *free)).collect();
        // Where only one argument is left over, it is the one.
        let only = if let [only] = free.as_slice() { Some(*only) } else { None };
        let meant = near_miss(&name.text, free.iter().copied()).or(only);
        let title = format!("`{}` takes no argument `{}`", taking.label, name.text);
        self.report(
            Diagnostic::new(Code::UnknownArgument, name.span, title)
                .label(taking.declared, "declared here")
                .did_you_mean(meant),
        );
        meant
    }

    /// A reaction with its reason; none if it is not supported.
    pub(super) fn reaction(&mut self, reaction: &tree::Reaction) -> Option<Reaction> {
        let reason = reaction.why.as_ref().map(|why| self.formula(why, &model::Type::Text));
        Some(Reaction { kind: reaction.kind?, reason })
    }
}

fn or_default(value: plan::Expr, default: Value) -> plan::Expr {
    plan::Expr::Binary {
        op: plan::BinaryOp::Coalesce,
        on: plan::Operands::Any,
        left: Box::new(value),
        right: Box::new(plan::Expr::Value(default)),
    }
}
