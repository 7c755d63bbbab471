//! Names and identifiers, one type each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits;

/// A text that can't be the name or id it was given as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidName {
    /// What was given, cut to a printable length.
    pub text: String,
    /// What it should have been, as a noun phrase.
    pub expected: &'static str,
}

impl InvalidName {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), expected }
    }
}

/// Letters, digits and underscores, starting with a letter or underscore.
fn is_name(text: &str) -> bool {
    text.len() <= limits::NAME_BYTES
        && text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What can stand in a list, in an address and in a file's name as it is.
fn is_queue_name(text: &str) -> bool {
    text.len() <= limits::NAME_BYTES
        && text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

fn is_item_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= limits::ITEM_ID_BYTES
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-'))
}

fn is_sequence_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= limits::CALLER_KEY_BYTES && !text.contains(char::is_control)
}

fn is_caller_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= limits::CALLER_KEY_BYTES && text.chars().all(|c| c.is_ascii_graphic())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $valid:path, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a text.
            ///
            /// # Errors
            /// The text is not of the form this type documents.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                if $valid(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName::new(text, $expected)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The name of a blueprint, as its author wrote it.
    BlueprintName, is_name, "a name (letters, digits and `_`, at most 64)"
);
text_id!(
    /// The name of a task in a blueprint. Instances of it are named by [`TaskId`].
    TaskName, is_name, "a name (letters, digits and `_`, at most 64)"
);
text_id!(
    /// The name of an external system that a blueprint declares.
    SystemName, is_name, "a name (letters, digits and `_`, at most 64)"
);
text_id!(
    /// The name of an operation or query of a system.
    OperationName, is_name, "a name (letters, digits and `_`, at most 64)"
);
text_id!(
    /// The name of a task queue that calls of systems have to themselves.
    QueueName, is_queue_name,
    "the name of a queue (letters, digits and `. _ -`, beginning with a letter or digit, at most 64)"
);
text_id!(
    /// The name of a signal that a task waits for.
    SignalName, is_name, "a name (letters, digits and `_`, at most 64)"
);
text_id!(
    /// The people that a task by hand is for: `operations`, `dispatch`.
    RoleName, is_name, "a name (letters, digits and `_`, at most 64)"
);
text_id!(
    /// A kind of order item, as a blueprint declares it.
    ItemKind, is_name, "a name (letters, digits and `_`, at most 64)"
);
text_id!(
    /// The id of an order item, unique within its order: letters, digits and `. _ : -`, at most 64.
    ItemId, is_item_id, "an item id (letters, digits and `. _ : -`, at most 64)"
);
text_id!(
    /// The caller's own id of an order: printable ASCII without spaces, at most 255.
    ExternalId, is_caller_key, "an id (printable ASCII without spaces, at most 255)"
);
text_id!(
    /// The id under which a signal, a cancel or an operator's action is delivered. A second delivery under
    /// the same id changes nothing.
    DeliveryId, is_caller_key, "an id (printable ASCII without spaces, at most 255)"
);
text_id!(
    /// Names one effect in the world. Every attempt of a call carries the same key, a new generation of a
    /// task gets a new one (`order/task/generation/direction`), and a system does the work once per key.
    IdempotencyKey, is_caller_key, "a key (printable ASCII without spaces, at most 255)"
);

text_id!(
    /// What orders have in common that follow each other, such as a subscription: any text of 1 to 255 bytes without control
    /// characters.
    SequenceKey, is_sequence_key, "a key (a text of at most 255 bytes, without control characters)"
);

/// The id of an order: a UUID, version 7 where we make it, so that ids sort by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(Uuid);

impl OrderId {
    /// The id of an order that is only planned or told of, and never taken.
    pub const NIL: Self = Self(Uuid::nil());

    /// Wraps a UUID made at the edge.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The UUID.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The id of the order that a task of this one runs, the same whenever it is asked for: a UUID of version 5.
    #[must_use]
    pub fn child(self, task: &TaskId, generation: u32) -> Self {
        Self(Uuid::new_v5(&self.0, format!("{task}/{generation}").as_bytes()))
    }
}

impl FromStr for OrderId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidName::new(text, "an order id (a UUID)"))
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One task instance of a plan: `reserve_port[1]` for the item `1`, `check_customer` for the order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId {
    /// The task as the blueprint names it.
    pub name: TaskName,
    /// The item it is for; none for a task of the whole order.
    pub item: Option<ItemId>,
}

impl TaskId {
    /// The instance of `name` for `item`, or for the whole order.
    #[must_use]
    pub const fn new(name: TaskName, item: Option<ItemId>) -> Self {
        Self { name, item }
    }
}

impl FromStr for TaskId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName::new(text, "a task id (`task` or `task[item]`)");
        match text.split_once('[') {
            None => Ok(Self::new(TaskName::new(text).map_err(|_| wrong())?, None)),
            Some((name, rest)) => {
                let item = rest.strip_suffix(']').ok_or_else(wrong)?;
                let name = TaskName::new(name).map_err(|_| wrong())?;
                Ok(Self::new(name, Some(ItemId::new(item).map_err(|_| wrong())?)))
            }
        }
    }
}

impl TryFrom<String> for TaskId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.item {
            None => self.name.fmt(f),
            Some(item) => write!(f, "{}[{item}]", self.name),
        }
    }
}

/// One published version of a blueprint: `home_fiber@3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BlueprintRef {
    /// The blueprint.
    pub name: BlueprintName,
    /// Its version, from 1.
    pub version: u32,
}

impl fmt::Display for BlueprintRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl FromStr for BlueprintRef {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let wrong = || InvalidName::new(text, "a blueprint version (`name@3`)");
        let (name, version) = text.split_once('@').ok_or_else(wrong)?;
        let version = version.parse().ok().filter(|v| *v > 0).ok_or_else(wrong)?;
        Ok(Self { name: BlueprintName::new(name).map_err(|_| wrong())?, version })
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

text_id!(
    /// A SHA-256 in lower-case hex: the content address of a plan, a blueprint or a library.
    Hash, is_hash, "a SHA-256 hash in lower-case hex"
);
