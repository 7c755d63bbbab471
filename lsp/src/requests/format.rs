//! The one style.

use lsp_types::TextEdit;

use crate::library::{Seen, Snapshot};

/// The change that formats a file; none if it can't be read, which is shown already.
pub(super) fn format(snapshot: &Snapshot, file: &Seen) -> Option<Vec<TextEdit>> {
    let text = snapshot.text_of(file);
    let formatted = dsl::format(text).ok()?;
    if formatted == text {
        return Some(Vec::new());
    }
    // Only the lines that change are replaced, so that the cursor stays where it is in the others.
    let (head, rest) = common(text.split_inclusive('\n'), formatted.split_inclusive('\n'));
    let most = text.len().min(formatted.len()) - head;
    let (mut tail, _) =
        common(text.split_inclusive('\n').rev().take(rest), formatted.split_inclusive('\n').rev().take(rest));
    if tail > most {
        tail = 0;
    }
    let range = snapshot.between(file, head, text.len() - tail);
    let new_text = formatted.get(head..formatted.len() - tail).unwrap_or_default().to_owned();
    Some(vec![TextEdit { range, new_text }])
}

/// How many bytes two texts have in common line by line, and how many lines of either are left at most.
fn common<'t>(one: impl Iterator<Item = &'t str>, other: impl Iterator<Item = &'t str>) -> (usize, usize) {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    let mut bytes = 0;
    while let (Some(a), Some(b)) = (one.peek(), other.peek()) {
        if a != b {
            break;
        }
        bytes += a.len();
        one.next();
        other.next();
    }
    (bytes, one.count().min(other.count()))
}
