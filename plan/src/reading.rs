//! What an expression reads: fields of the order, of its item, of results of tasks.
//!
//! Tools show it to people: why a task is there, what it waits for, which field of an order made the difference.
//! What a reading is worth while an order runs is the engine's business.

use std::collections::BTreeMap;

use model::{ItemKind, Value};

use crate::{Definition, DefinitionIndex, Expr, Formula, Plan, Scope, Seen, TaskIndex};

/// One thing that an expression reads: a source, and the path to a field of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// Where the path begins.
    pub source: Source<'a>,
    /// The names of the fields, from the outermost.
    pub path: Vec<&'a str>,
    expr: &'a Expr,
}

/// Where a reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// The order.
    Order,
    /// The order's items.
    OrderItems,
    /// The item that the task is for.
    Item,
    /// All items of a kind.
    Items(&'a ItemKind),
    /// The result of the task itself.
    Result,
    /// What the task brought back before an amendment.
    Before,
    /// The parameters of the blueprint.
    Parameters,
    /// The result of another task.
    Task(DefinitionIndex),
    /// When another task was done.
    FinishedAt(DefinitionIndex),
    /// Whether another task was done.
    Ran(DefinitionIndex),
}

impl Source<'_> {
    /// The other task, if it is one.
    #[must_use]
    pub const fn task(self) -> Option<DefinitionIndex> {
        match self {
            Self::Task(task) | Self::FinishedAt(task) | Self::Ran(task) => Some(task),
            Self::Order
            | Self::OrderItems
            | Self::Item
            | Self::Items(_)
            | Self::Result
            | Self::Before
            | Self::Parameters => None,
        }
    }

    /// Whether its value is known before anything is done.
    #[must_use]
    pub const fn is_order_data(self) -> bool {
        match self {
            Self::Order | Self::OrderItems | Self::Item | Self::Items(_) | Self::Parameters => true,
            Self::Result | Self::Before | Self::Task(_) | Self::FinishedAt(_) | Self::Ran(_) => false,
        }
    }
}

impl Formula {
    /// What it reads, each once, in the order it is written: the longest paths, so `order.address.site` and not
    /// `order.address` as well.
    #[must_use]
    pub fn readings(&self) -> Vec<Reading<'_>> {
        readings(&self.expr)
    }

    /// Its value, if order data alone decides it and it can be evaluated.
    #[must_use]
    pub fn known_value(&self, plan: &Plan, task: TaskIndex) -> Option<Value> {
        let known = self.readings().iter().all(|reading| reading.source.is_order_data());
        known.then(|| self.evaluate(&order_data(plan, task)).ok()).flatten()
    }
}

impl Reading<'_> {
    /// Its value, if it is order data.
    #[must_use]
    pub fn value(&self, scope: &Scope<'_>) -> Option<Value> {
        let formula = Formula { expr: self.expr.clone(), text: String::new(), line: 0 };
        self.source.is_order_data().then(|| formula.evaluate(scope).ok()).flatten()
    }

    /// As its author would write it, inside an `each` of the kind `here` or outside every `each`.
    #[must_use]
    pub fn label(&self, definitions: &[Definition], here: Option<&ItemKind>) -> String {
        let name = |task: DefinitionIndex| match definitions.get(task.0) {
            Some(Definition { name, each: Some(kind), .. }) if Some(kind) != here => format!("{kind}.{name}"),
            Some(Definition { name, .. }) => name.to_string(),
            None => String::new(),
        };
        let root = match self.source {
            Source::Order => "order".to_owned(),
            Source::OrderItems => "order.items".to_owned(),
            Source::Item => "item".to_owned(),
            Source::Items(kind) => format!("{kind}.items"),
            Source::Result => "result".to_owned(),
            Source::Before => "before".to_owned(),
            // A parameter is written without anything before it.
            Source::Parameters => return self.path.join("."),
            Source::Task(task) => name(task),
            Source::FinishedAt(task) => format!("{}.finished_at", name(task)),
            Source::Ran(task) => format!("ran({})", name(task)),
        };
        std::iter::once(root.as_str()).chain(self.path.iter().copied()).collect::<Vec<_>>().join(".")
    }
}

