//! A plan as waves of tasks: what each does, what it waits for, how it is taken back.

use std::collections::BTreeMap;

use console::{measure_text_width, style};
use plan::{CriticalPathDocument, CriticalTask, NotCountedTask, PlanDocument, PlannedBody, PlannedTask};

use super::Table;

/// Characters that are shown of an expression: a line of it, beside the name of its task.
const MOST_OF_EXPRESSION: usize = 70;

/// The plan, wave by wave; below them the tasks that are left out, each with the rule, and the critical path.
pub(crate) fn plan_tree(plan: &PlanDocument) -> String {
    let (skipped, due): (Vec<_>, Vec<_>) = plan.tasks.iter().partition(|task| task.skipped.is_some());
    let mut waves: BTreeMap<usize, Vec<&PlannedTask>> = BTreeMap::new();
    for task in due.iter().copied() {
        waves.entry(task.wave).or_default().push(task);
    }
    let width = plan.tasks.iter().map(|task| task.id.len()).max().unwrap_or(0);
    let at_risk = plan.at_risk_after.as_ref().map(|after| format!(", at risk after {after}"));
    let deadline = plan.deadline.as_ref();
    let deadline = deadline.map(|within| format!(", deadline {within}{}", at_risk.unwrap_or_default()));
    let mut lines = vec![format!(
        "{} · {}, {}{}{}",
        style(&plan.blueprint).bold(),
        counted(due.len(), "task"),
        counted(waves.len(), "wave"),
        if skipped.is_empty() { String::new() } else { format!(", {} skipped", skipped.len()) },
        deadline.unwrap_or_default(),
    )];
    if !plan.sequence.is_empty() {
        lines.push(format!("one at a time with orders that have {}", said(&plan.sequence)));
    }
    for (wave, tasks) in waves {
        lines.push(String::new());
        lines.push(style(format!("wave {wave}")).cyan().to_string());
        lines.extend(tasks.into_iter().flat_map(|task| task_lines(task, width)));
    }
    if !skipped.is_empty() {
        lines.push(String::new());
        lines.push(style("skipped").cyan().to_string());
        let line = |task: &PlannedTask| {
            let rule = task.skipped.as_deref().unwrap_or_default();
            format!("  {}  {rule}", padded(&style(&task.id).dim().to_string(), width))
        };
        lines.extend(skipped.into_iter().map(line));
    }
    lines.extend(critical_path(&plan.critical_path));
    lines.join("\n")
}

/// Keys, as a person names them.
fn said(keys: &[String]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ")
}

/// How long it may take, and the tasks that decide that. Nothing, if no task takes any time.
fn critical_path(path: &CriticalPathDocument) -> Vec<String> {
    if path.tasks.is_empty() {
        return Vec::new();
    }
    let untils = |id: &str| {
        let mine = path.not_counted.iter().filter(|sleep| sleep.id == id);
        mine.map(|sleep| format!("until `{}`, not counted", sleep.until)).collect::<Vec<_>>().join(", ")
    };
    let given = path.tasks.iter().filter(|task| task.given).count();
    let basis = match given {
        0 => "if every limit is used up",
        count if count == path.tasks.len() => "as given",
        _ => "as given, and where nothing is, if every limit is used up",
    };
    let heading = style("critical path").cyan();
    let mut table = Table::indented(2);
    for CriticalTask { id, begins, takes, given } in &path.tasks {
        let note = if *given { "given".to_owned() } else { untils(id) };
        table.row([format!("at {begins}"), id.clone(), takes.clone(), style(note).dim().to_string()]);
    }
    // Those beside the path may turn out to be the longest of all.
    let mut beside: Vec<&NotCountedTask> = Vec::new();
    for sleep in &path.not_counted {
        let shown = path.tasks.iter().map(|task| &task.id).chain(beside.iter().map(|sleep| &sleep.id));
        if !shown.into_iter().any(|id| *id == sleep.id) {
            beside.push(sleep);
        }
    }
    for NotCountedTask { id, begins, until: _ } in beside {
        let note = style(untils(id)).dim().to_string();
        table.row([format!("at {begins}"), id.clone(), String::new(), note]);
    }
    let mut times: Vec<String> = Vec::new();
    for sleep in &path.not_counted {
        let time = format!("until `{}`", sleep.until);
        if !times.contains(&time) {
            times.push(time);
        }
    }
    let plus = match times.as_slice() {
        [] => String::new(),
        times => format!(", plus the time {}", times.join(" and ")),
    };
    let total = format!("{heading}  {} {}{plus}", path.total, style(basis).dim());
    [String::new(), total].into_iter().chain(table.lines()).collect()
}

/// What it does, and below that what it waits for and how it is taken back.
fn task_lines(task: &PlannedTask, width: usize) -> Vec<String> {
    let mut first = format!("  {}  {}", padded(&style(&task.id).bold().to_string(), width), does(&task.body));
    if task.isolate {
        first.push_str(&format!("  {}", style("isolated").yellow()));
    }
    if task.point_of_no_return {
        first.push_str(&format!("  {}", style("point of no return").red()));
    }
    let mut notes = Vec::new();
    if !task.after.is_empty() {
        notes.push(format!("after {}", task.after.join(", ")));
    }
    notes.extend(task.when.iter().map(|when| format!("when {when}")));
    if let PlannedBody::Call { undo, no_undo, amend, verify, .. } = &task.body {
        notes.extend(verify.iter().map(|query| format!("verify {query}")));
        notes.extend(amend.iter().map(|amend| format!("amend {amend}")));
        notes.extend(undo.iter().map(|undo| format!("undo {undo}")));
        notes.extend(no_undo.iter().map(|why| format!("no undo: {why}")));
    }
    let note = |note: String| format!("  {:width$}    {}", "", style(note).dim());
    std::iter::once(first).chain(notes.into_iter().map(note)).collect()
}

fn does(body: &PlannedBody) -> String {
    match body {
        PlannedBody::Call { calls, attempts, timeout, .. } => {
            let attempts = if *attempts == 1 { String::new() } else { format!("{attempts} × ") };
            format!("call {} {}", calls.join(" else "), style(format!("({attempts}{timeout})")).dim())
        }
        PlannedBody::Wait { signal, within, fields: _ } => format!("wait {signal} within {within}"),
        PlannedBody::Manual { title, role, within, fields: _ } => {
            format!("manual {title} for {role} within {within}")
        }
        PlannedBody::Poll { call, every, until, within } => {
            format!("poll {call} every {every} until {until} {}", style(format!("(within {within})")).dim())
        }
        PlannedBody::Sleep { length, until } => match (length, until) {
            (Some(length), _) => format!("sleep {length}"),
            (None, until) => format!("sleep until {}", until.as_deref().unwrap_or_default()),
        },
        PlannedBody::Run { blueprint, within } => match within {
            Some(within) => format!("run {blueprint} within {within}"),
            None => format!("run {blueprint}"),
        },
        PlannedBody::Let { value } => format!("let {}", cut(value)),
        PlannedBody::Milestone => "milestone".to_owned(),
    }
}

/// An expression on one line, as much of it as tells which it is.
fn cut(expression: &str) -> String {
    let line = expression.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_OF_EXPRESSION) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{:pad$}", "", pad = width.saturating_sub(measure_text_width(text)))
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
