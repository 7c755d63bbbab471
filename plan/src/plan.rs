//! The plan: every task instance of one order, and what each waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use model::{BlueprintName, BlueprintRef, Hash, ItemId, ItemKind, SequenceKey, TaskId, Value, limits};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::sort::topological;
use crate::{Deadline, Definition, Expr, Formula, InvalidPlan, Reaction, SubBlueprint, visit};

/// The version of the plan's data format that is written here. Later versions read it as well.
pub const FORMAT: u16 = 1;

/// Which definition of a plan: its place in [`Plan::definitions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DefinitionIndex(pub usize);

/// Which task of a plan: its place in [`Plan::tasks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskIndex(pub usize);

/// One task instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What it is an instance of.
    #[serde(rename = "d")]
    pub definition: DefinitionIndex,
    /// The item it is for: a place in [`Plan::items`].
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub item: Option<usize>,
    /// What it waits for, ascending.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<TaskIndex>,
    /// Why it is left out, where the order's data alone decides that: the rule, for people.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

/// What a task's name means from where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// The one instance; none if the order has no such, which counts as skipped.
    One(Option<TaskIndex>),
    /// All instances.
    All(&'a [TaskIndex]),
}

/// One item of the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanItem {
    /// Its id.
    pub id: ItemId,
    /// The kind it was found to be.
    pub kind: ItemKind,
    /// Its standard fields and attributes: a record.
    pub value: Value,
}

/// What a plan is made of. Tasks may come in any order; [`Plan::new`] sorts them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanParts {
    /// [`FORMAT`].
    pub format: u16,
    /// The blueprint it was made by.
    pub blueprint: BlueprintRef,
    /// The hash of that blueprint's meaning.
    pub blueprint_hash: Hash,
    /// The order as expressions see it: a record.
    pub order: Value,
    /// Its items, in the order they were sent.
    pub items: Vec<PlanItem>,
    /// What to do when a task that does not say fails for good.
    pub on_failure: Reaction,
    /// The blueprint's tasks and milestones, in source order.
    pub definitions: Vec<Definition>,
    /// The instances of them.
    pub tasks: Vec<Task>,
    /// How long the order may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Deadline>,
    /// What it has in common with orders that it must not be carried out beside.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sequence: BTreeSet<SequenceKey>,
    /// What a child order was given by the task that runs it: a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// The blueprints that its tasks run, and those that these run in turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sub_blueprints: Vec<SubBlueprint>,
}

/// The plan of one order.
///
/// Tasks are sorted so that each comes after what it waits for, and by the blueprint's order otherwise. Plans
/// are equal if their canonical bytes are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "PlanParts", into = "PlanParts")]
pub struct Plan {
    parts: PlanParts,
    dependants: Vec<Vec<TaskIndex>>,
    instances: Vec<Vec<TaskIndex>>,
    /// Of every item: the instances for it, by definition.
    of_items: Vec<Vec<(DefinitionIndex, TaskIndex)>>,
    by_id: BTreeMap<TaskId, TaskIndex>,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Plan {}

impl Plan {
    /// Puts a plan together.
    ///
    /// # Errors
    /// An index points nowhere, tasks wait for each other, two have the same id, or a limit is passed.
    pub fn new(parts: PlanParts) -> Result<Self, InvalidPlan> {
        if parts.format > FORMAT {
            return Err(InvalidPlan::TooNew { found: parts.format, supported: FORMAT });
        }
        if parts.tasks.len() > limits::PLAN_TASKS {
            return Err(InvalidPlan::TooManyTasks { found: parts.tasks.len(), limit: limits::PLAN_TASKS });
        }
        check_indices(&parts)?;
        let parts = sorted(parts)?;

        let mut dependants = vec![Vec::new(); parts.tasks.len()];
        let mut instances = vec![Vec::new(); parts.definitions.len()];
        let mut of_items = vec![Vec::new(); parts.items.len()];
        let mut by_id = BTreeMap::new();
        for (n, task) in parts.tasks.iter().enumerate() {
            for after in &task.after {
                dependants.get_mut(after.0).into_iter().for_each(|d: &mut Vec<_>| d.push(TaskIndex(n)));
            }
            instances.get_mut(task.definition.0).into_iter().for_each(|i: &mut Vec<_>| i.push(TaskIndex(n)));
            if let Some(of_item) = task.item.and_then(|item| of_items.get_mut(item)) {
                of_item.push((task.definition, TaskIndex(n)));
            }
            if let Some(id) = task_id(&parts, task)
                && by_id.insert(id.clone(), TaskIndex(n)).is_some()
            {
                return Err(InvalidPlan::Duplicate(id));
            }
        }
        of_items.iter_mut().for_each(|of_item| of_item.sort_unstable());
        let plan = Self { parts, dependants, instances, of_items, by_id };
        let size = plan.canonical_bytes().len();
        if size > limits::PLAN_BYTES {
            return Err(InvalidPlan::TooLarge { found: size, limit: limits::PLAN_BYTES });
        }
        Ok(plan)
    }

