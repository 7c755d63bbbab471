//! What can be folded: what has a block, and comments of several lines.

use dsl::index::OutlineNode;
use lsp_types::{FoldingRange, FoldingRangeKind};

use crate::library::{Seen, Snapshot};

/// What can be folded in a file.
pub(super) fn fold(snapshot: &Snapshot, file: &Seen) -> Option<Vec<FoldingRange>> {
    let mut folds = Vec::new();
    let mut open: Vec<&OutlineNode> = snapshot.analysis.index.outline(file.id).iter().collect();
    while let Some(node) = open.pop() {
        let range = snapshot.range(node.extent);
        folds.extend(lines(range.start.line, range.end.line, None));
        open.extend(&node.children);
    }
    folds.extend(comments(snapshot.text_of(file)));
    folds.sort_by_key(|fold| (fold.start_line, fold.end_line));
    Some(folds)
}

/// Lines that follow each other and are comments.
fn comments(text: &str) -> Vec<FoldingRange> {
    let mut folds = Vec::new();
    let mut start: Option<u32> = None;
    for (n, line) in (0_u32..).zip(text.lines().chain([""])) {
        match (line.trim_start().starts_with("//"), start) {
            (true, None) => start = Some(n),
            (false, Some(first)) => {
                folds.extend(lines(first, n.saturating_sub(1), Some(FoldingRangeKind::Comment)));
                start = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    folds
}

fn lines(start: u32, end: u32, kind: Option<FoldingRangeKind>) -> Option<FoldingRange> {
    (start < end).then(|| FoldingRange { start_line: start, end_line: end, kind, ..FoldingRange::default() })
}
