//! Puts plans together by hand.

use std::sync::Arc;

use model::{BlueprintRef, Duration, Field, Hash, HoldFor, OrderId, TaskName, Type, Value};
use plan::{
    Argument, BinaryOp, Body, Call, CallBody, Definition, DefinitionIndex, Ensure, Expr, FORMAT, Formula,
    Operands, Plan, PlanParts, Reaction, ReactionKind, Retry, Sleep, Task, TaskIndex, Undo,
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
    let ok = Expr::Binary {
        op: BinaryOp::Equal,
        on: Operands::Any,
        left: Box::new(result_field("ok").expr),
        right: Box::new(Expr::Value(Value::Bool(true))),
    };
    Ensure { condition: formula(ok, "result.ok"), otherwise: reaction(kind) }
}

/// One instance of each definition, each after the given ones.
pub(crate) fn plan(tasks: Vec<(Definition, Vec<usize>)>, skipped: &[usize]) -> Arc<Plan> {
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
    let parts = PlanParts {
        format: FORMAT,
        blueprint: BlueprintRef { name: "test".parse().unwrap(), version: 1 },
        blueprint_hash: Hash::new(&"0".repeat(64)).unwrap(),
        order: Value::record([("id", Value::text("1"))]),
        items: Vec::new(),
        on_failure: reaction(HOLD),
        deadline: None,
        parameters: None,
        sub_blueprints: Vec::new(),
        definitions,
        tasks,
    };
    Arc::new(Plan::new(parts).unwrap())
}
