//! The text of a library's files, and places in it.

/// Which file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(usize);

impl FileId {
    /// The first file there is.
    pub(crate) const FIRST: Self = Self(0);

    /// Its place among the files.
    pub(crate) const fn index(self) -> usize {
        self.0
    }
}

/// A stretch of bytes in one file. Lines and columns are worked out when somebody reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The start of the first file, for what concerns no place in particular.
    pub(crate) const fn nowhere() -> Self {
        Self { file: FileId::FIRST, start: 0, end: 0 }
    }

    /// From the start of this to the end of `other`.
    pub(crate) const fn to(self, other: Self) -> Self {
        Self { file: self.file, start: self.start, end: other.end }
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name, as its reader gave it: a path, usually.
    pub name: String,
    /// What is in it.
    pub text: String,
    line_starts: Vec<usize>,
}

/// The files of a library, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Takes files of a name and a text each.
    #[must_use]
    pub fn new(sources: &[(String, String)]) -> Self {
        let file = |(name, text): &(String, String)| SourceFile {
            name: name.clone(),
            text: text.clone(),
            line_starts: std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect(),
        };
        Self { files: sources.iter().map(file).collect() }
    }

    /// Every file with its id.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(n, file)| (FileId(n), file))
    }

    /// The file of an id; none if the id is of another map.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0)
    }

    /// The text in a span, empty if it is out of range.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).and_then(|file| file.text.get(span.start..span.end)).unwrap_or_default()
    }

    /// The line, from 1, that a span begins on.
    #[must_use]
    pub fn line(&self, span: Span) -> u32 {
        self.position(span.file, span.start).0
    }

    /// The line and column, each from 1 and the column in characters, of a byte of a file.
    #[must_use]
    pub fn position(&self, file: FileId, byte: usize) -> (u32, u32) {
        let Some(file) = self.file(file) else { return (1, 1) };
        let line = file.line_starts.partition_point(|start| *start <= byte).max(1);
        let start = file.line_starts.get(line - 1).copied().unwrap_or(0);
        let column = file.text.get(start..byte).map_or(0, |before| before.chars().count()) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let map = SourceMap::new(&[("a".to_owned(), "é x\n\ny".to_owned())]);
        let at = |byte| map.position(FileId::FIRST, byte);
        assert_eq!(
            [at(0), at(3), at(5), at(6), at(7), at(99)],
            [(1, 1), (1, 3), (2, 1), (3, 1), (3, 2), (3, 1)]
        );
        assert_eq!(map.text(Span { file: FileId::FIRST, start: 0, end: 2 }), "é");
        assert_eq!(map.text(Span { file: FileId::FIRST, start: 0, end: 1 }), "");
    }
}
