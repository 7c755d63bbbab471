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
    /// What was asked makes no sense: a file that is not there, a text that is not JSON.
    Misuse,
    /// A service that the command needs can't be started or reached.
    Unavailable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::No => Self::from(1),
            // clap ends the process with it, too.
            Exit::Misuse => Self::from(2),
            Exit::Unavailable => Self::from(3),
        }
    }
}

/// Why a command failed: the chain of causes, what to do about it, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code's meaning.
    pub(crate) exit: Exit,
    /// None when the command has printed all there is to say.
    error: Option<anyhow::Error>,
    /// More than the error's own line, each line by itself.
    details: Vec<String>,
    help: Option<String>,
}

impl Failure {
    fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: Some(error.into()), details: Vec::new(), help: None }
    }

    /// A failure with exit code 1.
    pub(crate) fn no(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::No, error)
    }

    /// A failure with exit code 2.
    pub(crate) fn misuse(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Misuse, error)
    }

    /// A failure with exit code 3.
    pub(crate) fn unavailable(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Unavailable, error)
    }

    /// An exit code for a reader who has been told everything already.
    pub(crate) fn told(exit: Exit) -> Self {
        Self { exit, error: None, details: Vec::new(), help: None }
    }

    /// The same, where what failed was needed to make sense of what was asked.
    pub(crate) fn into_misuse(self) -> Self {
        Self { exit: Exit::Misuse, ..self }
    }

    /// Adds what the reader can do about it.
    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Adds lines below the error's own.
    pub(crate) fn with_details(self, details: Vec<String>) -> Self {
        Self { details, ..self }
    }

    /// The error and its causes, for a line that says more.
    pub(crate) fn in_one_line(&self) -> String {
        let causes = self.error.iter().flat_map(anyhow::Error::chain);
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    /// Whether there is nothing left to say.
    pub(crate) fn is_told(&self) -> bool {
        self.error.is_none()
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        let help = error.help();
        Self { help, ..Self::unavailable(error) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = &self.error else { return Ok(()) };
        write!(f, "error: {error}")?;
        for cause in error.chain().skip(1) {
            write!(f, "\n  because: {cause}")?;
        }
        for line in &self.details {
            write!(f, "\n  {line}")?;
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

    #[test]
    fn details_stand_between_the_error_and_the_help() {
        let failure = Failure::no(anyhow::anyhow!("the document is not valid"))
            .with_details(vec!["/items: expected at least one item".to_owned()])
            .with_help("mend it");
        expect![[r#"
            error: the document is not valid
              /items: expected at least one item
              help: mend it"#]]
        .assert_eq(&failure.to_string());
    }
}
