//! What has been done out there, by idempotency key: a system does a thing once, however often it is asked.

use std::collections::BTreeMap;

use model::{IdempotencyKey, Value};

use crate::made_up::Source;
/// Everything that systems have done.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The answer of each, as far as one has been given.
    deeds: BTreeMap<IdempotencyKey, Option<(Value, Source)>>,
}

impl Ledger {
    /// Writes down that a thing is done, if it was not before. Nobody has heard an answer yet.
    pub(crate) fn do_silently(&mut self, key: &IdempotencyKey) {
        self.deeds.entry(key.clone()).or_default();
    }

    /// Does a thing and answers; what was answered before is answered again.
    pub(crate) fn answer(
        &mut self,
        key: &IdempotencyKey,
        answer: impl FnOnce() -> (Value, Source),
    ) -> (Value, Source) {
        self.deeds.entry(key.clone()).or_default().get_or_insert_with(answer).clone()
    }

    /// Whether a thing is done.
    pub(crate) fn is_done(&self, key: &IdempotencyKey) -> bool {
        self.deeds.contains_key(key)
    }
}
