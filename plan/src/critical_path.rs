//! How long an order may take, and which tasks decide it.
//!
//! A task takes as long as it is said to, or else as long as its blueprint lets it: every attempt up to its time-out, the
//! pauses between them, every fallback, every wait to its end. So without other durations the total is the longest
//! that an order can be under way before it is done or a person is asked. Only a `sleep until` a time that a result
//! tells can't be counted: it is named instead.

use std::collections::{BTreeMap, BTreeSet};

use model::{BlueprintName, Duration, TaskId, TaskName, Timestamp, Value, limits};

use crate::{Body, Formula, Plan, Sleep, TaskIndex, Verify};

/// How long tasks take, where that is known better than from their limits: by a task's id, or by its name for all
/// its instances. The id wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    ids: BTreeMap<TaskId, Duration>,
    names: BTreeMap<TaskName, Duration>,
}

impl Durations {
    /// Adds a task; one without an item stands for all instances of its name.
    pub fn insert(&mut self, task: TaskId, takes: Duration) {
        match task.item {
            None => self.names.insert(task.name, takes),
            Some(_) => self.ids.insert(task, takes),
        };
    }

    fn of(&self, id: &TaskId) -> Option<Duration> {
        self.ids.get(id).or_else(|| self.names.get(&id.name)).copied()
    }
}

/// The tasks that decide how long an order takes: if one takes longer, so does the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriticalPath {
    /// How long all of it takes.
    pub total: Duration,
    /// The tasks, each after the one before.
    pub tasks: Vec<Timed>,
    /// The waits that are not counted in it, on the path or beside it: nobody knows their ends before they begin.
    pub not_counted: Vec<NotCounted>,
}

/// A task that sleeps until a time which only results tell, or runs a blueprint that does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCounted {
    /// Which.
    pub task: TaskIndex,
    /// When it begins at the latest, from the order's beginning, if nothing else that is not counted comes before it.
    pub begins: Duration,
    /// Until when it sleeps, as the blueprint has it.
    pub until: String,
}

/// A task on the critical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// Which.
    pub task: TaskIndex,
    /// When it begins, from the order's beginning.
    pub begins: Duration,
    /// How long it takes.
    pub takes: Duration,
    /// Whether that was said, and not taken from its limits.
    pub given: bool,
}

impl Plan {
    /// The critical path. Of several that take as long, the one through the tasks that come first. Tasks that are left out
    /// take no time, and are not on it.
    #[must_use]
    pub fn critical_path(&self, durations: &Durations) -> CriticalPath {
        let mut timed: Vec<Timed> = Vec::with_capacity(self.tasks().len());
        let mut longest = Longest::new(self);
        let mut not_counted = Vec::new();
        let mut before: Vec<Option<TaskIndex>> = Vec::with_capacity(self.tasks().len());
        let end = |timed: &Timed| timed.begins.saturating_add(timed.takes);
        // Tasks come after what they wait for, so that is timed already.
        for index in self.indices() {
            let task = self.task(index);
            let mut last: Option<&Timed> = None;
            for candidate in task.after.iter().filter_map(|after| timed.get(after.0)) {
                if last.is_none_or(|last| end(candidate) > end(last)) {
                    last = Some(candidate);
                }
            }
            let begins = last.map_or(Duration::ZERO, end);
            let given = durations.of(&self.id(index));
            let takes = if task.skipped.is_some() {
                None
            } else {
                given.or_else(|| Some(longest.of_task(index, begins)))
            };
            if task.skipped.is_none() && given.is_none() {
                let untils = longest.untils(index, begins);
                not_counted.extend(untils.into_iter().map(|until| NotCounted { task: index, begins, until }));
            }
            before.push(last.map(|last| last.task));
            timed.push(Timed {
                task: index,
                begins,
                takes: takes.unwrap_or_default(),
                given: given.is_some(),
            });
        }
        let mut last: Option<&Timed> = None;
        for candidate in &timed {
            if last.is_none_or(|last| end(candidate) > end(last)) {
                last = Some(candidate);
            }
        }
        let total = last.map_or(Duration::ZERO, end);
        let mut tasks = Vec::new();
        while let Some(at) = last {
            if self.task(at.task).skipped.is_none() {
                tasks.push(*at);
            }
            last = before.get(at.task.0).copied().flatten().and_then(|before| timed.get(before.0));
        }
        tasks.reverse();
        CriticalPath { total, tasks, not_counted }
    }
}

/// The longest that tasks can take before they are done, or fail for good.
struct Longest<'a> {
    plan: &'a Plan,
    /// Those of the blueprints that tasks run, each worked out once.
    children: BTreeMap<&'a BlueprintName, Duration>,
}

