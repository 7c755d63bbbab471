//! How long the engine takes for one event of an order, and that it takes no longer in a large order than in a small one.
//!
//! Needs no servers: events are answered at once, by a driver that does nothing else. Each order is carried out to its end, and
//! another one is cancelled just before, so that everything is undone.

mod driver;
mod order;

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use model::OrderState;
use plan::Plan;

use driver::Driver;

/// The one that the product has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured, and how often.
#[derive(Debug, Parser)]
#[command(
    name = "bench-engine",
    about = "Measures the engine: time per event, from small orders to the largest"
)]
struct Cli {
    /// Items of the largest order, with ten tasks each and one for the whole; the others have a tenth, a hundredth and a
    /// thousandth of them.
    #[arg(long, default_value_t = 999)]
    items: usize,
    /// Rounds; medians over rounds are reported.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

fn main() -> anyhow::Result<()> {
    let args = Cli::parse();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:>8} {:>8} {:>10} {:>10} {:>10} {:>12} {:>12} {:>10} {:>10}",
        "tasks",
        "events",
        "whole run",
        "an event",
        "one by one",
        "undoing all",
        "an event",
        "snapshot",
        "amending"
    )?;
    let blueprint = order::blueprint()?;
    for share in [1_000, 100, 10, 1] {
        let items = (args.items / share).max(1);
        let planned = |site: &str| {
            let plan = blueprint.plan(&order::of_items(items, site)?);
            plan.map_err(|faults| anyhow::anyhow!("the order is refused: {faults:?}"))
        };
        let plan = Arc::new(planned("UTR-7")?);
        // Small orders are over before a clock ticks, so many of them are measured together.
        let copies = (10_000 / plan.tasks().len()).max(1);
        let forward = median(args.rounds, copies, &plan, false)?;
        let one_by_one = Arc::new(order::one_by_one(Plan::clone(&plan))?);
        let one_by_one = median(args.rounds, copies, &one_by_one, false)?;
        let backward = median(args.rounds, copies, &plan, true)?;
        let snapshot = snapshot_bytes(&plan)?;
        let amending = amending(args.rounds, &plan, &planned("UTR-8")?)?;
        writeln!(
            out,
            "{:>8} {:>8} {:>10} {:>10} {:>10} {:>12} {:>12} {:>10} {:>10}",
            plan.tasks().len(),
            forward.events,
            millis(forward.took),
            forward.per_event(),
            one_by_one.per_event(),
            millis(backward.took),
            backward.per_event(),
            format!("{} kB", snapshot / 1_000),
            millis(amending),
        )?;
    }
    Ok(())
}

/// What one order took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Taken {
    took: Duration,
    events: u32,
}

impl Taken {
    fn per_event(self) -> String {
        format!("{:.2} µs", self.took.as_secs_f64() * 1e6 / f64::from(self.events.max(1)))
    }
}

/// Of so many copies of an order, carried out one after the other: what one of them took, the median of all rounds. All stay
/// until the last is done: so a small order is no more alone in memory than a large one is, or any is in a worker.
fn median(rounds: usize, copies: usize, plan: &Arc<Plan>, undone: bool) -> anyhow::Result<Taken> {
    let copies = u32::try_from(copies)?;
    let mut all = Vec::new();
    for _ in 0..rounds.max(1) {
        let mut total = Taken { took: Duration::ZERO, events: 0 };
        let mut done = Vec::new();
        for _ in 0..copies {
            let (one, driver) = carry_out(plan, undone)?;
            total = Taken { took: total.took + one.took, events: total.events + one.events };
            done.push(driver);
        }
        all.push(Taken { took: total.took / copies, events: total.events / copies });
    }
    all.sort();
    all.get(all.len() / 2).copied().context("nothing was measured")
}

/// Carries one order out, or up to its last task and back again, of which only the way back is measured.
fn carry_out(plan: &Arc<Plan>, undone: bool) -> anyhow::Result<(Taken, Driver)> {
    let mut driver = Driver::new(plan.clone(), undone);
    let mut begin = Instant::now();
    driver.start();
    let mut before = 0;
    if undone {
        before = driver.events();
        begin = Instant::now();
        driver.cancel();
    }
    let took = begin.elapsed();
    let expected = if undone { OrderState::Cancelled } else { OrderState::Completed };
    anyhow::ensure!(driver.state() == expected, "the order ends {} and not {expected}", driver.state());
    Ok((Taken { took, events: driver.events() - before }, driver))
}

/// How long it takes to judge and lay over an amendment that is read in every item, when everything but the last task is done.
fn amending(rounds: usize, plan: &Arc<Plan>, amended: &Plan) -> anyhow::Result<Duration> {
    let mut all = Vec::new();
    for _ in 0..rounds.max(1) {
        let mut driver = Driver::new(plan.clone(), true);
        driver.start();
        all.push(driver.amend(amended)?);
    }
    all.sort();
    all.get(all.len() / 2).copied().context("nothing was measured")
}

/// How large an order is that goes on elsewhere when everything but its last task is done, as JSON.
fn snapshot_bytes(plan: &Arc<Plan>) -> anyhow::Result<usize> {
    let mut driver = Driver::new(plan.clone(), true);
    driver.start();
    Ok(serde_json::to_vec(&driver.handover())?.len())
}

fn millis(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1_000.0)
}
