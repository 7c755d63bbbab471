//! The engine against a reference model: random plans × faults × duplicates × late and crossing events × cancels × what
//! people do × restarts at any point, against the seven rules of docs/semantics.md.
//!
//! - `blueprint`: random blueprints; `lower`: their plans; `transition`: what can happen to an order.
//! - `system`: the engine with simulated systems, whose effects are a `ledger`.
//! - `reference`: what may happen, in sets and orderings; `assertions`: each rule by a name of its own.
//! - `case`: one case, from its seed to what is told about it; `tally`: what the cases reached.
//!
//! `ORDERWRIGHT_CASES=1000000 cargo nextest run --release -p engine --test model` looks harder, `ORDERWRIGHT_SEED=17` at the
//! case of one seed alone; both together, at so many cases from that seed on. What once failed is in `corpus.jsonl`, and is
//! always run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test that goes wrong should stop, and tell"
)]

mod assertions;
mod blueprint;
mod case;
mod ledger;
mod lower;
mod reference;
mod system;
mod tally;
mod transition;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use case::{Case, WORKER, place, smallest, try_seed};
use tally::Tally;

/// How many cases in every test run: enough to notice.
const CASES: u64 = 20_000;

/// A number that is wished for.
fn wished(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|number| number.parse().ok())
}

/// What fewer cases reach is chance.
const ENOUGH_TO_JUDGE: u64 = 2_000;

/// Most rules of which a broken case is told in full.
const TOLD: usize = 5;

#[test]
fn every_order_keeps_the_rules_whatever_happens() {
    let (first, cases) = (wished("ORDERWRIGHT_SEED"), wished("ORDERWRIGHT_CASES"));
    if let (Some(seed), None) = (first, cases) {
        let told = in_a_worker(move || try_seed(seed).map_err(|_| smallest(seed)));
        if let Err(told) = told {
            panic!("{told}");
        }
        return;
    }
    let (first, cases) = (first.unwrap_or(0), cases.unwrap_or(CASES));
    let next = AtomicU64::new(first);
    let work = || {
        let (mut tally, mut broken) = (Tally::default(), Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + cases {
                return (tally, broken);
            }
            match try_seed(seed) {
                Ok(case) => tally.add(&case),
                Err(failure) => broken.push((seed, failure)),
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let (mut all, mut broken) = (Tally::default(), Vec::new());
    thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().name(WORKER.to_owned()).spawn_scoped(scope, work).unwrap();
        for worker in (0..workers).map(spawn).collect::<Vec<_>>() {
            let (tally, failed) = worker.join().unwrap();
            all.join(tally);
            broken.extend(failed);
        }
    });
    println!("{all}");
    assert!(broken.is_empty(), "{}", told(broken));
    if cases >= ENOUGH_TO_JUDGE {
        all.assert_interesting();
    }
}

/// The broken cases: how many for each place that says so, and the smallest of one of each.
fn told(broken: Vec<(u64, String)>) -> String {
    let mut places: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (seed, failure) in broken {
        places.entry(place(&failure).to_owned()).or_default().push(seed);
    }
    let mut told = String::new();
    for (place, seeds) in &mut places {
        seeds.sort_unstable();
        let _ = writeln!(told, "{} cases, such as that of seed {}: {place}", seeds.len(), seeds[0]);
    }
    for seeds in places.into_values().take(TOLD) {
        let case = in_a_worker(move || smallest(seeds[0]));
        let _ = writeln!(told, "\n{case}");
    }
    told
}

#[test]
fn what_once_failed_holds() {
    let corpus = include_str!("corpus.jsonl");
    for (n, line) in corpus.lines().enumerate() {
        let case: Case = serde_json::from_str(line).unwrap();
        if let Err(failure) = in_a_worker(move || case.carry_out(None)) {
            panic!("line {} of the corpus: {failure}", n + 1);
        }
    }
}

fn in_a_worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().name(WORKER.to_owned()).spawn(work).unwrap().join().unwrap()
}
