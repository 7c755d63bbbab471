//! What the cases reached: a test that never cancels an order proves nothing about cancels.

use std::collections::BTreeMap;
use std::fmt;

use engine::{Event, Handled, Rejected};
use model::{Fact, OrderState};

/// What one case reached, and how often; of many, how many of them did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    reached: BTreeMap<&'static str, u64>,
    cases: u64,
    by_label: BTreeMap<&'static str, Reached>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    /// How many cases did.
    cases: u64,
    /// How often they did, all together.
    times: u64,
}

/// How many of 10,000 cases must reach what the rules are about. Each is below half of what the generator does, so that only a
/// generator that has lost its way falls below.
const AT_LEAST: &[(&str, u64)] = &[
    ("ended cancelled", 300),
    ("ended completed", 2_000),
    ("ended failed", 500),
    ("ended partial", 100),
    ("ended rejected", 10),
    ("cancel accepted", 300),
    ("cancel refused past a point of no return", 20),
    ("item cancelled alone", 10),
    ("item failed alone", 100),
    ("order rolled back", 500),
    ("undone", 1_000),
    ("undo failed", 200),
    ("outcome unknown", 1_000),
    ("held", 2_000),
    ("paused", 100),
    ("overdue", 100),
    ("at risk", 100),
    ("skipped", 500),
    ("begun anew", 500),
    ("retried by a person", 1_000),
    ("rolled back by a person", 50),
    ("completed by hand", 200),
    ("signal kept", 50),
    ("signal refused", 100),
    ("signal taken", 500),
    ("child begun", 500),
    ("child answered", 200),
    ("child let pass", 10),
    ("child recalled", 50),
    ("amended", 2_000),
    ("amendment refused", 300),
    ("changed by an amendment", 500),
    ("done again for an amendment", 1_000),
    ("acted on by a person", 2_000),
    ("child amended", 50),
    ("child not amended", 5),
    ("late duplicate", 1_000),
    ("stopped timer fired", 50),
    ("restored", 1_000),
];

impl Tally {
    pub(crate) fn count(&mut self, label: &'static str) {
        *self.reached.entry(label).or_default() += 1;
    }

    /// Adds a case that has ended.
    pub(crate) fn add(&mut self, case: &Self) {
        self.cases += 1;
        for (label, times) in &case.reached {
            self.reach(label, Reached { cases: 1, times: *times });
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.cases += other.cases;
        for (label, reached) in other.by_label {
            self.reach(label, reached);
        }
    }

    fn reach(&mut self, label: &'static str, Reached { cases, times }: Reached) {
        let reached = self.by_label.entry(label).or_default();
        reached.cases += cases;
        reached.times += times;
    }

    pub(crate) fn answered(&mut self, event: &Event, answer: &Result<Handled, Rejected>) {
        self.count("event");
        match (event, answer) {
            (Event::Act { .. }, Ok(_)) => self.count("acted on by a person"),
            (Event::Cancel { .. }, Ok(_)) => self.count("cancel accepted"),
            (Event::Cancel { .. }, Err(Rejected::PointOfNoReturn { .. })) => {
                self.count("cancel refused past a point of no return");
            }
            (Event::Amend { .. }, Ok(_)) => self.count("amended"),
            (Event::Amend { .. }, Err(Rejected::Amendment { .. })) => self.count("amendment refused"),
            (Event::Recalled { .. }, Ok(_)) => self.count("child recalled"),
            (Event::HandedOn { .. }, Ok(_)) => self.count("child amended"),
            (Event::HandedOn { .. }, Err(_)) => self.count("child not amended"),
            (Event::LetPass, Ok(Handled::Applied)) => self.count("child let pass"),
            _ => {}
        }
    }

    pub(crate) fn told(&mut self, fact: &Fact) {
        let label = match fact {
            Fact::ItemFailed { .. } => "item failed alone",
            Fact::ItemCancelled { .. } => "item cancelled alone",
            Fact::OrderRollingBack { .. } => "order rolled back",
            Fact::TaskUndone { .. } => "undone",
            Fact::TaskUndoFailed { .. } => "undo failed",
            Fact::TaskOutcomeUnknown { .. } => "outcome unknown",
            Fact::TaskHeld { .. } => "held",
            Fact::OrderPaused { .. } => "paused",
            Fact::OrderOverdue { .. } => "overdue",
            Fact::OrderAtRisk { .. } => "at risk",
            Fact::TaskAmending { .. } => "changed by an amendment",
            Fact::TaskReplanned { .. } => "done again for an amendment",
            Fact::ResidueAccepted { .. } => "residue accepted",
            Fact::TaskSkipped { .. } => "skipped",
            Fact::TaskStarted { generation, .. } if *generation > 1 => "begun anew",
            Fact::SignalKept { .. } => "signal kept",
            Fact::SignalRefused { .. } => "signal refused",
            Fact::SignalReceived { .. } => "signal taken",
            Fact::ChildOrderStarted { .. } => "child begun",
            Fact::OrderAnswered { .. } => "child answered",
            Fact::OperatorActed { action, .. } => match action.as_str() {
                "retry" => "retried by a person",
                "rollback" => "rolled back by a person",
                "complete" => "completed by hand",
                "skip" => "skipped by a person",
                "undone" => "undone by hand",
                _ => return,
            },
            _ => return,
        };
        self.count(label);
    }

    pub(crate) fn ended(&mut self, state: OrderState) {
        self.count(match state {
            OrderState::Cancelled => "ended cancelled",
            OrderState::Completed => "ended completed",
            OrderState::Failed => "ended failed",
            OrderState::Partial => "ended partial",
            OrderState::Rejected => "ended rejected",
            _ => "ended otherwise",
        });
    }

    /// Asserts that the cases reached what they are for.
    pub(crate) fn assert_interesting(&self) {
        for (label, least) in AT_LEAST {
            let found = self.by_label.get(label).map_or(0, |reached| reached.cases);
            assert!(
                found * 10_000 >= least * self.cases,
                "`{label}` in {found} of {} cases, expected {least} of 10,000\n{self}",
                self.cases
            );
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} cases reached:", self.cases)?;
        for (label, Reached { cases, times }) in &self.by_label {
            let share = *cases as f64 * 100.0 / self.cases.max(1) as f64;
            writeln!(f, "{cases:>9} {share:>6.2} %  {label}, {times} times")?;
        }
        Ok(())
    }
}
