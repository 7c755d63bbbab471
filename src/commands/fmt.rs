//! `orderwright fmt`: blueprints in one style.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use dsl::{FormatError, SourceMap, render_terminal};
use similar::TextDiff;

use crate::failure::{Exit, Failure};
use crate::output::{print, print_lines, tell};
use crate::sources::{blueprint_files, read_standard_input, read_text};

/// Longest search for the smallest difference; after that, a larger one is shown.
const DIFF_TIME: Duration = Duration::from_secs(1);

/// Lines shown around what is different.
const CONTEXT: usize = 3;

/// Format blueprints: one style for all
///
/// Writes every `*.blueprint` file below the paths anew, if its layout is another than the one that all blueprints have; what it
/// says stays the same. Comments stay where they are. There is nothing to set.
///
/// A file that can't be read is left as it is, and its errors are shown; what it uses need not exist, that is for `check`.
/// A file is replaced as a whole or not at all.
///
/// The exit code is 0 if all files are formatted now, 1 if some are not, and 2 if there is nothing to format.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright fmt
  orderwright fmt blueprints/home_fiber.blueprint
  orderwright fmt --check
  orderwright fmt --stdin < home_fiber.blueprint")]
pub(crate) struct Args {
    /// Files, and folders with files below them
    #[arg(value_name = "PATH", default_value = "blueprints")]
    paths: Vec<PathBuf>,

    /// Change nothing: show what would be changed, and fail if anything would
    #[arg(long)]
    check: bool,

    /// Format standard input and print it
    #[arg(long, conflicts_with = "paths")]
    stdin: bool,
}

/// Formats what is named.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.stdin {
        return format_standard_input(args.check);
    }
    let files = blueprint_files(&args.paths)?;
    let (mut differ, mut unreadable) = (0_usize, 0_usize);
    for path in &files {
        let text = read_text(path)?;
        let shown = path.display().to_string();
        match format(&shown, &text) {
            None => unreadable += 1,
            Some(formatted) if formatted == text => {}
            Some(formatted) => {
                differ += 1;
                if args.check {
                    print_lines(&difference(&shown, &text, &formatted))?;
                } else {
                    replace(path, &formatted)?;
                    print(format_args!("formatted {shown}"))?;
                }
            }
        }
    }
    if args.check && differ > 0 {
        let error = anyhow!("{differ} of {} are not formatted", counted(files.len()));
        return Err(Failure::no(error).with_help("`orderwright fmt` formats them"));
    }
    let already = files.len() - differ - unreadable;
    match (differ, already) {
        (0, 0) => {}
        (0, already) => print(format_args!("{} formatted already", counted(already)))?,
        (now, 0) => print(format_args!("{} formatted now", counted(now)))?,
        (now, already) => print(format_args!("{} formatted now, {already} already", counted(now)))?,
    }
    if unreadable > 0 { Err(Failure::told(Exit::No)) } else { Ok(()) }
}

fn format_standard_input(check: bool) -> Result<(), Failure> {
    let text = read_standard_input()?;
    let formatted = format("standard input", &text).ok_or_else(|| Failure::told(Exit::No))?;
    if !check {
        return print_lines(&formatted);
    }
    if formatted == text {
        return Ok(());
    }
    print_lines(&difference("standard input", &text, &formatted))?;
    Err(Failure::no(anyhow!("standard input is not formatted")))
}

/// The formatted text. None if there is none, which has been told.
fn format(name: &str, text: &str) -> Option<String> {
    match dsl::format(text) {
        Ok(formatted) => Some(formatted),
        Err(FormatError::Unreadable(faults)) => {
            let sources = SourceMap::new(&[(name.to_owned(), text.to_owned())]);
            tell(render_terminal(&faults, &sources, console::colors_enabled_stderr()).trim_end());
            None
        }
        Err(wrong @ FormatError::Changed) => {
            let failure = Failure::no(anyhow!(wrong).context(format!("could not format `{name}`")));
            tell(
                failure.with_help("it is left as it is: this is an error in `orderwright`, not in the file"),
            );
            None
        }
    }
}

/// What formatting changes, as a patch.
fn difference(name: &str, text: &str, formatted: &str) -> String {
    let diff = TextDiff::configure().timeout(DIFF_TIME).diff_lines(text, formatted);
    let patch =
        diff.unified_diff().context_radius(CONTEXT).header(name, &format!("{name} (formatted)")).to_string();
    let coloured = |line: &str| match line.bytes().next() {
        Some(b'-') => console::style(line).red().to_string(),
        Some(b'+') => console::style(line).green().to_string(),
        _ => line.to_owned(),
    };
    patch.lines().map(coloured).collect::<Vec<_>>().join("\n")
}

/// Replaces a file, or what a link leads to, as a whole: whoever reads it meanwhile sees one text or the other.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let path = fs::canonicalize(path)?;
        // Moving another file here needs no right to write this one.
        let permissions = OpenOptions::new().write(true).open(&path)?.metadata()?.permissions();
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(&path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    };
    write().with_context(|| format!("could not write `{}`", path.display())).map_err(Failure::misuse)
}

fn counted(files: usize) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}
