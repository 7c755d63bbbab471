//! What a task reads before it does something: what it depends on, and so what an amendment compares.
//!
//! Two versions of an order mean the same to a task if what it reads comes out equal, whatever else is different. What its
//! undo, its `ensure` or its status read does not count: an undo runs with the values the task saw.

use std::collections::{BTreeMap, BTreeSet};

use model::{BlueprintName, Difference, Value};
use plan::{
    Argument, Body, Call, Definition, EvalError, Formula, Plan, PollBody, Reading, Sleep, Source, TaskIndex,
    order_data,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Run;
use crate::layout::{Bound, Found, Layout, Version};
use crate::seen::SeenFrom;

/// One thing that a task did or was to do, with the values that it did it with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Read {
    /// `system.operation`, or what else the body is.
    pub(crate) what: String,
    /// With their names, ascending. Most are few, and there is one such list for every task that was begun.
    #[serde(serialize_with = "as_map", deserialize_with = "of_map")]
    pub(crate) values: Vec<(String, Value)>,
}

fn as_map<S: Serializer>(values: &[(String, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(values.iter().map(|(name, value)| (name, value)))
}

fn of_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Value)>, D::Error> {
    Ok(BTreeMap::deserialize(deserializer)?.into_iter().collect())
}

/// What a version of the plan has a task read.
struct Part<'a> {
    what: String,
    values: Vec<(String, Wanted<'a>)>,
}

/// A value that is to be looked up.
enum Wanted<'a> {
    Formula(&'a Formula),
    /// It depends on the order alone.
    Known(Value),
}

/// What a task read, and what it reads now.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// What is different for certain.
    pub(crate) differences: Vec<Difference>,
    /// The tasks whose results are not known yet that it reads.
    pub(crate) open: BTreeSet<TaskIndex>,
    /// What can't be evaluated any more.
    pub(crate) wrong: Option<EvalError>,
}

impl Comparison {
    /// Whether everything is known, and the same.
    pub(crate) fn is_same(&self) -> bool {
        self.differences.is_empty() && self.open.is_empty() && self.wrong.is_none()
    }
}

/// From where a task is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Outlook<'a> {
    pub(crate) run: &'a Run,
    /// One that the run may not have yet.
    pub(crate) layout: &'a Layout,
    pub(crate) version: Version,
    /// Tasks that are about to be left out.
    pub(crate) without: &'a BTreeSet<TaskIndex>,
}