    /// The blueprint it was made by.
    #[must_use]
    pub const fn blueprint(&self) -> &BlueprintRef {
        &self.parts.blueprint
    }

    /// The hash of that blueprint's meaning.
    #[must_use]
    pub const fn blueprint_hash(&self) -> &Hash {
        &self.parts.blueprint_hash
    }

    /// The order as expressions see it: a record.
    #[must_use]
    pub const fn order(&self) -> &Value {
        &self.parts.order
    }

    /// The order's items.
    #[must_use]
    pub fn items(&self) -> &[PlanItem] {
        &self.parts.items
    }

    /// What to do when a task that does not say fails for good.
    #[must_use]
    pub const fn on_failure(&self) -> &Reaction {
        &self.parts.on_failure
    }

    /// How long the order may take.
    #[must_use]
    pub const fn deadline(&self) -> Option<&Deadline> {
        self.parts.deadline.as_ref()
    }

    /// What it has in common with orders that it must not be carried out beside.
    #[must_use]
    pub const fn sequence(&self) -> &BTreeSet<SequenceKey> {
        &self.parts.sequence
    }

    /// What a child order was given by the task that runs it: a record.
    #[must_use]
    pub const fn parameters(&self) -> Option<&Value> {
        self.parts.parameters.as_ref()
    }

    /// The blueprint's tasks and milestones, in source order.
    #[must_use]
    pub fn definitions(&self) -> &[Definition] {
        &self.parts.definitions
    }

    /// The task instances, each after what it waits for.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.parts.tasks
    }

    /// The indices of the tasks, ascending.
    pub fn indices(&self) -> impl DoubleEndedIterator<Item = TaskIndex> + use<> {
        let all: Range<usize> = 0..self.parts.tasks.len();
        all.map(TaskIndex)
    }

    /// The task at an index of this plan.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a TaskIndex is handed out by the plan it belongs to")]
    pub fn task(&self, task: TaskIndex) -> &Task {
        visit(task);
        &self.parts.tasks[task.0]
    }

    /// What the task is an instance of.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "checked when the plan was put together")]
    pub fn definition(&self, task: TaskIndex) -> &Definition {
        &self.parts.definitions[self.task(task).definition.0]
    }

    /// The item the task is for.
    #[must_use]
    pub fn item(&self, task: TaskIndex) -> Option<&PlanItem> {
        self.task(task).item.and_then(|item| self.parts.items.get(item))
    }

    /// The id of the task.
    #[must_use]
    pub fn id(&self, task: TaskIndex) -> TaskId {
        TaskId::new(self.definition(task).name.clone(), self.item(task).map(|item| item.id.clone()))
    }

    /// The task with an id.
    #[must_use]
    pub fn find(&self, id: &TaskId) -> Option<TaskIndex> {
        self.by_id.get(id).copied()
    }

    /// The tasks that wait for this one, ascending.
    #[must_use]
    pub fn dependants(&self, task: TaskIndex) -> &[TaskIndex] {
        self.dependants.get(task.0).map_or(&[], Vec::as_slice)
    }

    /// All instances of a definition, ascending.
    #[must_use]
    pub fn instances(&self, definition: DefinitionIndex) -> &[TaskIndex] {
        self.instances.get(definition.0).map_or(&[], Vec::as_slice)
    }

    /// What an expression of `from` means by naming `definition`: the one instance for the same item, or the only
    /// one there can be; from outside an `each`, all instances inside it.
    #[must_use]
    pub fn seen_from(&self, from: TaskIndex, definition: DefinitionIndex) -> Seen<'_> {
        let instances = self.instances(definition);
        let each = self.parts.definitions.get(definition.0).and_then(|d| d.each.as_ref());
        match each {
            None => Seen::One(instances.first().copied()),
            Some(kind) if self.definition(from).each.as_ref() == Some(kind) => {
                let item = self.task(from).item;
                Seen::One(item.and_then(|item| self.instance_for(item, definition)))
            }
            Some(_) => Seen::All(instances),
        }
    }

    fn instance_for(&self, item: usize, definition: DefinitionIndex) -> Option<TaskIndex> {
        let of_item = self.of_items.get(item)?;
        let found = of_item.binary_search_by_key(&definition, |(definition, _)| *definition).ok()?;
        of_item.get(found).map(|(_, task)| *task)
    }

    pub(crate) const fn parts(&self) -> &PlanParts {
        &self.parts
    }

    /// The plan as bytes, the same on every machine: JSON with fields in a fixed order.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        // Serialising our own data to memory fails for no input: every map key is a string.
        serde_json::to_vec(&self.parts).unwrap_or_default()
    }

    /// The SHA-256 of the canonical bytes.
    #[must_use]
    pub fn hash(&self) -> Hash {
        hash(&self.canonical_bytes())
    }
}

