//! One random case: made from a seed, carried out, made smaller if it fails, and written down.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::{Deserialize, Serialize};

use crate::assertions;
use crate::blueprint::{Blueprint, Version, blueprint, version};
use crate::system::{ROOT, System};
use crate::tally::Tally;
use crate::transition::{Transition, transition};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) blueprint: Blueprint,
    pub(crate) version: Version,
    pub(crate) transitions: Vec<Transition>,
}

/// How long a failing case is made smaller: nobody waits for the smallest of all.
const SHRINK_FOR: Duration = Duration::from_secs(20);

/// Most characters of a line of what happened.
const TOLD: usize = 300;

/// The case of a seed.
fn tree(seed: u64) -> Box<dyn ValueTree<Value = Case>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let transitions = prop::collection::vec(transition(), 0..60);
    let case = (blueprint(), version(), transitions).prop_map(|(blueprint, version, transitions)| Case {
        blueprint,
        version,
        transitions,
    });
    Box::new(case.new_tree(&mut runner).unwrap())
}

/// Carries the case of a seed out.
///
/// # Errors
/// It breaks a rule: which, and where in the test that is said.
pub(crate) fn try_seed(seed: u64) -> Result<Tally, String> {
    tree(seed).current().carry_out(None)
}

/// Where in the test it is said that a rule is broken.
pub(crate) fn place(failure: &str) -> &str {
    failure.lines().next().unwrap_or_default()
}

/// Makes the case of a seed that breaks a rule as small as it gets and still breaks that one; all there is to know about it.
pub(crate) fn smallest(seed: u64) -> String {
    let mut tree = tree(seed);
    let first = tree.current().carry_out(None).err().unwrap_or_default();
    let mut smallest = (tree.current(), first.clone());
    let begun = Instant::now();
    while begun.elapsed() < SHRINK_FOR {
        let case = tree.current();
        let changed = match case.carry_out(None) {
            Err(failure) if place(&failure) == place(&first) => {
                smallest = (case, failure);
                tree.simplify()
            }
            Ok(_) | Err(_) => tree.complicate(),
        };
        if !changed {
            break;
        }
    }
    let (case, failure) = smallest;
    format!("the case of seed {seed} breaks a rule: {failure}\n\n{}", case.told())
}

impl Case {
    /// Carries the case out and looks at what has become of it.
    ///
    /// # Errors
    /// It breaks a rule.
    pub(crate) fn carry_out(&self, trace: Option<&mut Vec<String>>) -> Result<Tally, String> {
        quietly();
        let notes = RefCell::new(None);
        let keeps = trace.is_some();
        let carried_out = panic::catch_unwind(AssertUnwindSafe(|| {
            let mut system = System::new(&self.blueprint, &self.version);
            system.trace = keeps.then(Vec::new);
            let system = KeepsTrace { system, notes: &notes };
            system.carry_out(&self.transitions)
        }));
        if let Some((trace, notes)) = trace.zip(notes.into_inner()) {
            *trace = notes;
        }
        carried_out.map_err(|_| LAST_PANIC.with_borrow(Clone::clone))
    }

    /// What people need to find out what is wrong.
    fn told(&self) -> String {
        let mut trace = Vec::new();
        let _again = self.carry_out(Some(&mut trace));
        let mut told = format!("{}order: {}\n", self.blueprint, self.version);
        for transition in &self.transitions {
            let _ = writeln!(told, "  {transition:?}");
        }
        let _ = writeln!(told, "\nwhat happened:");
        for line in trace {
            let indent = if line.starts_with("order") { "  " } else { "      " };
            let _ = writeln!(told, "{indent}{}", line.chars().take(TOLD).collect::<String>());
        }
        let line = serde_json::to_string(self).unwrap();
        let _ = writeln!(told, "\nthe line for tests/model/corpus.jsonl, where it is run for good:\n{line}");
        told
    }
}

/// Hands the notes out even if a rule is broken on the way.
struct KeepsTrace<'a> {
    system: System,
    notes: &'a RefCell<Option<Vec<String>>>,
}

impl KeepsTrace<'_> {
    fn carry_out(mut self, transitions: &[Transition]) -> Tally {
        let system = &mut self.system;
        for transition in transitions {
            system.apply(transition);
        }
        system.settle_down();
        for order in &system.orders {
            assertions::the_end_is_clean(system, order);
            assertions::a_call_keeps_its_key_and_a_generation_has_its_own(order);
            assertions::the_same_events_have_the_same_commands(order);
        }
        if system.blueprint.calm {
            assertions::effects_are_those_of_the_last_version(system);
        }
        system.tally.ended(system.orders[ROOT].run.state());
        std::mem::take(&mut system.tally)
    }
}

impl Drop for KeepsTrace<'_> {
    fn drop(&mut self) {
        *self.notes.borrow_mut() = self.system.trace.take();
    }
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what a broken rule says instead of printing it: a case is made smaller by breaking it many times.
fn quietly() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            LAST_PANIC.with_borrow_mut(|last| *last = panicked.to_string());
            if std::thread::current().name().is_none_or(|name| name != WORKER) {
                usual(panicked);
            }
        }));
    });
}

/// The name of the threads in which a panic is a rule that was broken.
pub(crate) const WORKER: &str = "model cases";
