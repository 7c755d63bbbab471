//! What a file declares, one in the other: how it is shown as a list, and where it can be folded.

use crate::diagnostic::Span;
use crate::syntax::tree::{self, Extent, Name};

/// Something that has a place in the outline of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineNode {
    /// What it is called.
    pub name: String,
    /// What kind of thing it is.
    pub kind: OutlineKind,
    /// The word that names it.
    pub span: Span,
    /// How far it reaches.
    pub extent: Span,
    /// What stands in it, in the order of the file.
    pub children: Vec<OutlineNode>,
}

/// What stands in an outline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlineKind {
    /// A named type.
    Type,
    /// An external system.
    System,
    /// What changes something in a system.
    Operation,
    /// What asks a system.
    Query,
    /// A named retry policy.
    Retry,
    /// A blueprint.
    Blueprint,
    /// A kind of order item.
    ItemKind,
    /// Tasks that are done per item.
    Each,
    /// A task.
    Task,
    /// A milestone.
    Milestone,
    /// A test.
    Test,
}

/// The outline of a file.
pub(super) fn of(file: &tree::File) -> Vec<OutlineNode> {
    let types = file.types.iter().map(|t| node(&t.name, OutlineKind::Type, t.extent, Vec::new()));
    let retries = file.retries.iter().map(|r| node(&r.name, OutlineKind::Retry, r.extent, Vec::new()));
    let systems = file.systems.iter().map(|system| {
        let operation = |operation: &tree::Operation| {
            let kind = if operation.effect { OutlineKind::Operation } else { OutlineKind::Query };
            node(&operation.name, kind, operation.extent, Vec::new())
        };
        let operations = system.operations.iter().map(operation).collect();
        node(&system.name, OutlineKind::System, system.extent, operations)
    });
    let tests = file.tests.iter().map(|test| node(&test.name, OutlineKind::Test, test.extent, Vec::new()));
    let blueprints = file.blueprints.iter().map(blueprint);
    sorted(types.chain(retries).chain(systems).chain(blueprints).chain(tests).collect())
}

fn blueprint(tree: &tree::Blueprint) -> OutlineNode {
    let tasks = |block: Option<usize>| {
        let tasks = tree.tasks.iter().filter(move |task| task.block == block);
        tasks.map(|task| {
            let kind = if task.milestone { OutlineKind::Milestone } else { OutlineKind::Task };
            node(&task.name, kind, task.extent, Vec::new())
        })
    };
    let kinds =
        tree.items.iter().map(|item| node(&item.name, OutlineKind::ItemKind, item.extent, Vec::new()));
    let blocks = tree.blocks.iter().enumerate().map(|(n, block)| {
        let mut each = node(&block.kind, OutlineKind::Each, block.extent, tasks(Some(n)).collect());
        each.name = format!("each {}", each.name);
        each
    });
    let children = sorted(kinds.chain(blocks).chain(tasks(None)).collect());
    let mut whole = node(&tree.name, OutlineKind::Blueprint, tree.extent, children);
    if let Some(version) = tree.version {
        whole.name = format!("{}@{version}", whole.name);
    }
    whole
}

fn node(name: &Name, kind: OutlineKind, extent: Extent, children: Vec<OutlineNode>) -> OutlineNode {
    OutlineNode { name: name.text.clone(), kind, span: name.span, extent: extent.whole, children }
}

fn sorted(mut nodes: Vec<OutlineNode>) -> Vec<OutlineNode> {
    nodes.sort_by_key(|node| node.extent);
    nodes
}