/// The SHA-256 of some bytes.
#[must_use]
#[expect(clippy::expect_used, reason = "64 lower-case hex digits are a hash")]
pub fn hash(bytes: &[u8]) -> Hash {
    let hex: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    Hash::new(&hex).expect("64 lower-case hex digits")
}

fn task_id(parts: &PlanParts, task: &Task) -> Option<TaskId> {
    let name = parts.definitions.get(task.definition.0)?.name.clone();
    let item = task.item.and_then(|i| parts.items.get(i)).map(|i| i.id.clone());
    Some(TaskId::new(name, item))
}

fn check_indices(parts: &PlanParts) -> Result<(), InvalidPlan> {
    let within = |what: &'static str, index: usize, len: usize| {
        if index < len { Ok(()) } else { Err(InvalidPlan::Dangling { what, index }) }
    };
    for task in &parts.tasks {
        within("definition", task.definition.0, parts.definitions.len())?;
        for after in &task.after {
            within("task", after.0, parts.tasks.len())?;
        }
        if let Some(item) = task.item {
            within("item", item, parts.items.len())?;
        }
    }
    let known = |formula: &Formula, definitions: &[Definition]| {
        let mut tasks = Expr::tasks(&formula.expr).into_iter();
        tasks.try_for_each(|task| within("definition", task.0, definitions.len()))
    };
    for formula in parts.definitions.iter().flat_map(Definition::formulas) {
        known(formula, &parts.definitions)?;
    }
    for sub in &parts.sub_blueprints {
        for formula in sub.formulas() {
            known(formula, &sub.definitions)?;
        }
        for after in sub.after.iter().flatten() {
            within("definition", after.0, sub.definitions.len())?;
        }
    }
    check_runs(parts)
}

/// Every blueprint that is run is there, and none runs itself.
fn check_runs(parts: &PlanParts) -> Result<(), InvalidPlan> {
    let subs = &parts.sub_blueprints;
    if subs.len() > limits::SUB_BLUEPRINTS {
        return Err(InvalidPlan::TooManySubBlueprints { found: subs.len(), limit: limits::SUB_BLUEPRINTS });
    }
    let runs = |definitions: &[Definition]| {
        let names = definitions.iter().filter_map(Definition::runs);
        let place = |name: &BlueprintName| subs.iter().position(|sub| sub.name == *name);
        names
            .map(|name| place(name).ok_or_else(|| InvalidPlan::NoSubBlueprint(name.clone())))
            .collect::<Result<Vec<usize>, _>>()
    };
    runs(&parts.definitions)?;
    let edges = subs.iter().map(|sub| runs(&sub.definitions)).collect::<Result<Vec<_>, _>>()?;
    topological(&edges).map(drop).map_err(|cycle| {
        let first = cycle.first().and_then(|n| subs.get(*n)).map(|sub| sub.name.clone());
        first.map_or(InvalidPlan::Cycle(Vec::new()), InvalidPlan::RunsItself)
    })
}

fn sorted(mut parts: PlanParts) -> Result<PlanParts, InvalidPlan> {
    let edges: Vec<Vec<usize>> = parts.tasks.iter().map(|t| t.after.iter().map(|a| a.0).collect()).collect();
    let order = topological(&edges).map_err(|cycle| {
        let ids = cycle.iter().filter_map(|n| parts.tasks.get(*n)).filter_map(|t| task_id(&parts, t));
        InvalidPlan::Cycle(ids.collect())
    })?;
    let mut place = vec![0; order.len()];
    for (to, from) in order.iter().enumerate() {
        place.get_mut(*from).into_iter().for_each(|p| *p = to);
    }
    let mut tasks: Vec<(usize, Task)> = place.iter().copied().zip(std::mem::take(&mut parts.tasks)).collect();
    tasks.sort_by_key(|(to, _)| *to);
    parts.tasks = tasks
        .into_iter()
        .map(|(_, mut task)| {
            for after in &mut task.after {
                *after = TaskIndex(place.get(after.0).copied().unwrap_or(after.0));
            }
            task.after.sort_unstable();
            task.after.dedup();
            task
        })
        .collect();
    Ok(parts)
}

impl TryFrom<PlanParts> for Plan {
    type Error = InvalidPlan;
    fn try_from(parts: PlanParts) -> Result<Self, InvalidPlan> {
        Self::new(parts)
    }
}

impl From<Plan> for PlanParts {
    fn from(plan: Plan) -> Self {
        plan.parts
    }
}
