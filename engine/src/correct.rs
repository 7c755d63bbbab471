//! Arguments that a person has corrected.
//!
//! A correction says that a value which the blueprint gives is wrong, and which one is right. It holds wherever the task gives
//! that value by the same expression: a call that is read back or undone is the one that was made. And it holds as long as the
//! expression comes out the same: once an amendment changes that, the new value counts.

use std::collections::BTreeMap;

use model::{Fault, Field, Pointer, Type, UnknownFields, Value, limits};
use plan::{Argument, Body, Call, Definition, EvalError, Expr, Formula, TaskIndex};
use serde::{Deserialize, Serialize};

use crate::{Rejected, Run};

/// Most faults of corrections that are told at once.
const FAULTS: usize = 10;

/// One argument that a person has corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Correction {
    argument: String,
    /// What the blueprint gives; none if that can't be evaluated.
    was: Option<Value>,
    to: Value,
}

impl Run {
    /// What a call of a task is given.
    pub(crate) fn arguments(&self, task: TaskIndex, call: &Call) -> Result<Value, EvalError> {
        self.given(task, &call.arguments)
    }

    /// The values of arguments: those that a person has corrected, and what the blueprint says of all others.
    pub(crate) fn given(&self, task: TaskIndex, arguments: &[Argument]) -> Result<Value, EvalError> {
        self.given_by(task, &self.definition(task), arguments, |value| self.evaluate(task, value))
    }

    /// The same by another definition of the task, evaluated in another way.
    pub(crate) fn given_by(
        &self,
        task: TaskIndex,
        definition: &Definition,
        arguments: &[Argument],
        evaluate: impl Fn(&Formula) -> Result<Value, EvalError>,
    ) -> Result<Value, EvalError> {
        let values = arguments.iter().map(|argument| {
            let value = evaluate(&argument.value);
            let corrected = self.corrected(task, definition, argument, value.as_ref().ok());
            Ok((argument.name.clone(), corrected.cloned().map_or(value, Ok)?))
        });
        values.collect::<Result<_, _>>().map(Value::Record)
    }

    /// What a person has put in the place of a value that a definition of a task gives as an argument; none, if that stands.
    pub(crate) fn corrected(
        &self,
        task: TaskIndex,
        definition: &Definition,
        argument: &Argument,
        value: Option<&Value>,
    ) -> Option<&Value> {
        let corrections = &self.task(task).corrections;
        if corrections.is_empty() {
            return None;
        }
        let given = given_by(definition);
        let gives = |name: &str| {
            given.iter().any(|given| given.name == name && given.value.expr == argument.value.expr)
        };
        let stands =
            |correction: &&Correction| correction.was.as_ref() == value && gives(&correction.argument);
        let mut standing = corrections.iter().filter(stands);
        let named = standing.clone().find(|correction| correction.argument == argument.name);
        // That two values are written alike says nothing if they are constants, or if one of them was left as it is.
        let told_apart = matches!(argument.value.expr, Expr::Value(_))
            || given.iter().any(|given| {
                given.value.expr == argument.value.expr
                    && !corrections.iter().any(|correction| correction.argument == given.name)
            });
        named.or_else(|| standing.next().filter(|_| !told_apart)).map(|correction| &correction.to)
    }

