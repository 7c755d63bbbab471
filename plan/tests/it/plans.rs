//! Putting plans together.

use model::{BlueprintRef, Hash, ItemKind, Value, limits};
use plan::{
    Body, Definition, DefinitionIndex, FORMAT, InvalidPlan, Plan, PlanItem, PlanParts, Reaction,
    ReactionKind, Seen, Task, TaskIndex,
};

pub(crate) fn definition(name: &str, each: Option<&str>) -> Definition {
    Definition {
        name: name.parse().unwrap(),
        each: each.map(|kind| kind.parse::<ItemKind>().unwrap()),
        file: "a.blueprint".to_owned(),
        line: 1,
        when: None,
        body: Body::Milestone,
        ensure: Vec::new(),
        on_failure: None,
        on_timeout: None,
        status: None,
        point_of_no_return: false,
        isolate: false,
    }
}

pub(crate) fn task(definition: usize, item: Option<usize>, after: &[usize]) -> Task {
    Task {
        definition: DefinitionIndex(definition),
        item,
        after: after.iter().copied().map(TaskIndex).collect(),
        skipped: None,
    }
}

pub(crate) fn parts(definitions: Vec<Definition>, tasks: Vec<Task>) -> PlanParts {
    let item =
        |id: &str| PlanItem { id: id.parse().unwrap(), kind: "line".parse().unwrap(), value: Value::Null };
    PlanParts {
        format: FORMAT,
        blueprint: BlueprintRef { name: "test".parse().unwrap(), version: 1 },
        blueprint_hash: Hash::new(&"0".repeat(64)).unwrap(),
        order: Value::record([("id", Value::text("1"))]),
        items: vec![item("1"), item("2")],
        on_failure: Reaction { kind: ReactionKind::Rollback, reason: None },
        definitions,
        tasks,
        deadline: None,
        sequence: std::collections::BTreeSet::new(),
        parameters: None,
        sub_blueprints: Vec::new(),
    }
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.indices().map(|task| plan.id(task).to_string()).collect()
}

#[test]
fn tasks_come_after_what_they_wait_for() {
    let definitions =
        vec![definition("last", None), definition("first", None), definition("each", Some("line"))];
    let tasks =
        vec![task(0, None, &[2, 3]), task(1, None, &[]), task(2, Some(0), &[1]), task(2, Some(1), &[1])];
    let plan = Plan::new(parts(definitions, tasks)).unwrap();
    assert_eq!(ids(&plan), ["first", "each[1]", "each[2]", "last"]);
    assert_eq!(plan.task(TaskIndex(3)).after, [TaskIndex(1), TaskIndex(2)]);
    assert_eq!(plan.dependants(TaskIndex(0)), [TaskIndex(1), TaskIndex(2)]);
    assert_eq!(plan.find(&"each[2]".parse().unwrap()), Some(TaskIndex(2)));
}

#[test]
fn a_name_means_the_same_item_inside_and_all_items_outside() {
    let definitions =
        vec![definition("a", Some("line")), definition("b", Some("line")), definition("outside", None)];
    let tasks = vec![
        task(0, Some(0), &[]),
        task(0, Some(1), &[]),
        task(1, Some(0), &[0]),
        task(1, Some(1), &[1]),
        task(2, None, &[2, 3]),
    ];
    let plan = Plan::new(parts(definitions, tasks)).unwrap();
    let find = |id: &str| plan.find(&id.parse().unwrap()).unwrap();
    assert_eq!(plan.seen_from(find("b[2]"), DefinitionIndex(0)), Seen::One(Some(find("a[2]"))));
    assert_eq!(plan.seen_from(find("outside"), DefinitionIndex(0)), Seen::All(&[find("a[1]"), find("a[2]")]));
    assert_eq!(plan.seen_from(find("a[1]"), DefinitionIndex(2)), Seen::One(Some(find("outside"))));
}

#[test]
fn a_plan_is_read_back_byte_for_byte() {
    let plan = Plan::new(parts(vec![definition("a", None)], vec![task(0, None, &[])])).unwrap();
    let bytes = plan.canonical_bytes();
    let read: Plan = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((read.canonical_bytes(), read.hash()), (bytes, plan.hash()));
    assert_eq!(read, plan);
}

#[test]
fn parts_that_make_no_plan_are_refused() {
    let one = || vec![definition("a", None)];
    let wrong = |parts| Plan::new(parts).unwrap_err().to_string();
    assert_eq!(
        wrong(parts(one(), vec![task(0, Some(0), &[1]), task(0, Some(1), &[0])])),
        "tasks wait for each other: `a[1]` → `a[2]`"
    );
    assert_eq!(wrong(parts(one(), vec![task(1, None, &[])])), "definition 1 does not exist");
    assert_eq!(wrong(parts(one(), vec![task(0, None, &[7])])), "task 7 does not exist");
    assert_eq!(wrong(parts(one(), vec![task(0, Some(2), &[])])), "item 2 does not exist");
    assert_eq!(wrong(parts(one(), vec![task(0, None, &[]), task(0, None, &[])])), "there are two tasks `a`");
    let newer = PlanParts { format: FORMAT + 1, ..parts(one(), vec![]) };
    assert_eq!(wrong(newer), "plan format 2 is newer than 1");
}

#[test]
fn the_limits_hold_to_the_task_and_to_the_byte() {
    let many = |count| {
        let mut parts = parts(vec![definition("a", Some("line"))], Vec::new());
        parts.items = (0..count)
            .map(|n| PlanItem {
                id: n.to_string().parse().unwrap(),
                kind: "line".parse().unwrap(),
                value: Value::Null,
            })
            .collect();
        parts.tasks = (0..count).map(|n| task(0, Some(n), &[])).collect();
        Plan::new(parts)
    };
    assert_eq!(many(limits::PLAN_TASKS).unwrap().tasks().len(), limits::PLAN_TASKS);
    let found = limits::PLAN_TASKS + 1;
    assert_eq!(many(found).unwrap_err(), InvalidPlan::TooManyTasks { found, limit: limits::PLAN_TASKS });

    let sized = |filler: usize| {
        let mut parts = parts(vec![definition("a", None)], vec![task(0, None, &[])]);
        parts.order = Value::text("x".repeat(filler));
        Plan::new(parts)
    };
    let empty = sized(0).unwrap().canonical_bytes().len();
    assert!(sized(limits::PLAN_BYTES - empty).is_ok());
    let found = limits::PLAN_BYTES + 1;
    assert_eq!(sized(found - empty).unwrap_err(), InvalidPlan::TooLarge { found, limit: limits::PLAN_BYTES });
}
