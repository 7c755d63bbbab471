//! What a deployment can call, without how: for those who publish blueprints and start orders, and call nothing.
//!
//! Reads the same `systems.toml` as [`crate::Systems`], and looks up none of the variables it names: credentials are
//! for those who use them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use model::{OperationName, QueueName, SystemName};

use crate::config::{Entry, Listing, LoadError, Reading, load};

/// The systems and operations that a `systems.toml` knows.
#[derive(Clone, Debug, Default)]
pub struct Directory(BTreeMap<SystemName, Listing>);

/// A call that a deployment can't make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The file does not name the system.
    System {
        /// The system.
        system: SystemName,
        /// The one that is probably meant, or should be.
        nearest: Option<SystemName>,
    },
    /// The file lists the system's operations, and this is none of them.
    Operation {
        /// The system.
        system: SystemName,
        /// The operation.
        operation: OperationName,
        /// The one that is probably meant, or should be.
        nearest: Option<OperationName>,
    },
}

impl Directory {
    /// Reads a `systems.toml`.
    ///
    /// # Errors
    /// The file can't be read, or anything in it is wrong; everything that is wrong is reported at once.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(cause) => Err(LoadError::Read { file, cause }),
        }
    }

    /// Takes the text of a `systems.toml`. `file` is what error messages call it.
    ///
    /// # Errors
    /// As [`Directory::load`].
    pub fn parse(file: &str, text: &str) -> Result<Self, LoadError> {
        Ok(Self::of(&load(file, text, Reading::Listing)?))
    }

    pub(crate) fn of(entries: &[Entry]) -> Self {
        Self(entries.iter().map(|entry| (entry.name.clone(), entry.listing.clone())).collect())
    }

    /// Whether the deployment declares the operation short (less than 2 s) and idempotent by key. None is whose system has
    /// a queue.
    #[must_use]
    pub fn is_inline(&self, system: &SystemName, operation: &OperationName) -> bool {
        self.0
            .get(system)
            .is_some_and(|listing| listing.operations.get(operation).copied().unwrap_or(listing.inline))
    }

    /// The task queue that the system's calls have to themselves, if they have one.
    #[must_use]
    pub fn queue(&self, system: &SystemName) -> Option<&QueueName> {
        self.0.get(system)?.queue.as_ref()
    }

    /// The task queues of all systems.
    #[must_use]
    pub fn queues(&self) -> BTreeSet<&QueueName> {
        self.0.values().filter_map(|listing| listing.queue.as_ref()).collect()
    }

    /// The task queues of those systems that are not reached elsewhere: whoever has the file can serve them.
    #[must_use]
    pub fn queues_served(&self) -> BTreeSet<&QueueName> {
        self.0
            .values()
            .filter(|listing| !listing.elsewhere)
            .filter_map(|listing| listing.queue.as_ref())
            .collect()
    }

    /// Whether the file says that others reach the system.
    #[must_use]
    pub fn is_elsewhere(&self, system: &SystemName) -> bool {
        self.0.get(system).is_some_and(|listing| listing.elsewhere)
    }

    /// What keeps the deployment from calling an operation; nothing if it can.
    #[must_use]
    pub fn gap(&self, system: &SystemName, operation: &OperationName) -> Option<Gap> {
        let Some(listing) = self.0.get(system) else {
            let nearest = nearest(system, self.0.keys(), SystemName::as_str);
            return Some(Gap::System { system: system.clone(), nearest });
        };
        if listing.elsewhere || listing.convention || listing.operations.contains_key(operation) {
            return None;
        }
        let nearest = nearest(operation, listing.operations.keys(), OperationName::as_str);
        Some(Gap::Operation { system: system.clone(), operation: operation.clone(), nearest })
    }

    /// The systems, sorted.
    pub fn names(&self) -> impl Iterator<Item = &SystemName> {
        self.0.keys()
    }
}

impl Gap {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        let (meant, add) = match self {
            Self::System { system, nearest } => (
                nearest.as_ref().map(SystemName::as_str),
                format!(
                    "say in `systems.toml` how it is reached, as `[systems.{system}]` with its `url`, or with `elsewhere = \
                     true` if other processes reach it"
                ),
            ),
            Self::Operation { system, operation, nearest } => (
                nearest.as_ref().map(OperationName::as_str),
                format!("add `[systems.{system}.operations.{operation}]` to `systems.toml`"),
            ),
        };
        match meant {
            Some(meant) => format!("did you mean `{meant}`? If not, {add}"),
            None => add,
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { system, .. } => {
                write!(f, "this deployment does not say how to reach the system `{system}`")
            }
            Self::Operation { system, operation, .. } => {
                write!(
                    f,
                    "this deployment lists the operations of `{system}`, and `{operation}` is none of them"
                )
            }
        }
    }
}

