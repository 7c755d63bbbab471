//! What stands in a blueprint besides its tasks.

use model::{Duration, HoldFor, Type};
use plan::{Deadline, Formula, Reaction, ReactionKind};

use super::expression::{Checker, OrderView, TaskView, View};
use super::{Env, duplicate_clause};
use crate::Span;
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::tree;

/// Reports members that stand twice, are missing, or don't belong.
pub(super) fn check(env: &Env<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let tree = env.outline.tree;
    let members: [(&str, Vec<Span>); 6] = [
        ("accepts", tree.accepts.iter().map(|a| a.span).collect()),
        ("order", tree.order.iter().map(|o| o.span).collect()),
        ("on failure", tree.on_failure.iter().map(|r| r.span).collect()),
        ("deadline", tree.deadlines.iter().map(|d| d.span).collect()),
        ("one at a time", tree.one_at_a_time.iter().map(|o| o.span).collect()),
        ("return", tree.returns.iter().map(|r| r.span).collect()),
    ];
    for (what, spans) in members {
        if let [first, others @ ..] = spans.as_slice() {
            diagnostics.extend(others.iter().map(|again| duplicate_clause(what, *again, *first)));
        }
    }
    let lost_something = env.declarations.usage().lost_anything() || tree.broken;
    if env.outline.signature.is_some() {
        takes_no_orders(tree, diagnostics);
    } else if tree.items.is_empty() && !lost_something {
        let title = format!("the blueprint `{}` takes no items", tree.name.text);
        diagnostics.push(
            Diagnostic::new(Code::MissingItems, tree.name.span, title)
                .help("declare what may be ordered: `item KIND where item.offering == \"…\" { }`"),
        );
    }
    if tree.tasks.is_empty() && !lost_something {
        let title = format!("the blueprint `{}` has no tasks", tree.name.text);
        diagnostics.push(Diagnostic::new(Code::MissingTasks, tree.name.span, title));
    }
}

/// Reports what is about orders in a blueprint that takes none.
fn takes_no_orders(tree: &tree::Blueprint, diagnostics: &mut Vec<Diagnostic>) {
    let accepts = tree.accepts.iter().map(|accepts| ("accepts", accepts.span));
    let order = tree.order.iter().map(|order| ("order", order.span));
    let items = tree.items.iter().map(|item| ("item", item.name.span));
    let blocks = tree.blocks.iter().map(|block| ("each", block.kind.span));
    let one = tree.one_at_a_time.iter().map(|one| ("one at a time", one.span));
    for (word, at) in accepts.chain(order).chain(items).chain(blocks).chain(one) {
        let title = format!("`{word}` can't stand in a blueprint with parameters");
        diagnostics.push(
            Diagnostic::new(Code::MisplacedClause, at, title)
                .label(tree.name.span, "this is run by tasks, and takes no orders")
                .help("what it needs comes in as a parameter"),
        );
    }
}

/// What happens when a task that does not say fails for good: a person looks at it.
pub(super) fn default_reaction(env: &Env<'_>, diagnostics: &mut Vec<Diagnostic>) -> Reaction {
    let hold = Reaction { kind: ReactionKind::Hold(HoldFor::Operations), reason: None };
    let Some(declared) = env.outline.tree.on_failure.first() else { return hold };
    if declared.reaction.kind == Some(ReactionKind::Reject) {
        let title = "a blueprint as a whole can't react with `reject`";
        diagnostics.push(
            Diagnostic::new(Code::LateReject, declared.reaction.span, title)
                .help("say it in the tasks that look at the order before anything is done"),
        );
        return hold;
    }
    let view = View::of_order(OrderView::Full);
    Checker::new(env, view, diagnostics).reaction(&declared.reaction).unwrap_or(hold)
}

/// How long an order may take.
pub(super) fn deadline(env: &Env<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Deadline> {
    let declared = env.outline.tree.deadlines.first()?;
    if declared.within == Some(Duration::ZERO) {
        let title = "nothing can be done in no time at all";
        diagnostics.push(Diagnostic::new(Code::UnusableLimit, declared.span, title));
    }
    let at_risk = declared.at_risk.and_then(|(at, after)| Some((at, after?)));
    if let (Some(within), Some((at, after))) = (declared.within, at_risk)
        && after >= within
    {
        let title = format!("the order is at risk after {after}, when its time of {within} is up already");
        diagnostics.push(
            Diagnostic::new(Code::UnusableLimit, at, title)
                .help("warn before the deadline: `at risk after` a shorter time"),
        );
    }
    let on_timeout = declared.on_timeout.as_ref().and_then(|reaction| {
        let wrong = match reaction.kind {
            Some(ReactionKind::Reject) => {
                Some((Code::LateReject, "an order can't be rejected when it has run for so long"))
            }
            Some(ReactionKind::Skip) => {
                Some((Code::MisplacedClause, "a deadline is of the whole order, and there is no task to skip"))
            }
            Some(ReactionKind::Hold(_) | ReactionKind::Rollback | ReactionKind::Fail) | None => None,
        };
        if let Some((code, title)) = wrong {
            let help = "use `hold`, `rollback` or `fail`; without a reaction the order goes on, and the alarm is raised";
            diagnostics.push(Diagnostic::new(code, reaction.span, title).help(help));
        }
        Checker::new(env, View::of_order(OrderView::Full), diagnostics).reaction(reaction)
    });
    Some(Deadline { within: declared.within?, at_risk: at_risk.map(|(_, after)| after), on_timeout })
}

/// The keys of an order, which orders one after another have in common: a text, or several.
pub(super) fn one_at_a_time(env: &Env<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Formula> {
    let declared = env.outline.tree.one_at_a_time.first()?;
    let view = View { tasks: TaskView::Items, ..View::of_order(OrderView::Full) };
    let mut checker = Checker::new(env, view, diagnostics);
    let keys = &declared.keys;
    let found = checker.toward(keys, &Type::Text);
    let many = Type::List(Box::new(Type::Text));
    let wanted = if matches!(found.of, Type::List(_)) { many } else { Type::Text };
    let fitting = checker.fit(found, &wanted, keys);
    Some(checker.formula_of(fitting, keys))
}

/// What a blueprint with parameters answers.
pub(super) fn returns(env: &Env<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Formula> {
    let tree = env.outline.tree;
    let promised = tree.parameters.as_ref().and_then(|parameters| parameters.result.as_ref());
    let Some(returns) = tree.returns.first() else {
        if let Some(promised) = promised.filter(|_| !tree.broken) {
            let title = format!("the blueprint `{}` does not say what it answers", tree.name.text);
            diagnostics.push(
                Diagnostic::new(Code::MissingReturn, tree.name.span, title)
                    .label(promised.span, "it promises this")
                    .help("add `return` with the value: `return { id: TASK.id }`"),
            );
        }
        return None;
    };
    let Some(signature) = &env.outline.signature else {
        let title = "only a blueprint with parameters answers something";
        diagnostics.push(Diagnostic::new(Code::MisplacedClause, returns.span, title).help("leave it out"));
        return None;
    };
    let view = View { tasks: TaskView::From(None), ..View::of_order(OrderView::Full) };
    let mut checker = Checker::new(env, view, diagnostics);
    if promised.is_none() {
        checker.infer(&returns.value);
        let title = format!("the blueprint `{}` does not say the type of what it answers", tree.name.text);
        let help = format!("write it in its head: `blueprint {}(…) -> type {{ … }}`", tree.name.text);
        diagnostics.push(Diagnostic::new(Code::MisplacedClause, returns.span, title).help(help));
        return None;
    }
    Some(checker.formula(&returns.value, &signature.result))
}
