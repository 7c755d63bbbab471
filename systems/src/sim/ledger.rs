//! Every effect that calls have had, by number, key and order.
//!
//! The same key has one effect, however often it is called. With a [`Journal`] the ledger survives the process.

use std::collections::{BTreeMap, BTreeSet};

use model::{IdempotencyKey, Value};
use serde::Serialize;

use super::answers::{Behaviour, Invented, Leaves};
use super::effect::{Call, Effect, EffectState};
use super::journal::{Journal, JournalError, Line};
use crate::template::{Document, FillError};

/// Most effects that are remembered: enough for tens of thousands of orders, at about a kilobyte each. Beyond it
/// the oldest that hold nothing are forgotten, and only when there are none, the oldest of all.
pub(super) const EFFECTS: usize = 200_000;

/// The ledger.
#[derive(Debug)]
pub(super) struct Ledger {
    effects: BTreeMap<u64, Effect>,
    by_key: BTreeMap<IdempotencyKey, u64>,
    by_order: BTreeMap<String, BTreeSet<u64>>,
    /// Invariant: the numbers of the effects that hold nothing.
    settled: BTreeSet<u64>,
    last_number: u64,
    forgotten: u64,
    limit: usize,
    journal: Option<Journal>,
}

/// Why a call has no effect.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rejected {
    #[error("the key `{0}` was used for another operation or other arguments before")]
    KeyReused(IdempotencyKey),
    #[error("`{by}` names what effect {number} made, and effect {released_by} has released that already")]
    ReleasedAlready { by: String, number: u64, released_by: u64 },
    #[error("the answer can't be made: {0}")]
    Answer(#[from] FillError),
    #[error("the ledger can't be written")]
    Journal(#[from] JournalError),
}

/// How much there is of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Totals {
    /// Effects.
    pub(super) effects: usize,
    /// Those that are there.
    pub(super) held: usize,
    /// Those that were taken back.
    pub(super) released: usize,
    /// Those that left nothing of their own.
    pub(super) nothing: usize,
    /// The calls that made them, repetitions included.
    pub(super) calls: u64,
}

impl Ledger {
    /// An empty ledger that ends with the process.
    pub(super) fn in_memory() -> Self {
        Self::with_limit(EFFECTS)
    }

    fn with_limit(limit: usize) -> Self {
        Self {
            effects: BTreeMap::new(),
            by_key: BTreeMap::new(),
            by_order: BTreeMap::new(),
            settled: BTreeSet::new(),
            last_number: 0,
            forgotten: 0,
            limit,
            journal: None,
        }
    }

    /// The ledger that a journal holds, from now on kept there.
    pub(super) fn in_file(path: &std::path::Path) -> Result<Self, JournalError> {
        let mut ledger = Self::in_memory();
        Journal::replay(path, |line| match line {
            Line::Effect(effect) => ledger.insert(*effect),
            Line::Called(key) => drop(ledger.count_call(&key)),
        })?;
        ledger.journal = Some(Journal::rewrite(path, ledger.effects.values())?);
        Ok(ledger)
    }

    /// The answer to a call whose key is known, counting the call; none if the key is new.
    pub(super) fn repeat(&mut self, call: &Call) -> Result<Option<Value>, Rejected> {
        let Some(effect) = self.by_key.get(&call.key).and_then(|number| self.effects.get(number)) else {
            return Ok(None);
        };
        if !effect.is_asked_for_by(call) {
            return Err(Rejected::KeyReused(call.key.clone()));
        }
        self.write(&Line::Called(call.key.clone()))?;
        Ok(self.count_call(&call.key))
    }

    /// Gives a call under a new key its effect. `answer` stands in place of the behaviour's own.
    pub(super) fn perform(
        &mut self,
        call: Call,
        behaviour: &Behaviour,
        answer: Option<&Document>,
    ) -> Result<Effect, Rejected> {
        let number = self.last_number + 1;
        let invented = Invented {
            arguments: &call.arguments,
            number,
            key: &call.key,
            order: call.order.as_deref(),
            task: call.task.as_deref(),
        };
        let result = answer.unwrap_or(&behaviour.answer).fill(&invented)?;
        let (state, releases) = match &behaviour.leaves {
            Leaves::Effect => (EffectState::Held, None),
            Leaves::Nothing | Leaves::NoTrace => (EffectState::Nothing, None),
            Leaves::Undone { operation, by } => {
                let wanted = call.arguments.get(by).ok_or_else(|| FillError::Missing(by.clone()))?;
                let made = |effect: &&Effect| {
                    effect.system == call.system
                        && effect.operation == *operation
                        && effect.is_known_by(by, wanted)
                };
                (EffectState::Nothing, self.releasable(&call, by, made)?)
            }
        };
        let effect = Effect {
            number,
            order: call.order,
            task: call.task,
            system: call.system,
            operation: call.operation,
            key: call.key,
            arguments: call.arguments,
            result,
            state,
            releases,
            released_by: None,
            calls: 1,
        };
        self.write(&Line::Effect(Box::new(effect.clone())))?;
        self.insert(effect.clone());
        Ok(effect)
    }

    /// The effect that an undo takes back, of those that fit: the newest one that is there, the order's own before
    /// any other. None if the ledger has never seen one: then it is older than the ledger.
    fn releasable(
        &self,
        call: &Call,
        by: &str,
        fits: impl Fn(&&Effect) -> bool,
    ) -> Result<Option<u64>, Rejected> {
        let own = call.order.iter().flat_map(|order| self.of_order(order).rev());
        let fitting = || own.clone().chain(self.effects.values().rev()).filter(&fits);
        if let Some(held) = fitting().find(|effect| effect.state == EffectState::Held) {
            return Ok(Some(held.number));
        }
        match fitting().find_map(|effect| Some((effect.number, effect.released_by?))) {
            None => Ok(None),
            Some((number, released_by)) => {
                Err(Rejected::ReleasedAlready { by: by.to_owned(), number, released_by })
            }
        }
    }

