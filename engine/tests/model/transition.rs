//! What can happen to an order: the steps that a random case is made of.
//!
//! A step names what it is about by a number, which means one of what there is when its turn comes. So any step can be left
//! out of a case and the rest still makes sense.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::blueprint::{Pick, Version, version};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Transition {
    /// A system answers a call, or is given up on.
    Settle(Pick, Outcome),
    /// A timer's time is up; a stopped one may fire all the same.
    Fire(Pick),
    /// An order hears what its parent or a child has said.
    Hear(Pick),
    /// A signal comes from outside.
    Deliver { task: Pick, expected: bool, said: Said, named: bool },
    /// Somebody cancels an order.
    Cancel(Pick),
    /// Somebody cancels one item of the order.
    CancelItem(Pick),
    /// A person has nothing more of an order begun.
    Pause(Pick),
    /// A person lets a paused order go on.
    Resume(Pick),
    /// A person acts on a task: one that needs them, if that is expected.
    Act { task: Pick, expected: bool, action: Action },
    /// Something comes that can't be understood.
    Malformed(Pick),
    /// An answer, a timer or a report comes that belongs to nothing.
    Stray(Pick),
    /// Something that has come before comes again.
    Again(Pick),
    /// An order's process dies, and it goes on from what was written down.
    Restart(Pick),
    /// The customer wants something else.
    Amend(Version),
}

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Fine,
    /// Done, but not as the blueprint wants it.
    NotOk,
    /// Done, but answered in another shape.
    Misshapen,
    /// Done, but the answer does not say under which id.
    LacksId,
    Refused,
    Failed,
    Unserved,
    /// Not sent in the end, but an attempt before was lost and has had its effect.
    UnservedInDoubt,
    LostAfterEffect,
    LostBeforeEffect,
}

/// What a signal or a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Said {
    Fine,
    NotOk,
    Nonsense,
}

/// What a person does with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Retry,
    /// Again, with another argument.
    Correct,
    Complete(Said),
    Skip,
    Rollback,
    RollbackOfOrder,
    RollbackOfItem,
    Undone,
    Accept,
}

fn pick() -> impl Strategy<Value = Pick> {
    (0u16..1_000).prop_map(Pick)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        12 => Just(Outcome::Fine),
        3 => Just(Outcome::NotOk),
        1 => Just(Outcome::Misshapen),
        1 => Just(Outcome::LacksId),
        2 => Just(Outcome::Refused),
        2 => Just(Outcome::Failed),
        1 => Just(Outcome::Unserved),
        1 => Just(Outcome::UnservedInDoubt),
        2 => Just(Outcome::LostAfterEffect),
        2 => Just(Outcome::LostBeforeEffect),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![5 => Just(Said::Fine), 1 => Just(Said::NotOk), 1 => Just(Said::Nonsense)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => Just(Action::Retry),
        1 => Just(Action::Correct),
        5 => said().prop_map(Action::Complete),
        2 => Just(Action::Skip),
        1 => Just(Action::Rollback),
        1 => Just(Action::RollbackOfOrder),
        1 => Just(Action::RollbackOfItem),
        1 => Just(Action::Undone),
        1 => Just(Action::Accept),
    ]
}

pub(crate) fn transition() -> impl Strategy<Value = Transition> {
    let expected = || prop::bool::weighted(0.8);
    prop_oneof![
        24 => (pick(), outcome()).prop_map(|(call, outcome)| Transition::Settle(call, outcome)),
        3 => pick().prop_map(Transition::Fire),
        8 => pick().prop_map(Transition::Hear),
        5 => (pick(), expected(), said(), any::<bool>())
            .prop_map(|(task, expected, said, named)| Transition::Deliver { task, expected, said, named }),
        1 => pick().prop_map(Transition::Cancel),
        1 => pick().prop_map(Transition::CancelItem),
        1 => pick().prop_map(Transition::Pause),
        1 => pick().prop_map(Transition::Resume),
        6 => (pick(), expected(), action())
            .prop_map(|(task, expected, action)| Transition::Act { task, expected, action }),
        1 => pick().prop_map(Transition::Malformed),
        1 => pick().prop_map(Transition::Stray),
        4 => pick().prop_map(Transition::Again),
        3 => pick().prop_map(Transition::Restart),
        3 => version().prop_map(Transition::Amend),
    ]
}
