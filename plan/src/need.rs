//! What a task can't do without of the tasks that it reads.
//!
//! The result of a task that was left out is null. The compiler makes authors reckon with that wherever a blueprint may leave a
//! task out; where only a person does, an expression may be in for a surprise. This is the compiler's rule, read from a plan.

use std::collections::BTreeMap;

use crate::{BinaryOp, Body, Definition, DefinitionIndex, Expr, Formula, Function, Plan, ReactionKind};

impl Definition {
    /// The definitions whose results its expressions can't do without, each with such an expression.
    #[must_use]
    pub fn needs(&self) -> BTreeMap<DefinitionIndex, &Formula> {
        let mut needs = BTreeMap::new();
        for formula in self.formulas() {
            for task in formula.needs() {
                needs.entry(task).or_insert(formula);
            }
        }
        needs
    }

    /// Whether the blueprint itself has the task left out if something goes wrong. Whoever reads it then reckons with that.
    #[must_use]
    pub fn may_be_skipped(&self, plan: &Plan) -> bool {
        let default = (!matches!(self.body, Body::Milestone) && !self.isolate).then_some(plan.on_failure());
        let ensured = self.ensure.iter().map(|ensure| &ensure.otherwise);
        let reactions = ensured.chain(&self.on_timeout).chain(self.on_failure.as_ref().or(default));
        reactions.into_iter().any(|reaction| reaction.kind == ReactionKind::Skip)
    }
}

impl Formula {
    /// The tasks whose results it can't do without.
    #[must_use]
    pub fn needs(&self) -> Vec<DefinitionIndex> {
        let mut found = Vec::new();
        needs(&self.expr, Null::Passed, &mut found);
        found
    }
}

/// What becomes of null where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Null {
    /// Something else takes its place, or it is asked for.
    Expected,
    /// It goes on to where the whole goes. Who writes `?.` means that, others don't.
    Passed,
    /// It is an error.
    Refused,
}

/// Adds the tasks that an expression needs.
fn needs(expr: &Expr, null: Null, found: &mut Vec<DefinitionIndex>) {
    let (of, steps) = path(expr);
    if let Expr::Task(task) | Expr::FinishedAt(task) = of {
        let reckons = match steps {
            Steps::None => null == Null::Expected,
            Steps::Safe => null != Null::Refused,
            Steps::Strict => false,
        };
        if !reckons && !found.contains(task) {
            found.push(*task);
        }
        return;
    }
    let null = match steps {
        Steps::None => null,
        Steps::Safe => Null::Expected,
        Steps::Strict => Null::Refused,
    };
    match of {
        Expr::Binary { op: BinaryOp::Coalesce, left, right, .. } => {
            needs(left, Null::Expected, found);
            needs(right, null, found);
        }
        Expr::Binary { op: BinaryOp::Equal | BinaryOp::NotEqual, left, right, .. } => {
            needs(left, Null::Expected, found);
            needs(right, Null::Expected, found);
        }
        Expr::Binary { left, right, .. } => {
            needs(left, Null::Refused, found);
            needs(right, Null::Refused, found);
        }
        Expr::Call { function: Function::Coalesce, arguments, .. } => {
            arguments.iter().for_each(|argument| needs(argument, Null::Expected, found));
        }
        Expr::If { condition, then, otherwise } => {
            needs(condition, Null::Refused, found);
            needs(then, null, found);
            needs(otherwise, null, found);
        }
        Expr::Unary { of, .. } => needs(of, Null::Refused, found),
        Expr::Text(parts) | Expr::Call { arguments: parts, .. } => {
            parts.iter().for_each(|part| needs(part, Null::Refused, found));
        }
        Expr::List(elements) => elements.iter().for_each(|element| needs(element, Null::Passed, found)),
        Expr::Record(fields) => fields.iter().for_each(|(_, value)| needs(value, Null::Passed, found)),
        Expr::Comprehension { each, of, keep, .. } => {
            needs(of, Null::Refused, found);
            keep.iter().for_each(|keep| needs(keep, Null::Refused, found));
            needs(each, Null::Passed, found);
        }
        Expr::Value(_)
        | Expr::Order
        | Expr::OrderItems
        | Expr::Item
        | Expr::Items(_)
        | Expr::Result
        | Expr::Before
        | Expr::Parameter(_)
        | Expr::Variable(_)
        | Expr::Ran(_)
        // Looked at above: a path begins with something else.
        | Expr::Task(_)
        | Expr::FinishedAt(_)
        | Expr::Field { .. } => {}
    }
}

/// The steps of a path of fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Steps {
    /// It has none.
    None,
    /// Each is `?.`.
    Safe,
    /// One of them is `.`, which takes no null.
    Strict,
}

/// What a path of fields begins with, and its steps; an expression that is none is one without steps.
fn path(mut expr: &Expr) -> (&Expr, Steps) {
    let mut steps = Steps::None;
    while let Expr::Field { of, safe, .. } = expr {
        steps = if *safe && steps != Steps::Strict { Steps::Safe } else { Steps::Strict };
        expr = of;
    }
    (expr, steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operands;

    fn task() -> Expr {
        Expr::Task(DefinitionIndex(7))
    }

    fn field(of: Expr, safe: bool) -> Expr {
        Expr::Field { of: Box::new(of), name: "id".to_owned(), safe }
    }

    fn binary(op: BinaryOp, left: Expr) -> Expr {
        let right = Box::new(Expr::Value(model::Value::Null));
        Expr::Binary { op, on: Operands::Any, left: Box::new(left), right }
    }

    fn call(function: Function, argument: Expr) -> Expr {
        Expr::Call { function, on: Operands::Any, arguments: vec![argument] }
    }

    #[track_caller]
    fn check(expr: Expr, needed: bool) {
        let formula = Formula { expr, text: String::new(), line: 1 };
        let expected = if needed { vec![DefinitionIndex(7)] } else { vec![] };
        assert_eq!(formula.needs(), expected, "{:?}", formula.expr);
    }

    #[test]
    fn a_result_is_needed_where_null_is_not_reckoned_with() {
        check(task(), true);
        check(field(task(), false), true);
        check(Expr::FinishedAt(DefinitionIndex(7)), true);
        check(Expr::Text(vec![task()]), true);
        check(Expr::List(vec![task()]), true);
        check(binary(BinaryOp::And, task()), true);
        check(call(Function::Len, task()), true);
        // `a.id ?? ""` needs `a`, and so does `a?.id.id`.
        check(binary(BinaryOp::Coalesce, field(task(), false)), true);
        check(field(field(task(), true), false), true);
        // A text takes no null, whoever writes `?.` in it.
        check(Expr::Text(vec![field(task(), true)]), true);
        check(Expr::Record(vec![("x".to_owned(), task())]), true);
    }

    #[test]
    fn a_result_is_not_needed_where_null_is_reckoned_with() {
        check(field(task(), true), false);
        check(field(field(task(), true), true), false);
        check(binary(BinaryOp::Coalesce, task()), false);
        check(binary(BinaryOp::Coalesce, field(task(), true)), false);
        check(binary(BinaryOp::Equal, task()), false);
        check(binary(BinaryOp::NotEqual, field(task(), true)), false);
        check(call(Function::Coalesce, task()), false);
        check(Expr::Ran(DefinitionIndex(7)), false);
        check(Expr::List(vec![field(task(), true)]), false);
    }
}
