//! How an operation is made to misbehave: settings, and what they decide for each call.

use std::collections::BTreeMap;

use model::{OperationName, SignalName, SystemName, Value};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::template::{Document, InvalidTemplate, Template};

/// Most operations that may have settings at a time.
const OPERATIONS: usize = 1_000;

/// Longest delay that may be set, in milliseconds: longer than any sensible time-out of a task.
const LONGEST_DELAY_MS: u64 = 600_000;

/// What is set for one operation, in the form in which it is sent and shown. Every field may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    /// So many of the next calls are answered 500, and have no effect. Counts down.
    pub(super) fail_times: u32,
    /// Calls under a new key are answered 409, and have no effect: `true`, or the reason to give.
    pub(super) refuse: Refuse,
    /// Every call waits for so long before anything else happens, in milliseconds.
    pub(super) delay_ms: u64,
    /// So many of the next calls have their effect and get no answer. Counts down.
    pub(super) timeout_after_effect: u32,
    /// How likely a call goes wrong that none of the above applies to.
    pub(super) rate: Rate,
    /// Where the dice for `rate` begin. Without it, where the simulator's seed and the operation's name say.
    pub(super) seed: Option<u64>,
    /// Answered in place of what the table of answers says; a template like those.
    pub(super) answer: Option<Value>,
    /// A signal that each new effect sends to the order.
    pub(super) callback: Option<CallbackSettings>,
    /// The callback is delivered twice, under the same id.
    pub(super) duplicate_callback: bool,
}

/// Whether calls are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Refuse {
    /// Whether they are, without a reason of its own.
    Flag(bool),
    /// They are, for this reason.
    Reason(String),
}

impl Default for Refuse {
    fn default() -> Self {
        Self::Flag(false)
    }
}

/// Probabilities per call, each from 0 to 1, and together at most 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rate {
    /// Answered 500, no effect.
    pub(super) fail: f64,
    /// Answered 409, no effect.
    pub(super) refuse: f64,
    /// An effect and no answer.
    pub(super) timeout_after_effect: f64,
}

/// A signal that an effect sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackSettings {
    /// The signal's name.
    pub(super) signal: SignalName,
    /// How long after the effect, in milliseconds.
    #[serde(default)]
    pub(super) after_ms: u64,
    /// What it says: a template over the effect's answer, its arguments, and what answers may be made of.
    #[serde(default)]
    pub(super) payload: Value,
    /// The task instance it is for, a template; none leaves that to the receiver.
    #[serde(default)]
    pub(super) task: Option<String>,
    /// Where it is delivered instead of the Orderwright API: the whole address, a template.
    #[serde(default)]
    pub(super) url: Option<String>,
}

/// A callback that is ready to be filled in.
#[derive(Clone, Debug)]
pub(super) struct Callback {
    pub(super) signal: SignalName,
    pub(super) after_ms: u64,
    pub(super) payload: Document,
    pub(super) task: Option<Template>,
    pub(super) url: Option<Template>,
    pub(super) twice: bool,
}

/// Every field of [`Settings`], and what it takes.
const FIELDS: [(&str, &str); 9] = [
    ("fail_times", "a whole number from 0 to 4294967295"),
    ("refuse", "`true`, `false` or a text that is the reason"),
    ("delay_ms", "a whole number from 0 to 600000"),
    ("timeout_after_effect", "a whole number from 0 to 4294967295"),
    ("rate", "an object with some of `fail`, `refuse` and `timeout_after_effect`, each a number from 0 to 1"),
    ("seed", "a whole number from 0, or null"),
    ("answer", "any JSON"),
    (
        "callback",
        "an object with `signal` and, if need be, `after_ms` (a whole number), `payload`, `task` and `url` (texts), or null",
    ),
    ("duplicate_callback", "`true` or `false`"),
];

/// Settings that can't be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidSettings {
    #[error("expected a JSON object with settings: {0}")]
    NoObject(String),
    #[error("{}", .0.join("; "))]
    Fields(Vec<String>),
    #[error("`{field}`: expected {expected}")]
    Range { field: &'static str, expected: String },
    #[error("`{field}`: {cause}")]
    Template { field: &'static str, cause: InvalidTemplate },
    #[error("`duplicate_callback` without `callback`")]
    NothingToDuplicate,
    #[error("{OPERATIONS} operations have settings already: expected some to be cleared first")]
    TooMany,
}

/// What happens to one call.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) verdict: Verdict,
    pub(super) delay_ms: u64,
    pub(super) answer: Option<Document>,
    pub(super) callback: Option<Callback>,
}

/// Whether a call goes right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Proceed,
    /// It fails before anything has happened.
    Fail,
    /// It is refused, for this reason.
    Refuse(String),
    /// It has its effect, and no answer comes.
    Silence,
}

