//! The reference model: what may happen to an order, said with sets and orderings.
//!
//! It knows the blueprint's description and reads the order's record. It has no idea how the engine comes to what it does.

use std::collections::{BTreeMap, BTreeSet};

use model::{Fact, ItemId, OrderState, TaskId, TaskState, Value};

use crate::blueprint::{Blueprint, BodySpec, Version, When};
use crate::ledger::value_of;
use crate::lower::{Site, Written};

/// One task of an order, as the description has it.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) after: BTreeSet<TaskId>,
    pub(crate) body: BodySpec,
    pub(crate) point_of_no_return: bool,
    /// The item that it goes back with, if that fails alone.
    pub(crate) item: Option<ItemId>,
    /// Whether one of its reactions is to skip it.
    pub(crate) may_be_skipped: bool,
}

impl Task {
    pub(crate) fn has_undo(&self) -> bool {
        matches!(self.body, BodySpec::Call(call) if call.undo)
    }

    pub(crate) fn has_effect(&self) -> bool {
        matches!(self.body, BodySpec::Call(_))
    }
}

/// An order that begins nothing more.
#[derive(Clone, Debug)]
pub(crate) struct Pause {
    /// Where a person may let it go on, if its deadline paused it.
    at: TaskId,
    by_person: bool,
}

/// What a reader of one order's record knows.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    site: Site,
    pub(crate) tasks: BTreeMap<TaskId, Task>,
    /// Tasks that an amendment took out of the order.
    pub(crate) former: BTreeMap<TaskId, Task>,
    pub(crate) states: BTreeMap<TaskId, TaskState>,
    /// How often each has been begun anew.
    pub(crate) generations: BTreeMap<TaskId, u32>,
    pub(crate) order: OrderState,
    /// Items that are rolled back, or have been.
    pub(crate) rolled_back: BTreeSet<ItemId>,
    /// Items that the order has gone on without.
    pub(crate) gone: BTreeSet<ItemId>,
    /// Whether any of them failed. Those that were cancelled are gone because the customer wished it.
    pub(crate) any_failed_alone: bool,
    /// Tasks that a person has acted on.
    pub(crate) acted_on: BTreeSet<TaskId>,
    /// Everything that was done is to be undone.
    pub(crate) goes_back: bool,
    pub(crate) cancelled: bool,
    pub(crate) paused: Option<Pause>,
    pub(crate) amendments: u32,
    /// Whether the blueprint can mean to end something and leave what was done in place, which the record does not say at once.
    pub(crate) may_be_abandoned: bool,
    /// The tasks, each after those it waits for.
    sorted: Vec<TaskId>,
}

impl Reference {
    pub(crate) fn new(blueprint: &Blueprint, site: Site, version: &Version) -> Self {
        let mut reference = Self {
            site,
            tasks: BTreeMap::new(),
            former: BTreeMap::new(),
            states: BTreeMap::new(),
            generations: BTreeMap::new(),
            order: OrderState::Acknowledged,
            rolled_back: BTreeSet::new(),
            gone: BTreeSet::new(),
            any_failed_alone: false,
            acted_on: BTreeSet::new(),
            goes_back: false,
            cancelled: false,
            paused: None,
            amendments: 0,
            may_be_abandoned: blueprint.may_abandon(),
            sorted: Vec::new(),
        };
        reference.plan(blueprint, version);
        reference
    }

    /// The tasks are those of this version from now on.
    pub(crate) fn plan(&mut self, blueprint: &Blueprint, version: &Version) {
        let written = blueprint.written(self.site);
        let instances = blueprint.instances(self.site, version);
        let mut former = std::mem::take(&mut self.tasks);
        self.sorted = instances.iter().map(|instance| instance.id.clone()).collect();
        for instance in &instances {
            let written: &Written<'_> = &written[instance.definition];
            let spec = written.spec;
            let isolated = written.of_item && blueprint.isolate;
            let skips = [spec.ensure, spec.on_failure, spec.on_timeout];
            let task = Task {
                after: instance.after.iter().map(|after| instances[*after].id.clone()).collect(),
                body: written.body(),
                point_of_no_return: spec.point_of_no_return,
                item: instance.id.item.clone().filter(|_| isolated),
                may_be_skipped: skips.contains(&Some(crate::blueprint::ReactionSpec::Skip)),
            };
            let first = if instance.skipped { TaskState::Skipped } else { TaskState::Waiting };
            self.states.entry(instance.id.clone()).or_insert(first);
            former.remove(&instance.id);
            self.former.remove(&instance.id);
            self.tasks.insert(instance.id.clone(), task);
        }
        self.former.extend(former);
    }

