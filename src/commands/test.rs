//! `orderwright test`: what comes of the tests of blueprints.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::ValueEnum;
use dsl::{Compiled, Diagnostic, Library, SourceMap, render_terminal};
use model::Value;
use testing::{Coverage, Outcome, TestsDocument};

use crate::failure::{Exit, Failure};
use crate::output::{print, print_json, print_lines, tell};
use crate::show::{Timelines, coverage_table, junit, test_report, where_explained};
use crate::sources::{DocumentSource, read_library};

/// Run the tests of blueprints
///
/// Carries out every `test` of the `*.blueprint` files below a folder, in virtual time and without any server: ten days of waiting take
/// no time. Systems answer as the test says, and otherwise with a value of the declared type. Of a test that fails, everything that came
/// in another way than expected is shown, and what happened, line by line; the line at which it went another way has a `>`.
/// `--timeline` shows what happened in the tests that pass, too.
///
/// `--coverage` shows what the tests reach of each blueprint: the tasks that ran, the kinds of items, the conditions that held and those
/// that did not, the `ensure`s that failed, undos, reactions, and both answers of each `verify`; and each of these that no test has come to, with its line.
///
/// The exit code is 0 if all tests passed, 1 if one did not, if the blueprints have errors, or if less is covered than `--coverage-min` asks for,
/// and 2 if there is nothing to test.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orderwright test
  orderwright test blueprints --filter 'rolls back'
  orderwright test --filter 'rolls back' --timeline
  orderwright test --coverage-min 100
  orderwright test --format junit > junit.xml
  orderwright test --format json | jq -r '.tests[] | select(.passed | not).name'")]
pub(crate) struct Args {
    /// The folder of the blueprints
    #[arg(
        value_name = "DIR",
        env = "ORDERWRIGHT_BLUEPRINTS",
        hide_env_values = true,
        default_value = "blueprints"
    )]
    dir: PathBuf,

    /// Only tests with this text in their names
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Show what happened in every test, and not only in those that failed; documents for programs tell it always
    #[arg(long)]
    timeline: bool,

    /// Show what the tests reach of each blueprint
    #[arg(long)]
    coverage: bool,

    /// Also fail if less than this share of a blueprint is reached, in percent; shows the coverage
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    coverage_min: Option<u8>,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A line for each test, and what happened in those that failed
    Text,
    /// One JSON document
    Json,
    /// JUnit XML, for CI systems
    Junit,
}

/// Runs the tests, and prints what came of them.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut files = read_library(&args.dir)?;
    // As the reader would have to name them.
    for (name, _) in &mut files {
        *name = args.dir.join(&*name).display().to_string();
    }
    let Compiled { library, diagnostics, sources } = Library::compile(&files);
    let Some(library) = library else { return Err(refuse(&diagnostics, &sources)) };
    let (mut tests, wrong) = library.bind_all(|file| read(&args.dir, file));
    if !wrong.is_empty() {
        return Err(refuse(&wrong, &sources));
    }
    if let Some(text) = &args.filter {
        tests.retain(|test| test.name.contains(text.as_str()));
    }
    if tests.is_empty() {
        return Err(nothing(args));
    }
    let outcomes: Vec<Outcome> = tests.iter().map(testing::run).collect();
    let document = document(args, &outcomes, &library, &sources);
    show(args, &document)?;
    let too_little = too_little(args, &document);
    for told in &too_little {
        tell(told);
    }
    if document.failed == 0 && too_little.is_empty() { Ok(()) } else { Err(Failure::told(Exit::No)) }
}

fn document(args: &Args, outcomes: &[Outcome], library: &Library, sources: &SourceMap) -> TestsDocument {
    let asked = args.coverage || args.coverage_min.is_some();
    let coverage = asked.then(|| {
        let mut coverage = Coverage::default();
        outcomes.iter().for_each(|outcome| coverage.add(outcome));
        coverage.of(library)
    });
    TestsDocument::new(outcomes, coverage.as_deref(), sources)
}

fn show(args: &Args, document: &TestsDocument) -> Result<(), Failure> {
    match args.format {
        Format::Json => print_json(document),
        Format::Junit => print(junit(document).map_err(Failure::no)?.trim_end()),
        Format::Text => {
            let timelines = if args.timeline { Timelines::OfAll } else { Timelines::OfFailed };
            print(test_report(document, timelines))?;
            for coverage in document.coverage.iter().flatten() {
                print(format_args!("\n{}", coverage_table(coverage)))?;
            }
            Ok(())
        }
    }
}

/// What the tests reach less of than is asked for.
fn too_little(args: &Args, document: &TestsDocument) -> Vec<String> {
    let Some(least) = args.coverage_min else { return Vec::new() };
    let reached = document.coverage.iter().flatten().map(|each| (&each.blueprint, each.whole.percent));
    reached
        .filter(|(_, percent)| *percent < usize::from(least))
        .map(|(blueprint, percent)| {
            format!("error: the tests reach {percent} % of `{blueprint}`, and {least} % are asked for")
        })
        .collect()
}

/// The order in a file that a test names.
fn read(dir: &Path, file: &str) -> Result<Value, String> {
    DocumentSource::from(dir.join(file).into_os_string()).document().map_err(|failure| failure.to_string())
}

fn refuse(diagnostics: &[Diagnostic], sources: &SourceMap) -> Failure {
    let shown = print_lines(&render_terminal(diagnostics, sources, console::colors_enabled()))
        .and_then(|()| where_explained(diagnostics).map_or(Ok(()), print));
    match shown {
        Ok(()) => Failure::told(Exit::No),
        Err(failure) => failure,
    }
}

fn nothing(args: &Args) -> Failure {
    let below = args.dir.display();
    match &args.filter {
        Some(text) => Failure::misuse(anyhow!("no test below `{below}` has `{text}` in its name")),
        None => Failure::misuse(anyhow!("there is no test below `{below}`"))
            .with_help("write a `test` block in a blueprint file: see docs/testing.md"),
    }
}
