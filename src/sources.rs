//! Reading what the command line names: folders of blueprints, and JSON documents in files or from standard input.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, anyhow};
use model::{DocumentError, Fault, Value, limits};

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
    if folder.is_file() {
        let parent =
            folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let error =
            anyhow!("`{}` is a file: expected the folder that the blueprints are in", folder.display());
        return Err(Failure::misuse(error).with_help(format!(
            "files of a folder are read together: give the folder, such as `{}`",
            parent.display()
        )));
    }
    let paths = files_below(folder)?;
    let read = |path: PathBuf| Ok((name_below(folder, &path), read_text(&path)?));
    paths.into_iter().map(read).collect()
}

/// The files among paths and the blueprint files below the folders among them, sorted, each once.
pub(crate) fn blueprint_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_below(path)?);
        } else {
            files.push(path.clone());
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// The blueprint files below a folder, sorted; there may be none.
pub(crate) fn any_files_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    sorted_files(folder, DEPTH)
}

/// The blueprint files in a folder and not in those below it, sorted.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    sorted_files(folder, 0)
}

fn sorted_files(folder: &Path, depth: usize) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    collect(folder, depth, &mut paths)?;
    paths.sort();
    Ok(paths)
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let paths = any_files_below(folder)?;
    if paths.is_empty() {
        let error = anyhow!("there is no file `*.{EXTENSION}` below `{}`", folder.display());
        return Err(Failure::misuse(error).with_help("name the folder that the blueprints are in"));
    }
    Ok(paths)
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
    let shown = format!("`{}`", path.display());
    let file = File::open(path).with_context(|| could_not_read(&shown)).map_err(Failure::misuse)?;
    into_text(read_bounded(file, &shown)?, &shown)
}

/// The text that standard input is.
pub(crate) fn read_standard_input() -> Result<String, Failure> {
    let shown = "standard input";
    into_text(read_bounded(io::stdin().lock(), shown)?, shown)
}

/// Where a document is read from: a file, or `-` for standard input.
#[derive(Clone, Debug)]
pub(crate) enum DocumentSource {
    File(PathBuf),
    StandardInput,
}

impl From<OsString> for DocumentSource {
    fn from(argument: OsString) -> Self {
        if argument == "-" { Self::StandardInput } else { Self::File(argument.into()) }
    }
}

/// As it is named in messages.
impl fmt::Display for DocumentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "`{}`", path.display()),
            Self::StandardInput => f.write_str("standard input"),
        }
    }
}

impl DocumentSource {
    /// The order that is there, within the limit that the API has for one, or what in it could be taken in more than one way.
    pub(crate) fn order(&self) -> Result<Result<Value, Vec<Fault>>, Failure> {
        self.read(limits::ORDER_BYTES)
    }

    /// The JSON document that is there, or what in it could be taken in more than one way.
    fn read(&self, limit: usize) -> Result<Result<Value, Vec<Fault>>, Failure> {
        let shown = self.to_string();
        let bytes = match self {
            Self::File(path) => {
                let file =
                    File::open(path).with_context(|| could_not_read(&shown)).map_err(Failure::misuse)?;
                read_bounded(file, &shown)?
            }
            Self::StandardInput => read_bounded(io::stdin().lock(), &shown)?,
        };
        if bytes.len() > limit {
            return Err(Failure::no(anyhow!(
                "{shown} is too large: an order may have at most {limit} bytes, and this has {}",
                bytes.len()
            )));
        }
        parse(&bytes, &shown)
    }

    /// The JSON document that is there.
    pub(crate) fn document(&self) -> Result<Value, Failure> {
        self.read(usize::MAX)?.map_err(|faults| invalid(&self.to_string(), &faults))
    }
}