    /// Makes what a person wants a task to be given fit to be given, or says what is wrong with it.
    pub(crate) fn correctable(
        &self,
        task: TaskIndex,
        arguments: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, Rejected> {
        let definition = self.definition(task);
        let given = given_by(&definition);
        let (mut faults, mut corrected) = (Vec::new(), BTreeMap::new());
        for (name, value) in arguments {
            let at = Pointer::root().key(&name);
            let named: Vec<&&Argument> = given.iter().filter(|given| given.name == name).collect();
            if named.is_empty() {
                faults.push(Fault::new(at, no_such(&name, &given)));
                continue;
            }
            let mut value = Ok(value);
            for argument in named {
                let of = self.type_of(task, &definition, argument);
                value = value.and_then(|value| of.conform(value, &at, UnknownFields::Refuse));
            }
            match value {
                Ok(value) => drop(corrected.insert(name, value)),
                Err(wrong) => faults.extend(wrong),
            }
        }
        let size = Value::Record(corrected.clone()).to_string().len();
        if size > limits::RESULT_BYTES {
            let detail = format!("expected at most {} bytes, found {size}", limits::RESULT_BYTES);
            faults.push(Fault::new(Pointer::root(), detail));
        }
        if faults.is_empty() {
            return Ok(corrected);
        }
        faults.truncate(FAULTS);
        Err(Rejected::Arguments { task: self.id(task), faults })
    }

    /// What an argument may be: as declared, where the plan knows; otherwise of the kind that the blueprint gives.
    fn type_of(&self, task: TaskIndex, definition: &crate::layout::Bound, argument: &Argument) -> Type {
        if let Body::Run(run) = &definition.body {
            let declared = definition.plan().sub_blueprint(&run.blueprint).map(|sub| &sub.parameters);
            let field = declared.and_then(|fields| fields.iter().find(|field| field.name == argument.name));
            return field.map_or(Type::Any, |field| field.of.clone());
        }
        self.evaluate(task, &argument.value).map_or(Type::Any, |value| kind_of(&value))
    }

    /// Takes over what a person wants a task to be given from when it is begun anew.
    pub(crate) fn take_corrections(&mut self, task: TaskIndex) {
        let proposed = std::mem::take(&mut self.task_mut(task).proposed);
        if proposed.is_empty() {
            return;
        }
        let definition = self.definition(task);
        let mut corrections = self.task(task).corrections.clone();
        corrections.retain(|correction| !proposed.contains_key(&correction.argument));
        for argument in given_by(&definition) {
            let Some(to) = proposed.get(&argument.name) else { continue };
            let was = self.evaluate(task, &argument.value).ok();
            let correction = Correction { argument: argument.name.clone(), was, to: to.clone() };
            if !corrections.contains(&correction) {
                corrections.push(correction);
            }
        }
        self.task_mut(task).corrections = corrections;
    }
}

/// What a task gives to what it calls, asks or runs on the way forward.
fn given_by(definition: &Definition) -> Vec<&Argument> {
    match &definition.body {
        Body::Call(body) => {
            std::iter::once(&body.call).chain(&body.fallbacks).flat_map(|call| &call.arguments).collect()
        }
        Body::Poll(body) => body.query.arguments.iter().collect(),
        Body::Run(body) => body.arguments.iter().collect(),
        Body::Wait { .. } | Body::Manual(_) | Body::Sleep(_) | Body::Let(_) | Body::Milestone => Vec::new(),
    }
}

fn no_such(name: &str, given: &[&Argument]) -> String {
    let mut known: Vec<String> = given.iter().map(|argument| format!("`{}`", argument.name)).collect();
    known.dedup();
    let name: String = name.chars().take(limits::NAME_BYTES).collect();
    if known.is_empty() {
        format!("`{name}` is no argument: the task takes none")
    } else {
        format!("`{name}` is no argument of the task: known are {}", known.join(", "))
    }
}

/// The type of everything that is like a value: what is null in it may be anything.
fn kind_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::Any,
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Decimal,
        Value::Text(_) => Type::Text,
        Value::List(elements) => {
            let mut kinds = elements.iter().map(kind_of);
            let first = kinds.next().unwrap_or(Type::Any);
            let alike = kinds.all(|kind| kind == first);
            Type::List(Box::new(if alike { first } else { Type::Any }))
        }
        Value::Record(fields) => Type::Record(
            fields
                .iter()
                .map(|(name, value)| Field { name: name.clone(), of: kind_of(value), default: None })
                .collect(),
        ),
    }
}
