//! What waits for people, and what was left behind, as tables.

use std::collections::BTreeMap;

use console::style;
use model::Duration;

use super::table::Table;
use super::time::{date_time, length};
use crate::remote::{Bulk, BulkTask, Residue, WorkGroup, WorkItem, WorkSort};

/// Work items, one a line.
pub(crate) fn work_list(items: &[WorkItem]) -> String {
    let mut table = with_heading(["AGE", "ORDER", "TASK", "KIND", "FOR", "CALL", "TO DO", "WHY"]);
    for item in items {
        table.row([
            age(item.age_seconds),
            item.order.to_string(),
            item.task.to_string(),
            item.sort.kind.clone(),
            person(&item.sort),
            call(&item.sort),
            item.sort.actions.join(" "),
            why(item),
        ]);
    }
    table.to_string()
}

/// Groups of alike work items, one a line.
pub(crate) fn group_list(groups: &[WorkGroup]) -> String {
    let heading = ["COUNT", "ORDERS", "LATE", "OLDEST", "KIND", "FOR", "CALL", "TO DO", "WHY", "FOR EXAMPLE"];
    let mut table = with_heading(heading);
    for group in groups {
        table.row([
            group.count.to_string(),
            group.orders.to_string(),
            group.at_risk.to_string(),
            age(group.oldest.age_seconds),
            group.sort.kind.clone(),
            person(&group.sort),
            call(&group.sort),
            group.sort.actions.join(" "),
            group.pattern.clone(),
            style(format!("{} {}", group.oldest.order, group.oldest.task)).dim().to_string(),
        ]);
    }
    table.to_string()
}

/// What became of an action on many tasks: those to be looked at, and how many there are of each sort. All of them, if it was only
/// asked which they are.
pub(crate) fn bulk(bulk: &Bulk) -> String {
    let mut table = Table::default();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &bulk.tasks {
        *counts.entry(&task.result).or_default() += 1;
        if !is_settled(task) {
            let result = task.result.replace('_', " ");
            table.row([
                task.order.to_string(),
                task.task.to_string(),
                result,
                task.reason.clone().unwrap_or_default(),
            ]);
        }
    }
    let mut lines = table.lines();
    let counts: Vec<String> =
        counts.iter().map(|(result, count)| format!("{count} {}", result.replace('_', " "))).collect();
    let action =
        if bulk.dry_run { format!("{}, not done now", bulk.action) } else { bulk.action.to_string() };
    lines.push(match counts.as_slice() {
        [] => format!("{action}: there are no such tasks"),
        _ => format!("{action}: {}", counts.join(", ")),
    });
    if bulk.more {
        lines.push("there are more of them: ask again when these are done".to_owned());
    }
    lines.join("\n")
}

/// Whether nobody has to look at it again.
pub(crate) fn is_settled(task: &BulkTask) -> bool {
    matches!(task.result.as_str(), "applied" | "duplicate")
}

/// What was left behind, one a line.
pub(crate) fn residue_list(residue: &[Residue]) -> String {
    let mut table = with_heading(["ACCEPTED", "ORDER", "TASK", "NOT DONE", "WITH", "BY", "WHY"]);
    for left in residue {
        let call = named(left.system.as_deref(), left.operation.as_deref());
        table.row([
            date_time(left.at),
            left.order.to_string(),
            left.task.to_string(),
            call,
            style(&left.arguments).dim().to_string(),
            left.by.clone(),
            left.reason.clone(),
        ]);
    }
    table.to_string()
}

fn with_heading<const N: usize>(heading: [&str; N]) -> Table {
    let mut table = Table::default();
    table.row(heading.map(|name| style(name).dim().to_string()));
    table
}

fn age(seconds: u64) -> String {
    length(Duration::from_secs(seconds))
}

