//! What can be seen from a place in an expression, as candidates for what may be written there.

use model::{Field, Item, Order, Type};
use plan::Function;

use super::complete::{Candidate, CandidateKind, declared, of_part};
use super::declaration::DeclarationKind;
use super::uses::{Frame, Sight};
use crate::resolve::{Declarations, Outline};
use crate::syntax::tree::{Expr, ExprKind, Name};

/// The functions that stand in no table of the plan, because they are about tasks.
const RAN: &str = "ran";

/// The tasks that are seen by their bare names, but the one itself.
pub(super) fn tasks(frame: &Frame<'_>, declarations: &Declarations<'_>) -> Vec<Candidate> {
    let outline = frame.outline;
    let all = outline.tree.tasks.iter().enumerate();
    let seen = all.filter(|(n, task)| {
        frame.task != Some(*n)
            && outline.bare(frame.block, &task.name.text).is_some_and(|seen| seen.task == *n)
    });
    seen.map(|(_, task)| task_candidate(&task.name, task.milestone, declarations)).collect()
}

pub(super) fn tasks_of(frame: &Frame<'_>, kind: &str, declarations: &Declarations<'_>) -> Vec<Candidate> {
    let outline = frame.outline;
    let Some(kind) = outline.kind(kind) else { return Vec::new() };
    let all = outline.tree.tasks.iter().enumerate();
    let seen = all.filter(|(n, task)| {
        outline.dotted(frame.block, kind, &task.name.text).is_some_and(|seen| seen.task == *n)
    });
    seen.map(|(_, task)| task_candidate(&task.name, task.milestone, declarations)).collect()
}

fn task_candidate(name: &Name, milestone: bool, declarations: &Declarations<'_>) -> Candidate {
    let kind = if milestone { DeclarationKind::Milestone } else { DeclarationKind::Task };
    let of = declarations.notes.of(name.span).map_or_else(String::new, |of| of.to_string());
    declared(kind, of)(&name.text)
}

/// What may stand as a value, or as a field of one.
pub(super) fn values(sight: &Sight<'_>, declarations: &Declarations<'_>) -> Vec<Candidate> {
    let frame = &sight.frame;
    if let Some(of) = sight.of {
        return fields(of, frame, declarations);
    }
    let mut candidates = Vec::new();
    let compared = sight.compared.and_then(|compared| declarations.notes.of(compared));
    let compared = match compared.as_ref().map(Type::required) {
        Some(Type::OneOf(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    for choice in sight.choices.iter().chain(&compared) {
        let is_name = !choice.is_empty()
            && choice.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !choice.starts_with(|c: char| c.is_ascii_digit());
        let snippet = if is_name { choice.clone() } else { format!("\"{choice}\"") };
        candidates.push(Candidate {
            label: choice.clone(),
            kind: CandidateKind::Choice,
            detail: "one of the texts that are allowed".to_owned(),
            docs: String::new(),
            snippet,
        });
    }
    let local = |(name, _): &(&Name, _)| declared(DeclarationKind::Variable, "")(&name.text);
    candidates.extend(frame.locals.iter().map(local));
    let in_each = frame.item.is_some();
    let subjects = [
        ("result", frame.result.is_some()),
        ("before", frame.before.is_some()),
        ("item", in_each),
        ("order", true),
    ];
    for (subject, _) in subjects.iter().filter(|(_, seen)| *seen) {
        candidates.push(Candidate {
            kind: CandidateKind::Subject,
            snippet: (*subject).to_owned(),
            ..of_part(subject)
        });
    }
    let outline = frame.outline;
    for parameter in outline.signature.iter().flat_map(|signature| &signature.parameters) {
        let of = parameter.of.to_string();
        candidates.push(declared(DeclarationKind::Parameter, of)(&parameter.name));
    }
    if frame.tasks {
        candidates.extend(tasks(frame, declarations));
        candidates.extend(kinds(outline));
    }
    let functions =
        Function::ALL.iter().map(|(name, _)| *name).chain([RAN].into_iter().filter(|_| frame.tasks));
    candidates.extend(functions.map(of_part));
    candidates.extend(["not", "if", "true", "false", "null"].map(of_part));
    candidates
}

fn fields(of: &Expr, frame: &Frame<'_>, declarations: &Declarations<'_>) -> Vec<Candidate> {
    let field = |name: &str, of: String| declared(DeclarationKind::Field, of)(name);
    let mut candidates = Vec::new();
    let outline = frame.outline;
    if let ExprKind::Name(name) = &of.kind
        && !frame.locals.iter().any(|(local, _)| local.text == *name)
    {
        let task = outline.bare(frame.block, name).filter(|_| frame.tasks);
        if task.is_none() && outline.kind(name).is_some() {
            candidates.push(field("items", format!("the items of the kind `{name}`")));
            candidates.extend(tasks_of(frame, name, declarations));
            return candidates;
        }
        if task.is_some() {
            candidates.push(field("finished_at", Type::Time.to_string()));
        }
        if name == "order" && outline.signature.is_none() {
            candidates.push(field("items", "the items of the order".to_owned()));
        }
    }
    let found = declarations.notes.of(of.span);
    if let Some(Type::Record(known)) = found.as_ref().map(element) {
        // Those of the blueprint are looked for most.
        let standard: Vec<Field> = match &of.kind {
            ExprKind::Name(name) if name == "order" => Order::standard_type(),
            ExprKind::Name(name) if name == "item" => Item::standard_type(),
            _ => Vec::new(),
        };
        let is_standard = |field: &&Field| standard.iter().any(|standard| standard.name == field.name);
        let (others, own): (Vec<&Field>, Vec<&Field>) = known.iter().partition(is_standard);
        let known = own.into_iter().chain(others).map(|known| field(&known.name, known.of.to_string()));
        candidates = known.chain(candidates).collect();
    }
    candidates
}

/// What has the fields that can be read of a type: itself, or its elements.
fn element(of: &Type) -> &Type {
    match of.required() {
        Type::List(inner) => element(inner),
        required => required,
    }
}

pub(super) fn kinds(outline: &Outline<'_>) -> Vec<Candidate> {
    outline.kinds.iter().map(|kind| declared(DeclarationKind::ItemKind, "item kind")(&kind.text)).collect()
}