/// The settings of every operation that has some.
#[derive(Debug)]
pub(super) struct Faults {
    seed: u64,
    operations: BTreeMap<(SystemName, OperationName), Active>,
}

#[derive(Debug)]
struct Active {
    settings: Settings,
    answer: Option<Document>,
    callback: Option<Callback>,
    dice: ChaCha8Rng,
}

impl Faults {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, operations: BTreeMap::new() }
    }

    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    /// Puts settings in place of those the operation has.
    pub(super) fn set(
        &mut self,
        system: SystemName,
        operation: OperationName,
        settings: Settings,
    ) -> Result<(), InvalidSettings> {
        let seed = settings.seed.unwrap_or_else(|| seed_of(self.seed, &system, &operation));
        let active = Active {
            answer: settings.answer_template()?,
            callback: settings.callback_template()?,
            dice: ChaCha8Rng::seed_from_u64(seed),
            settings,
        };
        active.settings.check_ranges()?;
        let place = (system, operation);
        if self.operations.len() >= OPERATIONS && !self.operations.contains_key(&place) {
            return Err(InvalidSettings::TooMany);
        }
        self.operations.insert(place, active);
        Ok(())
    }

    /// What is set for an operation, counted down to now.
    pub(super) fn get(&self, system: &SystemName, operation: &OperationName) -> Option<&Settings> {
        self.operations.get(&(system.clone(), operation.clone())).map(|active| &active.settings)
    }

    /// Makes an operation behave.
    pub(super) fn clear(&mut self, system: &SystemName, operation: &OperationName) {
        self.operations.remove(&(system.clone(), operation.clone()));
    }

    /// Makes every operation behave.
    pub(super) fn clear_all(&mut self) {
        self.operations.clear();
    }

    /// Every operation that has settings, in the order of their names.
    pub(super) fn all(&self) -> impl Iterator<Item = (&SystemName, &OperationName, &Settings)> {
        self.operations.iter().map(|((system, operation), active)| (system, operation, &active.settings))
    }

    /// Decides about the next call of an operation, and counts it.
    pub(super) fn decide(&mut self, system: &SystemName, operation: &OperationName) -> Decision {
        match self.operations.get_mut(&(system.clone(), operation.clone())) {
            Some(active) => Decision {
                verdict: active.verdict(),
                delay_ms: active.settings.delay_ms,
                answer: active.answer.clone(),
                callback: active.callback.clone(),
            },
            None => Decision { verdict: Verdict::Proceed, delay_ms: 0, answer: None, callback: None },
        }
    }
}

impl Active {
    fn verdict(&mut self) -> Verdict {
        let settings = &mut self.settings;
        // One number per call, whatever else is set: the n-th call always meets the n-th throw.
        let thrown: f64 = self.dice.random();
        let refused = |reason: &str| Verdict::Refuse(reason.to_owned());
        if settings.fail_times > 0 {
            settings.fail_times -= 1;
            return Verdict::Fail;
        }
        match &settings.refuse {
            Refuse::Reason(reason) => return refused(reason),
            Refuse::Flag(true) => return refused("the simulator is set to refuse this operation"),
            Refuse::Flag(false) => {}
        }
        if settings.timeout_after_effect > 0 {
            settings.timeout_after_effect -= 1;
            return Verdict::Silence;
        }
        let Rate { fail, refuse, timeout_after_effect } = settings.rate;
        if thrown < fail {
            Verdict::Fail
        } else if thrown < fail + refuse {
            refused("the simulator's dice refuse this call")
        } else if thrown < fail + refuse + timeout_after_effect {
            Verdict::Silence
        } else {
            Verdict::Proceed
        }
    }
}

impl Settings {
    /// Reads settings as they are sent; every field that is wrong is named.
    pub(super) fn read(body: &[u8]) -> Result<Self, InvalidSettings> {
        // As an object first: a list would do for the settings by the order of their fields.
        let fields: Map<String, Json> =
            serde_json::from_slice(body).map_err(|wrong| InvalidSettings::NoObject(wrong.to_string()))?;
        let wrong: Vec<String> = fields.iter().filter_map(|(name, value)| wrong_field(name, value)).collect();
        if !wrong.is_empty() {
            return Err(InvalidSettings::Fields(wrong));
        }
        Self::deserialize(Json::Object(fields)).map_err(|wrong| InvalidSettings::NoObject(wrong.to_string()))
    }

