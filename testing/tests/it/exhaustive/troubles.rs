//! Whatever can go wrong with one task: with its call, with its undo, and with the people that it waits for.

use model::{Direction, OperatorAction, OrderState};

use super::sweep::Case;
use super::systems::{Caller, Luck, Weakness};
use super::trial::{Habit, Interference, Mood, Setup, Trial};

/// What calls may meet, and what that is called.
pub(crate) const LUCKS: [(Luck, &str); 7] = [
    (Luck::Fails, "fails"),
    (Luck::Refuses, "refuses"),
    (Luck::LostBefore, "times out, not done"),
    (Luck::LostAfter, "times out, done"),
    (Luck::LostAndMute, "times out, done, and can't be read back"),
    (Luck::Misshapen, "answers in another shape"),
    (Luck::Unserved, "is not known"),
];

/// How often a trouble comes, always if there is no number, and what people do about it.
const COURSES: [(Option<u32>, Habit); 7] = [
    (Some(1), Habit::Patient),
    (Some(1), Habit::Cancelling),
    (None, Habit::Patient),
    (None, Habit::Hasty),
    (None, Habit::Cancelling),
    (None, Habit::Doing(OperatorAction::Skip)),
    (None, Habit::Doing(OperatorAction::Complete)),
];

/// The same of an undo.
const COURSES_OF_UNDOS: [(Option<u32>, Habit); 4] = [
    (Some(1), Habit::Patient),
    (None, Habit::Patient),
    (None, Habit::Doing(OperatorAction::Undone)),
    (None, Habit::Doing(OperatorAction::Accept)),
];

impl Case<'_> {
    /// Every task meets everything that can go wrong with its calls.
    pub(crate) fn weaknesses(&mut self, well: &Trial) {
        for (target, caller) in &well.simulation.world().callers {
            for (luck, name) in LUCKS.into_iter().filter(|(luck, _)| can_meet(*luck, *caller)) {
                for (left, habit) in COURSES {
                    let weakness = Some(Weakness { target: target.clone(), luck, left });
                    let setup = Setup { weakness, habit, ..Setup::WELL };
                    let detail = format!("at {}, {left:?}, {habit:?}", target.task);
                    let trial = self.try_out(name, &detail, setup.clone());
                    let twice = Setup { twice: true, ..setup.clone() };
                    let same = self.try_out("trouble that comes twice", &detail, twice);
                    self.expect_same(&trial, &same, &format!("{name} {detail}: twice"));
                    // A question that is never answered is asked again and again, and each time is as the first.
                    if habit == Habit::Patient && (caller.effect || left.is_some()) {
                        self.in_between(&trial, &setup, &format!("{name} {detail}"));
                    }
                }
            }
        }
    }

    /// A cancel and a crash between any two things that happen after a weakness has been met.
    fn in_between(&mut self, trial: &Trial, setup: &Setup, detail: &str) {
        for at in trial.struck.unwrap_or(trial.turns)..=trial.turns {
            let with = |interference| Setup { interferences: vec![(at, interference)], ..setup.clone() };
            let detail = format!("{detail}, before turn {at}");
            // What comes once is enough: from then on a trouble that lasts is as the first time.
            if setup.weakness.as_ref().is_some_and(|weakness| weakness.left.is_some()) {
                let crashed = self.try_out("trouble and a crash", &detail, with(Interference::Crash));
                self.expect_same(trial, &crashed, &detail);
            }
            let cancelled = self.try_out("trouble and a cancel", &detail, with(Interference::Cancel));
            let is_cancelled = cancelled.state() == OrderState::Cancelled;
            self.expect(cancelled.is_accepted() == is_cancelled, || {
                format!(
                    "{detail}: a cancel is answered {:?}, and it is {}",
                    cancelled.answers,
                    cancelled.state()
                )
            });
        }
    }

    /// Whoever is asked says nothing, or no.
    pub(crate) fn moods(&mut self, well: &Trial) {
        for (order, task) in &well.asked {
            for (says_no, name) in [(false, "nobody answers"), (true, "the answer is no")] {
                for (left, habit) in COURSES {
                    let mood = Some(Mood { order: *order, task: task.clone(), says_no, left });
                    let setup = Setup { mood, habit, ..Setup::WELL };
                    self.try_out(name, &format!("at {task}, {left:?}, {habit:?}"), setup);
                }
            }
        }
    }

    /// Everything that can go wrong with each undo, of an order that is cancelled as late as can be.
    pub(crate) fn undos(&mut self, at: usize) {
        let late = Setup { interferences: vec![(at, Interference::Cancel)], ..Setup::WELL };
        let cancelled = self.try_out("cancel is accepted", "as late as can be", late.clone());
        for (target, caller) in &cancelled.simulation.world().callers {
            if target.direction != Direction::Undo {
                continue;
            }
            for (luck, name) in LUCKS.into_iter().filter(|(luck, _)| can_meet(*luck, *caller)) {
                for (left, habit) in COURSES_OF_UNDOS {
                    let weakness = Some(Weakness { target: target.clone(), luck, left });
                    let setup = Setup { weakness, habit, ..late.clone() };
                    let detail = format!("the undo of {}, {left:?}, {habit:?}", target.task);
                    let trial = self.try_out(&format!("the undo {name}"), &detail, setup);
                    self.expect(trial.state() == OrderState::Cancelled, || {
                        format!("{detail} {name}: it was cancelled, and is {}", trial.state())
                    });
                }
            }
        }
    }
}

/// A question changes nothing, so it makes no difference whether it was heard.
const fn can_meet(luck: Luck, caller: Caller) -> bool {
    match luck {
        Luck::LostAfter | Luck::LostAndMute | Luck::Misshapen => caller.effect,
        Luck::Fails | Luck::Refuses | Luck::LostBefore | Luck::Unserved => true,
    }
}
