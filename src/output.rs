//! Printing to standard output, and telling what went wrong on standard error.
//!
//! Colours are those of `console`: on a terminal, unless `NO_COLOR` is set.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use serde::Serialize;

use crate::failure::{Exit, Failure};

/// How many texts have been printed: who draws over lines must know whether others stand below them.
static PRINTED: AtomicUsize = AtomicUsize::new(0);

/// How many texts have been printed so far.
pub(crate) fn printed() -> usize {
    PRINTED.load(Ordering::Relaxed)
}

/// Prints a text and ends its line.
///
/// A reader that went away (`| head`) ends the command without a word.
pub(crate) fn print(text: impl fmt::Display) -> Result<(), Failure> {
    PRINTED.fetch_add(1, Ordering::Relaxed);
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::told(Exit::No)),
        Err(error) => {
            Err(Failure::no(anyhow::Error::new(error).context("could not write to standard output")))
        }
    }
}

/// Prints a page of a list, and how to go on; `none` if there is nothing in it.
pub(crate) fn print_page<T>(
    page: &[T],
    none: &str,
    show: impl FnOnce(&[T]) -> String,
    next: Option<&str>,
) -> Result<(), Failure> {
    if page.is_empty() {
        return print(none);
    }
    print(show(page))?;
    match next {
        Some(cursor) => print(console::style(format!("more with --cursor {cursor}")).dim()),
        None => Ok(()),
    }
}

/// Prints lines that end as they are; nothing if there are none.
pub(crate) fn print_lines(lines: &str) -> Result<(), Failure> {
    if lines.is_empty() { Ok(()) } else { print(lines.trim_end_matches('\n')) }
}

/// Tells what went wrong with a part of what was asked, on standard error.
pub(crate) fn tell(text: impl fmt::Display) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a JSON document for people and programs, over several lines.
pub(crate) fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document).context("could not write JSON").map_err(Failure::no)?;
    print(text)
}

/// Prints a JSON document on one line, for streams of them.
pub(crate) fn print_json_line(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(document).context("could not write JSON").map_err(Failure::no)?;
    print(text)
}
