//! What an amendment does to an order and its tasks, and the versions it has had.

use std::collections::{BTreeMap, BTreeSet};

use console::style;
use model::{Difference, Value, Verdict};

use super::Table;
use super::time::date_time;
use crate::remote::{Amendment, TaskChange, Version};

/// How wide a value is shown at the most.
const VALUE_CHARS: usize = 60;

/// How much further to the right stands what is told of a task.
const DEEPER: usize = 6;

/// Most lines about one thing that is different: of large values, the first places in them.
const MOST_PLACES: usize = 20;

/// Most differences that are told in the line of an event. The preview and the versions have all of them.
const MOST_IN_LINE: usize = 4;

/// What an amendment does, task by task.
pub(crate) fn amendment(amendment: &Amendment) -> String {
    let heading = format!("version {} by {}", amendment.version, amendment.blueprint);
    let mut lines = vec![style(heading).bold().to_string()];
    lines.extend(differences(&amendment.differences, 2));
    lines.extend(changes(&amendment.tasks, 2));
    let summary = summary(amendment);
    lines.push(if amendment.accepted { summary } else { style(summary).red().to_string() });
    lines.join("\n")
}

/// Every version of an order, the oldest first.
pub(crate) fn version_list(versions: &[Version]) -> String {
    let mut lines = Vec::new();
    for version in versions {
        let when = version.at.map_or_else(String::new, |at| format!("  {}", date_time(at)));
        let said = if version.reason.is_empty() { String::new() } else { format!(": {}", version.reason) };
        let heading = format!("version {}", version.version);
        let heading = match version.state.as_str() {
            "applied" => style(heading).bold().to_string(),
            state => style(format!("{heading} {state}")).red().to_string(),
        };
        lines.push(format!("{heading}{when}  {}  by {}{said}", version.blueprint, version.by));
        lines.extend(version.refusal.as_ref().map(|why| format!("  {}", style(why).red())));
        lines.extend(differences(&version.differences, 2));
        lines.extend(changes(&version.tasks, 2));
    }
    lines.join("\n")
}

/// How what is done to a task is marked.
const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Kept => "=",
        Verdict::Compared => "?",
        Verdict::Replaced => ">",
        Verdict::Amended => "~",
        Verdict::Redone => "-/+",
        Verdict::Undone => "-",
        Verdict::Added => "+",
        Verdict::Dropped => "x",
        Verdict::Refused => "!",
    }
}

fn coloured(verdict: Verdict, text: String) -> String {
    match verdict {
        Verdict::Kept | Verdict::Compared | Verdict::Replaced | Verdict::Dropped => text,
        Verdict::Amended | Verdict::Redone => style(text).yellow().to_string(),
        Verdict::Undone | Verdict::Refused => style(text).red().to_string(),
        Verdict::Added => style(text).green().to_string(),
    }
}

/// Every task that is not kept, with what it reads that is different, and below it what is done to the order that it runs.
fn changes(tasks: &[TaskChange], indent: usize) -> Vec<String> {
    let mut table = Table::indented(indent);
    let told: Vec<&TaskChange> = tasks.iter().filter(|change| change.verdict != Verdict::Kept).collect();
    for change in &told {
        let mark = coloured(change.verdict, format!("{:<3} {}", mark(change.verdict), change.task));
        let otherwise =
            change.otherwise.map(|verdict| format!(" or {}", verdict.as_str())).unwrap_or_default();
        table.row([
            mark,
            format!("{}{otherwise}", change.verdict.as_str()),
            style(&change.reason).dim().to_string(),
        ]);
    }
    let mut lines = Vec::new();
    for (line, change) in table.lines().into_iter().zip(told) {
        lines.push(line);
        lines.extend(differences(&change.differences, indent + DEEPER));
        if change.order.is_some() {
            lines.extend(changes(&change.tasks, indent + DEEPER));
            lines.push(format!("{}{}", " ".repeat(indent + DEEPER), style(counted(&change.tasks)).dim()));
        }
    }
    lines
}

