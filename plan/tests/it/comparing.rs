//! What is different between two plans.

use model::{HoldFor, ItemKind, Type, Value};
use plan::{
    Argument, Body, Call, CallBody, Deadline, Definition, DefinitionIndex, Expr, Formula, Plan,
    PlanDifference, PlanParts, Reaction, ReactionKind, Retry, Task, Undo,
};

use super::plans::{definition, parts, task};

fn formula(text: &str, expr: Expr) -> Formula {
    Formula { expr, text: text.to_owned(), line: 1 }
}

fn field(of: Expr, name: &str) -> Expr {
    Expr::Field { of: Box::new(of), name: name.to_owned(), safe: false }
}

fn call(value: Formula) -> Definition {
    let call = |operation: &str, value: Formula| Call {
        system: "net".parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments: vec![Argument { name: "at".to_owned(), value }],
        result: Type::Any,
        effect: true,
        repeatable: false,
    };
    let undo = call("release", formula("result.id", field(Expr::Result, "id")));
    let body = CallBody {
        call: call("reserve", value),
        fallbacks: Vec::new(),
        timeout: CallBody::DEFAULT_TIMEOUT,
        within: None,
        retry: Retry::DEFAULT,
        undo: Undo::Call(undo),
        verify: None,
        amend: None,
    };
    Definition { body: Body::Call(Box::new(body)), ..definition("reserve", None) }
}

fn body(definition: &mut Definition) -> &mut CallBody {
    let Body::Call(body) = &mut definition.body else { panic!("it calls nothing") };
    body
}

fn plan(definitions: Vec<Definition>, tasks: Vec<Task>) -> Plan {
    Plan::new(parts(definitions, tasks)).unwrap()
}

/// Every change of every task, each in one line.
fn said(difference: &PlanDifference) -> Vec<String> {
    let tasks = difference.changed.iter().map(|task| (task.id.as_str(), &task.changes));
    let all = std::iter::once(("", &difference.whole)).chain(tasks);
    all.flat_map(|(id, changes)| {
        changes.iter().map(move |change| {
            let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
            format!("{id} {}: {} → {}", change.what, side(&change.before), side(&change.after))
                .trim_start()
                .to_owned()
        })
    })
    .collect()
}

#[test]
fn a_plan_is_no_different_from_itself() {
    let one = plan(vec![call(formula("order.id", field(Expr::Order, "id")))], vec![task(0, None, &[])]);
    let difference = PlanDifference::between(&one, &one);
    assert!(difference.is_empty());
    assert_eq!(difference.same, 1);
}

#[test]
fn layout_and_place_are_no_difference() {
    let one = call(formula("order . id", field(Expr::Order, "id")));
    let mut other = call(formula("order .\n  id", field(Expr::Order, "id")));
    (other.line, other.file) = (70, "elsewhere.blueprint".to_owned());
    let [one, other] = [one, other].map(|definition| plan(vec![definition], vec![task(0, None, &[])]));
    assert!(PlanDifference::between(&one, &other).is_empty());
}

#[test]
fn what_is_said_of_the_whole_order_is_compared() {
    let due = |kind: ReactionKind, reason: Option<&str>| {
        let reason = reason.map(|text| formula(text, Expr::Value(Value::text("x"))));
        let mut parts = parts(vec![definition("check", None)], vec![task(0, None, &[])]);
        parts.deadline = Some(Deadline {
            within: "2h".parse().unwrap(),
            at_risk: Some("1h".parse().unwrap()),
            on_timeout: Some(Reaction { kind, reason }),
        });
        Plan::new(parts).unwrap()
    };
    let none = plan(vec![definition("check", None)], vec![task(0, None, &[])]);
    let held = due(ReactionKind::Hold(HoldFor::Operations), None);
    let asked = due(ReactionKind::Hold(HoldFor::Customer), Some("\"late\""));
    assert_eq!(
        said(&PlanDifference::between(&none, &held)),
        ["deadline: nothing → 2h at risk after 1h on timeout hold for operations"]
    );
    assert_eq!(
        said(&PlanDifference::between(&held, &asked)),
        [
            "deadline: 2h at risk after 1h on timeout hold for operations → 2h at risk after 1h on timeout hold for customer \"late\""
        ]
    );
}