    /// The effects of an order, oldest first.
    pub(super) fn of_order<'a>(&'a self, order: &str) -> impl DoubleEndedIterator<Item = &'a Effect> + Clone {
        self.by_order.get(order).into_iter().flatten().filter_map(|number| self.effects.get(number))
    }

    /// Every effect, oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Effect> {
        self.effects.values()
    }

    /// The number of the last effect; what an answer that has none of its own may be numbered by.
    pub(super) const fn last_number(&self) -> u64 {
        self.last_number
    }

    /// How many effects were forgotten for want of room.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    fn count_call(&mut self, key: &IdempotencyKey) -> Option<Value> {
        let effect = self.by_key.get(key).and_then(|number| self.effects.get_mut(number))?;
        effect.calls += 1;
        Some(effect.result.clone())
    }

    fn insert(&mut self, effect: Effect) {
        while self.effects.len() >= self.limit {
            self.forget_one();
        }
        let number = effect.number;
        self.last_number = self.last_number.max(number);
        if let Some(released) = effect.releases.and_then(|released| self.effects.get_mut(&released)) {
            released.state = EffectState::Released;
            released.released_by = Some(number);
            self.settled.insert(released.number);
        }
        if effect.state != EffectState::Held {
            self.settled.insert(number);
        }
        self.by_key.insert(effect.key.clone(), number);
        if let Some(order) = &effect.order {
            self.by_order.entry(order.clone()).or_default().insert(number);
        }
        self.effects.insert(number, effect);
    }

    fn forget_one(&mut self) {
        let number = self.settled.pop_first().or_else(|| self.effects.keys().next().copied());
        let Some(effect) = number.and_then(|number| self.effects.remove(&number)) else { return };
        self.forgotten += 1;
        self.by_key.remove(&effect.key);
        if let Some(order) = effect.order
            && let Some(numbers) = self.by_order.get_mut(&order)
        {
            numbers.remove(&effect.number);
            if numbers.is_empty() {
                self.by_order.remove(&order);
            }
        }
    }

    /// Nothing changes in memory before it stands in the journal.
    fn write(&mut self, line: &Line) -> Result<(), JournalError> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        if journal.is_long() {
            journal.shorten(self.effects.values())?;
        }
        journal.append(line)
    }
}

impl<'a> FromIterator<&'a Effect> for Totals {
    fn from_iter<E: IntoIterator<Item = &'a Effect>>(effects: E) -> Self {
        let mut totals = Self::default();
        for effect in effects {
            totals.effects += 1;
            totals.calls += effect.calls;
            match effect.state {
                EffectState::Held => totals.held += 1,
                EffectState::Released => totals.released += 1,
                EffectState::Nothing => totals.nothing += 1,
            }
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call of an operation that has an effect, for an order that is named like its key.
    fn call(operation: &str, key: &str, id: &str) -> Call {
        Call {
            order: Some(key.to_owned()),
            task: None,
            system: "custom".parse().unwrap(),
            operation: operation.parse().unwrap(),
            key: key.parse().unwrap(),
            arguments: BTreeMap::from([("id".to_owned(), Value::text(id))]),
        }
    }

    fn perform(ledger: &mut Ledger, call: Call) -> u64 {
        let leaves = match call.operation.as_str() {
            "give" => Leaves::Undone { operation: "take".parse().unwrap(), by: "id".to_owned() },
            _ => Leaves::Effect,
        };
        let answer = Document::Plain(Value::Null);
        ledger.perform(call, &Behaviour { answer, leaves }, None).unwrap().number
    }

    fn numbers(ledger: &Ledger) -> Vec<u64> {
        ledger.all().map(|effect| effect.number).collect()
    }

    #[test]
    fn beyond_the_limit_what_holds_nothing_is_forgotten_first() {
        let mut ledger = Ledger::with_limit(3);
        for (operation, key, id) in [("take", "a", "1"), ("take", "b", "2"), ("give", "c", "2")] {
            perform(&mut ledger, call(operation, key, id));
        }
        assert_eq!((numbers(&ledger), ledger.forgotten()), (vec![1, 2, 3], 0));
        perform(&mut ledger, call("take", "d", "4"));
        assert_eq!(numbers(&ledger), [1, 3, 4]);
        perform(&mut ledger, call("take", "e", "5"));
        assert_eq!(numbers(&ledger), [1, 4, 5]);
        perform(&mut ledger, call("take", "f", "6"));
        assert_eq!((numbers(&ledger), ledger.forgotten()), (vec![4, 5, 6], 3));
        assert_eq!(ledger.of_order("a").count() + ledger.by_key.len() + ledger.by_order.len(), 6);
        // A forgotten key is a new one.
        assert_eq!(ledger.repeat(&call("take", "a", "1")).unwrap(), None);
    }

    #[test]
    fn an_undo_takes_the_orders_own_effect_before_any_other() {
        let mut ledger = Ledger::in_memory();
        let mut own = call("take", "a", "same");
        own.order = Some("order".to_owned());
        perform(&mut ledger, own);
        perform(&mut ledger, call("take", "b", "same"));
        for (key, released) in [("c", Some(1)), ("d", Some(2))] {
            let mut undo = call("give", key, "same");
            undo.order = Some("order".to_owned());
            perform(&mut ledger, undo);
            assert_eq!(ledger.all().last().unwrap().releases, released);
        }
    }
}
