//! How long plans take.

use model::{Duration, Type, Value};
use plan::{
    Body, Call, CallBody, Definition, DefinitionIndex, Durations, Expr, Formula, Plan, PlanParts, Reaction,
    ReactionKind, Retry, RunBody, Sleep, SubBlueprint, Task, Undo, Verify,
};

use super::plans::{definition, parts, task};

fn wait(name: &str, each: Option<&str>, within: &str) -> Definition {
    let body = Body::Wait {
        signal: "report".parse().unwrap(),
        fields: Type::Record(Vec::new()),
        within: within.parse().unwrap(),
    };
    Definition { body, ..definition(name, each) }
}

fn call(
    attempts: u32,
    every: &str,
    doubling: bool,
    up_to: Option<&str>,
    within: Option<&str>,
    fallbacks: usize,
) -> Definition {
    let call = Call {
        system: "net".parse().unwrap(),
        operation: "look".parse().unwrap(),
        arguments: Vec::new(),
        result: Type::Any,
        effect: false,
        repeatable: false,
    };
    let body = CallBody {
        fallbacks: vec![call.clone(); fallbacks],
        call,
        timeout: "10s".parse().unwrap(),
        within: within.map(|within| within.parse().unwrap()),
        retry: Retry {
            attempts,
            every: every.parse().unwrap(),
            doubling,
            up_to: up_to.map(|up_to| up_to.parse().unwrap()),
        },
        undo: Undo::Nothing { why: String::new() },
        verify: None,
        amend: None,
    };
    Definition { body: Body::Call(Box::new(body)), ..definition("call", None) }
}

fn formula(expr: Expr, text: &str) -> Formula {
    Formula { expr, text: text.to_owned(), line: 1 }
}

/// Sleeps until a time that the result of another task tells.
fn sleep_until(name: &str, of: usize) -> Definition {
    let time = formula(Expr::Task(DefinitionIndex(of)), "day");
    Definition { body: Body::Sleep(Sleep::Until(time)), ..definition(name, None) }
}

fn run(name: &str, within: Option<&str>) -> Definition {
    let body = RunBody {
        blueprint: "ship".parse().unwrap(),
        arguments: Vec::new(),
        result: Type::Any,
        within: within.map(|within| within.parse().unwrap()),
    };
    Definition { body: Body::Run(Box::new(body)), ..definition(name, None) }
}

/// What is not counted, each with when it begins.
fn not_counted(parts: PlanParts, given: &[(&str, &str)]) -> Vec<String> {
    let plan = Plan::new(parts).unwrap();
    let mut durations = Durations::default();
    for (task, takes) in given {
        durations.insert(task.parse().unwrap(), takes.parse().unwrap());
    }
    let path = plan.critical_path(&durations);
    path.not_counted
        .iter()
        .map(|sleep| format!("{} at {} until {}", plan.id(sleep.task), sleep.begins, sleep.until))
        .collect()
}

/// The total, then each task on the path with when it begins.
fn path(definitions: Vec<Definition>, tasks: Vec<Task>, given: &[(&str, &str)]) -> Vec<String> {
    let plan = Plan::new(parts(definitions, tasks)).unwrap();
    let mut durations = Durations::default();
    for (task, takes) in given {
        durations.insert(task.parse().unwrap(), takes.parse().unwrap());
    }
    let path = plan.critical_path(&durations);
    let tasks = path.tasks.iter().map(|timed| {
        let given = if timed.given { " given" } else { "" };
        format!("{} at {} for {}{given}", plan.id(timed.task), timed.begins, timed.takes)
    });
    std::iter::once(path.total.to_string()).chain(tasks).collect()
}

#[test]
fn the_longest_way_through_decides() {
    let definitions =
        vec![wait("a", None, "1h"), wait("b", None, "2h"), wait("c", None, "5m"), definition("end", None)];
    let tasks = || vec![task(0, None, &[]), task(1, None, &[]), task(2, None, &[0, 1]), task(3, None, &[2])];
    let declared = path(definitions.clone(), tasks(), &[]);
    assert_eq!(declared, ["2h5m", "b at 0s for 2h", "c at 2h for 5m"]);
    let given = path(definitions, tasks(), &[("b", "10m"), ("end", "1s")]);
    assert_eq!(given, ["1h5m1s", "a at 0s for 1h", "c at 1h for 5m", "end at 1h5m for 1s given"]);
}

