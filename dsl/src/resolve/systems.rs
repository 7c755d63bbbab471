//! Systems and their operations.

use std::collections::BTreeMap;

use model::{Field, OperationName, SystemName, Type};

use super::{Declarations, duplicate, named};
use crate::Span;
use crate::diagnostic::Diagnostic;
use crate::syntax::tree;

/// An external system, as the library declares it.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) name: SystemName,
    pub(crate) span: Span,
    pub(crate) docs: String,
    pub(crate) operations: BTreeMap<String, Operation>,
}

/// What a system can be asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: OperationName,
    pub(crate) span: Span,
    pub(crate) docs: String,
    /// Whether it changes anything out there.
    pub(crate) effect: bool,
    /// Whether it may be called again with other arguments to the same end.
    pub(crate) repeatable: bool,
    pub(crate) parameters: Vec<Field>,
    /// What it answers; an empty record if it answers nothing.
    pub(crate) result: Type,
}

pub(super) fn collect<'t>(
    files: &'t [tree::File],
    declarations: &Declarations<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<&'t str, System> {
    let mut systems: BTreeMap<&str, System> = BTreeMap::new();
    for declared in files.iter().flat_map(|f| &f.systems) {
        if let Some(earlier) = systems.get(declared.name.text.as_str()) {
            diagnostics.push(duplicate("system", &declared.name, earlier.span));
            continue;
        }
        let Some(name) = named(&declared.name, SystemName::new, diagnostics) else { continue };
        let mut operations: BTreeMap<String, Operation> = BTreeMap::new();
        for operation in &declared.operations {
            if let Some(earlier) = operations.get(&operation.name.text) {
                diagnostics.push(duplicate("operation", &operation.name, earlier.span));
            } else if let Some(read) = read(operation, declarations, diagnostics) {
                operations.insert(operation.name.text.clone(), read);
            }
        }
        let system = System { name, span: declared.name.span, docs: declared.docs.clone(), operations };
        systems.insert(&declared.name.text, system);
    }
    systems
}

fn read(
    operation: &tree::Operation,
    declarations: &Declarations<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Operation> {
    let (types, usage) = (&declarations.types, declarations.usage());
    Some(Operation {
        name: named(&operation.name, OperationName::new, diagnostics)?,
        span: operation.name.span,
        docs: operation.docs.clone(),
        effect: operation.effect,
        repeatable: operation.repeatable,
        parameters: types.fields(&operation.parameters, usage, diagnostics),
        result: match &operation.result {
            Some(of) => types.resolve(of, usage, diagnostics),
            None => Type::Record(Vec::new()),
        },
    })
}
