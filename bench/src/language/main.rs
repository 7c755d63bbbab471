//! How long the tools for blueprints take, and that they take twice as long for twice as much.
//!
//! Needs neither servers nor anything that talks to them, so it is built within a minute. What is measured is made here:
//! libraries of the examples under other names, and orders of many items.

mod editor;
mod library;
mod order;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use dsl::{Library, Severity};

use editor::{Editor, QUESTIONS};
use library::Sources;

/// The one that the product has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured, and how often.
#[derive(Debug, Parser)]
#[command(name = "bench-language", about = "Measures the tools for blueprints")]
struct Cli {
    /// The folder with the example blueprints.
    #[arg(long, default_value = "blueprints")]
    blueprints: PathBuf,
    /// Lines of the smallest library; the others have two, four and eight times as many.
    #[arg(long, default_value_t = 10_000)]
    lines: usize,
    /// Files of the smallest library.
    #[arg(long, default_value_t = 50)]
    files: usize,
    /// Items of the largest order; the others have a half, a quarter and an eighth.
    #[arg(long, default_value_t = 1_000)]
    items: usize,
    /// Rounds; medians over rounds are reported.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

fn main() -> anyhow::Result<()> {
    let args = Cli::parse();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:>8} {:>6} {:>10} {:>10} {:>10}", "lines", "files", "check", "faults", "format")?;
    let examples = library::examples(&args.blueprints)?;
    for times in [1, 2, 4, 8] {
        let sound = Sources::new(&examples, args.lines * times, args.files * times);
        let faulty = sound.with_faults();
        let check = median(args.rounds, || is_sound(&sound))?;
        let faults = median(args.rounds, || has_faults(&faulty))?;
        let format = median(args.rounds, || {
            let mut texts = sound.files().iter().map(|(_, text)| text);
            texts.try_for_each(|text| dsl::format(text).map(drop)).context("an example can't be formatted")
        })?;
        let (lines, files) = (sound.lines(), sound.files().len());
        let (check, faults, format) = (shown(check), shown(faults), shown(format));
        writeln!(out, "{lines:>8} {files:>6} {check:>10} {faults:>10} {format:>10}")?;
    }
    writeln!(out, "\n{:>8} {:>8} {:>10}", "items", "tasks", "plan")?;
    let blueprint = order::blueprint()?;
    for share in [8, 4, 2, 1] {
        let order = order::of_items(args.items / share)?;
        let plan =
            || blueprint.plan(&order).map_err(|faults| anyhow::anyhow!("the order is refused: {faults:?}"));
        let tasks = plan()?.indices().count();
        let took = median(args.rounds, || plan().map(drop))?;
        writeln!(out, "{:>8} {tasks:>8} {:>10}", args.items / share, shown(took))?;
    }
    writeln!(out, "\n{:>18} {:>10} {:>10}", "in an editor", "median", "slowest")?;
    let mut editor = Editor::open(&Sources::new(&examples, args.lines, args.files))?;
    for asked in std::iter::once(None).chain(QUESTIONS.map(Some)) {
        let mut times = Vec::new();
        for _ in 0..args.rounds.max(1) {
            // Every question comes right after a keystroke.
            let keystroke = editor.keystroke()?;
            times.push(asked.map_or(Ok(keystroke), |question| editor.question(question))?);
        }
        times.sort();
        let slowest = times.last().copied().map(shown).unwrap_or_default();
        writeln!(out, "{:>18} {:>10} {slowest:>10}", asked.unwrap_or("a keystroke"), shown(middle(&times)?))?;
    }
    Ok(())
}

/// Everything that `orderwright check` does with a library once its files are read.
fn is_sound(sources: &Sources) -> anyhow::Result<()> {
    let compiled = Library::compile(sources.files());
    let shown = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
    ensure!(compiled.library.is_some() && shown.is_empty(), "the library is not sound: {shown}");
    Ok(())
}

fn has_faults(sources: &Sources) -> anyhow::Result<()> {
    let compiled = Library::compile(sources.files());
    let shown = dsl::render_terminal(&compiled.diagnostics, &compiled.sources, false);
    let errors = compiled.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
    ensure!(errors > 1 && !shown.is_empty(), "the faults are not found");
    Ok(())
}

fn shown(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1_000.0)
}

fn median(rounds: usize, work: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort();
    middle(&times)
}

fn middle(sorted: &[Duration]) -> anyhow::Result<Duration> {
    sorted.get(sorted.len() / 2).copied().context("nothing was measured")
}
