//! What `up` remembers from run to run: the ports.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::local::LocalError;

/// The content of `state.json` in the data folder.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The port of each service, by name.
    pub(super) ports: BTreeMap<String, u16>,
}

impl State {
    /// What the last run left. A file that can't be understood counts as none: ports are then chosen anew.
    pub(super) fn load(data_dir: &Path) -> Result<Self, LocalError> {
        let path = data_dir.join("state.json");
        match fs::read(&path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(LocalError::file("read", &path)(error)),
        }
    }

    /// Written whole or not at all: a crash must not leave half a file.
    pub(super) fn save(&self, data_dir: &Path) -> Result<(), LocalError> {
        let (path, new) = (data_dir.join("state.json"), data_dir.join("state.json.new"));
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| LocalError::file("write", &path)(error.into()))?;
        text.push('\n');
        fs::write(&new, text).map_err(LocalError::file("write", &new))?;
        fs::rename(&new, &path).map_err(LocalError::file("rename", &new))
    }
}

/// The port that `up` chose for a service when it ran last.
pub(crate) fn remembered_port(data_dir: &Path, name: &str) -> Option<u16> {
    State::load(data_dir).ok()?.ports.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let state = State { ports: BTreeMap::from([("postgres".to_owned(), 5433)]) };
        state.save(folder.path()).unwrap();
        assert_eq!(State::load(folder.path()).unwrap(), state);
    }

    #[test]
    fn no_file_and_a_broken_file_are_a_fresh_start() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(State::load(folder.path()).unwrap(), State::default());
        fs::write(folder.path().join("state.json"), r#"{"ports": "all of th"#).unwrap();
        assert_eq!(State::load(folder.path()).unwrap(), State::default());
    }
}