/// The JSON document that an option gives: itself, or `@` and the name of a file.
pub(crate) fn given_document(given: &str, option: &str) -> Result<Value, Failure> {
    match given.strip_prefix('@') {
        Some(file) => DocumentSource::from(OsString::from(file)).document(),
        None => document_in(given, &format!("what `{option}` says"))
            .map_err(|failure| failure.with_help(format!("to send a file, write `{option} @FILE`"))),
    }
}

/// Reads the order documents that tests of a library name, which are files below its folder.
pub(crate) fn orders_below(folder: &Path) -> impl Fn(&str) -> Result<Value, String> {
    let folder = folder.to_owned();
    move |name| {
        let below = Path::new(name);
        if !below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err("expected the name of a file below the folder of the blueprints".to_owned());
        }
        let source = DocumentSource::File(folder.join(below));
        match source.order() {
            Ok(Ok(document)) => Ok(document),
            Ok(Err(faults)) => {
                let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
                Err(faults.join("; "))
            }
            Err(failure) => Err(failure.in_one_line()),
        }
    }
}

/// The JSON document that an argument is itself.
fn document_in(argument: &str, what: &str) -> Result<Value, Failure> {
    parse(argument.as_bytes(), what)?.map_err(|faults| invalid(what, &faults))
}

fn parse(json: &[u8], shown: &str) -> Result<Result<Value, Vec<Fault>>, Failure> {
    match Value::read_document(json) {
        Ok(document) => Ok(Ok(document)),
        Err(DocumentError::Ambiguous(faults)) => Ok(Err(faults)),
        Err(wrong @ DocumentError::NotJson { .. }) => {
            Err(Failure::misuse(anyhow!(wrong).context(format!("{shown} is not JSON"))))
        }
    }
}

fn invalid(shown: &str, faults: &[Fault]) -> Failure {
    Failure::no(anyhow!("{shown} is not a valid document"))
        .with_details(faults.iter().map(ToString::to_string).collect())
}

fn could_not_read(shown: &str) -> String {
    format!("could not read {shown}")
}

/// Reads to the end, which a pipe may not have.
fn read_bounded(from: impl Read, shown: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes);
    read.with_context(|| could_not_read(shown)).map_err(Failure::misuse)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(Failure::misuse(anyhow!(
            "{shown} has more than {FILE_BYTES} bytes, and no more are read"
        )));
    }
    Ok(bytes)
}

fn into_text(bytes: Vec<u8>, shown: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| Failure::misuse(anyhow!("{shown} is not UTF-8 text")))
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
    fn what_has_no_end_is_read_up_to_the_limit() {
        assert_eq!(read_bounded(io::repeat(b' ').take(FILE_BYTES), "it").unwrap().len() as u64, FILE_BYTES);
        let failure = read_bounded(io::repeat(b' '), "standard input").unwrap_err().to_string();
        assert_eq!(failure, "error: standard input has more than 16000000 bytes, and no more are read");
    }

    #[test]
    fn a_document_that_could_be_taken_in_two_ways_is_refused() {
        assert_eq!(
            document_in(r#"{"a": 1, "a": 2}"#, "the payload").unwrap_err().to_string(),
            "error: the payload is not a valid document\n  /a: `a` is given twice"
        );
        assert_eq!(
            document_in("{", "the payload").unwrap_err().to_string(),
            "error: the payload is not JSON\n  because: line 1, column 1: EOF while parsing an object"
        );
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_told_with_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.blueprint");
        fs::write(&file, "").unwrap();
        let failure = read_library(&file).unwrap_err().to_string();
        assert!(failure.contains("is a file: expected the folder"), "{failure}");
        assert!(failure.ends_with(&format!("such as `{}`", folder.path().display())), "{failure}");
    }

    #[test]
    fn a_folder_without_blueprints_is_misuse() {
        let folder = tempfile::tempdir().unwrap();
        let failure = read_library(folder.path()).unwrap_err().to_string();
        assert!(failure.starts_with("error: there is no file `*.blueprint` below"), "{failure}");
    }
}