    fn check_ranges(&self) -> Result<(), InvalidSettings> {
        let range = |field, expected: String| Err(InvalidSettings::Range { field, expected });
        let Rate { fail, refuse, timeout_after_effect } = self.rate;
        let rates = [fail, refuse, timeout_after_effect];
        if rates.iter().any(|rate| !(0.0..=1.0).contains(rate)) || rates.iter().sum::<f64>() > 1.0 {
            return range("rate", "probabilities from 0 to 1 that add up to at most 1".to_owned());
        }
        if self.delay_ms > LONGEST_DELAY_MS {
            return range("delay_ms", format!("at most {LONGEST_DELAY_MS}"));
        }
        if self.callback.as_ref().is_some_and(|callback| callback.after_ms > LONGEST_DELAY_MS) {
            return range("callback.after_ms", format!("at most {LONGEST_DELAY_MS}"));
        }
        if self.duplicate_callback && self.callback.is_none() {
            return Err(InvalidSettings::NothingToDuplicate);
        }
        Ok(())
    }

    fn answer_template(&self) -> Result<Option<Document>, InvalidSettings> {
        let template = self.answer.clone().map(Document::parse).transpose();
        template.map_err(|cause| InvalidSettings::Template { field: "answer", cause })
    }

    fn callback_template(&self) -> Result<Option<Callback>, InvalidSettings> {
        let Some(callback) = &self.callback else { return Ok(None) };
        let text = |field, text: &Option<String>| {
            let template = text.as_deref().map(Template::parse).transpose();
            template.map_err(|cause| InvalidSettings::Template { field, cause })
        };
        let payload = Document::parse(callback.payload.clone());
        Ok(Some(Callback {
            signal: callback.signal.clone(),
            after_ms: callback.after_ms,
            payload: payload
                .map_err(|cause| InvalidSettings::Template { field: "callback.payload", cause })?,
            task: text("callback.task", &callback.task)?,
            url: text("callback.url", &callback.url)?,
            twice: self.duplicate_callback,
        }))
    }
}

/// What is wrong with one field, if something is.
fn wrong_field(name: &str, value: &Json) -> Option<String> {
    let Some((_, expected)) = FIELDS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<String> = FIELDS.iter().map(|(known, _)| format!("`{known}`")).collect();
        return Some(format!("unknown field `{name}`: known are {}", known.join(", ")));
    };
    // By itself, so that what is wrong is wrong with it.
    let alone = Map::from_iter([(name.to_owned(), value.clone())]);
    let wrong = Settings::deserialize(Json::Object(alone)).err()?;
    // Of an object it takes more to see what is wrong in it.
    let why = if value.is_object() { format!(": {wrong}") } else { String::new() };
    Some(format!("`{name}`: expected {expected}, found {}{why}", shown(value)))
}

/// A value as it is named in a message.
fn shown(value: &Json) -> String {
    const SHOWN: usize = 80;
    let text = value.to_string();
    if text.chars().count() > SHOWN {
        format!("`{}…`", text.chars().take(SHOWN).collect::<String>())
    } else {
        format!("`{text}`")
    }
}

/// Each operation has dice of its own, so that calls of one don't change the luck of another.
fn seed_of(seed: u64, system: &SystemName, operation: &OperationName) -> u64 {
    let name = format!("{seed}/{system}/{operation}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).as_u64_pair().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_wrong_is_named_with_what_it_takes() {
        let wrong = |body: &str| Settings::read(body.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            wrong(r#"{"refuse": 1, "fail_times": -1, "seed": 7}"#),
            "`fail_times`: expected a whole number from 0 to 4294967295, found `-1`; \
             `refuse`: expected `true`, `false` or a text that is the reason, found `1`"
        );
        assert!(
            wrong(r#"{"fail": 1}"#).starts_with("unknown field `fail`: known are `fail_times`, `refuse`")
        );
        assert!(wrong("[1]").starts_with("expected a JSON object with settings: "));
        assert!(wrong(r#"{"callback": {}}"#).starts_with("`callback`: expected an object with `signal`"));
    }

    #[test]
    fn every_field_is_described() {
        let Json::Object(fields) = serde_json::to_value(Settings::default()).unwrap() else { panic!() };
        let described: std::collections::BTreeSet<_> = FIELDS.iter().map(|(name, _)| *name).collect();
        assert_eq!(fields.keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(), described);
    }

    #[test]
    fn no_more_operations_have_settings_than_the_limit() {
        let mut faults = Faults::new(0);
        let set = |faults: &mut Faults, n: usize| {
            let operation = format!("operation_{n}").parse().unwrap();
            faults.set("custom".parse().unwrap(), operation, Settings::default())
        };
        for n in 0..OPERATIONS {
            assert_eq!(set(&mut faults, n), Ok(()));
        }
        assert_eq!(set(&mut faults, OPERATIONS), Err(InvalidSettings::TooMany));
        assert_eq!(set(&mut faults, 0), Ok(()));
    }
}