/// The name closest to `written`, if one is close enough to be meant.
fn nearest<'a, N: Clone + 'a>(
    written: &N,
    names: impl Iterator<Item = &'a N>,
    text: impl Fn(&N) -> &str,
) -> Option<N> {
    /// Everything is within two edits of a word of three letters.
    const EDITS: usize = 2;
    let reach = EDITS.min(text(written).chars().count() / 2);
    let near = names.map(|name| (strsim::damerau_levenshtein(text(written), text(name)), name));
    near.filter(|(edits, _)| *edits <= reach).min_by_key(|(edits, _)| *edits).map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [systems.crm]
        url        = "${CRM_URL}/api"
        bearer_env = "CRM_TOKEN"
        proxy      = "${PROXY}"
        convention = false
        [systems.crm.operations.check]
        inline = true
        [systems.crm.operations.register]
        [systems.billing]
        url = "http://billing.example"
        inline = true
        [systems.legacy]
        elsewhere = true
    "#;

    #[test]
    fn queues_are_known_and_those_of_systems_that_are_reached_elsewhere_are_served_elsewhere() {
        let text = "[systems.a]\nurl = \"http://a\"\nqueue = \"east\"\n[systems.b]\nelsewhere = true\nqueue = \"west\"\n\
                    [systems.c]\nurl = \"http://c\"\n";
        let directory = Directory::parse("systems.toml", text).unwrap();
        let queue = |system: &str| directory.queue(&system.parse().unwrap()).map(QueueName::as_str);
        assert_eq!(["a", "b", "c", "d"].map(queue), [Some("east"), Some("west"), None, None]);
        let names = |queues: BTreeSet<&QueueName>| -> Vec<String> {
            queues.into_iter().map(ToString::to_string).collect()
        };
        assert_eq!(names(directory.queues()), ["east", "west"]);
        assert_eq!(names(directory.queues_served()), ["east"]);
    }

    fn gap(call: &str) -> Option<String> {
        let (system, operation) = call.split_once('.').unwrap();
        let directory = Directory::parse("systems.toml", FILE).unwrap_or_else(|wrong| panic!("{wrong}"));
        let gap = directory.gap(&system.parse().unwrap(), &operation.parse().unwrap())?;
        Some(format!("{gap}: {}", gap.remedy()))
    }

    #[test]
    fn what_can_be_called_is_known_without_any_variable() {
        for call in ["crm.check", "crm.register", "billing.anything", "legacy.anything"] {
            assert_eq!(gap(call), None, "{call}");
        }
    }

    #[test]
    fn what_can_not_be_called_is_named_with_what_is_near() {
        assert_eq!(
            gap("bililng.open").unwrap(),
            "this deployment does not say how to reach the system `bililng`: did you mean `billing`? If not, say in \
             `systems.toml` how it is reached, as `[systems.bililng]` with its `url`, or with `elsewhere = true` if other \
             processes reach it"
        );
        assert_eq!(
            gap("crm.chek").unwrap(),
            "this deployment lists the operations of `crm`, and `chek` is none of them: did you mean `check`? If not, add \
             `[systems.crm.operations.chek]` to `systems.toml`"
        );
        assert!(!gap("olt.activate").unwrap().contains("did you mean"));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_without_its_variables_too() {
        let text = "[systems.a]\nurl = \"${A\"\nbearer_env = \"a b\"\n[systems.b]\nelsewhere = true\nurl = \"http://b\"\n";
        let wrong = Directory::parse("systems.toml", text).unwrap_err().to_string();
        let lines: Vec<_> = wrong.lines().filter(|line| !line.starts_with("  ")).collect();
        assert_eq!(
            lines,
            [
                "systems.toml:2:7: `systems.a.url`: `${` without `}`",
                "systems.toml:3:14: `systems.a.bearer_env`: expected the name of an environment variable, not a value",
                "systems.toml:6:7: `systems.b.url`: a system that is reached elsewhere has no address here",
            ]
        );
    }
}