#[test]
fn an_id_says_more_than_a_name_and_what_is_left_out_takes_no_time() {
    let definitions = vec![wait("a", Some("line"), "1h"), wait("b", Some("line"), "1h")];
    let left_out = Task { skipped: Some("rule".to_owned()), ..task(1, Some(1), &[1]) };
    let tasks = vec![task(0, Some(0), &[]), task(0, Some(1), &[]), task(1, Some(0), &[0]), left_out];
    let given = [("a", "3h"), ("a[1]", "1s"), ("b[2]", "9d")];
    assert_eq!(path(definitions, tasks, &given), ["3h", "a[2] at 0s for 3h given"]);
}

#[test]
fn a_call_may_take_all_its_attempts_pauses_and_fallbacks() {
    for (definition, total) in [
        (call(1, "1s", false, None, None, 0), "10s"),
        (call(3, "5s", false, None, None, 0), "40s"),
        (call(4, "1s", true, None, None, 0), "47s"),
        (call(4, "1s", true, Some("2s"), None, 0), "45s"),
        (call(3, "5s", false, None, Some("25s"), 0), "25s"),
        (call(1, "1s", false, None, Some("25s"), 0), "10s"),
        (call(3, "5s", false, None, None, 1), "1m20s"),
    ] {
        assert_eq!(path(vec![definition], vec![task(0, None, &[])], &[])[0], total);
    }
    let endless = call(10_000, "3660d", true, None, None, 9);
    assert_eq!(
        path(vec![endless], vec![task(0, None, &[])], &[])[0],
        Duration::from_millis(u64::MAX).to_string()
    );
}

#[test]
fn nothing_takes_no_time() {
    assert_eq!(path(vec![definition("a", None)], vec![task(0, None, &[])], &[]), ["0s", "a at 0s for 0s"]);
}

#[test]
fn a_call_that_is_read_back_may_be_made_again_after_each_of_three_answers() {
    let mut definition = call(1, "1s", false, None, None, 0);
    let Body::Call(body) = &mut definition.body else { panic!("it calls") };
    let query = Call { ..body.call.clone() };
    body.verify =
        Some(Verify { query, condition: formula(Expr::Value(Value::Bool(true)), "true"), answers: true });
    // Four calls of 10s, and three questions with the usual patience: six attempts of 30s, 31s of pauses between them.
    assert_eq!(path(vec![definition.clone()], vec![task(0, None, &[])], &[])[0], "11m13s");
    let Body::Call(body) = &mut definition.body else { panic!("it calls") };
    body.fallbacks = vec![body.call.clone()];
    assert_eq!(path(vec![definition], vec![task(0, None, &[])], &[])[0], "11m23s");
}

#[test]
fn a_sleep_until_a_time_that_only_a_result_tells_is_named_wherever_it_stands() {
    let definitions = || vec![wait("day", None, "1h"), sleep_until("sleep", 0), wait("long", None, "2h")];
    let tasks = || vec![task(0, None, &[]), task(1, None, &[0]), task(2, None, &[])];
    // It is beside the path, as far as that is known, and may be the longest of all.
    assert_eq!(path(definitions(), tasks(), &[]), ["2h", "long at 0s for 2h"]);
    assert_eq!(not_counted(parts(definitions(), tasks()), &[]), ["sleep at 1h until day"]);
    // How long it takes has been said, or it is left out.
    assert_eq!(not_counted(parts(definitions(), tasks()), &[("sleep", "3d")]), Vec::<String>::new());
    assert_eq!(path(definitions(), tasks(), &[("sleep", "3d")])[0], "3d1h");
    let left_out = Task { skipped: Some("rule".to_owned()), ..task(1, None, &[0]) };
    let tasks = vec![task(0, None, &[]), left_out, task(2, None, &[])];
    assert_eq!(not_counted(parts(definitions(), tasks), &[]), Vec::<String>::new());
}

#[test]
fn a_blueprint_that_sleeps_until_a_time_is_counted_to_its_limit_or_named() {
    let ship = SubBlueprint {
        name: "ship".parse().unwrap(),
        parameters: Vec::new(),
        returns: None,
        result: Type::Any,
        on_failure: Reaction { kind: ReactionKind::Rollback, reason: None },
        deadline: None,
        definitions: vec![wait("day", None, "1h"), sleep_until("sleep", 0)],
        after: vec![Vec::new(), vec![DefinitionIndex(0)]],
    };
    let with = |definition| PlanParts {
        sub_blueprints: vec![ship.clone()],
        ..parts(vec![definition], vec![task(0, None, &[])])
    };
    let total = |definition| Plan::new(with(definition)).unwrap().critical_path(&Durations::default()).total;
    assert_eq!(not_counted(with(run("go", None)), &[]), ["go at 0s until day"]);
    assert_eq!(total(run("go", None)).to_string(), "1h");
    assert_eq!(not_counted(with(run("go", Some("5d"))), &[]), Vec::<String>::new());
    assert_eq!(total(run("go", Some("5d"))).to_string(), "5d");
}
