//! A file of a library: what the editor has of it, or else what is on the disk.

use lsp_types::{TextDocumentContentChangeEvent, Url};

use crate::position::Lines;

/// A file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) url: Url,
    /// What is on the disk, as far as is known.
    pub(crate) saved: Option<String>,
    /// What the editor has.
    pub(crate) open: Option<Open>,
}

/// What an editor has of a file.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) text: String,
    pub(crate) version: i32,
}

impl Document {
    /// The text that counts.
    pub(crate) fn text(&self) -> Option<&str> {
        self.open.as_ref().map(|open| open.text.as_str()).or(self.saved.as_deref())
    }
}

impl Open {
    /// Makes changes, each to what the one before it left.
    pub(crate) fn change(&mut self, changes: Vec<TextDocumentContentChangeEvent>) {
        for change in changes {
            match change.range {
                None => self.text = change.text,
                Some(range) => {
                    let lines = Lines::new(&self.text);
                    let start = lines.byte(&self.text, range.start);
                    let end = lines.byte(&self.text, range.end).max(start);
                    self.text.replace_range(start..end, &change.text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lsp_types::{Position, Range};

    use super::*;

    #[test]
    fn changes_are_made_one_after_the_other_and_out_of_bounds_is_the_end() {
        let mut open = Open { text: "a😀b\nc".to_owned(), version: 1 };
        let at = |line, character| Position { line, character };
        let change = |start, end, text: &str| TextDocumentContentChangeEvent {
            range: Some(Range { start, end }),
            range_length: None,
            text: text.to_owned(),
        };
        open.change(vec![change(at(0, 1), at(0, 3), "é"), change(at(0, 2), at(0, 3), "")]);
        assert_eq!(open.text, "aé\nc");
        open.change(vec![change(at(7, 0), at(9, 9), "!"), change(at(1, 5), at(0, 0), "?")]);
        assert_eq!(open.text, "aé\nc!?");
        open.change(vec![TextDocumentContentChangeEvent {
            range: None,
            range_length: None,
            text: String::new(),
        }]);
        assert_eq!(open.text, "");
    }
}
