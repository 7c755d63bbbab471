//! Why a task is in a plan as it is, or is not: the rules that decided it, and the fields of the order that they read.

use model::{Field, ItemKind, Pointer, TaskId, Value};
use plan::{Definition, DefinitionIndex, Formula, Plan, PlanItem, Reading, Said, Scope, Source, TaskIndex};
use serde::Serialize;

use crate::blueprint::{Blueprint, Placement};
use crate::suggest::{listing, near_miss};

/// Where one task of a plan comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskOrigin {
    /// Its id.
    pub id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The file and line of the blueprint that define it.
    pub source: String,
    /// The rules that decided whether it is there, in the order they were asked.
    pub rules: Vec<RuleOrigin>,
    /// What it is made of, and where each value comes from; nothing of a task that is not there.
    pub aspects: Vec<AspectOrigin>,
    /// What it waits for, and why.
    pub waits_for: Vec<WaitOrigin>,
}

/// Whether a task is in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is.
    Planned,
    /// It is, and is passed over: the order alone decides that.
    LeftOut,
    /// There is none for this item, or no such item.
    Absent,
}

/// A rule of the blueprint, and what it made of the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleOrigin {
    /// The rule, as the blueprint has it.
    pub rule: String,
    /// The file and line that it is on; null for what the order says by itself.
    pub source: Option<String>,
    /// Whether it holds; null if that is decided when the task is due.
    pub holds: Option<bool>,
    /// What it reads.
    pub reads: Vec<ReadOrigin>,
}

/// One thing that is said of a task: an argument, a limit, a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AspectOrigin {
    /// Which: `argument site`, `timeout`.
    pub what: String,
    /// As the blueprint has it.
    pub text: String,
    /// Its value, if it is an expression that the order alone decides.
    pub value: Option<Value>,
    /// What it reads.
    pub reads: Vec<ReadOrigin>,
}

/// Something that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadOrigin {
    /// As the blueprint has it: `order.address.site`, `field_work.ont`.
    pub reads: String,
    /// The place in the order's document, if it is order data.
    pub pointer: Option<String>,
    /// Its value, if it is order data.
    pub value: Option<Value>,
}

/// A task that another waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitOrigin {
    /// Its id.
    pub task: String,
    /// What is read of it; nothing if `after` alone makes it wait.
    pub reads: Vec<String>,
}

/// There is no such task in the blueprint, or no such item in the order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownTask {
    /// No task has the name.
    #[error("`{blueprint}` has no task `{name}`{hint}")]
    Name {
        /// The blueprint.
        blueprint: String,
        /// What was asked for.
        name: String,
        /// What was meant, or what there is.
        hint: String,
    },
    /// No item has the id.
    #[error("the order has no item `{id}`, it has {known}")]
    Item {
        /// What was asked for.
        id: String,
        /// The items there are.
        known: String,
    },
    /// The task is not repeated for items.
    #[error("the task `{0}` is not in an `each`: there is one for the whole order")]
    NotInEach(String),
}

impl Blueprint {
    /// Why a task is in a plan of this blueprint as it is. A name without an item asks for all its instances, those that
    /// other items of the kind might have had included.
    ///
    /// # Errors
    /// The blueprint has no such task, or the order no such item.
    pub fn origins(&self, plan: &Plan, asked: &TaskId) -> Result<Vec<TaskOrigin>, UnknownTask> {
        let definitions = self.definitions();
        let named: Vec<DefinitionIndex> = (0..definitions.len())
            .map(DefinitionIndex)
            .filter(|n| definitions.get(n.0).is_some_and(|definition| definition.name == asked.name))
            .collect();
        if named.is_empty() {
            return Err(self.unknown(asked));
        }
        let asked_item = match &asked.item {
            None => None,
            Some(id) => match plan.items().iter().position(|item| item.id == *id) {
                Some(item) => Some(item),
                None => {
                    let known = listing(plan.items().iter().map(|item| item.id.as_str()), 10);
                    return Err(UnknownTask::Item { id: id.to_string(), known });
                }
            },
        };
        let mut origins = Vec::new();
        for index in named {
            let (Some(definition), Some(placement)) =
                (definitions.get(index.0), self.parts.placements.get(index.0))
            else {
                continue;
            };
            let finder = Finder { blueprint: self, plan, index, definition, placement };
            match (&definition.each, asked_item) {
                (None, None) => origins.push(finder.origin(None)),
                (None, Some(_)) => {}
                (Some(_), Some(item)) => origins.push(finder.origin(Some(item))),
                (Some(kind), None) => {
                    let mut items = (0..plan.items().len())
                        .filter(|n| plan.items().get(*n).is_some_and(|item| item.kind == *kind))
                        .peekable();
                    if items.peek().is_none() {
                        origins.push(finder.without_items(kind));
                    }
                    origins.extend(items.map(|item| finder.origin(Some(item))));
                }
            }
        }
        if origins.is_empty() { Err(UnknownTask::NotInEach(asked.name.to_string())) } else { Ok(origins) }
    }