    /// Whether a task was begun, whatever became of it: what it did may be there.
    pub(crate) fn was_begun(&self, id: &TaskId) -> bool {
        self.generations.contains_key(id)
    }

    /// Takes in what the record says next.
    pub(crate) fn observe(&mut self, fact: &Fact) {
        if let Some((task, state)) = fact.task_state() {
            self.states.insert(task.clone(), state);
        }
        if let Some(state) = fact.order_state() {
            self.order = state;
        }
        match fact {
            Fact::ItemRollingBack { item, .. } | Fact::ItemCancelAccepted { item, .. } => {
                self.rolled_back.insert(item.clone());
            }
            Fact::ItemFailed { item, .. } | Fact::ItemCancelled { item, .. } => {
                self.any_failed_alone |= matches!(fact, Fact::ItemFailed { .. });
                assert!(self.gone.insert(item.clone()), "the item {item} has ended twice");
            }
            Fact::OperatorActed { task, action, .. } => {
                self.acted_on.insert(task.clone());
                if action == "retry"
                    && self.paused.as_ref().is_some_and(|pause| !pause.by_person && pause.at == *task)
                {
                    self.paused = None;
                }
            }
            Fact::OrderPaused { task, by, .. } => {
                self.paused = Some(Pause { at: task.clone(), by_person: by.is_some() });
            }
            Fact::OrderResumed { .. } | Fact::PauseLifted { .. } => self.paused = None,
            Fact::TaskStarted { task, generation, .. } | Fact::TaskAmending { task, generation, .. } => {
                self.generations.insert(task.clone(), *generation);
            }
            Fact::OrderAmended { .. } => self.amendments += 1,
            Fact::OrderRollingBack { .. } => self.goes_back = true,
            Fact::CancelAccepted { .. } => (self.goes_back, self.cancelled) = (true, true),
            _ => {}
        }
    }

    pub(crate) fn state(&self, task: &TaskId) -> TaskState {
        self.states.get(task).copied().unwrap_or(TaskState::Waiting)
    }

    pub(crate) fn task(&self, id: &TaskId) -> &Task {
        self.tasks.get(id).or_else(|| self.former.get(id)).expect("the order has or had the task")
    }

    /// Whether the order has gone on without the item of a task.
    pub(crate) fn went_with_its_item(&self, task: &TaskId) -> bool {
        self.task(task).item.as_ref().is_some_and(|item| self.gone.contains(item))
    }

    /// The tasks that those after them need not wait for any more. What is left out from the beginning has its turn all the
    /// same, and what an amendment may change is looked at again when its turn comes.
    pub(crate) fn through(&self) -> BTreeSet<&TaskId> {
        let mut through = BTreeSet::new();
        for task in &self.sorted {
            let done = matches!(self.state(task), TaskState::Succeeded | TaskState::Skipped);
            let its_turn = self.task(task).after.iter().all(|after| through.contains(after));
            if self.went_with_its_item(task) || (done && its_turn) {
                through.insert(task);
            }
        }
        through
    }

    /// The tasks that wait and need not.
    pub(crate) fn startable(&self) -> Vec<&TaskId> {
        let through = self.through();
        let waits = |id: &&TaskId| {
            let ready = self.task(id).after.iter().all(|after| through.contains(after));
            self.state(id) == TaskState::Waiting && ready
        };
        self.sorted.iter().filter(waits).collect()
    }

    /// The tasks that wait for a task, directly or not. What came after a task that went with its item was not built on it.
    pub(crate) fn later(&self, task: &TaskId) -> BTreeSet<&TaskId> {
        let mut later: BTreeSet<&TaskId> = BTreeSet::new();
        let mut from = vec![task];
        while let Some(before) = from.pop() {
            let all = self.tasks.iter().chain(&self.former);
            let next = all.filter(|(_, task)| task.after.contains(before)).map(|(id, _)| id);
            let next: Vec<_> = next.filter(|next| later.insert(*next)).collect();
            from.extend(next.into_iter().filter(|next| !self.went_with_its_item(next)));
        }
        later
    }

