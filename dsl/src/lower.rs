//! From a blueprint and an order to a plan: the order's attributes are checked, its items sorted into kinds, and
//! everything that the order alone decides is decided.

use std::collections::{BTreeMap, BTreeSet};

use model::{Fault, Item, Order, Pointer, SequenceKey, Type, UnknownFields, Value, limits};
use plan::{
    Definition, DefinitionIndex, FORMAT, Formula, InvalidPlan, Plan, PlanItem, PlanParts, Scope, Task,
    TaskIndex,
};

use crate::blueprint::{Blueprint, BlueprintParts};
use crate::suggest::listing;

impl Blueprint {
    /// Makes the plan for an order.
    ///
    /// # Errors
    /// All faults of the order at once, each with its place in the order's document: attributes that are
    /// missing, unknown or of another type, items of no kind, an order that leaves nothing to do or too much.
    pub fn plan(&self, order: &Order) -> Result<Plan, Vec<Fault>> {
        Planner { blueprint: &self.parts, faults: Vec::new() }.plan(self, order)
    }
}

/// An order, or what is known of one, with its items as far as they are standard.
pub(crate) fn with_items(mut fields: BTreeMap<String, Value>, items: &[Item]) -> Value {
    let items = items.iter().map(|item| Value::Record(item.standard_fields())).collect();
    fields.insert("items".to_owned(), Value::List(items));
    Value::Record(fields)
}

struct Planner<'a> {
    blueprint: &'a BlueprintParts,
    faults: Vec<Fault>,
}

impl Planner<'_> {
    fn plan(mut self, blueprint: &Blueprint, order: &Order) -> Result<Plan, Vec<Fault>> {
        let root = Pointer::root();
        let value = self.order(order, &root.key("attributes"));
        let items = self.items(order, &root.key("items"));
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let tasks = self.tasks(&value, &items);
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let sequence = self.sequence(&value, &items);
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        if tasks.is_empty() {
            let detail =
                format!("the blueprint `{}` has nothing to do for these items", blueprint.reference());
            return Err(vec![Fault::new(root.key("items"), detail)]);
        }
        Plan::new(PlanParts {
            format: FORMAT,
            blueprint: blueprint.reference().clone(),
            blueprint_hash: blueprint.hash().clone(),
            order: value,
            items,
            on_failure: self.blueprint.on_failure.clone(),
            definitions: self.blueprint.definitions.clone(),
            tasks,
            deadline: self.blueprint.deadline.clone(),
            sequence,
            parameters: None,
            sub_blueprints: self.blueprint.sub_blueprints.clone(),
        })
        .map_err(|wrong| vec![fault_of_plan(&wrong)])
    }

    /// The order with its attributes, as expressions see it.
    fn order(&mut self, order: &Order, at: &Pointer) -> Value {
        let mut fields = order.standard_fields();
        fields.extend(self.attributes(&self.blueprint.order, &order.request.attributes, at));
        Value::Record(fields)
    }

    fn attributes(
        &mut self,
        declared: &[model::Field],
        given: &Value,
        at: &Pointer,
    ) -> BTreeMap<String, Value> {
        match Type::Record(declared.to_vec()).conform(given.clone(), at, UnknownFields::Refuse) {
            Ok(Value::Record(fields)) => fields,
            Ok(_) => BTreeMap::new(),
            Err(faults) => {
                self.faults.extend(faults);
                BTreeMap::new()
            }
        }
    }

    /// The items, each of the first kind whose condition holds.
    fn items(&mut self, order: &Order, at: &Pointer) -> Vec<PlanItem> {
        let standard = with_items(order.standard_fields(), &order.request.items);
        let mut items = Vec::new();
        for (n, item) in order.request.items.iter().enumerate() {
            let at = at.index(n);
            let mut fields = item.standard_fields();
            let value = Value::Record(fields.clone());
            let scope = Scope { item: Some(&value), ..Scope::of_order(&standard, &[]) };
            let mut kind = None;
            for rule in &self.blueprint.kinds {
                if self.holds(&rule.condition, &scope, &at) {
                    kind = Some(rule);
                    break;
                }
            }
            let Some(kind) = kind else {
                let kinds = listing(self.blueprint.kinds.iter().map(|kind| kind.name.as_str()), 10);
                let detail = format!(
                    "the offering `{}` is of no kind that `{}` takes: {kinds}",
                    item.offering, self.blueprint.reference
                );
                self.faults.push(Fault::new(at.key("offering"), detail));
                continue;
            };
            fields.extend(self.attributes(&kind.fields, &item.attributes, &at.key("attributes")));
            items.push(PlanItem {
                id: item.id.clone(),
                kind: kind.name.clone(),
                value: Value::Record(fields),
            });
        }
        items
    }

    /// Whether a condition on order data holds; what can't be told is a fault.
    fn holds(&mut self, condition: &Formula, scope: &Scope<'_>, at: &Pointer) -> bool {
        condition.holds(scope).unwrap_or_else(|wrong| {
            self.faults.push(Fault::new(at.clone(), format!("a condition can't be evaluated: {wrong}")));
            false
        })
    }

    /// The keys that keep the order and others apart in time. What is empty is no key.
    fn sequence(&mut self, order: &Value, items: &[PlanItem]) -> BTreeSet<SequenceKey> {
        let Some(keys) = &self.blueprint.one_at_a_time else { return BTreeSet::new() };
        let said = format!("`one at a time by {}`", keys.text);
        let mut fault = |detail: String| {
            self.faults.push(Fault::new(Pointer::root(), format!("{said}: {detail}")));
            BTreeSet::new()
        };
        let found = match keys.evaluate(&Scope::of_order(order, items)) {
            Ok(Value::List(keys)) => keys,
            Ok(key) => vec![key],
            Err(wrong) => return fault(format!("it can't be evaluated: {wrong}")),
        };
        let texts = found.iter().filter_map(Value::as_text).filter(|key| !key.is_empty());
        let keys: BTreeSet<SequenceKey> = match texts.map(SequenceKey::new).collect() {
            Ok(keys) => keys,
            Err(wrong) => return fault(wrong.to_string()),
        };
        if keys.len() > limits::SEQUENCE_KEYS {
            return fault(format!("expected at most {} keys, found {}", limits::SEQUENCE_KEYS, keys.len()));
        }
        keys
    }

    /// The instances of every definition: those of a block together, item by item.
    fn tasks(&mut self, order: &Value, items: &[PlanItem]) -> Vec<Task> {
        let mut tasks = Vec::new();
        let mut instances = Instances::default();
        let mut next_block = 0;
        for (n, placement) in self.blueprint.placements.iter().enumerate() {
            match placement.block {
                None => self.instance(DefinitionIndex(n), None, order, items, &mut instances, &mut tasks),
                // The first task of a block brings in the others.
                Some(block) if block >= next_block => {
                    next_block = block + 1;
                    self.block(block, order, items, &mut instances, &mut tasks);
                }
                Some(_) => {}
            }
        }
        for task in &mut tasks {
            task.after = self.edges(task, &instances);
        }
        tasks
    }

    fn block(
        &mut self,
        block: usize,
        order: &Value,
        items: &[PlanItem],
        instances: &mut Instances,
        tasks: &mut Vec<Task>,
    ) {
        let blueprint = self.blueprint;
        let Some(each) = blueprint.blocks.get(block) else { return };
        for (n, item) in items.iter().enumerate().filter(|(_, item)| item.kind == each.kind) {
            let scope = Scope { item: Some(&item.value), ..Scope::of_order(order, items) };
            let at = Pointer::root().key("items").index(n);
            if !each.condition.as_ref().is_none_or(|condition| self.holds(condition, &scope, &at)) {
                continue;
            }
            for (definition, placement) in blueprint.placements.iter().enumerate() {
                if placement.block == Some(block) {
                    self.instance(DefinitionIndex(definition), Some(n), order, items, instances, tasks);
                }
            }
        }
    }

    fn instance(
        &mut self,
        definition: DefinitionIndex,
        item: Option<usize>,
        order: &Value,
        items: &[PlanItem],
        instances: &mut Instances,
        tasks: &mut Vec<Task>,
    ) {
        let blueprint = self.blueprint;
        let when = blueprint.placements.get(definition.0).and_then(|placement| placement.when.as_ref());
        let value = item.and_then(|item| items.get(item)).map(|item| &item.value);
        let scope = Scope { item: value, ..Scope::of_order(order, items) };
        let at = item.map_or_else(Pointer::root, |item| Pointer::root().key("items").index(item));
        let skipped = when.filter(|when| !self.holds(when, &scope, &at)).map(|when| {
            let file = blueprint.definitions.get(definition.0).map_or("", |d| d.file.as_str());
            rule(when, file)
        });
        instances.add(definition, item, TaskIndex(tasks.len()));
        tasks.push(Task { definition, item, after: Vec::new(), skipped });
    }

    /// What an instance waits for: of a task of the same item or of the order, the one instance; of a task of
    /// another kind of item, all.
    fn edges(&self, task: &Task, instances: &Instances) -> Vec<TaskIndex> {
        let each = |definition: DefinitionIndex| {
            self.blueprint.definitions.get(definition.0).and_then(|d: &Definition| d.each.as_ref())
        };
        let here = each(task.definition);
        let placement = self.blueprint.placements.get(task.definition.0);
        let mut edges = Vec::new();
        for &after in placement.into_iter().flat_map(|placement| &placement.after) {
            match each(after) {
                None => edges.extend(instances.of(after, None)),
                Some(kind) if here == Some(kind) => edges.extend(instances.of(after, task.item)),
                Some(_) => edges.extend(instances.all(after)),
            }
        }
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}

