//! A graph as a picture of our own: SVG that needs nothing besides, for light and dark pages.

mod legend;
mod node;
mod style;
mod text;

use std::fmt::Write as _;

use crate::layout::{BoxSize, Hop, Input, InputEdge, Layout, Rect, Route, layout};
use crate::model::{Edge, Graph, Why};

/// Most tasks that are drawn. A picture of more says nothing to anyone, and would take seconds.
pub const MOST_NODES: usize = 400;

/// There are more tasks than are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {found} tasks, and at most {MOST_NODES} are drawn")]
pub struct TooLarge {
    /// How many there are.
    pub found: usize,
}

/// Pixels between the picture's rim and what is in it.
const MARGIN: i32 = 24;
/// Pixels from the top for title and subtitle, and between the drawing and the legend.
const HEADING: i32 = 62;
const LEGEND_GAP: i32 = 26;
/// Least width, so that the title has room.
const LEAST_WIDTH: i32 = 560;

/// The two groups of edges: drawn apart.
const READS: u8 = 0;
const AFTER: u8 = 1;

/// Draws a graph.
///
/// # Errors
/// There are more than [`MOST_NODES`] tasks.
pub fn svg(graph: &Graph) -> Result<String, TooLarge> {
    if graph.nodes.len() > MOST_NODES {
        return Err(TooLarge { found: graph.nodes.len() });
    }
    Ok(draw(graph, &layout(&input(graph))))
}

fn input(graph: &Graph) -> Input {
    let size = |node| {
        let (width, height) = node::size(node);
        BoxSize { width, height, frame: node.frame }
    };
    let edge = |edge: &Edge| InputEdge {
        from: edge.from,
        to: edge.to,
        group: match edge.why {
            Why::Reads(_) => READS,
            Why::After => AFTER,
        },
    };
    Input {
        boxes: graph.nodes.iter().map(size).collect(),
        edges: graph.edges.iter().map(edge).collect(),
        frames: graph.frames.len(),
    }
}

fn draw(graph: &Graph, layout: &Layout) -> String {
    let columns = |width: i32, size: i32| usize::try_from(width * 100 / (size * 62)).unwrap_or(0);
    let width = (layout.width + 2 * MARGIN).max(LEAST_WIDTH);
    let inner = width - 2 * MARGIN;
    let mut legend = String::new();
    let legend_top = HEADING + layout.height + LEGEND_GAP;
    let legend_height = legend::draw(&mut legend, graph, MARGIN, legend_top, inner);
    let height = legend_top + legend_height + MARGIN / 2;

    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"owg\" role=\"img\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n<desc>{}</desc>\n<style>\n{}</style>\n",
        text::escaped(&graph.title),
        text::escaped(&description(graph)),
        style::STYLE
    );
    let _ = writeln!(out, "<rect class=\"page\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>");
    let line = |class: &str, y: i32, size: i32, text: &str| {
        let text = text::escaped(&text::cut(text, columns(inner, size)));
        format!("<text class=\"{class}\" x=\"{MARGIN}\" y=\"{y}\">{text}</text>\n")
    };
    out.push_str(&line("title", 34, 18, &graph.title));
    out.push_str(&line("soft", 53, 11, &graph.subtitle));
    let _ = writeln!(out, "<g transform=\"translate({MARGIN} {HEADING})\">");
    for (frame, at) in graph.frames.iter().zip(&layout.frames).filter(|(_, at)| at.width > 0) {
        let Rect { x, y, width, height } = *at;
        let title = text::escaped(&text::cut(&frame.title, columns(width - 24, 11)));
        let _ = writeln!(
            out,
            "<g><title>{}</title><rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\
             <text class=\"frame-title\" x=\"{}\" y=\"{}\">{title}</text></g>",
            text::escaped(&frame.title),
            x + 12,
            y + 20,
        );
    }
    for route in &layout.routes {
        draw_route(&mut out, graph, route);
    }
    for (node, at) in graph.nodes.iter().zip(&layout.boxes) {
        node::draw(&mut out, node, *at);
    }
    out.push_str("</g>\n");
    out.push_str(&legend);
    out.push_str("</svg>\n");
    out
}

/// What the picture shows, for those who do not see it.
fn description(graph: &Graph) -> String {
    let name = |n: usize| graph.nodes.get(n).map_or("", |node| node.name.as_str());
    let task = |n: usize| {
        let before = graph.edges.iter().filter(|edge| edge.to == n);
        let before: Vec<&str> = before.map(|edge| name(edge.from)).collect();
        if before.is_empty() {
            name(n).to_owned()
        } else {
            format!("{} after {}", name(n), before.join(", "))
        }
    };
    let tasks: Vec<String> = (0..graph.nodes.len()).map(task).collect();
    format!("{} From left to right: {}.", graph.subtitle, tasks.join("; "))
}

/// All edges of one group to one task, in one path, with one head.
fn draw_route(out: &mut String, graph: &Graph, route: &Route) {
    let mut path = String::new();
    let mut end = None;
    for Hop { from, to, through } in &route.hops {
        let ends_here = *through == to.0;
        // The head covers the last pixels.
        let stop = if ends_here { to.0 - 6 } else { to.0 };
        let bend = (stop - from.0) / 2;
        let _ = write!(
            path,
            "M{} {}C{} {} {} {} {stop} {}",
            from.0,
            from.1,
            from.0 + bend,
            from.1,
            stop - bend,
            to.1,
            to.1
        );
        if ends_here {
            end = Some(*to);
        } else {
            let _ = write!(path, "H{through}");
        }
    }
    let name = |n: usize| graph.nodes.get(n).map_or("", |node| node.name.as_str());
    let told = graph.edges.iter().filter(|edge| edge.to == route.to).filter_map(|edge| {
        match (&edge.why, route.group) {
            (Why::Reads(fields), READS) => Some(format!("{} uses {}", name(edge.to), fields.join(", "))),
            (Why::After, AFTER) => Some(format!("{} waits for {}", name(edge.to), name(edge.from))),
            _ => None,
        }
    });
    let told = told.collect::<Vec<_>>().join("; ");
    let head = end.map_or_else(String::new, |(x, y)| arrow_head(route.group, x, y));
    let _ = writeln!(
        out,
        "<g><title>{}</title><path class=\"{}\" d=\"{path}\"/>{head}</g>",
        text::escaped(&told),
        edge_class(route.group)
    );
}

const fn edge_class(group: u8) -> &'static str {
    if group == AFTER { "edge after" } else { "edge" }
}

/// A head with its point there: filled where a result is used, open where there is only waiting.
fn arrow_head(group: u8, x: i32, y: i32) -> String {
    let (class, close) = if group == AFTER { ("head open", "") } else { ("head", "Z") };
    format!("<path class=\"{class}\" d=\"M{} {}L{} {y}L{} {}{close}\"/>", x - 8, y - 4, x - 1, x - 8, y + 4)
}

#[cfg(test)]
mod tests;
