//! Plans as people and programs read them.

use model::Type;
use plan::{Body, Call, CallBody, DefinitionIndex, Plan, PlanDocument, Retry, Task, TaskIndex, Undo};

use super::plans::{definition, parts, task};

fn call(operation: &str) -> Call {
    Call {
        system: "net".parse().unwrap(),
        operation: operation.parse().unwrap(),
        arguments: Vec::new(),
        result: Type::Any,
        effect: true,
        repeatable: false,
    }
}

#[test]
fn the_waves_of_a_plan_count_what_is_done() {
    let definitions = ["a", "b", "c", "d"].map(|name| definition(name, None));
    let left_out = Task {
        skipped: Some("`when false` does not hold (a.blueprint:1)".to_owned()),
        ..task(1, None, &[0])
    };
    let tasks = vec![task(0, None, &[]), left_out, task(2, None, &[1]), task(3, None, &[])];
    let document = PlanDocument::from(&Plan::new(parts(definitions.to_vec(), tasks)).unwrap());
    let mut waves: Vec<_> = document.tasks.iter().map(|task| (task.id.as_str(), task.wave)).collect();
    waves.sort_unstable();
    // What waits for a task that is left out waits for what that one would have waited for.
    assert_eq!(waves, [("a", 1), ("b", 1), ("c", 2), ("d", 1)]);
}

#[test]
fn every_body_has_its_own_fields() {
    let mut definitions =
        vec![definition("reserve", Some("line")), definition("report", None), definition("done", None)];
    definitions[0].body = Body::Call(Box::new(CallBody {
        call: call("reserve"),
        fallbacks: vec![call("reserve_any")],
        timeout: CallBody::DEFAULT_TIMEOUT,
        within: None,
        retry: Retry::DEFAULT,
        undo: Undo::Nothing { why: "it lapses".to_owned() },
        verify: None,
        amend: None,
    }));
    definitions[0].point_of_no_return = true;
    let fields = Type::Record(Vec::new());
    definitions[1].body =
        Body::Wait { signal: "report".parse().unwrap(), fields, within: "10d".parse().unwrap() };
    let tasks = vec![task(0, Some(0), &[]), task(1, None, &[0]), task(2, None, &[1])];
    let plan = Plan::new(parts(definitions, tasks)).unwrap();
    assert_eq!(plan.task(TaskIndex(1)).definition, DefinitionIndex(1));
    let json = serde_json::to_value(PlanDocument::from(&plan)).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "blueprint": "test@1",
            "blueprint_hash": "0".repeat(64),
            "deadline": null,
            "at_risk_after": null,
            "sequence": [],
            "tasks": [
                {"id": "reserve[1]", "item": "1", "wave": 1, "after": [], "skipped": null, "when": null, "kind": "call",
                 "calls": ["net.reserve", "net.reserve_any"], "timeout": "30s", "within": null, "attempts": 6,
                 "undo": null, "no_undo": "it lapses", "amend": null, "verify": null, "isolate": false,
                 "point_of_no_return": true, "source": "a.blueprint:1"},
                {"id": "report", "item": null, "wave": 2, "after": ["reserve[1]"], "skipped": null, "when": null,
                 "kind": "wait", "signal": "report", "fields": "{}", "within": "10d", "isolate": false, "point_of_no_return": false,
                 "source": "a.blueprint:1"},
                {"id": "done", "item": null, "wave": 3, "after": ["report"], "skipped": null, "when": null,
                 "kind": "milestone", "isolate": false, "point_of_no_return": false, "source": "a.blueprint:1"},
            ],
            "critical_path": {
                "total": "10d7m2s",
                "tasks": [
                    {"id": "reserve[1]", "begins": "0s", "takes": "7m2s", "given": false},
                    {"id": "report", "begins": "7m2s", "takes": "10d", "given": false},
                ],
                "not_counted": []
            }
        })
    );
}
