//! `bench language`: how long the tools for blueprints take, and that they take twice as long for twice as much.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;

/// What is measured: the examples, again and again.
#[derive(Clone, Debug, Args)]
pub(crate) struct LanguageArgs {
    /// The folder with the example blueprints.
    #[arg(long, default_value = "blueprints")]
    blueprints: PathBuf,
    /// Lines of the smallest library; the others have two, four and eight times as many.
    #[arg(long, default_value_t = 10_000)]
    lines: usize,
    /// Rounds; medians over rounds are reported.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// Measures, and prints a table.
pub(crate) fn measure(args: &LanguageArgs) -> anyhow::Result<()> {
    let examples = examples(args)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:>10} {:>10} {:>12}", "lines", "files", "format")?;
    for times in [1, 2, 4, 8] {
        let (mut files, mut lines) = (Vec::new(), 0);
        for text in examples.iter().cycle() {
            if lines >= args.lines * times {
                break;
            }
            lines += text.lines().count();
            files.push(text.as_str());
        }
        let format = || files.iter().try_for_each(|text| dsl::format(text).map(drop));
        let took = median(args.rounds, || format().context("an example can't be formatted"))?;
        writeln!(out, "{lines:>10} {:>10} {:>9.1} ms", files.len(), took.as_secs_f64() * 1_000.0)?;
    }
    Ok(())
}

fn examples(args: &LanguageArgs) -> anyhow::Result<Vec<String>> {
    let folder = std::fs::read_dir(&args.blueprints).context("there is no folder of blueprints")?;
    let mut paths = folder.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "blueprint"));
    paths.sort();
    let texts =
        paths.iter().map(|path| Ok(std::fs::read_to_string(path)?)).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(
        texts.iter().any(|text| !text.is_empty()),
        "there are no blueprints in {}",
        args.blueprints.display()
    );
    Ok(texts)
}

fn median(rounds: usize, work: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort();
    times.get(times.len() / 2).copied().context("nothing was measured")
}
