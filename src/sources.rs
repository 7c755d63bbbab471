//! Reading blueprint files and order documents from disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use crate::failure::Failure;

/// What the name of a blueprint file ends with.
const EXTENSION: &str = "blueprint";

/// Most files of one library, and most folders between the folder named and a file: more is a wrong folder.
const FILES: usize = 10_000;
const DEPTH: usize = 32;

/// Largest file that is read, in bytes. The compiler's and the API's own limits are lower and say more.
const FILE_BYTES: u64 = 16_000_000;

/// The blueprint files below a folder, sorted: the path below the folder, with `/`, and the text.
pub(crate) fn read_library(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let mut paths = Vec::new();
    collect(folder, DEPTH, &mut paths)?;
    if paths.is_empty() {
        let error = anyhow!("there is no file `*.{EXTENSION}` below `{}`", folder.display());
        return Err(Failure::misuse(error).with_help("name the folder that the blueprints are in"));
    }
    paths.sort();
    let read = |path: PathBuf| Ok((name_below(folder, &path), read_text(&path)?));
    paths.into_iter().map(read).collect()
}

/// Links are not followed: they could lead round in a circle.
fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = || format!("could not read the folder `{}`", folder.display());
    let entries = fs::read_dir(folder).with_context(cannot).map_err(Failure::misuse)?;
    for entry in entries {
        let entry = entry.with_context(cannot).map_err(Failure::misuse)?;
        let (path, kind) = (entry.path(), entry.file_type().with_context(cannot).map_err(Failure::misuse)?);
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden && depth > 0 {
            collect(&path, depth - 1, found)?;
        } else if !kind.is_dir() && path.extension().is_some_and(|extension| extension == EXTENSION) {
            found.push(path);
        }
        if found.len() > FILES {
            return Err(Failure::misuse(anyhow!("there are more than {FILES} blueprint files")));
        }
    }
    Ok(())
}

fn name_below(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// The text of a file that the command line names.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let cannot = || format!("could not read `{}`", path.display());
    let size = fs::metadata(path).with_context(cannot).map_err(Failure::misuse)?.len();
    if size > FILE_BYTES {
        let error = anyhow!("`{}` has {size} bytes, and at most {FILE_BYTES} are read", path.display());
        return Err(Failure::misuse(error));
    }
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(Failure::misuse(anyhow!("`{}` is not UTF-8 text", path.display())))
        }
        read => read.with_context(cannot).map_err(Failure::misuse),
    }
}

/// The JSON document in a file that the command line names.
pub(crate) fn read_json(path: &Path) -> Result<serde_json::Value, Failure> {
    let text = read_text(path)?;
    serde_json::from_str(&text)
        .with_context(|| format!("`{}` is not JSON", path.display()))
        .map_err(Failure::misuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_all_folders_are_found_in_order_and_others_are_left() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("access/fiber")).unwrap();
        fs::create_dir_all(folder.path().join(".git")).unwrap();
        for file in ["b.blueprint", "access/fiber/a.blueprint", ".git/c.blueprint", "notes.txt"] {
            fs::write(folder.path().join(file), file).unwrap();
        }
        let names: Vec<_> = read_library(folder.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["access/fiber/a.blueprint", "b.blueprint"]);
    }

    #[test]
    fn a_folder_without_blueprints_is_misuse() {
        let folder = tempfile::tempdir().unwrap();
        let failure = read_library(folder.path()).unwrap_err().to_string();
        assert!(failure.starts_with("error: there is no file `*.blueprint` below"), "{failure}");
    }
}
