//! Signals that came before the task that will wait for them.
//!
//! They are found by what they are for, so that a task which begins to wait looks at none that are for others.

use std::collections::{BTreeMap, BTreeSet};

use model::{DeliveryId, SignalName, Value};
use plan::TaskIndex;
use serde::{Deserialize, Serialize};

/// A signal that came before the task that will wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptSignal {
    pub(crate) id: DeliveryId,
    pub(crate) signal: SignalName,
    /// The one that it is for; none, if any will do.
    pub(crate) task: Option<TaskIndex>,
    pub(crate) payload: Value,
}

/// All that are kept, oldest first. Written down as a list of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<KeptSignal>", into = "Vec<KeptSignal>")]
pub(crate) struct Kept {
    /// By a number that says which came first.
    signals: BTreeMap<u64, KeptSignal>,
    /// Their numbers, by what they are for.
    numbers: BTreeMap<(SignalName, Option<TaskIndex>), BTreeSet<u64>>,
}

impl Kept {
    pub(crate) fn keep(&mut self, signal: KeptSignal) {
        let number = self.signals.last_key_value().map_or(0, |(last, _)| last + 1);
        self.numbers.entry((signal.signal.clone(), signal.task)).or_default().insert(number);
        self.signals.insert(number, signal);
    }

    /// The numbers of those that a task may take, oldest first.
    pub(crate) fn of(&self, signal: &SignalName, task: TaskIndex) -> BTreeSet<u64> {
        let of = |task| self.numbers.get(&(signal.clone(), task)).into_iter().flatten().copied();
        of(Some(task)).chain(of(None)).collect()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&KeptSignal> {
        self.signals.get(&number)
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<KeptSignal> {
        let signal = self.signals.remove(&number)?;
        let of = (signal.signal.clone(), signal.task);
        if let Some(numbers) = self.numbers.get_mut(&of) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.numbers.remove(&of);
            }
        }
        Some(signal)
    }

    /// Forgets those that are for these tasks alone.
    pub(crate) fn forget(&mut self, tasks: &BTreeSet<TaskIndex>) {
        let kept = std::mem::take(self);
        let is_for_them = |kept: &KeptSignal| kept.task.is_some_and(|task| tasks.contains(&task));
        *self = kept.signals.into_values().filter(|kept| !is_for_them(kept)).collect();
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl FromIterator<KeptSignal> for Kept {
    fn from_iter<T: IntoIterator<Item = KeptSignal>>(signals: T) -> Self {
        let mut kept = Self::default();
        signals.into_iter().for_each(|signal| kept.keep(signal));
        kept
    }
}

impl From<Vec<KeptSignal>> for Kept {
    fn from(signals: Vec<KeptSignal>) -> Self {
        signals.into_iter().collect()
    }
}

impl From<Kept> for Vec<KeptSignal> {
    fn from(kept: Kept) -> Self {
        kept.signals.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(id: &str, signal: &str, task: Option<usize>) -> KeptSignal {
        KeptSignal {
            id: id.parse().unwrap(),
            signal: signal.parse().unwrap(),
            task: task.map(TaskIndex),
            payload: Value::Null,
        }
    }

    fn ids(kept: &Kept, name: &str, task: usize) -> Vec<String> {
        let numbers = kept.of(&name.parse().unwrap(), TaskIndex(task)).into_iter();
        numbers.filter_map(|number| kept.get(number)).map(|signal| signal.id.to_string()).collect()
    }

    #[test]
    fn a_task_finds_what_is_for_it_or_for_anyone_oldest_first() {
        let all = [
            signal("a", "report", Some(1)),
            signal("b", "report", Some(2)),
            signal("c", "report", None),
            signal("d", "other", Some(1)),
            signal("e", "report", Some(1)),
        ];
        let mut kept: Kept = all.into_iter().collect();
        assert_eq!(ids(&kept, "report", 1), ["a", "c", "e"]);
        let first = kept.of(&"report".parse().unwrap(), TaskIndex(1)).into_iter().next().unwrap();
        assert_eq!(kept.remove(first).map(|signal| signal.id.to_string()), Some("a".to_owned()));
        assert_eq!(kept.remove(first), None);
        kept.keep(signal("f", "report", None));
        assert_eq!(ids(&kept, "report", 1), ["c", "e", "f"]);
        kept.forget(&BTreeSet::from([TaskIndex(1)]));
        assert_eq!(ids(&kept, "report", 1), ["c", "f"]);
        assert_eq!(ids(&kept, "report", 2), ["b", "c", "f"]);
    }

    #[test]
    fn it_is_written_down_as_a_list_and_read_back() {
        let kept: Kept = [signal("a", "report", None), signal("b", "report", Some(2))].into_iter().collect();
        let written = serde_json::to_string(&kept).unwrap();
        let read: Vec<KeptSignal> = serde_json::from_str(&written).unwrap();
        assert_eq!(read.iter().map(|signal| signal.id.to_string()).collect::<Vec<_>>(), ["a", "b"]);
        let kept: Kept = serde_json::from_str(&written).unwrap();
        assert_eq!(serde_json::to_string(&kept).unwrap(), written);
    }
}
