//! How much of a library is looked into.

use crate::diagnostic::FileId;

/// What of a library an [`Index`](super::Index) knows uses and types of. It knows every declaration of all files in any case:
/// what a name means may stand in another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Nothing: declarations will do.
    Names,
    /// One file, with the results of the tasks that tests in it name. What a name or an expression in it means depends on what the
    /// other files declare, and on nothing they do with it.
    File(FileId),
    /// All files.
    Whole,
}

impl Part {
    /// Whether a file is in it.
    pub(crate) fn has(self, file: FileId) -> bool {
        match self {
            Self::Names => false,
            Self::File(only) => only == file,
            Self::Whole => true,
        }
    }

    /// Whether all of another is in it.
    pub(super) fn covers(self, other: Self) -> bool {
        match other {
            Self::Names => true,
            Self::File(file) => self.has(file),
            Self::Whole => self == Self::Whole,
        }
    }
}
