//! The command line: the tree of commands, and how their failures leave the process.
//!
//! A command is one file under `commands` with its `Args` and a `run`; adding one means a line in [`Command`] and a
//! line in [`Command::run`].

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;
use crate::failure::Failure;

/// Turns orders into plans and carries the plans out.
#[derive(Debug, Parser)]
#[command(name = "orderwright", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the answer is no: errors were found, or the order refused what was asked
  2  the command line is wrong
  3  a service that is needed can't be started or reached";

#[derive(Debug, Subcommand)]
enum Command {
    Up(commands::up::Args),
    Sim(commands::sim::Args),
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Up(args) => commands::up::run(args),
            Self::Sim(args) => commands::sim::run(args),
        }
    }
}

/// Runs the command that the process was started with and says how the process must end.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "{failure}");
            failure.exit.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }
}