impl<'a> Longest<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self { plan, children: BTreeMap::new() }
    }

    /// That of a task of the plan which begins then.
    fn of_task(&mut self, task: TaskIndex, begins: Duration) -> Duration {
        let body = &self.plan.definition(task).body;
        if let Body::Sleep(Sleep::Until(time)) = body {
            return self.left(task, time, begins).unwrap_or_default();
        }
        self.of_body(body)
    }

    /// How long it is from then to a time, if the order alone tells that.
    fn left(&self, task: TaskIndex, time: &Formula, begins: Duration) -> Option<Duration> {
        let until = timestamp(&time.known_value(self.plan, task)?)?;
        let submitted = timestamp(self.plan.order().field("submitted_at")?)?;
        Some(until.since(submitted.plus(begins)))
    }

    /// Until when a task of the plan sleeps, as far as that is not known.
    fn untils(&self, task: TaskIndex, begins: Duration) -> Vec<String> {
        let body = &self.plan.definition(task).body;
        let mut untils = Vec::new();
        let known =
            matches!(body, Body::Sleep(Sleep::Until(time)) if self.left(task, time, begins).is_some());
        if !known {
            self.untils_of(body, &mut BTreeSet::new(), &mut untils);
        }
        untils
    }

    fn untils_of(&self, body: &'a Body, seen: &mut BTreeSet<&'a BlueprintName>, untils: &mut Vec<String>) {
        match body {
            Body::Sleep(Sleep::Until(time)) => untils.push(time.text.clone()),
            // With a limit it is counted up to that.
            Body::Run(run) if run.within.is_none() && seen.insert(&run.blueprint) => {
                let child = self.plan.sub_blueprint(&run.blueprint);
                for definition in child.iter().flat_map(|child| &child.definitions) {
                    self.untils_of(&definition.body, seen, untils);
                }
            }
            Body::Call(_)
            | Body::Wait { .. }
            | Body::Manual(_)
            | Body::Poll(_)
            | Body::Sleep(Sleep::For(_))
            | Body::Run(_)
            | Body::Let(_)
            | Body::Milestone => {}
        }
    }

    /// Whether a blueprint sleeps until a time that is not known.
    fn sleeps_openly(&self, name: &'a BlueprintName) -> bool {
        let mut untils = Vec::new();
        let definitions = self.plan.sub_blueprint(name).map_or(&[][..], |child| &child.definitions);
        definitions
            .iter()
            .for_each(|each| self.untils_of(&each.body, &mut BTreeSet::from([name]), &mut untils));
        !untils.is_empty()
    }

    fn of_body(&mut self, body: &'a Body) -> Duration {
        match body {
            Body::Call(body) => {
                let calls = u64::try_from(body.fallbacks.len()).unwrap_or(u64::MAX).saturating_add(1);
                let all = body.retry.longest(body.timeout);
                let all = body.within.map_or(all, |within| within.min(all));
                // Each time it is read back, the call may be made once more.
                let read_backs = body.verify.as_ref().map_or(0, |_| u64::from(limits::READ_BACKS));
                all.saturating_mul(calls.saturating_add(read_backs))
                    .saturating_add(Verify::longest().saturating_mul(read_backs))
            }
            Body::Wait { within, .. } => *within,
            Body::Manual(body) => body.within,
            Body::Poll(body) => body.within,
            Body::Sleep(Sleep::For(length)) => *length,
            Body::Run(body) => {
                let all = self.of_child(&body.blueprint);
                match body.within {
                    Some(within) if self.sleeps_openly(&body.blueprint) => within,
                    Some(within) => within.min(all),
                    None => all,
                }
            }
            Body::Sleep(Sleep::Until(_)) | Body::Let(_) | Body::Milestone => Duration::ZERO,
        }
    }

    /// That of a blueprint that tasks run: of the longest way through it.
    fn of_child(&mut self, name: &'a BlueprintName) -> Duration {
        if let Some(known) = self.children.get(name) {
            return *known;
        }
        let Some(child) = self.plan.sub_blueprint(name) else { return Duration::ZERO };
        // Blueprints never run themselves, and here this ends even if they did.
        self.children.insert(name, Duration::ZERO);
        let mut ends: Vec<Option<Duration>> = vec![None; child.definitions.len()];
        for _ in 0..child.definitions.len() {
            for (n, definition) in child.definitions.iter().enumerate() {
                if ends.get(n).copied().flatten().is_some() {
                    continue;
                }
                let after = child.after.get(n).map_or(&[][..], Vec::as_slice);
                let begins = after.iter().try_fold(Duration::ZERO, |latest, after| {
                    ends.get(after.0).copied().flatten().map(|end| latest.max(end))
                });
                let Some(begins) = begins else { continue };
                let end = begins.saturating_add(self.of_body(&definition.body));
                ends.get_mut(n).into_iter().for_each(|slot| *slot = Some(end));
            }
            if ends.iter().all(Option::is_some) {
                break;
            }
        }
        let longest = ends.into_iter().flatten().max().unwrap_or_default();
        self.children.insert(name, longest);
        longest
    }
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    value.as_text()?.parse().ok()
}
