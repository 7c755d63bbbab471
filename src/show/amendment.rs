//! What an amendment does to an order and its tasks, and the versions it has had.

use console::style;
use model::{Difference, TaskChange, Value, Verdict};

use super::Table;
use super::time::date;
use crate::remote::{Amendment, Version};

/// How wide a value is shown at the most.
const VALUE_CHARS: usize = 60;

/// What an amendment does, task by task.
pub(crate) fn amendment(amendment: &Amendment) -> String {
    let heading = format!("version {} by {}", amendment.version, amendment.blueprint);
    let mut lines = vec![style(heading).bold().to_string()];
    lines.extend(differences(&amendment.differences, 2));
    lines.extend(changes(&amendment.tasks));
    let summary = summary(amendment);
    lines.push(if amendment.accepted { summary } else { style(summary).red().to_string() });
    lines.join("\n")
}

/// Every version of an order, the oldest first.
pub(crate) fn version_list(versions: &[Version]) -> String {
    let mut lines = Vec::new();
    for version in versions {
        let when = version.at.map_or_else(String::new, |at| format!("  {}", date(at)));
        let said = if version.reason.is_empty() { String::new() } else { format!(": {}", version.reason) };
        let heading = format!("version {}", version.version);
        let heading = match version.state.as_str() {
            "applied" => style(heading).bold().to_string(),
            state => style(format!("{heading} {state}")).red().to_string(),
        };
        lines.push(format!("{heading}{when}  {}  by {}{said}", version.blueprint, version.by));
        lines.extend(version.refusal.as_ref().map(|why| format!("  {}", style(why).red())));
        lines.extend(differences(&version.differences, 2));
        lines.extend(changes(&version.tasks));
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

/// Every task that is not kept, with what it reads that is different.
fn changes(tasks: &[TaskChange]) -> Vec<String> {
    let mut table = Table::indented(2);
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
        lines.extend(differences(&change.differences, 8));
    }
    lines
}

fn differences(differences: &[Difference], indent: usize) -> Vec<String> {
    let mut table = Table::indented(indent);
    for Difference { what, from, to } in differences {
        table.row([what.clone(), format!("{} → {}", style(value(from)).red(), style(value(to)).green())]);
    }
    table.lines()
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
fn summary(amendment: &Amendment) -> String {
    let count = |verdict: &Verdict| amendment.counts.get(verdict.as_str()).map(|count| (*verdict, *count));
    let told: Vec<String> = Verdict::ALL
        .iter()
        .filter_map(count)
        .map(|(verdict, count)| format!("{count} {}", verdict.as_str()))
        .collect();
    let told = told.join(", ");
    if amendment.accepted { told } else { format!("can't be done: {told}") }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::remote::read;

    #[test]
    fn every_task_that_is_not_kept_is_a_line_with_what_it_reads() {
        let document = json!({
            "order": "00000000-0000-0000-0000-000000000001", "id": null, "result": "preview", "accepted": false, "version": 2,
            "blueprint": "home_fiber@1", "token": "t",
            "differences": [{"what": "items[1].speed_mbps", "from": 500, "to": 1000}],
            "counts": {"kept": 4, "amended": 1, "compared": 1, "refused": 1},
            "tasks": [
                {"task": "check_customer", "verdict": "kept", "otherwise": null, "differences": [], "reason": ""},
                {"task": "activate[1]", "verdict": "amended", "otherwise": null, "reason": "",
                 "differences": [{"what": "network.activate(profile)", "from": "FTTH_500", "to": "FTTH_1000"}]},
                {"task": "prove[1]", "verdict": "compared", "otherwise": "redone", "differences": [],
                 "reason": "it reads the result of `activate[1]`"},
                {"task": "start_billing", "verdict": "refused", "otherwise": null, "differences": [],
                 "reason": "it is a point of no return and has begun"},
            ],
        });
        let shown = console::strip_ansi_codes(&amendment(&read(document).unwrap())).into_owned();
        expect![[r#"
            version 2 by home_fiber@1
              items[1].speed_mbps  500 → 1000
              ~   activate[1]    amended
                    network.activate(profile)  "FTTH_500" → "FTTH_1000"
              ?   prove[1]       compared or redone  it reads the result of `activate[1]`
              !   start_billing  refused             it is a point of no return and has begun
            can't be done: 4 kept, 1 compared, 1 amended, 1 refused"#]]
        .assert_eq(&shown);
    }
}