fn differences(differences: &[Difference], indent: usize) -> Vec<String> {
    let mut table = Table::indented(indent);
    for difference in differences {
        let places = places(difference);
        for (what, from, to) in places.iter().take(MOST_PLACES) {
            table.row([what.clone(), format!("{} → {}", style(value(from)).red(), style(value(to)).green())]);
        }
        if let Some(more) = places.len().checked_sub(MOST_PLACES).filter(|more| *more > 0) {
            table.row([difference.what.clone(), format!("and in {more} more places")]);
        }
    }
    table.lines()
}

/// What is different in an order, in one line; empty if nothing is.
pub(super) fn differences_in_line(differences: &[Difference]) -> String {
    let places: Vec<_> = differences.iter().flat_map(places).collect();
    let mut told: Vec<String> = places
        .iter()
        .take(MOST_IN_LINE)
        .map(|(what, from, to)| format!("{what} {} → {}", value(from), value(to)))
        .collect();
    if let Some(more) = places.len().checked_sub(MOST_IN_LINE).filter(|more| *more > 0) {
        told.push(format!("{more} more"));
    }
    told.join(", ")
}

/// The places in which two values differ, each with its path and what is there: of records field by field, of lists that are
/// equally long element by element.
fn places(difference: &Difference) -> Vec<(String, &Value, &Value)> {
    let mut found = Vec::new();
    collect(&difference.what, &difference.from, &difference.to, &mut found);
    found
}

fn collect<'a>(what: &str, from: &'a Value, to: &'a Value, found: &mut Vec<(String, &'a Value, &'a Value)>) {
    match (from, to) {
        (Value::Record(before), Value::Record(after)) => {
            let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            for name in names {
                let [from, to] = [before, after].map(|fields| fields.get(name).unwrap_or(&Value::Null));
                if from != to {
                    collect(&inside(what, &format!(".{name}")), from, to, found);
                }
            }
        }
        (Value::List(before), Value::List(after)) if before.len() == after.len() => {
            for (n, (from, to)) in before.iter().zip(after).enumerate().filter(|(_, (from, to))| from != to) {
                collect(&inside(what, &format!("[{n}]")), from, to, found);
            }
        }
        _ => found.push((what.to_owned(), from, to)),
    }
}

/// The path to a part of what a path leads to: the argument of a call, `crm.check(address)`, keeps its brackets around it.
fn inside(what: &str, part: &str) -> String {
    match what.strip_suffix(')') {
        Some(argument) => format!("{argument}{part})"),
        None => format!("{what}{part}"),
    }
}

fn value(value: &Value) -> String {
    let text = if value.is_null() { "nothing".to_owned() } else { value.to_string() };
    if text.chars().count() <= VALUE_CHARS {
        return text;
    }
    let short: String = text.chars().take(VALUE_CHARS).collect();
    format!("{short}…")
}

/// How many tasks there are of each verdict, in words.
fn counted(tasks: &[TaskChange]) -> String {
    let mut counts = BTreeMap::new();
    for change in tasks {
        *counts.entry(change.verdict.as_str().to_owned()).or_default() += 1;
    }
    in_words(&counts)
}

fn in_words(counts: &BTreeMap<String, u64>) -> String {
    let count = |verdict: &Verdict| counts.get(verdict.as_str()).map(|count| (*verdict, *count));
    let told: Vec<String> = Verdict::ALL
        .iter()
        .filter_map(count)
        .map(|(verdict, count)| format!("{count} {}", verdict.as_str()))
        .collect();
    told.join(", ")
}

