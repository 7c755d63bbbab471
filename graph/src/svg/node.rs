//! A task as a box: its lines of text, its size, its outline.

use std::fmt::Write as _;

use super::text::{Size, cut, escaped, width, wrapped};
use crate::kind::{Kind, Shape};
use crate::layout::Rect;
use crate::model::Node;
use crate::stage::{self, Stage};

/// Most columns of a line in a box. What is longer is cut or broken; the whole is in the tooltip.
const COLUMNS: usize = 38;
/// Most lines that a condition or rule may take.
const RULE_LINES: usize = 3;
/// Pixels between the outline and the text, and the least width of a box.
const PADDING: i32 = 9;
const LEAST_WIDTH: i32 = 116;
/// Pixels by which slanted and pointed outlines go in.
const SLANT: i32 = 12;
/// Pixels by which a sloped top falls to the left: as far as the text there allows.
const SLOPE: i32 = 6;
/// Pixels between the two lines at a side of a double outline.
const INNER: i32 = 5;
/// Pixels from one line to the next.
const LINE: i32 = 15;
/// Pixels that the mark of an undo, or of a change, takes before its text.
const MARK: i32 = 14;

const NAME: Size = 13;
const TEXT: Size = 11;
const SMALL: Size = 10;

/// A line of text in a box.
pub(super) struct Line {
    pub(super) text: String,
    class: &'static str,
    pub(super) size: Size,
    mark: Option<Mark>,
}

/// What stands before a line.
#[derive(Clone, Copy)]
enum Mark {
    Undo,
    Amend,
}

impl Line {
    const fn indent(&self) -> i32 {
        if self.mark.is_some() { MARK } else { 0 }
    }
}

/// The lines of a box, from top to bottom.
pub(super) fn lines(node: &Node) -> Vec<Line> {
    let line = |text: String, class, size| Line { text, class, size, mark: None };
    let mut lines = vec![line(cut(&node.name, COLUMNS), "name", NAME)];
    lines.extend(node.state.map(|state| line(stage::line(state), "", TEXT)));
    lines.extend(node.does.iter().map(|text| line(cut(text, COLUMNS), "", TEXT)));
    let rules = [("when", &node.when), ("left out:", &node.skipped)];
    for (word, rule) in rules.into_iter().filter_map(|(word, rule)| Some((word, rule.as_ref()?))) {
        let rule = wrapped(&format!("{word} {rule}"), COLUMNS, RULE_LINES);
        lines.extend(rule.into_iter().map(|text| line(text, "small soft", SMALL)));
    }
    let marked = [(Mark::Undo, &node.undo), (Mark::Amend, &node.amend)];
    for (mark, call) in marked.into_iter().filter_map(|(mark, call)| Some((mark, call.as_ref()?))) {
        let text = cut(call, COLUMNS - 2);
        lines.push(Line { text, class: "small soft", size: SMALL, mark: Some(mark) });
    }
    if node.point_of_no_return {
        lines.push(line("point of no return".to_owned(), "small stop", SMALL));
    }
    lines
}

/// Pixels beside the text, on either side: more where the outline goes in.
const fn beside(shape: Shape) -> i32 {
    match shape {
        Shape::Rectangle | Shape::Sloped => PADDING + 2,
        Shape::Hexagon => PADDING + SLANT,
        Shape::Pill | Shape::Double | Shape::Slanted => PADDING + 9,
    }
}

/// Width and height of the box of a node.
pub(super) fn size(node: &Node) -> (i32, i32) {
    let lines = lines(node);
    let text = lines.iter().map(|line| line.indent() + width(&line.text, line.size)).max().unwrap_or(0);
    let height = i32::try_from(lines.len()).unwrap_or(i32::MAX).saturating_mul(LINE);
    ((text + 2 * beside(node.kind.shape())).max(LEAST_WIDTH), height.saturating_add(2 * PADDING))
}

/// Where the text of a box begins, and how wide it may be.
pub(super) fn room(node: &Node, at: Rect) -> (i32, i32) {
    let beside = beside(node.kind.shape());
    (at.x + beside, at.width - 2 * beside)
}

