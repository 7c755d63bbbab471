//! What was measured, for people.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use crate::Way;

/// One way of doing the orders, in one round.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) orders: usize,
    pub(crate) took: Duration,
    /// From its acceptance to its end, of each order.
    pub(crate) latencies: Vec<Duration>,
    /// CPU time by process.
    pub(crate) cpu: BTreeMap<&'static str, Duration>,
}

impl Measured {
    fn rate(&self) -> f64 {
        self.orders as f64 / self.took.as_secs_f64()
    }

    fn cpu_ms(&self, process: &str) -> f64 {
        self.cpu.get(process).map_or(0.0, |used| used.as_secs_f64() * 1e3 / self.orders as f64)
    }

    fn latency_ms(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort();
        let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

/// Writes medians over rounds, and the rate of each way to that of the workflow written by hand, round by round.
pub(crate) fn write(rounds: &[BTreeMap<Way, Measured>]) {
    let processes = ["temporal", "worker", "api", "postgres", "by hand", "sim", "harness"];
    let mut out = std::io::stdout().lock();
    // Nobody is left to tell when standard output is closed.
    let _ = writeln!(
        out,
        "{:<26} {:>9} {:>7} {:>7} {:>7}   CPU ms per order: {}",
        "medians over rounds",
        "orders/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        processes.join(", ")
    );
    for way in Way::ALL {
        let of = |read: &dyn Fn(&Measured) -> f64| {
            median(rounds.iter().filter_map(|r| r.get(&way)).map(read).collect())
        };
        if !rounds.iter().any(|round| round.contains_key(&way)) {
            continue;
        }
        let ratio =
            rounds.iter().filter_map(|r| Some(r.get(&way)?.rate() / r.get(&Way::ByHand)?.rate())).collect();
        let cpu = processes.map(|process| format!("{:.1}", of(&|m| m.cpu_ms(process)))).join(", ");
        let _ = writeln!(
            out,
            "{:<26} {:>9.1} {:>7.2} {:>7.0} {:>7.0}   {cpu}",
            way.name(),
            of(&Measured::rate),
            median(ratio),
            of(&|m| m.latency_ms(0.5)),
            of(&|m| m.latency_ms(0.99)),
        );
    }
}