fn person(sort: &WorkSort) -> String {
    sort.role.clone().unwrap_or_else(|| sort.r#for.clone())
}

fn call(sort: &WorkSort) -> String {
    named(sort.system.as_deref(), sort.operation.as_deref())
}

/// `system.operation`, if there is one.
fn named(system: Option<&str>, operation: Option<&str>) -> String {
    system.zip(operation).map(|(system, operation)| format!("{system}.{operation}")).unwrap_or_default()
}

/// Why somebody is needed, and that it is urgent.
fn why(item: &WorkItem) -> String {
    let late = match (item.overdue_since, item.at_risk_since) {
        (Some(_), _) => Some("overdue"),
        (None, Some(_)) => Some("at risk"),
        (None, None) => None,
    };
    let attempts = (item.attempts > 1).then(|| format!("{} attempts", item.attempts));
    let late = late.map(|late| style(late).yellow().to_string());
    let parts: Vec<String> = late.into_iter().chain([item.reason.clone()]).chain(attempts).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::remote::{WorkGroups, WorkPage, read};

    const ORDER: &str = "00000000-0000-0000-0000-000000000001";

    #[test]
    fn what_waits_is_a_line_each() {
        let page = json!({ "next": null, "work_items": [
            {"order": ORDER, "task": "activate[1]", "kind": "held", "for": "operations", "role": null, "system": "network",
             "operation": "activate", "actions": ["retry", "skip"], "reason": "network.activate answered 503", "attempts": 5,
             "age_seconds": 7_300, "at_risk_since": "2026-11-21T10:00:00Z", "overdue_since": null},
            {"order": ORDER, "task": "check", "kind": "manual", "for": "role", "role": "back_office", "system": null,
             "operation": null, "actions": ["complete"], "reason": "check the contract", "attempts": 0, "age_seconds": 3,
             "at_risk_since": null, "overdue_since": null},
        ]});
        let page: WorkPage = read(page).unwrap();
        expect![[r#"
            AGE    ORDER                                 TASK         KIND    FOR          CALL              TO DO       WHY
            2 h    00000000-0000-0000-0000-000000000001  activate[1]  held    operations   network.activate  retry skip  at risk, network.activate answered 503, 5 attempts
            3.0 s  00000000-0000-0000-0000-000000000001  check        manual  back_office                    complete    check the contract"#]]
        .assert_eq(&work_list(&page.work_items));
    }

    #[test]
    fn an_outage_is_one_line() {
        let groups = json!({ "groups": [
            {"kind": "held", "for": "operations", "role": null, "system": "network", "operation": "activate",
             "actions": ["retry"], "pattern": "olt … is down", "count": 50, "orders": 48, "at_risk": 2,
             "oldest": {"order": ORDER, "task": "activate[1]", "age_seconds": 600}},
        ]});
        let groups: WorkGroups = read(groups).unwrap();
        expect![[r#"
            COUNT  ORDERS  LATE  OLDEST  KIND  FOR         CALL              TO DO  WHY            FOR EXAMPLE
            50     48      2     10 min  held  operations  network.activate  retry  olt … is down  00000000-0000-0000-0000-000000000001 activate[1]"#]]
        .assert_eq(&group_list(&groups.groups));
    }

    #[test]
    fn of_many_tasks_those_are_shown_that_somebody_must_look_at() {
        let task = |task: &str, result: &str, reason: Option<&str>| json!({"order": ORDER, "task": task, "result": result, "reason": reason});
        let tasks = vec![
            task("a", "applied", None),
            task("b", "applied", None),
            task("c", "duplicate", None),
            task("d", "rejected", Some("`d` is running")),
            task("e", "not_tried", None),
        ];
        let done: Bulk =
            read(json!({"action": "retry", "dry_run": false, "more": true, "tasks": tasks})).unwrap();
        expect![[r#"
            00000000-0000-0000-0000-000000000001  d  rejected   `d` is running
            00000000-0000-0000-0000-000000000001  e  not tried
            retry: 2 applied, 1 duplicate, 1 not tried, 1 rejected
            there are more of them: ask again when these are done"#]]
        .assert_eq(&bulk(&done));
        let none: Bulk =
            read(json!({"action": "skip", "dry_run": true, "more": false, "tasks": []})).unwrap();
        assert_eq!(bulk(&none), "skip, not done now: there are no such tasks");
    }
}
