//! The least that is left of an order from each of its tasks on.

use model::{Duration, Timestamp, Type, Value};
use plan::{
    Body, Definition, DefinitionIndex, Expr, Formula, Plan, PlanParts, Reaction, ReactionKind, RunBody,
    Sleep, SubBlueprint,
};

use super::plans::{definition, parts, task};

fn sleep(name: &str, length: &str) -> Definition {
    Definition { body: Body::Sleep(Sleep::For(length.parse().unwrap())), ..definition(name, None) }
}

fn until(name: &str, time: Expr) -> Definition {
    let time = Formula { expr: time, text: "the day".to_owned(), line: 1 };
    Definition { body: Body::Sleep(Sleep::Until(time)), ..definition(name, None) }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

/// The earliest end of the order from each task on, if that begins at 10 s, in seconds.
fn ends(parts: PlanParts) -> Vec<i64> {
    let remaining = Plan::new(parts).unwrap().least_remaining();
    remaining.into_iter().map(|left| left.ends(at(10)).as_millis() / 1_000).collect()
}

#[test]
fn only_time_that_must_pass_is_counted_on_the_longest_way() {
    let wait = Definition {
        body: Body::Wait {
            signal: "report".parse().unwrap(),
            fields: Type::Record(Vec::new()),
            within: Duration::from_secs(1_000),
        },
        ..definition("wait", None)
    };
    let definitions = vec![
        definition("first", None),
        sleep("long", "60s"),
        sleep("short", "5s"),
        wait,
        sleep("last", "7s"),
    ];
    let edges: [&[usize]; 5] = [&[], &[0], &[0], &[2], &[1, 3]];
    let tasks = edges.iter().enumerate().map(|(n, after)| task(n, None, after)).collect();
    assert_eq!(ends(parts(definitions, tasks)), [77, 77, 22, 17, 17]);
}

#[test]
fn what_is_left_out_or_may_be_is_not_counted() {
    let mut guarded = sleep("guarded", "60s");
    guarded.when = Some(Formula { expr: Expr::Task(DefinitionIndex(0)), text: "first".to_owned(), line: 1 });
    let definitions = vec![sleep("first", "1s"), guarded, sleep("skipped", "60s"), sleep("last", "2s")];
    let mut tasks: Vec<_> = (0..4_usize).map(|n| task(n, None, if n == 0 { &[] } else { &[0] })).collect();
    tasks[2].skipped = Some("the order says so".to_owned());
    tasks[3] = task(3, None, &[1, 2]);
    assert_eq!(ends(parts(definitions, tasks)), [13, 12, 12, 12]);
}

#[test]
fn a_time_of_the_order_is_not_passed_however_early_a_task_begins() {
    let day = Expr::Value(Value::text(at(500).to_string()));
    let definitions = vec![
        definition("first", None),
        until("day", day),
        sleep("last", "30s"),
        until("open", Expr::Task(DefinitionIndex(0))),
    ];
    let tasks = vec![task(0, None, &[]), task(1, None, &[0]), task(2, None, &[1]), task(3, None, &[0])];
    let plan = Plan::new(parts(definitions, tasks)).unwrap();
    let remaining = plan.least_remaining();
    assert_eq!(remaining[0].ends(at(10)), at(530));
    assert_eq!(remaining[0].ends(at(600)), at(630), "the day has passed");
    assert!(remaining[3].is_nothing(), "a result tells when");
}

#[test]
fn what_tasks_run_is_counted_once_it_must_pass() {
    let run = RunBody {
        blueprint: "ship".parse().unwrap(),
        arguments: Vec::new(),
        result: Type::Any,
        within: None,
    };
    let mut guarded = sleep("guarded", "60s");
    guarded.when = Some(Formula { expr: Expr::Value(Value::Bool(true)), text: "true".to_owned(), line: 1 });
    let ship = SubBlueprint {
        name: "ship".parse().unwrap(),
        parameters: Vec::new(),
        returns: None,
        result: Type::Any,
        on_failure: Reaction { kind: ReactionKind::Rollback, reason: None },
        deadline: None,
        definitions: vec![sleep("late", "3s"), sleep("early", "4s"), guarded],
        after: vec![vec![DefinitionIndex(1)], vec![], vec![]],
    };
    let runs = Definition { body: Body::Run(Box::new(run)), ..definition("runs", None) };
    let parts = parts(vec![runs, sleep("last", "1s")], vec![task(0, None, &[]), task(1, None, &[0])]);
    assert_eq!(ends(PlanParts { sub_blueprints: vec![ship], ..parts }), [18, 11]);
}
