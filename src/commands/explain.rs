//! `orderwright explain`: what the code of a diagnostic means.

use console::{Term, style};
use dsl::{Code, UnknownCode};

use crate::failure::Failure;
use crate::output::print;
use crate::show::page;

/// How wide text is where there is no terminal that says it.
const USUAL_WIDTH: u16 = 100;

/// Explain what the code of an error or a warning means
///
/// Prints the page about it: what it means, why it is a rule, an example that breaks it, one that does not, and how to mend it.
/// Without a code, lists all of them.
///
/// The exit code is 0, and 2 if there is no such code.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright explain BP0402
  orderwright explain missing-undo
  orderwright explain")]
pub(crate) struct Args {
    /// The code, as `check` shows it; or its name, as the JSON format of `check` has it
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Prints the page, or the list.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.code {
        Some(code) => print(page(code.parse::<Code>().map_err(unknown)?.page(), width())),
        None => print(list()),
    }
}

fn unknown(unknown: UnknownCode) -> Failure {
    let all = "`orderwright explain` lists all codes";
    let help = match unknown.meant {
        Some(meant) => format!("did you mean `{meant}`, {}? {all}", meant.title()),
        None => all.to_owned(),
    };
    Failure::misuse(unknown).with_help(help)
}

fn width() -> usize {
    Term::stdout().size_checked().map_or(USUAL_WIDTH, |(_, columns)| columns).into()
}

/// Every code with its title, below what it is about.
fn list() -> String {
    let mut lines = Vec::new();
    for codes in Code::ALL.chunk_by(|one, next| one.subject() == next.subject()) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(codes.first().map(|code| style(code.subject()).bold().cyan().to_string()));
        lines.extend(codes.iter().map(|code| format!("  {code}  {}", code.title())));
    }
    lines.join("\n")
}