impl Outlook<'_> {
    /// What the expressions of a task see from there.
    pub(crate) fn seen<'a>(&'a self, task: TaskIndex, bound: &'a Bound) -> SeenFrom<'a> {
        SeenFrom::by(self.run, self.layout, task, self.version, bound).without(self.without)
    }

    /// Compares what a task read with what it would read. `open` says whose results are not known yet.
    pub(crate) fn compare(
        &self,
        task: TaskIndex,
        bound: &Bound,
        saw: &[Read],
        open: impl Fn(TaskIndex) -> bool,
    ) -> Comparison {
        let mut comparison = Comparison::default();
        let seen = self.seen(task, bound);
        let parts = parts(bound, saw.len().max(1));
        for n in 0..saw.len().max(parts.len()) {
            let (before, now) = (saw.get(n), parts.get(n));
            let (old, new) = (before.map(|read| &read.what), now.map(|part| &part.what));
            if old != new {
                let name = |what: Option<&String>| what.map_or(Value::Null, Value::text);
                let what = "what it does".to_owned();
                comparison.differences.push(Difference { what, from: name(old), to: name(new) });
                continue;
            }
            let (Some(before), Some(now)) = (before, now) else { continue };
            let mut gone: BTreeMap<&String, &Value> =
                before.values.iter().map(|(name, value)| (name, value)).collect();
            for (name, wanted) in &now.values {
                let from = gone.remove(name).cloned().unwrap_or(Value::Null);
                let unknown = self.unknown(bound, wanted, &open);
                if !unknown.is_empty() {
                    comparison.open.extend(unknown);
                    continue;
                }
                let to = match wanted {
                    Wanted::Formula(formula) => formula.evaluate(&seen.scope()),
                    Wanted::Known(value) => Ok(value.clone()),
                };
                match to {
                    Ok(to) if to == from => {}
                    Ok(to) => {
                        comparison.differences.push(Difference { what: label(&now.what, name), from, to })
                    }
                    Err(wrong) => comparison.wrong = comparison.wrong.or(Some(wrong)),
                }
            }
            for (name, from) in gone {
                let (what, from) = (label(&now.what, name), from.clone());
                comparison.differences.push(Difference { what, from, to: Value::Null });
            }
        }
        comparison
    }

    /// What a task that has not begun would read, and will read by another version: what the order alone decides of it.
    pub(crate) fn expected(
        &self,
        task: TaskIndex,
        bound: &Bound,
        other: &Outlook<'_>,
        new: &Bound,
    ) -> Vec<Difference> {
        let (mut before, after) = (self.known(task, bound), other.known(task, new));
        let mut differences = Vec::new();
        for (what, to) in after {
            let from = before.remove(&what);
            if from.as_ref() != Some(&to) {
                differences.push(Difference { what, from: from.unwrap_or(Value::Null), to });
            }
        }
        differences.extend(before.into_iter().map(|(what, from)| Difference { what, from, to: Value::Null }));
        differences
    }

    /// What the order alone says of what a task reads, and how the rest is written.
    fn known(&self, task: TaskIndex, bound: &Bound) -> BTreeMap<String, Value> {
        let seen = self.seen(task, bound);
        let mut reads = BTreeMap::new();
        for part in parts(bound, usize::MAX) {
            for (name, wanted) in &part.values {
                let value = match wanted {
                    Wanted::Formula(formula) if self.unknown(bound, wanted, &|_| true).is_empty() => {
                        formula.evaluate(&seen.scope()).ok()
                    }
                    Wanted::Formula(formula) => Some(Value::text(format!("`{}`", formula.text))),
                    Wanted::Known(value) => Some(value.clone()),
                };
                reads.insert(label(&part.what, name), value.unwrap_or(Value::Null));
            }
            reads.entry(part.what).or_insert(Value::Null);
        }
        reads
    }

    /// Whether the condition of a task holds, or the tasks whose results it takes to know that.
    pub(crate) fn is_wanted(
        &self,
        task: TaskIndex,
        bound: &Bound,
        open: impl Fn(TaskIndex) -> bool,
    ) -> Result<Result<bool, EvalError>, BTreeSet<TaskIndex>> {
        let Some(when) = &bound.when else { return Ok(Ok(true)) };
        let unknown = self.unknown(bound, &Wanted::Formula(when), &open);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let seen = self.seen(task, bound);
        Ok(when.holds(&seen.scope()))
    }

    fn unknown(
        &self,
        bound: &Bound,
        wanted: &Wanted<'_>,
        open: &impl Fn(TaskIndex) -> bool,
    ) -> BTreeSet<TaskIndex> {
        let Wanted::Formula(formula) = wanted else { return BTreeSet::new() };
        let readings = formula.readings();
        let tasks = readings.iter().filter_map(|reading| reading.source.task());
        let places = tasks.flat_map(|task| match self.layout.seen_from(bound, self.version, task) {
            Found::One(task) => task.into_iter().collect(),
            Found::All(tasks) => tasks,
        });
        places.filter(|task| open(*task)).collect()
    }
}

impl Run {
    /// Remembers what a task reads that is begun, or calls something else now.
    pub(crate) fn note_read(&mut self, task: TaskIndex, what: String, values: &Value) {
        let values = match values {
            Value::Record(values) => {
                values.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => Vec::new(),
        };
        self.task_mut(task).saw.push(Read { what, values });
    }

    /// Remembers what a task reads for a call, before anything that a person has corrected, if it is made for the first time.
    pub(crate) fn note_call(&mut self, task: TaskIndex, call: &Call, arguments: &Value) {
        let run = self.task(task);
        if run.saw.len() > run.alternative {
            return;
        }
        let read = if run.corrections.is_empty() {
            arguments.clone()
        } else {
            let value = |argument: &Argument| self.evaluate(task, &argument.value).unwrap_or(Value::Null);
            Value::Record(call.arguments.iter().map(|a| (a.name.clone(), value(a))).collect())
        };
        self.note_read(task, call.label(), &read);
    }

    /// Remembers what a poll reads, if it is begun.
    pub(crate) fn note_poll(&mut self, task: TaskIndex, body: &PollBody, arguments: &Value) {
        if self.task(task).saw.is_empty() {
            self.note_call(task, &body.query, arguments);
            let reads = until_reads(&self.definition(task), &body.until);
            self.task_mut(task).saw.iter_mut().for_each(|read| read.values.extend(reads.clone()));
        }
    }

    /// What a task that is done or under way reads by the plan as it is now.
    pub(crate) fn reads_now(&self, task: TaskIndex, bound: &Bound) -> Vec<Read> {
        let seen = SeenFrom::by(self, &self.layout, task, self.layout.latest(), bound);
        let value = |wanted: Wanted<'_>| match wanted {
            Wanted::Formula(formula) => formula.evaluate(&seen.scope()).unwrap_or(Value::Null),
            Wanted::Known(value) => value,
        };
        let read = |part: Part<'_>| {
            let values: BTreeMap<String, Value> =
                part.values.into_iter().map(|(name, wanted)| (name, value(wanted))).collect();
            Read { what: part.what, values: values.into_iter().collect() }
        };
        parts(bound, 1).into_iter().map(read).collect()
    }
}

