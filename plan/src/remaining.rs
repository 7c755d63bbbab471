//! The least that is left of an order from each of its tasks on: what is certain, however fast everybody is.
//!
//! Only time that must pass is certain: `sleep`, in a blueprint that a task runs too. A system may answer at once, and what is
//! waited for may come at once. What is decided only when its turn comes may be left out, so it is not certain either. The
//! longest that everything may take is `critical_path`.

use std::collections::BTreeMap;

use model::{BlueprintName, Duration, Timestamp};

use crate::sort::topological;
use crate::{Body, Definition, Plan, Sleep, TaskIndex};

/// The least that is left of an order when a task of it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Remaining {
    /// How long it takes.
    pub takes: Duration,
    /// Before which time it can't be done, whenever the task begins.
    pub not_before: Option<Timestamp>,
}

impl Remaining {
    /// The earliest end of the order, if the task begins then.
    #[must_use]
    pub fn ends(&self, begins: Timestamp) -> Timestamp {
        let end = begins.plus(self.takes);
        self.not_before.map_or(end, |not_before| not_before.max(end))
    }

    /// Whether nothing is certain.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.takes.as_millis() == 0 && self.not_before.is_none()
    }
}

impl Plan {
    /// The least that is left from each task on, itself included, by their indices.
    #[must_use]
    pub fn least_remaining(&self) -> Vec<Remaining> {
        let mut children = Children { plan: self, known: BTreeMap::new() };
        let mut remaining = vec![Remaining::default(); self.tasks().len()];
        // Tasks come before what waits for them, so that is known already.
        for task in self.indices().rev() {
            let after = self.dependants(task).iter().filter_map(|after| remaining.get(after.0));
            let rest = after.fold(Remaining::default(), |rest, after| Remaining {
                takes: rest.takes.max(after.takes),
                not_before: rest.not_before.max(after.not_before),
            });
            let whole = self.with_task(task, rest, &mut children);
            remaining.get_mut(task.0).into_iter().for_each(|slot| *slot = whole);
        }
        remaining
    }

    fn with_task<'a>(&'a self, task: TaskIndex, rest: Remaining, children: &mut Children<'a>) -> Remaining {
        let definition = self.definition(task);
        if self.task(task).skipped.is_some() || definition.when.is_some() {
            return rest;
        }
        if let Body::Sleep(Sleep::Until(time)) = &definition.body {
            let until = time.known_value(self, task);
            let until = until.and_then(|until| until.as_text()?.parse::<Timestamp>().ok());
            let not_before = rest.not_before.max(until.map(|until| until.plus(rest.takes)));
            return Remaining { not_before, ..rest };
        }
        Remaining { takes: children.least(definition).saturating_add(rest.takes), ..rest }
    }
}

/// What the blueprints take at least that tasks run, each worked out once.
struct Children<'a> {
    plan: &'a Plan,
    known: BTreeMap<&'a BlueprintName, Duration>,
}

impl<'a> Children<'a> {
    fn least(&mut self, definition: &'a Definition) -> Duration {
        match &definition.body {
            _ if definition.when.is_some() => Duration::ZERO,
            Body::Sleep(Sleep::For(length)) => *length,
            Body::Run(run) => self.of_child(&run.blueprint),
            Body::Call(_)
            | Body::Wait { .. }
            | Body::Manual(_)
            | Body::Poll(_)
            | Body::Sleep(Sleep::Until(_))
            | Body::Let(_)
            | Body::Milestone => Duration::ZERO,
        }
    }

    fn of_child(&mut self, name: &'a BlueprintName) -> Duration {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let Some(child) = self.plan.sub_blueprint(name) else { return Duration::ZERO };
        // Blueprints never run themselves, and here this ends even if they did.
        self.known.insert(name, Duration::ZERO);
        let edges: Vec<Vec<usize>> =
            child.after.iter().map(|after| after.iter().map(|task| task.0).collect()).collect();
        let mut ends = vec![Duration::ZERO; child.definitions.len()];
        for n in topological(&edges).unwrap_or_default() {
            let before = edges.get(n).into_iter().flatten().filter_map(|before| ends.get(*before));
            let begins = before.max().copied().unwrap_or_default();
            let takes = child.definitions.get(n).map_or(Duration::ZERO, |definition| self.least(definition));
            ends.get_mut(n).into_iter().for_each(|end| *end = begins.saturating_add(takes));
        }
        let least = ends.into_iter().max().unwrap_or_default();
        self.known.insert(name, least);
        least
    }
}