fn summary(amendment: &Amendment) -> String {
    let told = in_words(&amendment.counts);
    let all_kept =
        amendment.counts.iter().all(|(verdict, count)| verdict == Verdict::Kept.as_str() || *count == 0);
    if amendment.accepted && all_kept {
        let what = if amendment.differences.is_empty() { "nothing" } else { "no task" };
        return format!("{what} would change: {told}");
    }
    if amendment.accepted { told } else { format!("can't be done: {told}") }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::remote::read;

    fn change(task: &str, verdict: &str, differences: &serde_json::Value, reason: &str) -> serde_json::Value {
        json!({"task": task, "verdict": verdict, "otherwise": null, "differences": differences, "reason": reason, "order": null, "tasks": []})
    }

    #[test]
    fn every_task_that_is_not_kept_is_a_line_with_what_it_reads() {
        let profile = json!([{"what": "network.activate(profile)", "from": "FTTH_500", "to": "FTTH_1000"}]);
        let mut prove = change("prove[1]", "compared", &json!([]), "it reads the result of `activate[1]`");
        prove["otherwise"] = json!("redone");
        let site = |what: &str| json!([{"what": what, "from": "UTR-7", "to": "AMS-1"}]);
        let mut deliver = change("deliver", "amended", &site("run ship(site)"), "the order 42 is amended");
        deliver["order"] = json!("00000000-0000-0000-0000-000000000042");
        deliver["tasks"] = json!([
            change("collect", "redone", &site("depot.collect(site)"), ""),
            change("hand_over", "kept", &json!([]), ""),
        ]);
        let document = json!({
            "order": "00000000-0000-0000-0000-000000000001", "id": null, "result": "preview", "accepted": false, "version": 2,
            "blueprint": "home_fiber@1", "token": "t",
            "differences": [{"what": "items[1].speed_mbps", "from": 500, "to": 1000}],
            "counts": {"kept": 4, "amended": 2, "compared": 1, "refused": 1},
            "tasks": [
                change("check_customer", "kept", &json!([]), ""),
                change("activate[1]", "amended", &profile, ""),
                prove,
                deliver,
                change("start_billing", "refused", &json!([]), "it is a point of no return and has begun"),
            ],
        });
        let shown = console::strip_ansi_codes(&amendment(&read(document).unwrap())).into_owned();
        expect![[r#"
            version 2 by home_fiber@1
              items[1].speed_mbps  500 → 1000
              ~   activate[1]    amended
                    network.activate(profile)  "FTTH_500" → "FTTH_1000"
              ?   prove[1]       compared or redone  it reads the result of `activate[1]`
              ~   deliver        amended             the order 42 is amended
                    run ship(site)  "UTR-7" → "AMS-1"
                    -/+ collect  redone
                          depot.collect(site)  "UTR-7" → "AMS-1"
                    1 kept, 1 redone
              !   start_billing  refused             it is a point of no return and has begun
            can't be done: 4 kept, 1 compared, 2 amended, 1 refused"#]]
        .assert_eq(&shown);
    }

    fn shown(differences: &serde_json::Value, counts: &serde_json::Value) -> String {
        let document = json!({
            "order": "00000000-0000-0000-0000-000000000001", "id": null, "result": "preview", "accepted": true, "version": 2,
            "blueprint": "home_fiber@1", "token": "t", "differences": differences, "counts": counts, "tasks": [],
        });
        console::strip_ansi_codes(&amendment(&read(document).unwrap())).into_owned()
    }

    #[test]
    fn of_a_record_only_what_differs_is_shown_with_its_path() {
        let address = |site: &str| json!({"city": "Utrecht", "street": "a street with a very long name, to cut it off", "site": site});
        let differences = json!([
            {"what": "attributes.address", "from": address("UTR-1"), "to": address("UTR-2")},
            {"what": "crm.check(address)", "from": address("UTR-1"), "to": address("UTR-2")},
            {"what": "notes", "from": ["a", "b"], "to": ["a", "c"]},
            {"what": "tags", "from": ["a"], "to": null},
        ]);
        expect![[r#"
            version 2 by home_fiber@1
              attributes.address.site  "UTR-1" → "UTR-2"
              crm.check(address.site)  "UTR-1" → "UTR-2"
              notes[1]                 "b" → "c"
              tags                     ["a"] → nothing
            no task would change: 17 kept"#]]
        .assert_eq(&shown(&differences, &json!({"kept": 17})));
    }

    #[test]
    fn what_changes_nothing_says_so() {
        assert!(shown(&json!([]), &json!({"kept": 17})).ends_with("\nnothing would change: 17 kept"));
    }
}
