//! What the shapes, lines and marks of a picture mean: only those that are in it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::node::{amend_mark, outline, undo_mark};
use super::text::{escaped, width};
use super::{AFTER, READS, arrow_head, edge_class};
use crate::kind::Kind;
use crate::layout::Rect;
use crate::model::{Graph, Node, Why};
use crate::stage::Stage;

/// Pixels that the sample of an entry takes, and that are between two entries.
const SAMPLE: i32 = 34;
const GAP: i32 = 24;
const SIZE: i32 = 11;
/// Pixels from one row of entries to the next.
const ROW: i32 = 24;

/// An entry: what draws its sample with its left end in the middle of the row, and what it means.
struct Entry {
    sample: Box<dyn Fn(i32, i32) -> String>,
    text: &'static str,
}

/// Draws the legend with its top left there, in rows of at most so many pixels, and gives its height.
pub(super) fn draw(out: &mut String, graph: &Graph, left: i32, top: i32, most: i32) -> i32 {
    let (mut x, mut y) = (left, top + ROW / 2);
    out.push_str("<g class=\"legend\">\n");
    for Entry { sample, text } in entries(graph) {
        let taken = SAMPLE + 8 + width(text, SIZE);
        if x > left && x + taken > left + most {
            (x, y) = (left, y + ROW);
        }
        let _ = writeln!(
            out,
            "{}<text class=\"soft\" x=\"{}\" y=\"{}\">{}</text>",
            sample(x, y),
            x + SAMPLE + 8,
            y + 4,
            escaped(text)
        );
        x += taken + GAP;
    }
    out.push_str("</g>\n");
    y + ROW / 2 - top
}

fn entries(graph: &Graph) -> Vec<Entry> {
    let kinds: BTreeSet<Kind> = graph.nodes.iter().map(|node| node.kind).collect();
    let stages: BTreeSet<Stage> = graph.nodes.iter().filter_map(|node| node.state).map(Stage::of).collect();
    // Colours tell stages, if there are any, and kinds otherwise.
    let plain = (!stages.is_empty()).then_some(Stage::Coming);
    let mut entries: Vec<Entry> = kinds.into_iter().map(|of| kind(of, plain)).collect();
    entries.extend(stages.into_iter().map(stage));
    let any = |marked: fn(&Node) -> bool| graph.nodes.iter().any(marked);
    let mut entry = |shown: bool, text, sample: fn(i32, i32) -> String| {
        if shown {
            entries.push(Entry { sample: Box::new(sample), text });
        }
    };
    entry(graph.edges.iter().any(|e| matches!(e.why, Why::Reads(_))), "uses its result", |x, y| {
        line(READS, x, y)
    });
    entry(graph.edges.iter().any(|e| e.why == Why::After), "only waits for it", |x, y| line(AFTER, x, y));
    entry(any(|node| node.skipped.is_some()), "left out", |x, y| {
        format!(
            "<rect class=\"shape call skipped\" x=\"{x}\" y=\"{}\" width=\"{SAMPLE}\" height=\"16\" rx=\"4\"/>",
            y - 8
        )
    });
    entry(any(|node| node.undo.is_some()), "is taken back by", |x, y| undo_mark(x + 14, y + 3));
    entry(any(|node| node.amend.is_some()), "is changed by", |x, y| amend_mark(x + 14, y + 3));
    entry(any(|node| node.point_of_no_return), "point of no return", |x, y| {
        format!("<path class=\"bar\" d=\"M{} {}v18\"/>", x + SAMPLE / 2, y - 9)
    });
    entries
}

fn kind(kind: Kind, stage: Option<Stage>) -> Entry {
    Entry { sample: Box::new(move |x, y| outline(kind, stage, small(x, y))), text: kind.word() }
}

fn stage(stage: Stage) -> Entry {
    Entry { sample: Box::new(move |x, y| outline(Kind::Call, Some(stage), small(x, y))), text: stage.text() }
}

/// Where the outline of a sample is.
const fn small(x: i32, y: i32) -> Rect {
    Rect { x: x + 3, y: y - 8, width: SAMPLE - 6, height: 16 }
}

fn line(group: u8, x: i32, y: i32) -> String {
    let end = x + SAMPLE;
    format!("<path class=\"{}\" d=\"M{x} {y}H{}\"/>{}", edge_class(group), end - 6, arrow_head(group, end, y))
}
