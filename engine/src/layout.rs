//! The tasks of a run over all versions of its plan that still matter, and how they hang together now.
//!
//! A run begins with one plan. Every amendment brings another one, and tasks of before may still be running, or have left
//! something that is taken back with the values they saw. So a run knows each task, present or gone, by one index for good:
//! those of the first plan by their place in it, and those that came later after them. Which version of the plan a task was
//! begun with, its [`TaskRun`](crate::task_run::TaskRun) says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use model::{ItemId, SignalName, TaskId};
use plan::{Body, Definition, DefinitionIndex, Plan, PlanItem, Seen, TaskIndex, visit};

/// Names one version of a run's plan: its place among all there have been, from 0.
pub(crate) type Version = u32;

/// What the run's tasks are and what each waits for.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    versions: Vec<Arc<Plan>>,
    /// Of every version: where each of its tasks is in the run.
    places: Vec<Vec<TaskIndex>>,
    slots: Vec<Slot>,
    by_id: BTreeMap<TaskId, TaskIndex>,
    /// The tasks for each item, ascending.
    of_items: BTreeMap<ItemId, Vec<TaskIndex>>,
    /// The tasks that wait for a signal in any version.
    of_signals: BTreeMap<SignalName, BTreeSet<TaskIndex>>,
    /// The tasks that in any version are points of no return, or run an order that may have some.
    points: BTreeSet<TaskIndex>,
}

/// One task of the run.
#[derive(Clone, Debug, Default)]
struct Slot {
    /// The versions that have it, ascending, and where.
    seats: Vec<(Version, TaskIndex)>,
    after: Vec<TaskIndex>,
    dependants: Vec<TaskIndex>,
}

/// What a task is an instance of, in one version of the plan.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    plan: Arc<Plan>,
    seat: TaskIndex,
}

impl Bound {
    /// The plan that says so.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where the task is in that plan.
    pub(crate) const fn seat(&self) -> TaskIndex {
        self.seat
    }

    /// The item it is for.
    pub(crate) fn item(&self) -> Option<&PlanItem> {
        self.plan.item(self.seat)
    }

    /// Why it is left out, where the order's data alone decides that.
    pub(crate) fn skipped(&self) -> Option<&str> {
        self.plan.task(self.seat).skipped.as_deref()
    }
}

impl Deref for Bound {
    type Target = Definition;
    fn deref(&self) -> &Definition {
        self.plan.definition(self.seat)
    }
}

