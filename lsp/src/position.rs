//! Places in a text as the protocol has them: lines and UTF-16 units, both from 0.

use lsp_types::{Position, Range};

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = |(at, byte): (usize, &u8)| match byte {
            b'\n' => Some(at + 1),
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => Some(at + 1),
            _ => None,
        };
        Self { starts: std::iter::once(0).chain(bytes.iter().enumerate().filter_map(ends)).collect() }
    }

    /// The place of a byte. What is inside a character is its start, and what is behind the end is the end.
    pub(crate) fn position(&self, text: &str, byte: usize) -> Position {
        let byte = text.floor_char_boundary(byte.min(text.len()));
        let line = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = text.get(start..byte).unwrap_or_default();
        Position { line: number(line), character: number(before.encode_utf16().count()) }
    }

    /// The byte of a place. What is behind the end of its line is that end, and what is behind the last line is the end.
    pub(crate) fn byte(&self, text: &str, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else { return text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        let written = text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n']);
        let wanted = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut units = 0;
        for (at, c) in written.char_indices() {
            if units + c.len_utf16() > wanted {
                return start + at;
            }
            units += c.len_utf16();
        }
        start + written.len()
    }

    pub(crate) fn range(&self, text: &str, start: usize, end: usize) -> Range {
        Range { start: self.position(text, start), end: self.position(text, end) }
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_utf_16_units_and_lines_end_as_they_like() {
        let text = "aé😀b\r\nc\rd\n\n";
        let lines = Lines::new(text);
        for (byte, line, character) in [
            (0, 0, 0),
            (1, 0, 1),
            (3, 0, 2),
            (7, 0, 4),
            (8, 0, 5),
            (10, 1, 0),
            (12, 2, 0),
            (14, 3, 0),
            (15, 4, 0),
        ] {
            let position = Position { line, character };
            assert_eq!(lines.position(text, byte), position, "byte {byte}");
            assert_eq!(lines.byte(text, position), byte, "{position:?}");
        }
    }

    #[test]
    fn places_that_do_not_exist_are_the_nearest_that_do() {
        let text = "a😀\r\nb";
        let lines = Lines::new(text);
        let byte = |line, character| lines.byte(text, Position { line, character });
        assert_eq!(
            [byte(0, 2), byte(0, 99), byte(1, 99), byte(9, 0), byte(u32::MAX, u32::MAX)],
            [1, 5, 8, 8, 8]
        );
        assert_eq!(lines.position(text, 3), Position { line: 0, character: 1 });
        assert_eq!(lines.position(text, 99), Position { line: 1, character: 1 });
        assert_eq!(Lines::new("").byte("", Position { line: 3, character: 3 }), 0);
    }
}