#[test]
fn everything_that_is_said_of_a_task_is_compared() {
    let before = call(formula("order.id", field(Expr::Order, "id")));
    let mut after = call(formula("\"x\"", Expr::Value(Value::text("x"))));
    after.on_failure = Some(Reaction { kind: ReactionKind::Skip, reason: None });
    after.when = Some(formula("ran(other)", Expr::Value(true.into())));
    after.point_of_no_return = true;
    let changed = body(&mut after);
    changed.timeout = "90s".parse().unwrap();
    changed.retry = Retry::NONE;
    changed.undo = Undo::Nothing { why: "it lapses".to_owned() };
    let [before, after] = [before, after].map(|definition| plan(vec![definition], vec![task(0, None, &[])]));
    assert_eq!(
        said(&PlanDifference::between(&before, &after)),
        [
            "reserve argument at: \"1\" (order.id) → \"x\"",
            "reserve timeout: 30s → 1m30s",
            "reserve retry: 6 times every 1s doubling up to 30s → no retry",
            "reserve undo: net.release → nothing",
            "reserve undo argument at: result.id → nothing",
            "reserve when: nothing → ran(other)",
            "reserve no undo: nothing → it lapses",
            "reserve on failure: nothing → skip",
            "reserve point of no return: nothing → yes",
        ]
    );
}

#[test]
fn an_argument_that_is_written_alike_differs_by_its_value() {
    let order = |id: &str, site: &str| {
        let both = Expr::List(vec![field(Expr::Order, "site"), Expr::Task(DefinitionIndex(1))]);
        let mut known = call(formula("order.id", field(Expr::Order, "id")));
        known.name = "known".parse().unwrap();
        let partly = call(formula("[order.site, known.x]", both));
        let definitions = vec![partly, known];
        let order = Value::record([("id", Value::text(id)), ("site", Value::text(site))]);
        Plan::new(PlanParts { order, ..parts(definitions, vec![task(0, None, &[1]), task(1, None, &[])]) })
            .unwrap()
    };
    assert_eq!(
        said(&PlanDifference::between(&order("1", "A"), &order("2", "B"))),
        [
            "known argument at: \"1\" → \"2\"",
            "reserve argument at: [order.site, known.x] with order.site: \"A\" → [order.site, known.x] with order.site: \"B\"",
        ]
    );
}

#[test]
fn what_one_plan_leaves_out_comes_and_goes_with_the_rule() {
    let each = |name: &str| definition(name, Some("line"));
    let left_out = |task: Task| Task { skipped: Some("`when false` does not hold".to_owned()), ..task };
    let before = plan(
        vec![each("a"), each("b"), definition("old", None)],
        vec![left_out(task(0, Some(0), &[])), task(1, Some(0), &[0]), task(2, None, &[])],
    );
    let after = plan(
        vec![each("a"), each("b"), definition("new", None)],
        vec![task(0, Some(0), &[]), left_out(task(1, Some(0), &[])), task(2, None, &[])],
    );
    let difference = PlanDifference::between(&before, &after);
    let moved = |tasks: &[plan::Moved]| -> Vec<_> {
        tasks.iter().map(|task| format!("{} {:?}", task.id, task.left_out)).collect()
    };
    let rule = "Some(\"`when false` does not hold\")";
    assert_eq!(moved(&difference.come), [format!("a[1] {rule}"), "new None".to_owned()]);
    assert_eq!(moved(&difference.gone), [format!("b[1] {rule}"), "old None".to_owned()]);
    assert!(!difference.is_empty());
    let back = PlanDifference::between(&after, &before);
    assert_eq!(moved(&back.come), moved(&difference.gone));
}

#[test]
fn what_a_task_waits_for_and_what_the_whole_does_is_compared() {
    let names = ["a", "b", "c"].map(|name| definition(name, None));
    let before = plan(names.to_vec(), vec![task(0, None, &[]), task(1, None, &[]), task(2, None, &[0])]);
    let mut after =
        parts(names.to_vec(), vec![task(0, None, &[]), task(1, None, &[]), task(2, None, &[0, 1])]);
    after.on_failure.kind = ReactionKind::Fail;
    let after = Plan::new(after).unwrap();
    assert_eq!(
        said(&PlanDifference::between(&before, &after)),
        ["on failure: rollback → fail", "c waits for: nothing → b"]
    );
}

#[test]
fn a_path_is_read_as_a_whole_and_only_once() {
    let address = || field(Expr::Order, "address");
    let twice = Expr::List(vec![
        field(address(), "site"),
        field(address(), "site"),
        address(),
        Expr::Task(DefinitionIndex(1)),
    ]);
    let formula = formula("", twice);
    let definitions = vec![definition("a", Some("line")), definition("b", Some("line"))];
    let labels = |here: Option<&ItemKind>| -> Vec<String> {
        formula.readings().iter().map(|reading| reading.label(&definitions, here)).collect()
    };
    assert_eq!(labels(None), ["order.address.site", "order.address", "line.b"]);
    assert_eq!(labels(Some(&"line".parse().unwrap())), ["order.address.site", "order.address", "b"]);
}
