//! Puts plans together by hand.

use std::sync::Arc;

use model::{BlueprintRef, Duration, Field, Hash, HoldFor, OrderId, TaskName, Type, Value};
use plan::{
    Argument, BinaryOp, Body, Call, CallBody, Definition, DefinitionIndex, Ensure, Expr, FORMAT, Formula,
    ManualBody, Operands, Plan, PlanItem, PlanParts, PollBody, Reaction, ReactionKind, Retry, RunBody, Sleep,
    SubBlueprint, Task, TaskIndex, Undo, Verify,
};

pub(crate) fn order_id() -> OrderId {
    "0190a6c8-0000-7000-8000-000000000001".parse().unwrap()
}

pub(crate) fn formula(expr: Expr, text: &str) -> Formula {
    Formula { expr, text: text.to_owned(), line: 1 }
}

pub(crate) fn text(text: &str) -> Formula {
    formula(Expr::Value(Value::text(text)), text)
}

pub(crate) fn result_field(name: &str) -> Formula {
    let expr = Expr::Field { of: Box::new(Expr::Result), name: name.to_owned(), safe: false };
    formula(expr, &format!("result.{name}"))
}

pub(crate) fn reaction(kind: ReactionKind) -> Reaction {
    Reaction { kind, reason: None }
}

pub(crate) const HOLD: ReactionKind = ReactionKind::Hold(HoldFor::Operations);

/// `system.operation(…) -> { id: text, ok: bool }`.
pub(crate) fn call(operation: &str, arguments: Vec<Argument>, effect: bool) -> Call {
    let field = |name: &str, of| Field { name: name.to_owned(), of, default: None };
    Call {
        system: "net".parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments,
        result: Type::Record(vec![field("id", Type::Text), field("ok", Type::Bool)]),
        effect,
        repeatable: false,
    }
}

/// A task that does `do_NAME` and undoes with `undo_NAME(id: result.id)`.
pub(crate) fn task(name: &str) -> Definition {
    let mut undo = call(
        &format!("undo_{name}"),
        vec![Argument { name: "id".to_owned(), value: result_field("id") }],
        true,
    );
    undo.result = Type::Record(Vec::new());
    Definition {
        name: TaskName::new(name).unwrap(),
        each: None,
        file: "test.blueprint".to_owned(),
        line: 1,
        when: None,
        body: Body::Call(Box::new(CallBody {
            call: call(&format!("do_{name}"), Vec::new(), true),
            fallbacks: Vec::new(),
            timeout: Duration::from_secs(5),
            within: None,
            retry: Retry::NONE,
            undo: Undo::Call(undo),
            verify: None,
            amend: None,
        })),
        ensure: Vec::new(),
        on_failure: None,
        on_timeout: None,
        status: None,
        point_of_no_return: false,
        isolate: false,
    }
}

/// A task that waits an hour for the signal `signal_NAME { ok: bool }`.
pub(crate) fn wait(name: &str) -> Definition {
    let ok = Field { name: "ok".to_owned(), of: Type::Bool, default: None };
    Definition {
        body: Body::Wait {
            signal: format!("signal_{name}").parse().unwrap(),
            fields: Type::Record(vec![ok]),
            within: Duration::from_secs(3_600),
        },
        ..task(name)
    }
}

/// A task of `office` that asks for `{ ok: bool }` within an hour.
pub(crate) fn manual(name: &str) -> Definition {
    let ok = Field { name: "ok".to_owned(), of: Type::Bool, default: None };
    let body = ManualBody {
        title: text("Check the contract"),
        role: "office".parse().unwrap(),
        fields: Type::Record(vec![ok]),
        within: Duration::from_secs(3_600),
    };
    bodied(name, Body::Manual(Box::new(body)))
}

/// A task that asks `look_NAME() -> { id: text, ok: bool }` every ten seconds until `result.ok`.
pub(crate) fn poll(name: &str, within: Duration) -> Definition {
    let body = PollBody {
        query: call(&format!("look_{name}"), Vec::new(), false),
        every: Duration::from_secs(10),
        until: is_ok(),
        timeout: Duration::from_secs(5),
        within,
    };
    bodied(name, Body::Poll(Box::new(body)))
}

/// `verify net.read_NAME() is result.ok`; whether its answer is that of the call.
pub(crate) fn verified(mut definition: Definition, answers: bool) -> Definition {
    let query = call(&format!("read_{}", definition.name), Vec::new(), false);
    body(&mut definition).verify = Some(Verify { query, condition: is_ok(), answers });
    definition
}