    fn unknown(&self, asked: &TaskId) -> UnknownTask {
        let names = || self.definitions().iter().map(|definition| definition.name.as_str());
        let hint = match near_miss(asked.name.as_str(), names()) {
            Some(meant) => format!(", did you mean `{meant}`?"),
            None => format!(", it has {}", listing(names(), 20)),
        };
        UnknownTask::Name { blueprint: self.reference().to_string(), name: asked.name.to_string(), hint }
    }
}

struct Finder<'a> {
    blueprint: &'a Blueprint,
    plan: &'a Plan,
    index: DefinitionIndex,
    definition: &'a Definition,
    placement: &'a Placement,
}

impl Finder<'_> {
    /// The origin of the instance for an item, or of the only one.
    fn origin(&self, item: Option<usize>) -> TaskOrigin {
        let Self { plan, definition, .. } = self;
        let task = plan.instances(self.index).iter().copied().find(|task| plan.task(*task).item == item);
        let id = TaskId::new(
            definition.name.clone(),
            item.and_then(|item| plan.items().get(item)).map(|item| item.id.clone()),
        );
        let outcome = match task.map(|task| plan.task(task).skipped.is_some()) {
            None => Outcome::Absent,
            Some(true) => Outcome::LeftOut,
            Some(false) => Outcome::Planned,
        };
        TaskOrigin {
            id: id.to_string(),
            outcome,
            source: self.source(definition.line),
            rules: self.rules(item, task),
            aspects: task.map_or_else(Vec::new, |_| self.aspects(item)),
            waits_for: task.map_or_else(Vec::new, |task| self.waits_for(task)),
        }
    }

    /// The origin of a task that there is none of, because no item is of its kind.
    fn without_items(&self, kind: &ItemKind) -> TaskOrigin {
        let rule = RuleOrigin {
            rule: format!("the order has no item of the kind `{kind}`"),
            source: None,
            holds: Some(false),
            reads: Vec::new(),
        };
        TaskOrigin {
            id: self.definition.name.to_string(),
            outcome: Outcome::Absent,
            source: self.source(self.definition.line),
            rules: vec![rule],
            aspects: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    fn source(&self, line: u32) -> String {
        format!("{}:{line}", self.definition.file)
    }

    /// The kind of the item, the condition of the `each`, the condition of the task: as far as they were asked.
    fn rules(&self, item: Option<usize>, task: Option<TaskIndex>) -> Vec<RuleOrigin> {
        let parts = &self.blueprint.parts;
        let mut rules = Vec::new();
        let item_of_plan = item.and_then(|item| self.plan.items().get(item));
        if let (Some(PlanItem { kind, id, .. }), Some(each)) = (item_of_plan, &self.definition.each) {
            if let Some(rule) = parts.kinds.iter().find(|rule| rule.name == *kind) {
                rules.push(self.rule(&format!("item {kind} where"), &rule.condition, item, Some(true)));
            }
            if kind != each {
                rules.push(RuleOrigin {
                    rule: format!(
                        "the item `{id}` is of the kind `{kind}`, and the task is in `each {each}`"
                    ),
                    source: Some(self.source(self.definition.line)),
                    holds: Some(false),
                    reads: Vec::new(),
                });
                return rules;
            }
            let block = self.placement.block.and_then(|block| parts.blocks.get(block));
            if let Some(condition) = block.and_then(|block| block.condition.as_ref()) {
                rules.push(self.rule(&format!("each {each} where"), condition, item, Some(task.is_some())));
            } else if block.is_some() {
                rules.push(RuleOrigin {
                    rule: format!("each {each}"),
                    source: None,
                    holds: Some(task.is_some()),
                    reads: Vec::new(),
                });
            }
        }
        if self.definition.each.is_none() {
            let rule = "it stands outside every `each`: there is one for the whole order".to_owned();
            rules.push(RuleOrigin { rule, source: None, holds: Some(true), reads: Vec::new() });
        }
        if let (Some(when), Some(task)) = (&self.placement.when, task) {
            rules.push(self.rule("when", when, item, Some(self.plan.task(task).skipped.is_none())));
        }
        if let (Some(when), Some(_)) = (&self.definition.when, task) {
            rules.push(self.rule("when", when, item, None));
        }
        rules
    }

    fn rule(&self, word: &str, condition: &Formula, item: Option<usize>, holds: Option<bool>) -> RuleOrigin {
        RuleOrigin {
            rule: format!("{word} {}", Said::Formula(condition).text()),
            source: Some(self.source(condition.line)),
            holds,
            reads: self.reads(condition, item),
        }
    }

    fn aspects(&self, item: Option<usize>) -> Vec<AspectOrigin> {
        let aspects = self.definition.aspects().into_iter().filter(|aspect| aspect.name != "when");
        aspects
            .map(|aspect| {
                let (value, reads) = match &aspect.said {
                    Said::Text(_) => (None, Vec::new()),
                    Said::Formula(formula) => {
                        let known = formula.readings().iter().all(|reading| reading.source.is_order_data());
                        let value = known.then(|| formula.evaluate(&self.scope(item)).ok()).flatten();
                        (value, self.reads(formula, item))
                    }
                };
                AspectOrigin { text: aspect.said.text(), what: aspect.name, value, reads }
            })
            .collect()
    }

    fn waits_for(&self, task: TaskIndex) -> Vec<WaitOrigin> {
        let mut reads = self.plan.reads(task);
        let after = self.plan.task(task).after.iter();
        after
            .map(|other| WaitOrigin {
                task: self.plan.id(*other).to_string(),
                reads: reads.remove(other).unwrap_or_default(),
            })
            .collect()
    }

    fn scope(&self, item: Option<usize>) -> Scope<'_> {
        let item = item.and_then(|item| self.plan.items().get(item)).map(|item| &item.value);
        let of_order = Scope::of_order(self.plan.order(), self.plan.items());
        Scope { item, parameters: self.plan.parameters(), ..of_order }
    }

    fn reads(&self, formula: &Formula, item: Option<usize>) -> Vec<ReadOrigin> {
        let here = self.definition.each.as_ref();
        let read = |reading: Reading<'_>| ReadOrigin {
            reads: reading.label(self.blueprint.definitions(), here),
            pointer: self.pointer(&reading, item).map(|pointer| pointer.to_string()),
            value: reading.value(&self.scope(item)),
        };
        formula.readings().into_iter().map(read).collect()
    }

    /// The place in the order's document that something is read from.
    fn pointer(&self, reading: &Reading<'_>, item: Option<usize>) -> Option<Pointer> {
        let root = Pointer::root();
        match reading.source {
            Source::Order => Some(below(root, self.plan.order(), &self.blueprint.parts.order, &reading.path)),
            Source::Item => {
                let (n, item) = item.and_then(|n| Some((n, self.plan.items().get(n)?)))?;
                let kind = self.blueprint.parts.kinds.iter().find(|rule| rule.name == item.kind);
                let declared = kind.map_or(&[][..], |kind| &kind.fields);
                Some(below(root.key("items").index(n), &item.value, declared, &reading.path))
            }
            Source::OrderItems | Source::Items(_) => Some(root.key("items")),
            Source::Parameters
            | Source::Result
            | Source::Before
            | Source::Task(_)
            | Source::FinishedAt(_)
            | Source::Ran(_) => None,
        }
    }
}

/// The place of a field; of fields that are declared, among the attributes. What is in a list has no one place.
fn below(root: Pointer, record: &Value, declared: &[Field], path: &[&str]) -> Pointer {
    let is_declared = path.first().is_some_and(|first| declared.iter().any(|field| field.name == **first));
    let mut at = if is_declared { root.key("attributes") } else { root };
    let mut value = Some(record);
    for name in path {
        if matches!(value, Some(Value::List(_))) {
            break;
        }
        at = at.key(name);
        value = value.and_then(|value| value.field(name));
    }
    at
}
