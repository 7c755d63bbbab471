//! The folder that one `up` at a time works in.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::local::LocalError;

/// The data folder, locked for as long as this value lives (also when the process is killed).
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if needed and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(LocalError::file("create", path))?;
        let path = path.canonicalize().map_err(LocalError::file("find", path))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(LocalError::file("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::no(anyhow::anyhow!("another `orderwright up` is using `{}`", path.display()))
                    .with_help("stop that one, or name another folder with `--data-dir`"))
            }
            Err(TryLockError::Error(cause)) => Err(LocalError::file("lock", &lock_path)(cause).into()),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_used_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let first = DataDir::open(&path).unwrap();
        let refusal = DataDir::open(&path).unwrap_err().to_string();
        assert!(refusal.contains("another `orderwright up` is using"), "{refusal}");
        drop(first);
        DataDir::open(&path).unwrap();
    }
}
