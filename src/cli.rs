//! The command line: the tree of commands, and how their failures leave the process.
//!
//! A command is one file under `commands` with its `Args` and a `run`; adding one means a line in [`Command`] and a
//! line in [`Command::run`].

use std::io::Write as _;
use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

use crate::commands;
use crate::failure::Failure;

/// Turns orders into plans and carries the plans out.
///
/// Blueprints say what is done for an order; `check` and `plan` read them without any server. `up` runs everything on this
/// machine; `publish`, `submit` and the commands after it talk to the API that `up` or `serve` runs.
#[derive(Debug, Parser)]
#[command(name = "orderwright", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; of `watch` and `submit --watch`: the order is completed
  1  the answer is no: errors were found, the order refused what was asked, or it ended in another way
  2  the command line is wrong, or a file that it names
  3  a service that is needed can't be started or reached

Colours are only used on terminals, and not if `NO_COLOR` is set.";

#[derive(Debug, Subcommand)]
enum Command {
    Up(commands::up::Args),
    Demo(commands::demo::Args),
    Check(commands::check::Args),
    Explain(commands::explain::Args),
    Fmt(commands::fmt::Args),
    Plan(commands::plan::Args),
    Diff(commands::diff::Args),
    Graph(commands::graph::Args),
    Test(commands::test::Args),
    Lsp(commands::lsp::Args),
    Publish(commands::publish::Args),
    Submit(commands::submit::Args),
    Get(commands::get::Args),
    List(commands::list::Args),
    Watch(commands::watch::Args),
    Amend(commands::amend::Args),
    Move(commands::move_to::Args),
    Versions(commands::versions::Args),
    Cancel(commands::cancel::Args),
    Pause(commands::pause::Args),
    Resume(commands::resume::Args),
    Signal(commands::signal::Args),
    Retry(commands::retry::Args),
    Rollback(commands::rollback::Args),
    Complete(commands::complete::Args),
    Skip(commands::skip::Args),
    Undone(commands::undone::Args),
    Accept(commands::accept::Args),
    Fallout(Box<commands::fallout::Args>),
    Residue(commands::residue::Args),
    Reconcile(commands::reconcile::Args),
    Mirror(commands::mirror::Args),
    Serve(commands::serve::Args),
    Sim(commands::sim::Args),
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Up(args) => commands::up::run(args),
            Self::Demo(args) => commands::demo::run(args),
            Self::Check(args) => commands::check::run(&args),
            Self::Explain(args) => commands::explain::run(&args),
            Self::Fmt(args) => commands::fmt::run(&args),
            Self::Plan(args) => commands::plan::run(&args),
            Self::Diff(args) => commands::diff::run(&args),
            Self::Graph(args) => commands::graph::run(&args),
            Self::Test(args) => commands::test::run(&args),
            Self::Lsp(args) => commands::lsp::run(&args),
            Self::Publish(args) => commands::publish::run(&args),
            Self::Submit(args) => commands::submit::run(&args),
            Self::Get(args) => commands::get::run(&args),
            Self::List(args) => commands::list::run(&args),
            Self::Watch(args) => commands::watch::run(&args),
            Self::Amend(args) => commands::amend::run(&args),
            Self::Move(args) => commands::move_to::run(&args),
            Self::Versions(args) => commands::versions::run(&args),
            Self::Cancel(args) => commands::cancel::run(&args),
            Self::Pause(args) => commands::pause::run(&args),
            Self::Resume(args) => commands::resume::run(&args),
            Self::Signal(args) => commands::signal::run(&args),
            Self::Retry(args) => commands::retry::run(&args),
            Self::Rollback(args) => commands::rollback::run(&args),
            Self::Complete(args) => commands::complete::run(&args),
            Self::Skip(args) => commands::skip::run(&args),
            Self::Undone(args) => commands::undone::run(&args),
            Self::Accept(args) => commands::accept::run(&args),
            Self::Fallout(args) => commands::fallout::run(&args),
            Self::Residue(args) => commands::residue::run(&args),
            Self::Reconcile(args) => commands::reconcile::run(&args),
            Self::Mirror(args) => commands::mirror::run(&args),
            Self::Serve(args) => commands::serve::run(&args),
            Self::Sim(args) => commands::sim::run(args),
        }
    }
}

/// Runs the command that the process was started with and says how the process must end.
#[must_use]
pub fn main() -> ExitCode {
    match Cli::try_parse().unwrap_or_else(|wrong| with_tip(wrong).exit()).command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_told() {
                // Nobody is left to tell when standard error is closed.
                let _ = writeln!(std::io::stderr(), "{failure}");
            }
            failure.exit.into()
        }
    }
}

/// Says how the id of an order is found, to who gave something else.
fn with_tip(mut wrong: clap::Error) -> clap::Error {
    let of_order = |value: &ContextValue| value.to_string().contains("<ORDER>");
    let is_id = wrong.get(ContextKind::InvalidArg).is_some_and(of_order);
    if wrong.kind() == ErrorKind::ValueValidation && is_id {
        let given = wrong.get(ContextKind::InvalidValue).map(ToString::to_string).unwrap_or_default();
        let tip = format!(
            "`orderwright list --query '{given}'` finds orders by what senders and customers call them"
        );
        wrong.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn who_has_no_id_of_an_order_is_told_how_to_find_it() {
        let said = |arguments: &[&str]| with_tip(Cli::try_parse_from(arguments).unwrap_err()).to_string();
        let tip =
            "tip: `orderwright list --query 'AFT-1'` finds orders by what senders and customers call them";
        for command in ["get", "watch", "versions", "pause"] {
            let said = said(
                &["orderwright", command, "AFT-1", "--note", "x"][..if command == "pause" { 5 } else { 3 }],
            );
            assert!(said.contains(tip), "{said}");
        }
        assert!(!said(&["orderwright", "list", "--limit", "AFT-1"]).contains("--query"));
    }
}
