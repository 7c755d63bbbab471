//! Where the programs of others are: PostgreSQL, Temporal, `setpriv`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::LocalError;

/// Where Debian keeps PostgreSQL's server programs, one folder per major version.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// Where `./dev` puts the Temporal program that it fetches, relative to the project.
const DEV_TEMPORAL: &str = ".dev/venv/bin/temporal";

/// The folder of PostgreSQL's server programs.
///
/// A cluster that exists needs the major version that made it; a new one takes what the PATH offers first, then
/// Debian's highest version.
pub(super) fn postgres(existing: Option<&Path>) -> Result<PathBuf, LocalError> {
    let mut candidates = postgres_candidates().into_iter();
    let Some(cluster) = existing else {
        return candidates.next().ok_or(LocalError::PostgresMissing);
    };
    let version_file = cluster.join("PG_VERSION");
    let needed = fs::read_to_string(&version_file).map_err(LocalError::file("read", &version_file))?;
    let needed = needed.trim();
    candidates
        .find(|folder| major_version(folder).as_deref() == Some(needed))
        .ok_or_else(|| LocalError::PostgresVersion { folder: cluster.to_owned(), needed: needed.to_owned() })
}

/// The Temporal program: from the PATH, else the one that `./dev` fetched.
pub(super) fn temporal() -> Result<PathBuf, LocalError> {
    on_path("temporal")
        .or_else(|| {
            let fetched = env::current_dir().ok()?.join(DEV_TEMPORAL);
            fetched.is_file().then_some(fetched)
        })
        .ok_or(LocalError::TemporalMissing)
}

/// The program of util-linux that can tie a process to its parent's life.
pub(super) fn setpriv() -> Option<PathBuf> {
    on_path("setpriv")
}

fn on_path(program: &str) -> Option<PathBuf> {
    path_folders().into_iter().map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn path_folders() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

fn postgres_candidates() -> Vec<PathBuf> {
    let mut debian: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN_POSTGRES)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    debian.sort_by_key(|(version, _)| std::cmp::Reverse(*version));

    path_folders()
        .into_iter()
        .chain(debian.into_iter().map(|(_, folder)| folder))
        .filter(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        // PATH may hold links; the programs find their own files relative to where they really are.
        .filter_map(|folder| Some(folder.join("postgres").canonicalize().ok()?.parent()?.to_owned()))
        .collect()
}

/// `15` of `postgres (PostgreSQL) 15.12 (Debian …)`.
fn major_version(folder: &Path) -> Option<String> {
    let output = Command::new(folder.join("postgres")).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(version.chars().take_while(char::is_ascii_digit).collect())
}
