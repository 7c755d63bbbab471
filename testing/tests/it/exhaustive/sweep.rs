//! All the ways that the orders of a blueprint can go, one after the other, and what came of them.

#![expect(clippy::print_stdout, reason = "how much was tried is told to whoever runs it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use model::OrderState;
use plan::Plan;

use super::amendments::amendments;
use super::judge::judge;
use super::trial::{Setup, Trial};
use super::troubles::LUCKS;
use crate::support::{sample_library, samples};

/// Most faults that are told at once: the first ones have the causes of the others.
const TOLD: usize = 12;

/// What can come to every order.
const EVERYWHERE: [&str; 8] = [
    "all is well",
    "everything comes twice",
    "crash",
    "cancel is accepted",
    "pause is accepted",
    "operator complete",
    "amendment is accepted",
    "trouble and a cancel",
];

/// Tries all sample orders of a blueprint in every way.
pub(crate) fn sweep(blueprint: &str) {
    let mut tally = Tally::default();
    let (library, _) = sample_library();
    for sample in samples(&library) {
        if sample.plan.blueprint().name.as_str() != blueprint {
            continue;
        }
        let amendments = amendments(&library, &sample);
        let mut case = Case { tally: &mut tally, order: &sample.name, plan: &Arc::new(sample.plan) };
        let well = case.goes_well();
        case.same_again(&well);
        let last_way_back = case.cancels(&well);
        case.pauses(&well);
        case.item_cancels(&well);
        case.weaknesses(&well);
        case.moods(&well);
        if let Some(at) = last_way_back {
            case.undos(at);
        }
        for amendment in &amendments {
            case.amended(&well, amendment);
        }
    }
    tally.report(blueprint);
}

/// What was tried, and what was wrong.
#[derive(Default)]
pub(crate) struct Tally {
    /// How many trials of each kind there were.
    counts: BTreeMap<String, usize>,
    wrongs: Vec<String>,
}

impl Tally {
    fn report(&self, blueprint: &str) {
        let mut table = format!("{blueprint}\n");
        for (kind, count) in &self.counts {
            writeln!(table, "{count:>8}  {kind}").unwrap();
        }
        println!("{table}");
        let told: Vec<&String> = self.wrongs.iter().take(TOLD).collect();
        assert!(told.is_empty(), "{} are wrong, such as {told:#?}", self.wrongs.len());
        for kind in LUCKS.iter().map(|(_, name)| *name).chain(EVERYWHERE) {
            assert!(self.counts.get(kind).is_some_and(|count| *count > 0), "never tried: {kind}");
        }
    }
}

/// One order that is tried.
pub(crate) struct Case<'a> {
    tally: &'a mut Tally,
    /// The name of its file.
    order: &'a str,
    pub(crate) plan: &'a Arc<Plan>,
}

impl Case<'_> {
    /// Lets the order go one way, and judges how it ended.
    pub(crate) fn try_out(&mut self, kind: &str, detail: &str, setup: Setup) -> Trial {
        self.try_as(|_| kind, detail, setup)
    }

    /// The same, where how it went tells what kind it is.
    pub(crate) fn try_as<'k>(
        &mut self,
        kind: impl FnOnce(&Trial) -> &'k str,
        detail: &str,
        setup: Setup,
    ) -> Trial {
        let named = Named(format!("{}: {detail}", self.order));
        let trial = Trial::of(self.plan, setup);
        let kind = kind(&trial);
        *self.tally.counts.entry(kind.to_owned()).or_default() += 1;
        for action in &trial.acted {
            *self.tally.counts.entry(format!("operator {action}")).or_default() += 1;
        }
        for wrong in judge(&trial) {
            self.is_wrong(format!("{kind} {detail}: {wrong}"));
        }
        drop(named);
        trial
    }

    fn is_wrong(&mut self, what: impl std::fmt::Display) {
        self.tally.wrongs.push(format!("{}: {what}", self.order));
    }

    pub(crate) fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.is_wrong(what());
        }
    }

    /// What must have made no difference.
    pub(crate) fn expect_same(&mut self, one: &Trial, other: &Trial, what: &str) {
        let (one, other) = (&one.simulation, &other.simulation);
        let same = one.order().events() == other.order().events()
            && one.children().map(|run| run.events()).eq(other.children().map(|run| run.events()))
            && one.world().ledger.deeds().eq(other.world().ledger.deeds());
        self.expect(same, || format!("{what} makes a difference"));
    }

    /// Nothing goes wrong, and nobody wants anything else.
    fn goes_well(&mut self) -> Trial {
        let well = self.try_out("all is well", "", Setup::WELL);
        self.expect(well.state() == OrderState::Completed, || {
            format!("all is well, and it is {}: {:#?}", well.state(), well.simulation.order().view())
        });
        well
    }
}

/// Tells which trial it was, if it dies.
struct Named(String);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("this was {}", self.0);
        }
    }
}
