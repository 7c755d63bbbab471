//! What is wrong with a document, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a JSON document (RFC 6901). The empty pointer is the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pointer(String);

impl Pointer {
    /// The whole document.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The member `name` of the value at this place.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        Self(format!("{}/{}", self.0, name.replace('~', "~0").replace('/', "~1")))
    }

    /// The element `index` of the list at this place.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// This place in a value that is itself at `outer` of a larger document.
    #[must_use]
    pub fn within(&self, outer: &Self) -> Self {
        Self(format!("{}{}", outer.0, self.0))
    }

    /// Whether `other` is this place or one inside it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The pointer as text, `""` for the whole document.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that is wrong with a document that somebody sent. All faults of a document are reported at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fault {
    /// Where in the document.
    pub pointer: Pointer,
    /// What is wrong and what was expected, for a person: lower case, no full stop.
    pub detail: String,
}

impl Fault {
    /// A fault at a place.
    #[must_use]
    pub fn new(pointer: Pointer, detail: impl Into<String>) -> Self {
        Self { pointer, detail: detail.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.as_str().is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{}: {}", self.pointer, self.detail)
        }
    }
}
