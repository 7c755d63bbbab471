//! Where a task of a plan comes from: the rules, the fields of the order, the results of others.

use console::style;
use dsl::{AspectOrigin, Outcome, ReadOrigin, RuleOrigin, TaskOrigin, WaitOrigin};

use super::Table;

/// Longest value that is shown, in characters. Programs get it whole.
const VALUE: usize = 80;

/// Why the task is there, or is not; what it is made of; what it waits for.
pub(crate) fn task_origin(origin: &TaskOrigin) -> String {
    let outcome = match origin.outcome {
        Outcome::Planned => style("in the plan").green(),
        Outcome::LeftOut => style("left out").yellow(),
        Outcome::Absent => style("not in the plan").red(),
    };
    let mut lines = vec![format!("{}  {outcome}  {}", style(&origin.id).bold(), style(&origin.source).dim())];
    if !origin.rules.is_empty() {
        section(&mut lines, "because");
        lines.extend(origin.rules.iter().flat_map(rule));
    }
    if !origin.aspects.is_empty() {
        section(&mut lines, "made of");
        lines.extend(aspects(&origin.aspects));
    }
    if !origin.waits_for.is_empty() {
        section(&mut lines, "waits for");
        let mut table = Table::indented(4);
        for WaitOrigin { task, reads } in &origin.waits_for {
            let why = if reads.is_empty() {
                "`after` says so".to_owned()
            } else {
                format!("reads {}", reads.join(", "))
            };
            table.row([task.clone(), style(why).dim().to_string()]);
        }
        lines.extend(table.lines());
    }
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, title: &str) {
    lines.push(format!("  {}", style(title).cyan()));
}

fn rule(rule: &RuleOrigin) -> Vec<String> {
    let mark = match rule.holds {
        Some(true) => style("✓").green(),
        Some(false) => style("✗").red(),
        None => style("?").yellow(),
    };
    let later = if rule.holds.is_none() { "  decided when the task is due" } else { "" };
    let source = rule.source.as_deref().unwrap_or_default();
    let mut lines = vec![format!("    {mark} {}  {}", rule.rule, style(format!("{source}{later}")).dim())];
    let mut table = Table::indented(8);
    for read in &rule.reads {
        table.row(cells(read));
    }
    lines.extend(table.lines());
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn aspects(aspects: &[AspectOrigin]) -> Vec<String> {
    let mut table = Table::indented(4);
    for AspectOrigin { what, text, value, reads } in aspects {
        let said = match value {
            Some(value) if value.to_string() != *text => {
                format!("{text} = {}", shortened(&value.to_string()))
            }
            Some(_) | None => text.clone(),
        };
        let from: Vec<String> =
            reads.iter().map(|read| read.pointer.clone().unwrap_or_else(|| read.reads.clone())).collect();
        let from = if from.is_empty() {
            String::new()
        } else {
            style(format!("from {}", from.join(", "))).dim().to_string()
        };
        table.row([what.clone(), said, from]);
    }
    table.lines()
}

/// What is read, its value, its place in the order's document.
fn cells(read: &ReadOrigin) -> [String; 3] {
    let value =
        read.value.as_ref().map_or_else(String::new, |value| format!("= {}", shortened(&value.to_string())));
    [read.reads.clone(), value, style(read.pointer.as_deref().unwrap_or_default()).dim().to_string()]
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= VALUE {
        return text.to_owned();
    }
    text.chars().take(VALUE - 1).chain(['…']).collect()
}