impl Layout {
    /// That of a run which has not been amended.
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self::of_versions(vec![plan])
    }

    /// That of a run whose plan had these versions, the first one first.
    pub(crate) fn of_versions(versions: Vec<Arc<Plan>>) -> Self {
        let none = Self {
            versions: Vec::new(),
            places: Vec::new(),
            slots: Vec::new(),
            by_id: BTreeMap::new(),
            of_items: BTreeMap::new(),
            of_signals: BTreeMap::new(),
            points: BTreeSet::new(),
        };
        versions.into_iter().fold(none, Self::with)
    }

    /// The layout after an amendment. What is present waits for what its version says; what is gone waits for nothing any more
    /// but is still after what it was after, because it is taken back before that.
    pub(crate) fn with(mut self, plan: Arc<Plan>) -> Self {
        let version = Version::try_from(self.versions.len()).unwrap_or(Version::MAX);
        let mut places = Vec::with_capacity(plan.tasks().len());
        for seat in plan.indices() {
            let next = TaskIndex(self.slots.len());
            let slot = *self.by_id.entry(plan.id(seat)).or_insert(next);
            if slot == next {
                self.slots.push(Slot::default());
                if let Some(item) = plan.item(seat) {
                    self.of_items.entry(item.id.clone()).or_default().push(slot);
                }
            }
            let definition = plan.definition(seat);
            if let Body::Wait { signal, .. } = &definition.body {
                self.of_signals.entry(signal.clone()).or_default().insert(slot);
            }
            if definition.point_of_no_return || definition.runs().is_some() {
                self.points.insert(slot);
            }
            self.slot_mut(slot).seats.push((version, seat));
            places.push(slot);
        }
        let place = |seat: &TaskIndex| places.get(seat.0).copied();
        for slot in &mut self.slots {
            if let Some((_, seat)) = slot.seats.last().filter(|(last, _)| *last == version) {
                slot.after = plan.task(*seat).after.iter().filter_map(place).collect();
                slot.after.sort_unstable();
            }
            slot.dependants.clear();
        }
        for n in 0..self.slots.len() {
            for before in self.slot(TaskIndex(n)).after.clone() {
                self.slot_mut(before).dependants.push(TaskIndex(n));
            }
        }
        self.places.push(places);
        self.versions.push(plan);
        self
    }

    /// The plan as it is now.
    #[expect(clippy::expect_used, reason = "there is a first version, and none is ever taken away")]
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        self.versions.last().expect("a layout is made of at least one version")
    }

    /// All versions, the first one first.
    pub(crate) fn versions(&self) -> &[Arc<Plan>] {
        &self.versions
    }

    /// The latest version.
    pub(crate) fn latest(&self) -> Version {
        Version::try_from(self.versions.len().saturating_sub(1)).unwrap_or(Version::MAX)
    }

    /// Every task, gone ones included, ascending.
    pub(crate) fn indices(&self) -> impl DoubleEndedIterator<Item = TaskIndex> + use<> {
        (0..self.slots.len()).map(TaskIndex)
    }

    /// The id of a task.
    pub(crate) fn id(&self, task: TaskIndex) -> TaskId {
        let (plan, seat) = self.last_seat(task);
        plan.id(seat)
    }

    /// The task with an id, present or gone.
    pub(crate) fn find(&self, id: &TaskId) -> Option<TaskIndex> {
        self.by_id.get(id).copied()
    }

    /// What a task is in a version of the plan; none if that has no such task.
    pub(crate) fn bound(&self, task: TaskIndex, version: Version) -> Option<Bound> {
        let seats = &self.slot(task).seats;
        let (_, seat) = seats.iter().rev().find(|(found, _)| *found == version)?;
        let plan = self.versions.get(usize::try_from(version).ok()?)?;
        Some(Bound { plan: plan.clone(), seat: *seat })
    }

    /// What a task is now, or was in the last version that had it.
    pub(crate) fn last(&self, task: TaskIndex) -> Bound {
        let (plan, seat) = self.last_seat(task);
        Bound { plan: plan.clone(), seat }
    }

    #[expect(clippy::expect_used, reason = "a task is there because a version has it")]
    fn last_seat(&self, task: TaskIndex) -> (&Arc<Plan>, TaskIndex) {
        let (version, seat) = self.slot(task).seats.last().expect("a version has the task");
        let plan = usize::try_from(*version).ok().and_then(|version| self.versions.get(version));
        (plan.unwrap_or_else(|| self.plan()), *seat)
    }

    /// Whether the plan as it is now has a task.
    pub(crate) fn is_present(&self, task: TaskIndex) -> bool {
        self.slot(task).seats.last().is_some_and(|(version, _)| *version == self.latest())
    }

    /// The item that a task is for.
    pub(crate) fn item(&self, task: TaskIndex) -> Option<&ItemId> {
        let (plan, seat) = self.last_seat(task);
        plan.item(seat).map(|item| &item.id)
    }

    /// The item that a task is rolled back with alone, if it is.
    pub(crate) fn item_rolled_back_with(&self, task: TaskIndex) -> Option<&ItemId> {
        let (plan, seat) = self.last_seat(task);
        if plan.definition(seat).isolate { plan.item(seat).map(|item| &item.id) } else { None }
    }

    /// The tasks for an item, ascending.
    pub(crate) fn of_item(&self, item: &ItemId) -> &[TaskIndex] {
        self.of_items.get(item).map_or(&[], Vec::as_slice)
    }

    /// The tasks that wait for a signal in any version, ascending.
    pub(crate) fn of_signal(&self, signal: &SignalName) -> impl Iterator<Item = TaskIndex> {
        self.of_signals.get(signal).into_iter().flatten().copied()
    }

    /// The tasks that in any version are points of no return, or run an order that may have some, ascending.
    pub(crate) fn points(&self) -> impl Iterator<Item = TaskIndex> {
        self.points.iter().copied()
    }

    /// Those of them that are for an item.
    pub(crate) fn points_of(&self, item: &ItemId) -> impl Iterator<Item = TaskIndex> {
        self.of_item(item).iter().copied().filter(|task| self.points.contains(task))
    }

    /// What a task waits for, ascending.
    pub(crate) fn after(&self, task: TaskIndex) -> &[TaskIndex] {
        &self.slot(task).after
    }

    /// The tasks that wait for a task, ascending.
    pub(crate) fn dependants(&self, task: TaskIndex) -> &[TaskIndex] {
        &self.slot(task).dependants
    }

    /// What an expression of a task means by naming a definition, in a version of the plan that has the task.
    pub(crate) fn seen_from(&self, bound: &Bound, version: Version, definition: DefinitionIndex) -> Found {
        let place = |seat: TaskIndex| self.place(version, seat);
        match bound.plan.seen_from(bound.seat, definition) {
            Seen::One(task) => Found::One(task.map(place)),
            Seen::All(tasks) => Found::All(tasks.iter().copied().map(place).collect()),
        }
    }

    /// Where a task of a version of the plan is in the run.
    pub(crate) fn place(&self, version: Version, seat: TaskIndex) -> TaskIndex {
        let places = usize::try_from(version).ok().and_then(|version| self.places.get(version));
        places.and_then(|places| places.get(seat.0)).copied().unwrap_or(seat)
    }

    #[expect(clippy::indexing_slicing, reason = "a TaskIndex is handed out by the run it belongs to")]
    fn slot(&self, task: TaskIndex) -> &Slot {
        visit(task);
        &self.slots[task.0]
    }

    #[expect(clippy::indexing_slicing, reason = "a TaskIndex is handed out by the run it belongs to")]
    fn slot_mut(&mut self, task: TaskIndex) -> &mut Slot {
        &mut self.slots[task.0]
    }
}

/// The tasks that an expression means by a name.
pub(crate) enum Found {
    /// The one instance; none if the order has no such, which counts as skipped.
    One(Option<TaskIndex>),
    /// All instances.
    All(Vec<TaskIndex>),
}