/// Where the instances of each definition are.
#[derive(Default)]
struct Instances(BTreeMap<DefinitionIndex, BTreeMap<Option<usize>, TaskIndex>>);

impl Instances {
    fn add(&mut self, definition: DefinitionIndex, item: Option<usize>, task: TaskIndex) {
        self.0.entry(definition).or_default().insert(item, task);
    }

    fn of(&self, definition: DefinitionIndex, item: Option<usize>) -> Option<TaskIndex> {
        self.0.get(&definition)?.get(&item).copied()
    }

    fn all(&self, definition: DefinitionIndex) -> impl Iterator<Item = TaskIndex> {
        self.0.get(&definition).into_iter().flat_map(|instances| instances.values().copied())
    }
}

/// The rule that left a task out, and where it stands.
fn rule(when: &Formula, file: &str) -> String {
    format!("`when {}` does not hold ({file}:{})", when.text, when.line)
}

fn fault_of_plan(wrong: &InvalidPlan) -> Fault {
    let at = match wrong {
        InvalidPlan::TooManyTasks { .. } => Pointer::root().key("items"),
        InvalidPlan::TooNew { .. }
        | InvalidPlan::Dangling { .. }
        | InvalidPlan::Cycle(_)
        | InvalidPlan::Duplicate(_)
        | InvalidPlan::NoSubBlueprint(_)
        | InvalidPlan::RunsItself(_)
        | InvalidPlan::TooManySubBlueprints { .. }
        | InvalidPlan::TooLarge { .. } => Pointer::root(),
    };
    Fault::new(at, wrong.to_string())
}