/// What an expression of a task may read before anything is done.
#[must_use]
pub fn order_data(plan: &Plan, task: TaskIndex) -> Scope<'_> {
    let item = plan.item(task).map(|item| &item.value);
    Scope { item, parameters: plan.parameters(), ..Scope::of_order(plan.order(), plan.items()) }
}

impl Definition {
    /// The definitions that its expressions read, each with the labels of what is read of it, in the order they are
    /// written.
    #[must_use]
    pub fn reads(&self, definitions: &[Self]) -> BTreeMap<DefinitionIndex, Vec<String>> {
        let mut reads: BTreeMap<DefinitionIndex, Vec<String>> = BTreeMap::new();
        for reading in self.formulas().into_iter().flat_map(Formula::readings) {
            let Some(task) = reading.source.task() else { continue };
            let label = reading.label(definitions, self.each.as_ref());
            let labels = reads.entry(task).or_default();
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        reads
    }
}

impl Plan {
    /// The tasks that a task waits for because it reads them, each with the labels of what it reads. What it waits for
    /// besides is said by `after` alone.
    #[must_use]
    pub fn reads(&self, task: TaskIndex) -> BTreeMap<TaskIndex, Vec<String>> {
        let mut reads: BTreeMap<TaskIndex, Vec<String>> = BTreeMap::new();
        for (definition, labels) in self.definition(task).reads(self.definitions()) {
            let instances = match self.seen_from(task, definition) {
                Seen::One(instance) => instance.into_iter().collect(),
                Seen::All(instances) => instances.to_vec(),
            };
            for instance in instances {
                reads.entry(instance).or_default().extend(labels.iter().cloned());
            }
        }
        reads
    }
}

fn readings(expr: &Expr) -> Vec<Reading<'_>> {
    let mut found: Vec<Reading<'_>> = Vec::new();
    let mut within: Vec<&Expr> = Vec::new();
    expr.visit(&mut |expr| {
        // Outermost first: what is inside a path has been read with it.
        if within.iter().any(|inner| std::ptr::eq(*inner, expr)) {
            return;
        }
        let Some((source, path, inner)) = path_of(expr) else { return };
        within.extend(inner);
        if !found.iter().any(|reading| reading.source == source && reading.path == path) {
            found.push(Reading { source, path, expr });
        }
    });
    found
}

/// The source and the fields of a path, with the expressions inside it; none if it is no path.
fn path_of(expr: &Expr) -> Option<(Source<'_>, Vec<&str>, Vec<&Expr>)> {
    let (mut at, mut path, mut inner) = (expr, Vec::new(), Vec::new());
    while let Expr::Field { of, name, .. } = at {
        path.push(name.as_str());
        at = of;
        inner.push(at);
    }
    if let Expr::Parameter(name) = at {
        path.push(name.as_str());
    }
    path.reverse();
    Some((source(at)?, path, inner))
}

fn source(expr: &Expr) -> Option<Source<'_>> {
    match expr {
        Expr::Order => Some(Source::Order),
        Expr::OrderItems => Some(Source::OrderItems),
        Expr::Item => Some(Source::Item),
        Expr::Items(kind) => Some(Source::Items(kind)),
        Expr::Result => Some(Source::Result),
        Expr::Before => Some(Source::Before),
        Expr::Parameter(_) => Some(Source::Parameters),
        Expr::Task(task) => Some(Source::Task(*task)),
        Expr::FinishedAt(task) => Some(Source::FinishedAt(*task)),
        Expr::Ran(task) => Some(Source::Ran(*task)),
        Expr::Value(_)
        | Expr::Variable(_)
        | Expr::Field { .. }
        | Expr::Unary { .. }
        | Expr::Binary { .. }
        | Expr::If { .. }
        | Expr::Text(_)
        | Expr::List(_)
        | Expr::Record(_)
        | Expr::Call { .. }
        | Expr::Comprehension { .. } => None,
    }
}
