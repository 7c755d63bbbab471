//! Plans put together by hand: tasks one after the other, or as their `after` says.

use model::{Duration, HoldFor, Type, Value};
use plan::{
    Argument, Body, Call, CallBody, Definition, DefinitionIndex, Expr, FORMAT, Formula, ManualBody, Plan,
    PlanParts, PollBody, Reaction, ReactionKind, Retry, Task, TaskIndex, Undo, Verify,
};

/// A task of a test's plan.
pub(crate) struct Spec {
    definition: Definition,
    after: Option<Vec<&'static str>>,
}

/// A task that calls `system.operation`, and takes it back with `system.un_operation`.
pub(crate) fn call(name: &str, label: &str) -> Spec {
    let (system, operation) = label.split_once('.').unwrap();
    let body = CallBody {
        call: made(system, operation, name),
        fallbacks: vec![],
        timeout: Duration::from_secs(10),
        within: None,
        retry: Retry { attempts: 3, every: Duration::from_millis(1), doubling: false, up_to: None },
        undo: Undo::Call(made(system, &format!("un_{operation}"), name)),
        verify: None,
        amend: None,
    };
    Spec::new(name, Body::Call(Box::new(body)))
}

/// A task that waits for a signal of the form `{ outcome: text }`.
pub(crate) fn wait(name: &str, signal: &str, within: Duration) -> Spec {
    let outcome = model::Field { name: "outcome".to_owned(), of: Type::Text, default: None };
    Spec::new(
        name,
        Body::Wait { signal: signal.parse().unwrap(), fields: Type::Record(vec![outcome]), within },
    )
}

/// A task that asks `system.query`, which answers `{ done: bool }`, until something is done.
pub(crate) fn poll(name: &str, label: &str, every: Duration, within: Duration) -> Spec {
    let timeout = Duration::from_secs(10);
    let body = PollBody { query: asked(label, name), every, until: is_done(), timeout, within };
    Spec::new(name, Body::Poll(Box::new(body)))
}

/// A task of the back office, which says `{ approved: bool }` of it within a day.
pub(crate) fn manual(name: &str) -> Spec {
    let approved = model::Field { name: "approved".to_owned(), of: Type::Bool, default: None };
    let title = Formula {
        expr: Expr::Value(Value::text("Check the contract")),
        text: "\"Check the contract\"".to_owned(),
        line: 1,
    };
    let body = ManualBody {
        title,
        role: "back_office".parse().unwrap(),
        fields: Type::Record(vec![approved]),
        within: Duration::from_secs(86_400),
    };
    Spec::new(name, Body::Manual(Box::new(body)))
}

/// A query that answers `{ done: bool }`.
fn asked(label: &str, task: &str) -> Call {
    let (system, operation) = label.split_once('.').unwrap();
    let done = model::Field { name: "done".to_owned(), of: Type::Bool, default: None };
    Call { result: Type::Record(vec![done]), effect: false, ..made(system, operation, task) }
}

fn is_done() -> Formula {
    let expr = Expr::Field { of: Box::new(Expr::Result), name: "done".to_owned(), safe: false };
    Formula { expr, text: "result.done".to_owned(), line: 1 }
}

fn made(system: &str, operation: &str, task: &str) -> Call {
    let value = Expr::Value(Value::text(task));
    let formula = Formula { expr: value, text: format!("\"{task}\""), line: 1 };
    Call {
        system: system.parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments: vec![Argument { name: "of".to_owned(), value: formula }],
        result: Type::Record(vec![]),
        effect: true,
        repeatable: false,
    }
}

impl Spec {
    fn new(name: &str, body: Body) -> Self {
        let definition = Definition {
            name: name.parse().unwrap(),
            each: None,
            file: "test.blueprint".to_owned(),
            line: 1,
            when: None,
            body,
            ensure: vec![],
            on_failure: None,
            on_timeout: None,
            status: None,
            point_of_no_return: false,
            isolate: false,
        };
        Self { definition, after: None }
    }

    /// What it waits for, instead of the task before it.
    pub(crate) fn after(mut self, tasks: &[&'static str]) -> Self {
        self.after = Some(tasks.to_vec());
        self
    }

    pub(crate) fn point_of_no_return(mut self) -> Self {
        self.definition.point_of_no_return = true;
        self
    }

    pub(crate) fn on_failure(mut self, kind: ReactionKind) -> Self {
        self.definition.on_failure = Some(Reaction { kind, reason: None });
        self
    }

    /// `verify system.query() is result.done`.
    pub(crate) fn verified(self, label: &str) -> Self {
        let query = asked(label, self.definition.name.as_str());
        self.change(|body| body.verify = Some(Verify { query, condition: is_done(), answers: true }))
    }

    pub(crate) fn change(mut self, change: impl FnOnce(&mut CallBody)) -> Self {
        if let Body::Call(body) = &mut self.definition.body {
            change(body);
        }
        self
    }
}

/// The plan of these tasks; what fails waits for a person.
pub(crate) fn plan(specs: Vec<Spec>) -> Plan {
    let names: Vec<String> = specs.iter().map(|s| s.definition.name.to_string()).collect();
    let place = |name: &str| TaskIndex(names.iter().position(|n| n == name).unwrap());
    let tasks = specs.iter().enumerate().map(|(n, spec)| Task {
        definition: DefinitionIndex(n),
        item: None,
        after: match &spec.after {
            Some(after) => after.iter().map(|name| place(name)).collect(),
            None => n.checked_sub(1).map(TaskIndex).into_iter().collect(),
        },
        skipped: None,
    });
    Plan::new(PlanParts {
        format: FORMAT,
        blueprint: "test@1".parse().unwrap(),
        blueprint_hash: model::Hash::new(&"b".repeat(64)).unwrap(),
        order: Value::record([("customer", Value::record([("id", Value::text("C-1"))]))]),
        items: vec![],
        on_failure: Reaction { kind: ReactionKind::Hold(HoldFor::Operations), reason: None },
        deadline: None,
        sequence: std::collections::BTreeSet::new(),
        parameters: None,
        sub_blueprints: Vec::new(),
        tasks: tasks.collect(),
        definitions: specs.into_iter().map(|s| s.definition).collect(),
    })
    .unwrap()
}
