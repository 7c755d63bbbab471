//! A graph in the language of Graphviz.

use std::fmt::Write as _;

use crate::kind::Shape;
use crate::mermaid::{heading, label};
use crate::model::{Edge, Graph, Node, Why};
use crate::stage::Stage;

/// The graph as a Graphviz digraph.
#[must_use]
pub fn dot(graph: &Graph) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&graph.title));
    line(
        &mut out,
        1,
        &format!("graph [rankdir=LR, label={}, labelloc=t, fontname=Helvetica]", quoted(&heading(graph))),
    );
    line(&mut out, 1, "node [shape=box, style=rounded, fontname=Courier, fontsize=11]");
    line(&mut out, 1, "edge [fontname=Courier, fontsize=9]");
    for (n, frame) in graph.frames.iter().enumerate() {
        // Graphviz frames what is in a subgraph whose name begins with `cluster`.
        line(&mut out, 1, &format!("subgraph cluster_{n} {{"));
        line(&mut out, 2, &format!("label={}", quoted(&frame.title)));
        nodes(&mut out, 2, graph, Some(n));
        line(&mut out, 1, "}");
    }
    nodes(&mut out, 1, graph, None);
    for Edge { from, to, why } in &graph.edges {
        let looks = match why {
            Why::After => "style=dashed, arrowhead=vee".to_owned(),
            Why::Reads(fields) => format!("label={}", quoted(&fields.join(", "))),
        };
        line(&mut out, 1, &format!("n{from} -> n{to} [{looks}]"));
    }
    out.push_str("}\n");
    out
}

fn nodes(out: &mut String, depth: usize, graph: &Graph, frame: Option<usize>) {
    for (n, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.frame == frame) {
        let (shape, style) = looks(node);
        let text = label(node).join("\n");
        let colours = node.state.map(|state| Stage::of(state).colours());
        let colours = colours.map(|(fill, rim)| format!(", fillcolor=\"{fill}\", color=\"{rim}\""));
        let colours = colours.unwrap_or_default();
        line(
            out,
            depth,
            &format!("n{n} [label={}, shape={shape}, style=\"{style}\"{colours}]", quoted(&text)),
        );
    }
}

fn looks(node: &Node) -> (&'static str, String) {
    let (shape, mut style) = match node.kind.shape() {
        Shape::Rectangle => ("box", vec![]),
        Shape::Slanted => ("parallelogram", vec![]),
        Shape::Pill => ("box", vec!["rounded"]),
        Shape::Hexagon => ("hexagon", vec![]),
        Shape::Sloped => ("invtrapezium", vec![]),
        Shape::Double => ("box3d", vec![]),
    };
    if node.skipped.is_some() {
        style.push("dashed");
    }
    if node.point_of_no_return {
        style.push("bold");
    }
    if node.state.is_some() {
        style.push("filled");
    }
    if style.is_empty() {
        style.push("solid");
    }
    (shape, style.join(","))
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a text can't fail.
    let _ = writeln!(out, "{:indent$}{text}", "", indent = depth * 2);
}

/// A text in quotes. `\n` is a line break of a label.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