/// A task that lets so many seconds pass.
pub(crate) fn sleep(name: &str, seconds: u64) -> Definition {
    Definition { body: Body::Sleep(Sleep::For(Duration::from_secs(seconds))), ..task(name) }
}

/// A task of any body.
pub(crate) fn bodied(name: &str, body: Body) -> Definition {
    Definition { body, ..task(name) }
}

pub(crate) fn milestone(name: &str) -> Definition {
    Definition { body: Body::Milestone, ..task(name) }
}

pub(crate) fn body(definition: &mut Definition) -> &mut CallBody {
    let Body::Call(body) = &mut definition.body else { panic!("{} calls nothing", definition.name) };
    body
}

/// `ensure result.ok else KIND`.
pub(crate) fn ensure_ok(kind: ReactionKind) -> Ensure {
    Ensure { condition: is_ok(), otherwise: reaction(kind) }
}

/// `result.ok`.
fn is_ok() -> Formula {
    let ok = Expr::Binary {
        op: BinaryOp::Equal,
        on: Operands::Any,
        left: Box::new(result_field("ok").expr),
        right: Box::new(Expr::Value(Value::Bool(true))),
    };
    formula(ok, "result.ok")
}

/// One instance of each definition, each after the given ones.
pub(crate) fn plan(tasks: Vec<(Definition, Vec<usize>)>, skipped: &[usize]) -> Arc<Plan> {
    Arc::new(Plan::new(parts(tasks, skipped)).unwrap())
}

/// What such a plan is made of.
pub(crate) fn parts(tasks: Vec<(Definition, Vec<usize>)>, skipped: &[usize]) -> PlanParts {
    let (definitions, edges): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
    let tasks = edges
        .into_iter()
        .enumerate()
        .map(|(n, after)| Task {
            definition: DefinitionIndex(n),
            item: None,
            after: after.into_iter().map(TaskIndex).collect(),
            skipped: skipped.contains(&n).then(|| "left out".to_owned()),
        })
        .collect();
    PlanParts {
        format: FORMAT,
        blueprint: BlueprintRef { name: "test".parse().unwrap(), version: 1 },
        blueprint_hash: Hash::new(&"0".repeat(64)).unwrap(),
        order: Value::record([("id", Value::text("1"))]),
        items: Vec::new(),
        on_failure: reaction(HOLD),
        deadline: None,
        sequence: std::collections::BTreeSet::new(),
        parameters: None,
        sub_blueprints: Vec::new(),
        definitions,
        tasks,
    }
}

/// An item of the kind `line`.
pub(crate) fn item(id: &str) -> PlanItem {
    PlanItem {
        id: id.parse().unwrap(),
        kind: "line".parse().unwrap(),
        value: Value::record([("id", Value::text(id))]),
    }
}

/// A task inside an `each line on failure isolate` that says nothing of its own.
pub(crate) fn isolated(definition: Definition) -> Definition {
    Definition {
        each: Some("line".parse().unwrap()),
        isolate: true,
        on_failure: Some(reaction(ReactionKind::Rollback)),
        ..definition
    }
}

/// A blueprint with parameters: `NAME(site: text) -> { id: text }`, which answers the result of its last task.
pub(crate) fn sub_blueprint(name: &str, tasks: Vec<(Definition, Vec<usize>)>) -> SubBlueprint {
    let (definitions, after): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
    let text = |name: &str| Field { name: name.to_owned(), of: Type::Text, default: None };
    let last = Expr::Task(DefinitionIndex(definitions.len() - 1));
    let id = Expr::Field { of: Box::new(last), name: "id".to_owned(), safe: true };
    SubBlueprint {
        name: name.parse().unwrap(),
        parameters: vec![text("site")],
        returns: Some(formula(Expr::Record(vec![("id".to_owned(), id)]), "{ id: last?.id }")),
        result: Type::Record(vec![text("id")]),
        on_failure: reaction(HOLD),
        deadline: None,
        after: after.into_iter().map(|after| after.into_iter().map(DefinitionIndex).collect()).collect(),
        definitions,
    }
}

/// A task that runs such a blueprint.
pub(crate) fn run(name: &str, sub: &SubBlueprint) -> Definition {
    let site = Argument { name: "site".to_owned(), value: text("UTR-7") };
    let body = RunBody {
        blueprint: sub.name.clone(),
        arguments: vec![site],
        result: sub.result.clone(),
        within: None,
    };
    bodied(name, Body::Run(Box::new(body)))
}
