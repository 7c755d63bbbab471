//! The arguments of what is being called.

use dsl::index::{Declaration, DeclarationKind, giving};
use lsp_types::{
    Documentation, MarkupContent, MarkupKind, ParameterInformation, ParameterLabel, SignatureHelp,
    SignatureInformation,
};

use super::Place;

/// What is being called at a place, and which argument is being given.
pub(super) fn help(place: &Place<'_>) -> Option<SignatureHelp> {
    let giving = giving(place.snapshot.text_of(place.file).get(..place.byte)?)?;
    let index = &place.snapshot.analysis.index;
    let is_callee = |declaration: &Declaration| {
        let parent = declaration.parent.and_then(|parent| index.declaration(parent));
        let kind = match giving.system {
            Some(_) => matches!(declaration.kind, DeclarationKind::Operation | DeclarationKind::Query),
            None => declaration.kind == DeclarationKind::Blueprint,
        };
        kind && declaration.name == giving.name && giving.system.as_ref() == parent.map(|parent| &parent.name)
    };
    let (id, callee) = index.declarations().find(|(_, declaration)| is_callee(declaration))?;
    let is_parameter = |one: &&Declaration| one.kind == DeclarationKind::Parameter && one.parent == Some(id);
    let parameters: Vec<_> = index.declarations().map(|(_, one)| one).filter(is_parameter).collect();
    let active = if giving.in_value {
        giving.given.last().and_then(|last| parameters.iter().position(|one| one.name == *last))
    } else {
        parameters.iter().position(|one| !giving.given.contains(&one.name))
    };
    let parameter = |one: &&Declaration| ParameterInformation {
        label: ParameterLabel::Simple(one.signature.clone()),
        documentation: documentation(&one.docs),
    };
    let active = active.and_then(|active| u32::try_from(active).ok());
    Some(SignatureHelp {
        signatures: vec![SignatureInformation {
            label: callee.signature.clone(),
            documentation: documentation(&callee.docs),
            parameters: Some(parameters.iter().map(parameter).collect()),
            active_parameter: active,
        }],
        active_signature: Some(0),
        active_parameter: active,
    })
}

fn documentation(docs: &str) -> Option<Documentation> {
    let content = || MarkupContent { kind: MarkupKind::Markdown, value: docs.to_owned() };
    (!docs.is_empty()).then(|| Documentation::MarkupContent(content()))
}
