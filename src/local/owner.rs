//! Which user PostgreSQL runs as: it refuses to run as root.

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{User, geteuid};

use super::error::LocalError;

/// Users that may own a cluster when we are root, in order of preference.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// An ordinary user that a process runs as, when we are root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub uid: u32,
    /// The number of the user's group.
    pub gid: u32,
}

impl Owner {
    /// The user for PostgreSQL, or none when we are an ordinary user ourselves.
    ///
    /// # Errors
    ///
    /// [`LocalError::NoOwner`] when we are root and none of the usual users exists.
    pub fn for_postgres() -> Result<Option<Self>, LocalError> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        CANDIDATES
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
            .ok_or(LocalError::NoOwner)
    }

    /// Gives a file or folder to this user.
    pub(crate) fn take(self, path: &Path) -> Result<(), LocalError> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(LocalError::file("change the owner of", path))
    }

    /// Whether this user can enter the folder. Asked of the system itself: access lists count too.
    pub(crate) fn can_enter(self, folder: &Path) -> bool {
        use std::os::unix::process::CommandExt as _;
        Command::new("test")
            .arg("-x")
            .arg(folder)
            .uid(self.uid)
            .gid(self.gid)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}
