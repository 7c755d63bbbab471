//! From a blueprint or a plan to what there is to draw of it.

use std::collections::BTreeMap;

use dsl::{Blueprint, EachBlock, Placed};
use plan::{Definition, Formula, Plan, TaskIndex};

use crate::kind::describe;
use crate::model::{Edge, Frame, Graph, Node, Why};

impl From<&Blueprint> for Graph {
    /// Every task once, those of an `each` in a frame.
    fn from(blueprint: &Blueprint) -> Self {
        let definitions = blueprint.definitions();
        let node = |placed: Placed<'_>| {
            let when = placed.when.or(placed.definition.when.as_ref());
            let name = qualified(placed.definition, definitions);
            Node { frame: placed.block, when: when.map(text), ..node(placed.definition, name) }
        };
        let mut edges = Vec::new();
        for (to, placed) in blueprint.placed().enumerate() {
            let mut reads = placed.definition.reads(definitions);
            let mut after = placed.after.to_vec();
            after.sort_unstable();
            after.dedup();
            edges.extend(after.into_iter().map(|from| {
                let why = reads.remove(&from).map_or(Why::After, Why::Reads);
                Edge { from: from.0, to, why }
            }));
        }
        let isolated =
            |n: usize| blueprint.placed().any(|task| task.block == Some(n) && task.definition.isolate);
        let frame = |(n, block): (usize, EachBlock<'_>)| {
            let condition = block.condition.map_or_else(String::new, |c| format!(" where {}", text(c)));
            let failure = if isolated(n) { " · isolated" } else { "" };
            Frame { title: format!("each {}{condition}{failure}", block.kind) }
        };
        Self {
            title: blueprint.reference().to_string(),
            subtitle: first_sentence(blueprint.docs()),
            nodes: blueprint.placed().map(node).collect(),
            edges,
            frames: blueprint.blocks().enumerate().map(frame).collect(),
        }
    }
}

impl From<&Plan> for Graph {
    /// Every task instance, those of an item in a frame.
    fn from(plan: &Plan) -> Self {
        let mut frames = Vec::new();
        let mut frame_of: BTreeMap<usize, usize> = BTreeMap::new();
        for (n, item) in plan.items().iter().enumerate() {
            if plan.tasks().iter().any(|task| task.item == Some(n)) {
                let field =
                    |name: &str| item.value.field(name).and_then(|value| value.as_text()).unwrap_or("");
                let parts =
                    [format!("item {}", item.id), field("action").to_owned(), field("offering").to_owned()];
                let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                frame_of.insert(n, frames.len());
                frames.push(Frame { title: format!("{} · {}", item.kind, parts.join(" · ")) });
            }
        }
        let node = |index: TaskIndex| {
            let (task, definition) = (plan.task(index), plan.definition(index));
            Node {
                skipped: task.skipped.clone(),
                frame: task.item.and_then(|item| frame_of.get(&item).copied()),
                ..node(definition, plan.id(index).to_string())
            }
        };
        let edges = plan.indices().flat_map(|to| {
            let mut reads = plan.reads(to);
            plan.task(to).after.iter().map(move |from| {
                let why = reads.remove(from).map_or(Why::After, Why::Reads);
                Edge { from: from.0, to: to.0, why }
            })
        });
        let skipped = plan.tasks().iter().filter(|task| task.skipped.is_some()).count();
        let due = plan.tasks().len().saturating_sub(skipped);
        let left_out = if skipped == 0 { String::new() } else { format!(", {skipped} left out") };
        let items = counted(plan.items().len(), "item");
        Self {
            title: plan.blueprint().to_string(),
            subtitle: format!("the plan of an order of {items}: {}{left_out}", counted(due, "task")),
            nodes: plan.indices().map(node).collect(),
            edges: edges.collect(),
            frames,
        }
    }
}

/// What the definition alone says of a node.
fn node(definition: &Definition, name: String) -> Node {
    let (kind, does) = describe(&definition.body);
    Node {
        name,
        kind,
        does,
        when: definition.when.as_ref().map(text),
        skipped: None,
        undo: definition.undo().map(plan::Call::label),
        amend: definition.call().and_then(|body| body.amend.as_ref()).map(|amend| amend.call.label()),
        point_of_no_return: definition.point_of_no_return,
        frame: None,
        state: None,
    }
}

/// The name of a task, with its kind of item where another has the same name.
fn qualified(definition: &Definition, definitions: &[Definition]) -> String {
    let namesakes = definitions.iter().filter(|other| other.name == definition.name).count();
    match &definition.each {
        Some(kind) if namesakes > 1 => format!("{kind}.{}", definition.name),
        Some(_) | None => definition.name.to_string(),
    }
}

fn text(formula: &Formula) -> String {
    formula.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first_sentence(docs: &str) -> String {
    let line = docs.split_whitespace().collect::<Vec<_>>().join(" ");
    line.split_once(". ").map_or(line.clone(), |(first, _)| format!("{first}."))
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