    /// The tasks that a task waits for, directly or not.
    pub(crate) fn earlier(&self, task: &TaskId) -> BTreeSet<&TaskId> {
        let mut earlier: BTreeSet<&TaskId> = BTreeSet::new();
        let mut from: Vec<&TaskId> = self.task(task).after.iter().collect();
        while let Some(before) = from.pop() {
            if earlier.insert(before) {
                from.extend(&self.task(before).after);
            }
        }
        earlier
    }
}

/// What one version of an order leaves in the systems when all goes well, with what each thing was done: worked out from the
/// description, task by task.
pub(crate) fn effects(blueprint: &Blueprint, version: &Version) -> BTreeMap<String, Value> {
    let mut effects = BTreeMap::new();
    carry_out(blueprint, Site::Order, version, 0, "", &mut effects);
    effects
}

/// The value of the last task.
fn carry_out(
    blueprint: &Blueprint,
    site: Site,
    version: &Version,
    given: i64,
    path: &str,
    effects: &mut BTreeMap<String, Value>,
) -> Option<i64> {
    let written = blueprint.written(site);
    let instances = blueprint.instances(site, version);
    // By definition and item: whether it was done, and the value of its result.
    let mut done: Vec<(usize, Option<usize>, bool, Option<i64>)> = Vec::new();
    for instance in &instances {
        let task: &Written<'_> = &written[instance.definition];
        let seen = |other: usize| {
            let one = instance.item.filter(|_| blueprint.is_one(task, other) && written[other].of_item);
            done.iter().filter(move |(n, item, _, _)| *n == other && (one.is_none() || *item == one))
        };
        let runs = !task.is_unwanted(version)
            && match (task.spec.when, task.depends()) {
                (Some(When::Ran(_)), Some(on)) => seen(on).any(|(_, _, ran, _)| *ran),
                (Some(When::IsOne(_)), Some(on)) => {
                    blueprint.is_one(task, on) && seen(on).any(|(_, _, _, value)| *value == Some(1))
                }
                _ => true,
            };
        let attribute = match site {
            Site::Order => {
                i64::from(*task.spec.attribute.among(&version.attributes).expect("an order has attributes"))
            }
            Site::Sub => given,
        };
        let number = |value: Option<i64>| value.map_or(Value::Null, Value::from);
        let mut arguments = BTreeMap::from([("a".to_owned(), Value::from(attribute))]);
        if let Some(item) = instance.item {
            arguments.insert("i".to_owned(), number(version.items[item].map(i64::from)));
        }
        let mut read = None;
        if let Some(reads) = task.reads() {
            let mut values = seen(reads).map(|(_, _, _, value)| *value);
            let value = if blueprint.is_one(task, reads) {
                read = values.next().flatten();
                number(read)
            } else {
                Value::List(values.map(number).collect())
            };
            arguments.insert("r".to_owned(), value);
        }
        let arguments = Value::Record(arguments);
        let name = format!("{path}{}", instance.id);
        let value = if runs {
            match task.body() {
                BodySpec::Call(_) => {
                    effects.insert(name, arguments.clone());
                    Some(value_of(&arguments))
                }
                BodySpec::Query | BodySpec::Poll => Some(value_of(&arguments)),
                BodySpec::Wait | BodySpec::Manual => Some(value_said(&instance.id)),
                BodySpec::Let => Some(read.unwrap_or(attribute)),
                BodySpec::Run => {
                    let given = read.unwrap_or(attribute);
                    let answered =
                        carry_out(blueprint, Site::Sub, version, given, &format!("{name}/"), effects);
                    Some(answered.unwrap_or(0))
                }
                BodySpec::Sleep | BodySpec::SleepUntil | BodySpec::Milestone => None,
            }
        } else {
            None
        };
        done.push((instance.definition, instance.item, runs, value));
    }
    done.last().and_then(|(_, _, _, value)| *value)
}

/// The value that comes with a signal, and that a person says; the same for every item, since a signal may be for any of them.
pub(crate) fn value_said(task: &TaskId) -> i64 {
    value_of(&Value::text(task.name.to_string()))
}
