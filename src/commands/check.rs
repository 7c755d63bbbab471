//! `orderwright check`: what is wrong with blueprints.

use std::path::PathBuf;

use clap::ValueEnum;
use dsl::{Compiled, Diagnostic, DiagnosticsDocument, Library, SourceMap, render_github, render_terminal};
use systems::Directory;

use crate::deployment;
use crate::failure::{Exit, Failure};
use crate::output::{print, print_json, print_lines};
use crate::show::where_explained;
use crate::sources::{orders_below, read_library};

/// Check blueprints: every error of every file at once
///
/// Reads every `*.blueprint` file below a folder; together they are one library. Each error has a code, its place, the text it
/// is about, and where possible the remedy; `orderwright explain CODE` says more about it. Warnings are shown, and are no errors.
///
/// Tests are checked as well: whether their orders fit, those in files below the folder included, and whether what they say can happen.
///
/// With `--systems`, a call is an error, too, that the deployment with this file does not say how to make; the API refuses to
/// publish it. The variables that the file names need not be set.
///
/// The exit code is 0 without errors, 1 with errors, and 2 if there is nothing to check.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright check blueprints
  orderwright check blueprints --systems blueprints/systems.toml
  orderwright check blueprints --format github
  orderwright check blueprints --format json | jq -r '.diagnostics[] | \"\\(.file): \\(.title)\"'")]
pub(crate) struct Args {
    /// The folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// How the systems are reached: also report calls that this file does not know, see docs/systems.md
    #[arg(long, value_name = "FILE")]
    systems: Option<PathBuf>,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Drawn over the text
    Human,
    /// One JSON document
    Json,
    /// Workflow commands, which GitHub shows beside the lines of a change
    Github,
}

/// Checks, and prints what was found.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let deployment = args.systems.as_deref().map(Directory::load).transpose().map_err(Failure::misuse)?;
    let mut files = read_library(&args.dir)?;
    // As the reader would have to name them.
    for (name, _) in &mut files {
        *name = args.dir.join(&*name).display().to_string();
    }
    let Compiled { mut library, mut diagnostics, sources } = Library::compile(&files);
    if let (Some(compiled), Some(deployment)) = (&library, &deployment) {
        let gap = |system: &_, operation: &_| deployment::gap(deployment, system, operation);
        let unserved = compiled.unserved(&sources, gap);
        if !unserved.is_empty() {
            diagnostics.extend(unserved);
            library = None;
        }
    }
    if let Some(compiled) = &library {
        // Those whose order is no file were looked at with the rest.
        let read = orders_below(&args.dir);
        let in_files = compiled.tests().iter().filter(|test| test.order_file().is_some());
        let unbound: Vec<_> =
            in_files.filter_map(|test| compiled.bind(test, &read).err()).flatten().collect();
        if !unbound.is_empty() {
            diagnostics.extend(unbound);
            library = None;
        }
    }
    show(args.format, &diagnostics, &sources)?;
    let Some(library) = library else { return Err(Failure::told(Exit::No)) };
    match args.format {
        Format::Json => Ok(()),
        Format::Human | Format::Github => print(format_args!(
            "{} and {} are free of errors",
            counted(library.blueprints().len(), "blueprint"),
            counted(files.len(), "file"),
        )),
    }
}

fn show(format: Format, diagnostics: &[Diagnostic], sources: &SourceMap) -> Result<(), Failure> {
    match format {
        Format::Json => print_json(&DiagnosticsDocument::new(diagnostics, sources)),
        Format::Github => print_lines(&render_github(diagnostics, sources)),
        Format::Human => {
            // Ends with a line that counts, unless there is nothing to count.
            print_lines(&render_terminal(diagnostics, sources, console::colors_enabled()))?;
            where_explained(diagnostics).map_or(Ok(()), print)
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
