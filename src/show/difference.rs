//! Two plans beside each other: what comes, what goes, what changes.

use console::style;
use plan::{Change, ChangedTask, Moved};

use super::Table;
use crate::commands::diff::Compared;

/// What is different, task by task.
pub(crate) fn difference(compared: &Compared) -> String {
    let names = if compared.before == compared.after {
        style(&compared.before).bold().to_string()
    } else {
        format!("{} → {}", style(&compared.before).bold(), style(&compared.after).bold())
    };
    let mut lines = Vec::new();
    let Some(found) = &compared.difference else {
        lines.push(format!("{names}: {}", if compared.is_same() { "refused by both" } else { "refused" }));
        let sides = [("before", &compared.faults_before), ("after", &compared.faults_after)];
        let sides = sides.into_iter().filter(|(side, _)| !(compared.is_same() && *side == "after"));
        for (side, faults) in sides {
            if faults.is_empty() {
                lines.push(format!("  {}", style(format!("{side}: there is a plan")).green()));
            }
            lines.extend(faults.iter().map(|fault| format!("  {}", style(format!("{side}: {fault}")).red())));
        }
        return lines.join("\n");
    };
    let blueprints = if found.before == found.after {
        found.before.clone()
    } else {
        format!("{} → {}", found.before, found.after)
    };
    lines.push(format!("{names}: {blueprints}, {}", style(summary(compared)).dim()));
    let mut moved = Table::indented(2);
    for task in &found.gone {
        moved.row([style(format!("- {}", task.id)).red().to_string(), told(task, "now")]);
    }
    for task in &found.come {
        moved.row([style(format!("+ {}", task.id)).green().to_string(), told(task, "before")]);
    }
    lines.extend(moved.lines());
    let whole = ChangedTask { id: "the whole plan".to_owned(), changes: found.whole.clone() };
    let whole = (!whole.changes.is_empty()).then_some(&whole);
    for task in whole.into_iter().chain(&found.changed) {
        lines.push(format!("  {}", style(format!("~ {}", task.id)).yellow()));
        lines.extend(changes(&task.changes));
    }
    lines.join("\n")
}

fn summary(compared: &Compared) -> String {
    let Some(found) = &compared.difference else { return String::new() };
    let counts = [
        (found.gone.len(), "gone"),
        (found.come.len(), "come"),
        (found.changed.len(), "changed"),
        (found.same, "the same"),
    ];
    let told: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    format!("{}{}", if found.is_empty() { "no difference: " } else { "" }, told.join(", "))
}

fn told(task: &Moved, when: &str) -> String {
    match &task.left_out {
        None => task.does.clone(),
        Some(rule) => format!("{}  {}", task.does, style(format!("(left out {when}: {rule})")).dim()),
    }
}

fn changes(changes: &[Change]) -> Vec<String> {
    let mut table = Table::indented(6);
    for Change { what, before, after } in changes {
        let said = match (before, after) {
            (Some(before), Some(after)) => format!("{} → {}", style(before).red(), style(after).green()),
            (Some(before), None) => style(format!("- {before}")).red().to_string(),
            (None, Some(after)) => style(format!("+ {after}")).green().to_string(),
            (None, None) => String::new(),
        };
        table.row([what.clone(), said]);
    }
    table.lines()
}
