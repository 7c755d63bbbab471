//! What is wrong with a configuration file, for people.

use std::fmt;
use std::ops::Range;

use model::SystemName;

/// One thing that is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key it is about, such as `systems.crm.url`; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what was expected: lower case, no full stop.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
}

/// Why a `systems.toml` can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file can't be read.
    #[error("could not read `{file}`")]
    Read {
        /// The file.
        file: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// No HTTP client can be made for a system: the machine has no certificates to trust, for one.
    #[error("{file}: could not prepare to call the system `{system}`")]
    Client {
        /// The file, as it was named.
        file: String,
        /// The system.
        system: SystemName,
        /// Why.
        #[source]
        cause: reqwest::Error,
    },
    /// The file says something that can't be.
    #[error("{}", listing(file, problems))]
    Invalid {
        /// The file, as it was named.
        file: String,
        /// Everything that is wrong, from top to bottom; never empty.
        problems: Vec<Problem>,
    },
}

fn listing(file: &str, problems: &[Problem]) -> String {
    let one = |problem: &Problem| {
        let mut text = format!("{file}:{}:{}: ", problem.line, problem.column);
        if !problem.key.is_empty() {
            text.push_str(&format!("`{}`: ", problem.key));
        }
        text.push_str(&problem.message);
        if let Some(help) = &problem.help {
            text.push_str(&format!("\n  help: {help}"));
        }
        text
    };
    problems.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Gathers problems while a file is read.
#[derive(Debug)]
pub(super) struct Problems<'a> {
    text: &'a str,
    found: Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes a problem at a place in the text.
    pub(super) fn add(&mut self, at: Range<usize>, key: impl Into<String>, message: impl fmt::Display) {
        self.push(at, key.into(), message.to_string(), None);
    }

    /// Notes a problem whose remedy is known.
    pub(super) fn add_with_help(
        &mut self,
        at: Range<usize>,
        key: impl Into<String>,
        message: impl fmt::Display,
        help: impl Into<String>,
    ) {
        self.push(at, key.into(), message.to_string(), Some(help.into()));
    }

    fn push(&mut self, at: Range<usize>, key: String, message: String, help: Option<String>) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        self.found.push(Problem { line, column, key, message, help });
    }

    /// Everything found, from top to bottom.
    pub(super) fn into_sorted(mut self) -> Vec<Problem> {
        self.found.sort();
        self.found
    }
}
