//! A graph as a Mermaid flowchart, for pages that draw such: GitHub, GitLab, many wikis.
//!
//! Mermaid itself draws at most 500 edges unless it is told otherwise (`maxEdges`).

use std::fmt::Write as _;

use crate::kind::Shape;
use crate::model::{Edge, Graph, Node, Why};
use crate::stage::{self, Stage};

/// The graph as a Mermaid flowchart.
#[must_use]
pub fn mermaid(graph: &Graph) -> String {
    let mut out = format!("---\ntitle: {}\n---\nflowchart LR\n", quoted_yaml(&heading(graph)));
    for (frame, title) in graph.frames.iter().map(|frame| frame.title.as_str()).enumerate() {
        line(&mut out, 1, &format!("subgraph f{frame}[\"{}\"]", escaped(title)));
        for (n, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.frame == Some(frame)) {
            line(&mut out, 2, &shape(n, node));
        }
        line(&mut out, 1, "end");
    }
    for (n, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.frame.is_none()) {
        line(&mut out, 1, &shape(n, node));
    }
    for Edge { from, to, why } in &graph.edges {
        let arrow = match why {
            Why::After => "-.->".to_owned(),
            Why::Reads(fields) => format!("-->|\"{}\"|", escaped(&fields.join(", "))),
        };
        line(&mut out, 1, &format!("n{from} {arrow} n{to}"));
    }
    for stage in Stage::ALL {
        let nodes =
            graph.nodes.iter().enumerate().filter(|(_, node)| node.state.map(Stage::of) == Some(stage));
        let names: Vec<_> = nodes.map(|(n, _)| format!("n{n}")).collect();
        if !names.is_empty() {
            let (class, (fill, rim)) = (stage.class(), stage.colours());
            line(&mut out, 1, &format!("classDef {class} fill:{fill},stroke:{rim},color:#1c2430"));
            line(&mut out, 1, &format!("class {} {class}", names.join(",")));
        }
    }
    line(&mut out, 1, "classDef skipped stroke-dasharray:5 4,opacity:0.65");
    line(&mut out, 1, "classDef final stroke-width:4px");
    for (class, marked) in [("skipped", is_skipped as fn(&Node) -> bool), ("final", is_final)] {
        let nodes = graph.nodes.iter().enumerate().filter(|(_, node)| marked(node));
        let names: Vec<_> = nodes.map(|(n, _)| format!("n{n}")).collect();
        if !names.is_empty() {
            line(&mut out, 1, &format!("class {} {class}", names.join(",")));
        }
    }
    out
}

/// The title and subtitle in one line.
pub(crate) fn heading(graph: &Graph) -> String {
    if graph.subtitle.is_empty() {
        graph.title.clone()
    } else {
        format!("{}: {}", graph.title, graph.subtitle)
    }
}

/// The lines of text in a node, the name first.
pub(crate) fn label(node: &Node) -> Vec<String> {
    let mut lines = vec![node.name.clone()];
    lines.extend(node.state.map(stage::line));
    lines.extend(node.does.iter().cloned());
    lines.extend(node.when.iter().map(|when| format!("when {when}")));
    lines.extend(node.skipped.iter().map(|rule| format!("left out: {rule}")));
    lines.extend(node.undo.iter().map(|undo| format!("undo {undo}")));
    lines.extend(node.amend.iter().map(|amend| format!("amend {amend}")));
    if node.point_of_no_return {
        lines.push("point of no return".to_owned());
    }
    lines
}

const fn is_skipped(node: &Node) -> bool {
    node.skipped.is_some()
}

const fn is_final(node: &Node) -> bool {
    node.point_of_no_return
}

fn shape(n: usize, node: &Node) -> String {
    let mut lines = label(node).into_iter().map(|line| escaped(&line));
    let name = lines.next().unwrap_or_default();
    let text = std::iter::once(format!("<b>{name}</b>")).chain(lines).collect::<Vec<_>>().join("<br/>");
    let (open, close) = match node.kind.shape() {
        Shape::Rectangle => ("[", "]"),
        Shape::Slanted => ("[/", "/]"),
        Shape::Pill => ("([", "])"),
        Shape::Hexagon => ("{{", "}}"),
        Shape::Sloped => ("[\\", "/]"),
        Shape::Double => ("[[", "]]"),
    };
    format!("n{n}{open}\"{text}\"{close}")
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a text can't fail.
    let _ = writeln!(out, "{:indent$}{text}", "", indent = depth * 2);
}

/// Text in quotes: Mermaid reads HTML there, Markdown between backticks, and entities with `#` for `&`.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A text in the double quotes of YAML.
fn quoted_yaml(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
}
