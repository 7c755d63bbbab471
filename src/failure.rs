//! Why a command did not do what it was asked, and the exit code that says so.
//!
//! Commands return [`Failure`]; only `cli` prints it.

use std::fmt;
use std::process::ExitCode;

use crate::local::LocalError;

/// How a command ended, as scripts see it. Documented in the help text of `cli`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked could be answered, and the answer is no.
    No,
    /// A service that the command needs can't be started or reached.
    Unavailable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        // 2 is misuse: clap ends the process with it itself.
        match exit {
            Exit::No => Self::from(1),
            Exit::Unavailable => Self::from(3),
        }
    }
}

/// Why a command failed: the chain of causes, what to do about it, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code's meaning.
    pub(crate) exit: Exit,
    error: anyhow::Error,
    help: Option<String>,
}

impl Failure {
    /// A failure with exit code 1.
    pub(crate) fn no(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::No, error: error.into(), help: None }
    }

    /// A failure with exit code 3.
    pub(crate) fn unavailable(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Unavailable, error: error.into(), help: None }
    }

    /// Adds what the reader can do about it.
    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        let help = error.help();
        Self { exit: Exit::Unavailable, error: error.into(), help }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.error)?;
        for cause in self.error.chain().skip(1) {
            write!(f, "\n  because: {cause}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn every_cause_and_the_help_are_shown() {
        let cause = anyhow::anyhow!("permission denied").context("could not read `x.toml`");
        let failure = Failure::no(cause).with_help("give yourself the right to read it");
        expect![[r#"
            error: could not read `x.toml`
              because: permission denied
              help: give yourself the right to read it"#]]
        .assert_eq(&failure.to_string());
    }
}
