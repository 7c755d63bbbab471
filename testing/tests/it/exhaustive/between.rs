//! What can come between any two things that happen to an order: a crash, deliveries that had come before, a pause, a cancel
//! of the order or of an item, an amendment.

use model::{ItemState, OrderState};

use super::amendments::{Amendment, differs};
use super::sweep::Case;
use super::trial::{Interference, Setup, Trial};

/// How many events after an amendment another thing may come in between: what it has set in motion is under way then.
const SOON: usize = 3;

impl Case<'_> {
    /// What must make no difference.
    pub(crate) fn same_again(&mut self, well: &Trial) {
        let twice = self.try_out("everything comes twice", "", Setup { twice: true, ..Setup::WELL });
        self.expect_same(well, &twice, "everything that comes twice");
        let same = [(Interference::Crash, "crash"), (Interference::Echo, "everything comes again")];
        for at in 0..=well.turns {
            for (interference, kind) in &same {
                let setup = Setup { interferences: vec![(at, interference.clone())], ..Setup::WELL };
                let trial = self.try_out(kind, &format!("before turn {at}"), setup);
                self.expect_same(well, &trial, &format!("{kind} before turn {at}"));
            }
        }
    }

    /// A cancel between any two things that happen. Gives the last moment at which one was accepted.
    pub(crate) fn cancels(&mut self, well: &Trial) -> Option<usize> {
        let mut last = None;
        let kind = |trial: &Trial| {
            if trial.is_accepted() { "cancel is accepted" } else { "cancel is refused" }
        };
        for (at, twice) in (0..=well.turns).flat_map(|at| [(at, false), (at, true)]) {
            let setup = Setup { interferences: vec![(at, Interference::Cancel)], twice, ..Setup::WELL };
            let trial = self.try_as(kind, &format!("before turn {at}"), setup);
            let accepted = trial.is_accepted();
            let expected = if accepted { OrderState::Cancelled } else { OrderState::Completed };
            self.expect(trial.state() == expected, || {
                format!(
                    "a cancel before turn {at} is answered {:?}, and it is {}",
                    trial.answers,
                    trial.state()
                )
            });
            last = if accepted { Some(at) } else { last };
        }
        last
    }

    /// A pause between any two things that happen: when the order goes on, it comes to the same.
    pub(crate) fn pauses(&mut self, well: &Trial) {
        let kind = |trial: &Trial| if trial.is_accepted() { "pause is accepted" } else { "pause is refused" };
        for at in 0..=well.turns {
            let detail = format!("a pause before turn {at}");
            let setup = Setup { interferences: vec![(at, Interference::Pause)], ..Setup::WELL };
            let paused = self.try_as(kind, &detail, setup.clone());
            self.expect_differs_not(well, &paused, &detail);
            let twice = self.try_out("pause comes twice", &detail, Setup { twice: true, ..setup });
            self.expect_same(&paused, &twice, &format!("{detail}, twice"));
        }
    }

    /// A cancel of each of several items between any two things that happen.
    pub(crate) fn item_cancels(&mut self, well: &Trial) {
        let items: Vec<_> = self.plan.items().iter().map(|item| item.id.clone()).collect();
        let kind = |trial: &Trial| {
            if trial.is_accepted() { "item cancel is accepted" } else { "item cancel is refused" }
        };
        for item in items.iter().filter(|_| items.len() > 1) {
            for at in 0..=well.turns {
                let detail = format!("a cancel of item {item} before turn {at}");
                let cancel = Interference::CancelItem(item.clone());
                let setup = Setup { interferences: vec![(at, cancel)], ..Setup::WELL };
                let trial = self.try_as(kind, &detail, setup.clone());
                self.expect(trial.state() == OrderState::Completed, || {
                    format!("{detail} is answered {:?}, and it is {}", trial.answers, trial.state())
                });
                if trial.is_accepted() {
                    let items = trial.simulation.order().view().items;
                    let state = items.iter().find(|known| known.id == *item).map(|known| known.state);
                    self.expect(state == Some(ItemState::Cancelled), || format!("{detail}: it is {state:?}"));
                    let twice = Setup { twice: true, ..setup };
                    let twice = self.try_out("item cancel comes twice", &detail, twice);
                    self.expect_same(&trial, &twice, &format!("{detail}, twice"));
                } else {
                    self.expect_differs_not(well, &trial, &detail);
                }
            }
        }
    }

    /// An amendment between any two things that happen.
    pub(crate) fn amended(&mut self, well: &Trial, amendment: &Amendment) {
        let Amendment { name, plan } = amendment;
        let scratch = Trial::of(plan, Setup::WELL);
        let kind = |trial: &Trial| {
            if trial.is_accepted() { "amendment is accepted" } else { "amendment is refused" }
        };
        for at in 0..=well.turns {
            let detail = format!("{name} before turn {at}");
            let amend = (at, Interference::Amend(plan.clone()));
            let setup = Setup { interferences: vec![amend.clone()], ..Setup::WELL };
            let trial = self.try_as(kind, &detail, setup.clone());
            if !trial.is_accepted() {
                let same = trial.simulation.world().ledger.deeds().eq(well.simulation.world().ledger.deeds());
                self.expect(same, || {
                    format!("{detail} is refused, and makes a difference: {:?}", trial.answers)
                });
                continue;
            }
            self.expect_differs_not(&scratch, &trial, &detail);
            let same = self.try_out("amendment comes twice", &detail, Setup { twice: true, ..setup });
            self.expect_same(&trial, &same, &format!("{detail}, twice"));
            for then in (at..=trial.turns).take(SOON) {
                let with = |next| Setup { interferences: vec![amend.clone(), (then, next)], ..Setup::WELL };
                let detail = format!("{detail}, before turn {then}");
                let crashed = self.try_out("amendment and a crash", &detail, with(Interference::Crash));
                self.expect_same(&trial, &crashed, &detail);
                let cancelled = self.try_out("amendment and a cancel", &detail, with(Interference::Cancel));
                let is_cancelled = cancelled.state() == OrderState::Cancelled;
                self.expect(cancelled.is_accepted() == is_cancelled, || {
                    format!("{detail}: {:?}, and it is {}", cancelled.answers, cancelled.state())
                });
                let back = with(Interference::Amend(self.plan.clone()));
                let back = self.try_out("amendment and back again", &detail, back);
                if back.is_accepted() {
                    self.expect_differs_not(well, &back, &format!("{detail}, and back again"));
                }
            }
        }
    }

    /// An order that was amended comes to the same as one that was so from the beginning.
    fn expect_differs_not(&mut self, scratch: &Trial, amended: &Trial, detail: &str) {
        let difference = differs(scratch, amended);
        self.expect(difference.is_none(), || format!("{detail}: {}", difference.unwrap()));
    }
}
