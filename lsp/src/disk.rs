//! What the server reads of files. The command line says how.

use std::path::{Path, PathBuf};

/// Where files of libraries are found. Errors are texts for people.
pub trait Disk {
    /// The blueprint files below a folder, at any depth.
    ///
    /// # Errors
    /// The folder can't be read, or there are too many files.
    fn files_below(&self, folder: &Path) -> Result<Vec<PathBuf>, String>;

    /// The blueprint files in a folder, not those in folders in it.
    ///
    /// # Errors
    /// The folder can't be read, or there are too many files.
    fn files_in(&self, folder: &Path) -> Result<Vec<PathBuf>, String>;

    /// The text of a file; none if there is no such file.
    ///
    /// # Errors
    /// The file can't be read, or is too large, or is not text.
    fn read(&self, path: &Path) -> Result<Option<String>, String>;

    /// Whether there is such a folder.
    fn is_folder(&self, path: &Path) -> bool;
}
