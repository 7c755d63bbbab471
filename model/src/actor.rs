//! Who asked for something.

use serde::{Deserialize, Serialize};

use crate::limits;

/// The person or system behind a request, as they name themselves. Never empty; `unknown` when nobody said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Actor(String);

impl Actor {
    /// Takes a name as it comes; control characters are dropped, it is cut at 255 bytes, and nothing at all
    /// becomes `unknown`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut clean = String::new();
        for c in name.trim().chars().filter(|c| !c.is_control()) {
            if clean.len() + c.len_utf8() > limits::CALLER_KEY_BYTES {
                break;
            }
            clean.push(c);
        }
        if clean.is_empty() { Self("unknown".to_owned()) } else { Self(clean) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Actor {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.0
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
