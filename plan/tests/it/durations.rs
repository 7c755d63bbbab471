//! How long plans take.

use model::{Duration, Type};
use plan::{Body, Call, CallBody, Definition, Durations, Plan, Retry, Task, Undo};

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
