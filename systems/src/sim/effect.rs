//! One effect in the simulated world.

use std::collections::BTreeMap;

use model::{IdempotencyKey, OperationName, SystemName, Value};
use serde::{Deserialize, Serialize};

/// What a call asks for, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The order, from `X-Correlation-Id`.
    pub(super) order: Option<String>,
    /// The task instance, from `X-Order-Task`.
    pub(super) task: Option<String>,
    /// The system called.
    pub(super) system: SystemName,
    /// Its operation.
    pub(super) operation: OperationName,
    /// From `Idempotency-Key`.
    pub(super) key: IdempotencyKey,
    /// By name.
    pub(super) arguments: BTreeMap<String, Value>,
}

/// What one key did. The ledger shows it in this form, and keeps it so on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Effect {
    /// Its place in the ledger, from 1. A later effect has a greater number.
    pub(super) number: u64,
    /// The order it was made for.
    pub(super) order: Option<String>,
    /// The task instance that made it.
    pub(super) task: Option<String>,
    /// The system.
    pub(super) system: SystemName,
    /// The operation.
    pub(super) operation: OperationName,
    /// The key.
    pub(super) key: IdempotencyKey,
    /// The arguments.
    pub(super) arguments: BTreeMap<String, Value>,
    /// The answer; every call under the key gets it.
    pub(super) result: Value,
    /// What has become of it.
    pub(super) state: EffectState,
    /// The effect that this one took back.
    pub(super) releases: Option<u64>,
    /// The effect that took this one back.
    pub(super) released_by: Option<u64>,
    /// How many times it was called, all under the same key.
    pub(super) calls: u64,
}

/// What has become of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EffectState {
    /// It is there.
    Held,
    /// It was there, and was taken back.
    Released,
    /// It left nothing of its own: an undo, a change to something else.
    Nothing,
}

impl Effect {
    /// Whether a call asks for the same as the one that made this effect.
    pub(super) fn is_asked_for_by(&self, call: &Call) -> bool {
        self.system == call.system && self.operation == call.operation && self.arguments == call.arguments
    }

    /// Whether the field `name` of its answer, or else of its arguments, is `value`.
    pub(super) fn is_known_by(&self, name: &str, value: &Value) -> bool {
        self.result.field(name).or_else(|| self.arguments.get(name)) == Some(value)
    }
}