fn label(what: &str, name: &str) -> String {
    format!("{what}({name})")
}

/// What a task reads: of a call that has fallbacks, of the first `calls` of them.
fn parts(bound: &Bound, calls: usize) -> Vec<Part<'_>> {
    let definition: &Definition = bound;
    match &definition.body {
        Body::Call(body) => {
            let all = std::iter::once(&body.call).chain(&body.fallbacks).take(calls);
            all.map(|call| Part { what: call.label(), values: formulas(&call.arguments) }).collect()
        }
        Body::Poll(body) => {
            let mut values = formulas(&body.query.arguments);
            let known = until_reads(bound, &body.until).into_iter();
            values.extend(known.map(|(name, value)| (name, Wanted::Known(value))));
            one(body.query.label(), values)
        }
        Body::Manual(body) => {
            one(format!("manual {}", body.role), vec![("title".to_owned(), Wanted::Formula(&body.title))])
        }
        Body::Sleep(Sleep::Until(time)) => {
            one("sleep".to_owned(), vec![("until".to_owned(), Wanted::Formula(time))])
        }
        Body::Sleep(Sleep::For(length)) => one(format!("sleep {length}"), Vec::new()),
        Body::Run(body) => {
            let mut values = formulas(&body.arguments);
            let known = child_reads(bound, &body.blueprint).into_iter();
            values.extend(known.map(|(name, value)| (name, Wanted::Known(value))));
            one(format!("run {}", body.blueprint), values)
        }
        Body::Let(value) => one("let".to_owned(), vec![("value".to_owned(), Wanted::Formula(value))]),
        Body::Wait { signal, .. } => one(format!("wait {signal}"), Vec::new()),
        Body::Milestone => one("milestone".to_owned(), Vec::new()),
    }
}

fn one(what: String, values: Vec<(String, Wanted<'_>)>) -> Vec<Part<'_>> {
    vec![Part { what, values }]
}

fn formulas(arguments: &[Argument]) -> Vec<(String, Wanted<'_>)> {
    arguments.iter().map(|argument| (argument.name.clone(), Wanted::Formula(&argument.value))).collect()
}

/// What the condition of a poll reads of the order.
fn until_reads(bound: &Bound, until: &Formula) -> BTreeMap<String, Value> {
    let (plan, scope) = (bound.plan(), order_data(bound.plan(), bound.seat()));
    let of_order = until.readings().into_iter().filter(|reading| reading.source.is_order_data());
    let named = |reading: Reading<'_>| {
        let label = format!("until {}", reading.label(plan.definitions(), bound.each.as_ref()));
        (label, reading.value(&scope).unwrap_or(Value::Null))
    };
    of_order.map(named).collect()
}

/// What a blueprint that a task runs reads of the order, beside its parameters.
pub(crate) fn child_reads(bound: &Bound, blueprint: &BlueprintName) -> BTreeMap<String, Value> {
    let mut reads = BTreeMap::new();
    collect(bound.plan(), bound.seat(), blueprint, &mut BTreeSet::new(), &mut reads);
    reads
}

fn collect<'a>(
    plan: &'a Plan,
    seat: TaskIndex,
    blueprint: &'a BlueprintName,
    known: &mut BTreeSet<&'a BlueprintName>,
    reads: &mut BTreeMap<String, Value>,
) {
    if !known.insert(blueprint) {
        return;
    }
    let Some(sub) = plan.sub_blueprint(blueprint) else { return };
    let scope = order_data(plan, seat);
    for definition in &sub.definitions {
        for reading in definition.formulas().into_iter().flat_map(Formula::readings) {
            if reading.source == Source::Order {
                let label = reading.label(&sub.definitions, None);
                reads.entry(label).or_insert_with(|| reading.value(&scope).unwrap_or(Value::Null));
            }
        }
        if let Some(run) = definition.runs() {
            collect(plan, seat, run, known, reads);
        }
    }
}