/// Draws a node.
pub(super) fn draw(out: &mut String, node: &Node, at: Rect) {
    let skipped = if node.skipped.is_some() { " skipped" } else { "" };
    let _ = write!(out, "<g class=\"node{skipped}\"><title>{}</title>", escaped(&tooltip(node)));
    out.push_str(&outline(node.kind, node.state.map(Stage::of), at));
    if node.point_of_no_return {
        let inside = if node.kind.shape() == Shape::Double { INNER } else { 0 };
        let (x, top, bottom) = (at.x + inside + 5, at.y + 6, at.bottom() - 6);
        let _ = write!(out, "<path class=\"bar\" d=\"M{x} {top}V{bottom}\"/>");
    }
    let (x, _) = room(node, at);
    let mut baseline = at.y + PADDING + 11;
    for line in lines(node) {
        match line.mark {
            Some(Mark::Undo) => out.push_str(&undo_mark(x, baseline)),
            Some(Mark::Amend) => out.push_str(&amend_mark(x, baseline)),
            None => {}
        }
        let class = if line.class.is_empty() { String::new() } else { format!(" class=\"{}\"", line.class) };
        let _ = write!(
            out,
            "<text{class} x=\"{}\" y=\"{baseline}\">{}</text>",
            x + line.indent(),
            escaped(&line.text)
        );
        baseline += LINE;
    }
    out.push_str("</g>\n");
}

/// Everything there is to say of a node, uncut.
fn tooltip(node: &Node) -> String {
    let mut said = vec![format!("{}: {}", node.name, node.does.join(", "))];
    said.extend(node.state.map(|state| state.to_string()));
    said.extend(node.when.iter().map(|when| format!("when {when}")));
    said.extend(node.skipped.iter().map(|rule| format!("left out: {rule}")));
    said.extend(node.undo.iter().map(|undo| format!("undo {undo}")));
    said.extend(node.amend.iter().map(|amend| format!("amend {amend}")));
    if node.point_of_no_return {
        said.push("point of no return".to_owned());
    }
    said.join("; ")
}

/// The outline of a kind, in the colours of a stage if there is one.
pub(super) fn outline(kind: Kind, stage: Option<Stage>, at: Rect) -> String {
    let Rect { x, y, width, height } = at;
    let (right, bottom, middle) = (at.right(), at.bottom(), y + height / 2);
    let stage = stage.map(|stage| format!(" {}", stage.class())).unwrap_or_default();
    let class = format!("class=\"shape {}{stage}\"", kind.word());
    match kind.shape() {
        Shape::Rectangle => {
            format!("<rect {class} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>")
        }
        Shape::Pill => {
            let round = (height / 2).min(24);
            format!(
                "<rect {class} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>"
            )
        }
        Shape::Slanted => {
            // In and out by half, so that edges, which end about the middle, end at the outline.
            let (lean, out) = (x + SLANT / 2, x - SLANT / 2);
            let (upper, lower) = (right + SLANT / 2, right - SLANT / 2);
            format!("<path {class} d=\"M{lean} {y}H{upper}L{lower} {bottom}H{out}Z\"/>")
        }
        Shape::Hexagon => {
            let (left_in, right_in) = (x + SLANT, right - SLANT);
            format!(
                "<path {class} d=\"M{left_in} {y}H{right_in}L{right} {middle}L{right_in} {bottom}H{left_in}L{x} {middle}Z\"/>"
            )
        }
        Shape::Sloped => {
            let lower = y + SLOPE;
            format!("<path {class} d=\"M{x} {lower}L{right} {y}V{bottom}H{x}Z\"/>")
        }
        Shape::Double => {
            let (left_in, right_in) = (x + INNER, right - INNER);
            format!(
                "<path {class} d=\"M{x} {y}H{right}V{bottom}H{x}ZM{left_in} {y}V{bottom}M{right_in} {y}V{bottom}\"/>"
            )
        }
    }
}

/// An arrow that turns back.
pub(super) fn undo_mark(x: i32, baseline: i32) -> String {
    let y = baseline - 6;
    format!("<path class=\"undo\" d=\"M{} {}l-3 3l3 3M{x} {y}h5.5a3 3 0 0 1 0 6h-2.5\"/>", x + 3, y - 3)
}

/// A wave: not as it was.
pub(super) fn amend_mark(x: i32, baseline: i32) -> String {
    let y = baseline - 3;
    format!("<path class=\"undo\" d=\"M{x} {y}c2.5 -4 4 -4 5 -1s2.5 3 4.5 -1\"/>")
}
